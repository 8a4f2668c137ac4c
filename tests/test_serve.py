"""The REST service: its shapes, its limits, its status codes, and many clients at a time."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from bioner.bearer import TOKENS, add_token, revoke_token
from bioner.conventions import Conventions, Told, pieces_for
from bioner.errors import AccessError, BionerError, ModelError
from bioner.progress import OnProgress, Progress
from bioner.serve import Limits, create_app, serve
from bioner.settings import Settings
from bioner.spans import Alternative, Document, mention

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LEXICON = {"aspirin": "Chemical", "BRCA1": "Gene", "breast cancer": "Cancer", "TNF-α": "Gene"}


class DictionaryTagger:
    """Tags what is in a small lexicon; notes the size of each batch."""

    name = "dictionary"
    backend = "fake"
    types = ("Gene", "Chemical", "Cancer")
    conventions = Conventions()

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.batches: list[int] = []
        self.entered = threading.Event()
        self._gate = gate

    def tag_documents(
        self,
        documents: Sequence[Document],
        *,
        convention: Told = "any",
        progress: OnProgress | None = None,
    ) -> list[Document]:
        self.batches.append(len(documents))
        self.entered.set()
        if self._gate:
            assert self._gate.wait(20)
        return [replace(d, mentions=tuple(self._mentions(d.text))) for d in documents]

    def _mentions(self, text: str) -> Iterator:
        if "crash" in text:
            raise RuntimeError("a bug")
        found = [(text.find(word), word) for word in LEXICON if word in text]
        for start, word in sorted(found):
            yield mention(
                start,
                start + len(word),
                LEXICON[word],
                status="predicted",
                score=0.9,
                alternatives=(Alternative("Disease", 0.05),),
            )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home",
        backups=tmp_path / "backups",
        database_url="sqlite://",
        data=tmp_path / "data",
        models=tmp_path / "models",
        jobs=tmp_path / "jobs",
        device="cpu",
    )


@pytest.fixture
def client_for(settings: Settings) -> Iterator[Callable]:
    from starlette.testclient import TestClient

    clients = []

    def make(tagger: object = None, limits: Limits | None = None) -> TestClient:
        chosen = tagger or DictionaryTagger()
        load = None if tagger is MISSING else lambda: chosen
        client = TestClient(
            create_app(settings, load=load, limits=limits), raise_server_exceptions=False
        )
        clients.append(client.__enter__())
        return client

    yield make
    for client in clients:
        client.__exit__(None, None, None)


MISSING = object()


def test_predict_answers_a_word_each_in_the_shape_that_bert_ner_users_know(client_for) -> None:
    answer = client_for().post("/predict", json={"text": "BRCA1 and breast cancer."})
    assert answer.status_code == 200
    assert answer.json() == {
        "result": [
            {"word": "BRCA1", "tag": "B-Gene", "confidence": 0.9},
            {"word": "and", "tag": "O", "confidence": 1.0},
            {"word": "breast", "tag": "B-Cancer", "confidence": 0.9},
            {"word": "cancer", "tag": "I-Cancer", "confidence": 0.9},
            {"word": ".", "tag": "O", "confidence": 1.0},
        ]
    }


def test_entities_have_offsets_into_the_text_as_given(client_for) -> None:
    text = "👩🏽‍🔬\r\nTNF-α, e\u0301t\u200ble aspirin"
    answer = client_for().post("/predict?format=entities", json={"text": text}).json()
    assert answer["text"] == text
    assert [(e["text"], e["label"], e["score"]) for e in answer["entities"]] == [
        ("TNF-α", "Gene", 0.9),
        ("aspirin", "Chemical", 0.9),
    ]
    for entity in answer["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
        assert entity["alternatives"] == [{"label": "Disease", "score": 0.05}]


def test_a_batch_answers_each_text_in_its_order(client_for) -> None:
    tagger = DictionaryTagger()
    body = {"texts": ["aspirin", "", "nothing", "BRCA1"]}
    answer = client_for(tagger).post("/predict?format=entities", json=body).json()
    assert [[e["label"] for e in one["entities"]] for one in answer["results"]] == [
        ["Chemical"],
        [],
        [],
        ["Gene"],
    ]
    assert tagger.batches == [4]
    words = client_for().post("/predict", json={"texts": ["aspirin", ""]}).json()["results"]
    assert [len(one) for one in words] == [1, 0]


def test_empty_text_is_no_error(client_for) -> None:
    assert client_for().post("/predict", json={"text": ""}).json() == {"result": []}


def test_a_lone_surrogate_is_answered_not_refused(client_for) -> None:
    body = b'{"text": "aspirin \\ud800 x"}'
    answer = client_for().post("/predict", content=body)
    assert answer.status_code == 200
    assert answer.json()["result"][1]["word"] == "\ud800"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"{}",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"texts": "x"}',
        b'{"texts": ["x", 1]}',
        b'{"text": "x", "texts": []}',
        b"[" * 100_000,
        b'{"text": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_bad_body_is_400_with_one_sentence(client_for, body: bytes) -> None:
    answer = client_for().post("/predict", content=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


def test_an_unknown_format_is_400(client_for) -> None:
    answer = client_for().post("/predict?format=xml", json={"text": "x"})
    assert answer.status_code == 400
    assert "xml" in answer.json()["error"]


def test_what_is_too_large_is_413(client_for) -> None:
    client = client_for(limits=Limits(body_bytes=1000, texts=3))
    assert client.post("/predict", json={"text": "x" * 2000}).status_code == 413
    assert client.post("/predict", json={"texts": ["x"] * 4}).status_code == 413

    def chunks() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(100):
            yield b"x" * 100
        yield b'"}'

    assert client.post("/predict", content=chunks()).status_code == 413
    assert client.post("/predict", json={"text": "x"}).status_code == 200


def test_a_wrong_method_is_405_and_an_unknown_path_404(client_for) -> None:
    client = client_for()
    answer = client.get("/predict")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert client.post("/health").status_code == 405
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}


def test_a_missing_model_is_503_until_it_is_there(settings: Settings, client_for) -> None:
    client = client_for(MISSING)
    answer = client.post("/predict", json={"text": "x"})
    assert answer.status_code == 503
    assert "bioner-compact" in answer.json()["error"]
    assert client.get("/health").status_code == 503


def test_a_model_that_appears_later_is_loaded(settings: Settings) -> None:
    from starlette.testclient import TestClient

    there = threading.Event()

    def load() -> DictionaryTagger:
        if not there.is_set():
            raise ModelError("models/x: no such model")
        return DictionaryTagger()

    with TestClient(create_app(settings, load=load)) as client:
        assert client.get("/health").status_code == 503
        there.set()
        assert client.get("/health").json()["status"] == "ok"
        assert client.post("/predict", json={"text": "aspirin"}).status_code == 200


def test_health_names_the_model(client_for) -> None:
    assert client_for().get("/health").json() == {
        "status": "ok",
        "model": "dictionary",
        "backend": "fake",
        "types": ["Gene", "Chemical", "Cancer"],
    }


def test_no_other_site_may_read_the_answers(client_for) -> None:
    headers = {"Origin": "http://evil.example"}
    client = client_for()
    answer = client.post("/predict", json={"text": "x"}, headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert client.options("/predict", headers=headers).status_code == 405


def test_a_crash_is_500_and_the_service_lives_on(client_for) -> None:
    client = client_for()
    answer = client.post("/predict", json={"text": "crash"})
    assert answer.status_code == 500
    assert set(answer.json()) == {"error"}
    assert client.post("/predict", json={"text": "aspirin"}).status_code == 200


def test_while_a_batch_is_tagged_health_answers_and_the_rest_waits_for_one_batch(
    client_for,
) -> None:
    gate = threading.Event()
    tagger = DictionaryTagger(gate)
    client = client_for(tagger)
    client.get("/health")
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(client.post, "/predict", json={"text": "aspirin"})
        assert tagger.entered.wait(10)
        rest = [pool.submit(client.post, "/predict", json={"text": "BRCA1"}) for _ in range(5)]
        assert client.get("/health").status_code == 200
        waited = threading.Event()
        waited.wait(0.3)
        gate.set()
        answers = [f.result(20) for f in [first, *rest]]
    assert [a.status_code for a in answers] == [200] * 6
    assert tagger.batches[0] == 1
    assert len(tagger.batches) < 6
    assert sum(tagger.batches) == 6


def test_too_many_waiting_requests_are_503_with_retry_after(client_for) -> None:
    gate = threading.Event()
    tagger = DictionaryTagger(gate)
    client = client_for(tagger, limits=Limits(waiting=2))
    client.get("/health")
    with ThreadPoolExecutor(12) as pool:
        first = pool.submit(client.post, "/predict", json={"text": "x"})
        assert tagger.entered.wait(10)
        rest = [pool.submit(client.post, "/predict", json={"text": "x"}) for _ in range(8)]
        refused = [f.result() for f in islice(as_completed(rest, timeout=20), 6)]
        gate.set()
        codes = [f.result(20).status_code for f in [first, *rest]]
    assert {(a.status_code, a.headers["retry-after"]) for a in refused} == {(503, "1")}
    assert codes.count(503) == 6
    assert codes.count(200) == 3


def test_sixteen_clients_get_their_own_answers(client_for) -> None:
    client = client_for()

    def ask(number: int) -> bool:
        text = f"patient {number} took aspirin"
        answer = client.post("/predict?format=entities", json={"text": text}).json()
        return answer["text"] == text and len(answer["entities"]) == 1

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(160)))


def test_serve_announces_its_address_and_answers_over_a_socket(settings: Settings) -> None:
    address: list[str] = []
    bound = threading.Event()

    def announce(where: str) -> None:
        address.append(where)
        bound.set()

    given = {"port": 0, "settings": settings, "announce": announce, "load": DictionaryTagger}
    thread = threading.Thread(target=serve, kwargs=given, daemon=True)
    thread.start()
    assert bound.wait(20)
    host, port = address[0].removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request("POST", "/predict", json.dumps({"text": "aspirin"}))
    answer = connection.getresponse()
    assert answer.status == 200
    assert json.loads(answer.read())["result"][0]["tag"] == "B-Chemical"
    assert answer.getheader("server") is None
    connection.close()


def test_an_address_in_use_is_refused_in_one_sentence(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(BionerError, match="choose another --host or --port"):
            serve(port=taken.getsockname()[1], settings=settings, load=DictionaryTagger)
        with pytest.raises(BionerError, match="choose another --host or --port"):
            serve(host="no.such.host.invalid", port=1, settings=settings, load=DictionaryTagger)


def test_serve_without_a_model_is_refused_at_once(settings: Settings) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        serve(port=0, model="nowhere", settings=settings)


class SlowTagger(DictionaryTagger):
    """Takes its time over long texts, piece by piece, and notes whose pieces it does."""

    def __init__(self, pieces: int = 200, piece_s: float = 0.05) -> None:
        super().__init__()
        self.done: list[str] = []
        self._pieces = pieces
        self._piece_s = piece_s

    def tag_documents(
        self,
        documents: Sequence[Document],
        *,
        convention: Told = "any",
        progress: OnProgress | None = None,
    ) -> list[Document]:
        if len(documents[0].text) > 100:
            for number in range(self._pieces):
                time.sleep(self._piece_s)
                self.done.append(documents[0].text[0])
                self.entered.set()
                if progress:
                    progress(Progress(number + 1, self._pieces))
        return super().tag_documents(documents, progress=progress)


LONG = Limits(long_characters=100, patience_s=1.0)


@pytest.mark.slow
def test_a_short_request_does_not_wait_for_a_long_one(client_for) -> None:
    tagger = SlowTagger(pieces=60)
    client = client_for(tagger, limits=LONG)
    client.get("/health")
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(client.post, "/predict", json={"text": "a" * 200})
        assert tagger.entered.wait(10)
        begun = time.monotonic()
        for _ in range(5):
            assert client.post("/predict", json={"text": "aspirin"}).status_code == 200
        assert time.monotonic() - begun < 1.5
        assert not long.done()
        assert long.result(20).status_code == 200


def test_long_requests_take_turns_piece_by_piece(client_for) -> None:
    tagger = SlowTagger(pieces=10, piece_s=0.02)
    client = client_for(tagger, limits=LONG)
    client.get("/health")
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(client.post, "/predict", json={"text": c * 200}) for c in "abc"]
        assert [one.result(20).status_code for one in asked] == [200] * 3
    first_end = min(len(tagger.done) - tagger.done[::-1].index(c) for c in "abc")
    assert set(tagger.done[:first_end]) == {"a", "b", "c"}


def served(settings: Settings, tagger: object, **options: object) -> tuple[str, int]:
    """Serve in a thread, and return where."""
    address: list[str] = []
    bound = threading.Event()

    def announce(where: str) -> None:
        address.append(where)
        bound.set()

    given = {
        "port": 0,
        "settings": settings,
        "announce": announce,
        "load": lambda: tagger,
        **options,
    }
    threading.Thread(target=serve, kwargs=given, daemon=True).start()
    assert bound.wait(20)
    host, port = address[0].removeprefix("http://").rsplit(":", 1)
    return host, int(port)


def ask(place: tuple[str, int], text: str = "aspirin", **headers: str) -> tuple[int, dict]:
    connection = http.client.HTTPConnection(*place, timeout=20)
    try:
        connection.request("POST", "/predict", json.dumps({"text": text}), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_work_of_a_client_that_has_left_ends(settings: Settings) -> None:
    tagger = SlowTagger(pieces=400)
    place = served(settings, tagger, limits=LONG)
    body = json.dumps({"text": "a" * 200}).encode()
    with socket.create_connection(place) as left:
        head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        left.sendall(head.encode() + body)
        assert tagger.entered.wait(10)
    deadline = time.monotonic() + 10
    before = -1
    while time.monotonic() < deadline and before != len(tagger.done):
        before = len(tagger.done)
        time.sleep(0.5)
    assert before == len(tagger.done) < 400
    assert ask(place)[0] == 200


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"POST /predict HTTP/1.1\r\n",
        b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_client_that_stops_speaking_is_let_go(settings: Settings, said: bytes) -> None:
    place = served(settings, DictionaryTagger(), limits=Limits(patience_s=0.5))
    with socket.create_connection(place, timeout=10) as half_open:
        half_open.sendall(said)
        begun = time.monotonic()
        try:
            while half_open.recv(4096):
                pass
        except ConnectionResetError:
            pass
        assert time.monotonic() - begun < 6
    assert ask(place)[0] == 200


def test_a_head_letter_by_letter_is_let_go(settings: Settings) -> None:
    place = served(settings, DictionaryTagger(), limits=Limits(patience_s=0.6))
    with socket.create_connection(place, timeout=10) as slow:
        assert is_let_go(slow, b"POST /predict HTTP/1.1\r\nHost: " + b"a" * 200)


def is_let_go(slow: socket.socket, head: bytes) -> bool:
    try:
        for letter in head:
            slow.sendall(bytes([letter]))
            time.sleep(0.05)
    except OSError:
        return True
    return False


def test_tokens_are_asked_for_where_there_are_any(settings: Settings) -> None:
    path = settings.home / TOKENS
    text = add_token(path, "lab", scopes=("predict",))
    place = served(settings, DictionaryTagger())
    assert ask(place)[0] == 401
    assert ask(place, Authorization=f"Bearer {text[:-2]}xx")[0] == 401
    assert ask(place, Authorization=f"Bearer {text}")[0] == 200
    connection = http.client.HTTPConnection(*place, timeout=20)
    connection.request("GET", "/health", headers={"Authorization": f"Bearer {text}"})
    assert connection.getresponse().status == 403
    connection.close()
    revoke_token(path, "lab")
    assert ask(place, Authorization=f"Bearer {text}")[0] == 401


def test_an_address_of_others_is_refused_without_a_token(settings: Settings) -> None:
    for options in ({"host": "0.0.0.0"}, {"with_tokens": True}):
        with pytest.raises(AccessError, match="tokens add NAME"):
            serve(port=0, settings=settings, load=DictionaryTagger, **options)


def test_a_page_of_others_whose_name_leads_here_is_refused(settings: Settings) -> None:
    place = served(settings, DictionaryTagger())
    for host in ("evil.example", "evil.example:8600", "127.0.0.1.evil.example"):
        assert ask(place, Host=host)[0] == 403
    assert ask(place, Host="localhost:8600")[0] == 200


def test_whose_rules_hold_is_told_beside_the_text(client_for) -> None:
    class Telling(DictionaryTagger):
        conventions = Conventions((), pieces_for(["BC2GM"])).knowing({"BC2GM": {"Gene"}})

        def tag_documents(self, documents, *, convention="any", progress=None):
            found = super().tag_documents(documents)
            told = zip(found, convention, strict=True)
            return [replace(d, mentions=()) if name == "BC2GM" else d for d, name in told]

    client = client_for(Telling())
    plain = client.post("/predict?format=entities", json={"text": "aspirin"}).json()
    told = {"text": "aspirin", "convention": "bc2gm"}
    assert [one["label"] for one in plain["entities"]] == ["Chemical"]
    assert client.post("/predict?format=entities", json=told).json()["entities"] == []
    unknown = client.post("/predict", json={"text": "aspirin", "convention": "XY"})
    assert unknown.status_code == 400
    assert unknown.json()["error"].endswith("knows no convention 'XY'; it knows any, BC2GM")
    assert client.post("/predict", json={"text": "a", "convention": 3}).status_code == 400
    assert client.get("/health").json()["conventions"] == ["any", "BC2GM"]


def test_a_model_without_conventions_says_so_and_its_health_is_as_before(client_for) -> None:
    client = client_for(DictionaryTagger())
    assert "conventions" not in client.get("/health").json()
    told = client.post("/predict", json={"text": "aspirin", "convention": "BC2GM"})
    assert told.status_code == 400
    assert "knows no convention 'BC2GM'; it knows none but any" in told.json()["error"]
