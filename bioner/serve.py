"""The REST service: text in, words with tags or entities with offsets out."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bioner.errors import BionerError, ModelError
from bioner.files import parse_json_object
from bioner.models.catalogue import chosen_model
from bioner.settings import Settings, read_settings
from bioner.spans import Document
from bioner.tagging.answers import entities, words
from bioner.text import split_document

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

FORMATS = ("words", "entities")
Json = dict[str, Any]


class DocumentTagger(Protocol):
    """What the service asks of a tagger: documents in, documents with predicted mentions out."""

    name: str
    backend: str
    types: tuple[str, ...]

    def tag_documents(self, documents: Sequence[Document]) -> list[Document]: ...


@dataclass(frozen=True)
class Limits:
    """What one request may ask for, and how many requests may wait."""

    body_bytes: int = 4_000_000
    texts: int = 1_000
    waiting: int = 128
    batch_characters: int = 200_000


class RequestError(BionerError):
    """A request that cannot be answered; ``status`` is its HTTP status code."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TagQueue:
    """Takes requests from the event loop and tags them together, in one thread, in turn.

    What waits while a batch is tagged forms the next one. The tagger is loaded on first need; a
    model that is missing is looked for again at the next request.
    """

    def __init__(self, load: Callable[[], DocumentTagger], limits: Limits) -> None:
        self._load = load
        self._limits = limits
        self._waiting: deque[tuple[list[Document], Future[list[Document]]]] = deque()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="tag")
        self._tagger: DocumentTagger | None = None

    def ready(self) -> Future[DocumentTagger]:
        """Return the tagger, at once if it is loaded; the future raises ModelError if it is not."""
        if self._tagger is None:
            return self._worker.submit(self._loaded)
        at_once: Future[DocumentTagger] = Future()
        at_once.set_result(self._tagger)
        return at_once

    def submit(self, documents: list[Document]) -> Future[list[Document]]:
        """Queue documents for tagging. Raises RequestError (503) where too many requests wait."""
        future: Future[list[Document]] = Future()
        with self._lock:
            if len(self._waiting) >= self._limits.waiting:
                raise RequestError(503, "too many requests are waiting; try again in a moment")
            self._waiting.append((documents, future))
        self._worker.submit(self._work)
        return future

    def close(self) -> None:
        """Finish what was taken on, then let the thread go."""
        self._worker.shutdown(wait=True)

    def _loaded(self) -> DocumentTagger:
        if self._tagger is None:
            self._tagger = self._load()
        return self._tagger

    def _take(self) -> list[tuple[list[Document], Future[list[Document]]]]:
        taken: list[tuple[list[Document], Future[list[Document]]]] = []
        characters = 0
        with self._lock:
            while self._waiting and (not taken or characters < self._limits.batch_characters):
                documents, future = self._waiting.popleft()
                if future.set_running_or_notify_cancel():
                    taken.append((documents, future))
                    characters += sum(len(d.text) for d in documents)
        return taken

    def _work(self) -> None:
        taken = self._take()
        if not taken:
            return
        try:
            tagged = iter(self._loaded().tag_documents([d for docs, _ in taken for d in docs]))
            for documents, future in taken:
                future.set_result([next(tagged) for _ in documents])
        except BaseException as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            raise


def create_app(
    settings: Settings,
    model: str | None = None,
    *,
    load: Callable[[], DocumentTagger] | None = None,
    limits: Limits | None = None,
) -> Starlette:
    """Make the service for a model (by default the active one).

    ``POST /predict`` takes ``{"text": …}`` or ``{"texts": […]}`` and answers ``{"result": [{"word",
    "tag", "confidence"}, …]}``, a word each, in the shape of BERT-NER's API; with
    ``?format=entities``, ``{"text", "entities": [{"start", "end", "text", "label", "score",
    "alternatives"}]}`` with code-point offsets into the text as given. ``{"texts"}`` answers
    ``{"results": […]}`` with one such value a text. ``GET /health`` says which model answers.
    Errors are ``{"error": "one sentence"}`` with status 400, 404, 405, 413, 500 or 503. No CORS
    header is ever sent. ``load`` replaces the loading of the model's tagger.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect
    from starlette.routing import Route

    bounds = limits or Limits()
    queue = TagQueue(load or (lambda: _load_tagger(settings, model)), bounds)

    async def predict(request: Request) -> Response:
        form = request.query_params.get("format", "words")
        if form not in FORMATS:
            raise RequestError(400, f"format: expected {' or '.join(FORMATS)}, got {form!r}")
        body = _parse(await _read_body(request, bounds.body_bytes))
        texts, single = _texts(body, bounds.texts)
        # Splitting, tagging and writing all happen off the event loop, so that /health answers.
        documents = await asyncio.to_thread(_split, texts)
        tagged = await asyncio.wrap_future(queue.submit(documents))
        answers = await asyncio.to_thread(lambda: [_answer(d, form) for d in tagged])
        if not single:
            return _json({"results": answers})
        return _json({"result": answers[0]} if form == "words" else answers[0])

    async def health(_request: Request) -> Response:
        tagger = await asyncio.wrap_future(queue.ready())
        return _json(
            {
                "status": "ok",
                "model": tagger.name,
                "backend": tagger.backend,
                "types": list(tagger.types),
            }
        )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        queue.ready()  # a model that is missing is told to those who ask
        try:
            yield
        finally:
            await asyncio.to_thread(queue.close)

    return Starlette(
        routes=[
            Route("/predict", predict, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
        ],
        exception_handlers={
            RequestError: _on_request_error,
            ModelError: _on_model_error,
            HTTPException: _on_http_exception,
            ClientDisconnect: _on_disconnect,
            500: _on_crash,
        },
        lifespan=lifespan,
    )


def serve(
    host: str = "127.0.0.1",
    port: int = 8600,
    *,
    model: str | None = None,
    settings: Settings | None = None,
    announce: Callable[[str], None] = lambda _address: None,
    load: Callable[[], DocumentTagger] | None = None,
) -> None:
    """Serve until interrupted; ``announce`` is called with the address once it can be reached.

    Port 0 takes a free one. Raises BionerError where the address cannot be had, ModelError where
    the model is missing.
    """
    import uvicorn

    settings = settings or read_settings()
    if load is None:
        chosen_model(settings, model)
    app = create_app(settings, model, load=load)
    with _listen(host, port) as listener:
        shown = f"[{host}]" if ":" in host else host
        announce(f"http://{shown}:{listener.getsockname()[1]}")
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except BaseException:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        raise BionerError(
            f"cannot listen on {host}:{port} ({error}); choose another --host or --port"
        ) from error
    return listener


def _load_tagger(settings: Settings, model: str | None) -> DocumentTagger:
    from bioner.tagging.load import load_tagger

    folder = chosen_model(settings, model)
    return load_tagger(folder, device=settings.device)


async def _read_body(request: Request, limit: int) -> bytes:
    too_long = RequestError(
        413, f"the request is longer than {limit:,} bytes: send it in several parts"
    )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_long
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_long
    return bytes(body)


def _parse(body: bytes) -> Json:
    try:
        return parse_json_object(body, "the body", BionerError, halves=True)
    except BionerError as error:
        raise RequestError(400, f'{error}: send {{"text": "…"}} or {{"texts": ["…"]}}') from error


def _texts(body: Json, limit: int) -> tuple[list[str], bool]:
    """Return the texts of a request, and whether it was a single one."""
    if ("text" in body) == ("texts" in body):
        raise RequestError(400, 'expected either "text" or "texts" in the JSON object')
    single = "text" in body
    texts = [body["text"]] if single else body["texts"]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        expected = '"text" to be a string' if single else '"texts" to be a list of strings'
        raise RequestError(400, f"expected {expected}")
    if len(texts) > limit:
        raise RequestError(413, f"{len(texts):,} texts in one request; the limit is {limit:,}")
    return texts, single


def _split(texts: Sequence[str]) -> list[Document]:
    return [split_document(text, id=str(i)) for i, text in enumerate(texts)]


def _answer(document: Document, form: str) -> Any:
    return entities(document) if form == "entities" else words(document)


def _json(content: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import Response

    try:
        body = json.dumps(content, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which JSON can only carry escaped
        body = json.dumps(content).encode("ascii")
    return Response(body, status, headers, media_type="application/json")


async def _on_request_error(_request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, RequestError) else 400
    headers = {"Retry-After": "1"} if status == 503 else None
    return _json({"error": str(error)}, status, headers)


async def _on_model_error(_request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 503)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    from starlette.exceptions import HTTPException

    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code, error.headers)


async def _on_crash(_request: Request, _error: Exception) -> Response:
    return _json({"error": "the service failed on this request; its log says why"}, 500)


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return _json({"error": "the request was broken off"}, 400)
