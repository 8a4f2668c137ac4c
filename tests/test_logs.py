"""No log holds a text: the service, pages, jobs and supervisor, at DEBUG, with a canary."""

from __future__ import annotations

import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from page_support import load_tagger, make_model
from store_support import a_project
from streamlit.testing.v1 import AppTest
from support import ROOT

from bioner.jobs.folder import read_job
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Edit, open_store, surfaces_of

CANARY = "Zephyrine Quillfeather"
"""A patient's name that stands in no code and no corpus."""

TEXT = f"BRCA1 in {CANARY} causes cancer. She takes aspirin."

LOUD = "import logging\nlogging.basicConfig(level=logging.DEBUG)\n"
"""Run by each Python that is started with it on its path: everything logs all it has to say."""


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    folder = tmp_path / "loud"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(LOUD)
    path = os.pathsep.join([str(folder), str(ROOT)])
    monkeypatch.setenv("PYTHONPATH", path)
    return {**os.environ, "PYTHONPATH": path}


def reviewed(settings: Settings) -> int:
    """Save an edit of the text, with a note; return its sentence's number."""
    store = open_store(settings)
    store.create_project(a_project())
    store.import_documents("p", [Document("d", TEXT, (mention(0, 5, "Gene", score=0.9),))])
    item = store.items_of("p", "d")[0]
    seen = store.open_item(item, "ann")
    marks = (mention(0, 5, "Gene"),)
    edit = Edit(
        item=item, base=seen.base, surface=seen.surface, mentions=marks, reviewer="ann",
        surfaces=surfaces_of(seen.text, marks), verdict="accept", note=f"ask {CANARY}",
    )  # fmt: skip
    store.save(edit)
    store.close()
    return item


def holders(folder: Path, *, but: tuple[str, ...] = ()) -> list[str]:
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but and CANARY.encode() in path.read_bytes()
    ]


def ask(port: int, body: bytes, path: str = "/predict", **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.slow
def test_the_service_logs_no_text(home: Path, tmp_path: Path, loud: dict[str, str]) -> None:
    script = (
        "from test_serve import DictionaryTagger; from bioner.serve import serve\n"
        "class Failing(DictionaryTagger):\n"
        "    def tag_documents(self, documents, **options):\n"
        "        if 'fail' in documents[0].text: raise MemoryError\n"
        "        return super().tag_documents(documents, **options)\n"
        "serve(port=0, load=Failing, announce=lambda place: print(place, flush=True))\n"
    )
    log = tmp_path / "service.log"
    paths = os.pathsep.join([loud["PYTHONPATH"], str(ROOT / "tests"), str(ROOT / "tests/fakes")])
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-c", script], env={**loud, "PYTHONPATH": paths}, cwd=ROOT,
            stdout=subprocess.PIPE, stderr=sink, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        body = json.dumps({"text": TEXT}).encode()
        assert ask(port, body) == 200
        assert ask(port, json.dumps({"text": f"fail {TEXT}"}).encode()) == 500
        assert ask(port, body[:-2]) == 400
        assert ask(port, json.dumps({"text": [TEXT]}).encode()) == 400
        assert ask(port, json.dumps({TEXT: 1}).encode()) == 400
        assert ask(port, body, f"/predict?format={CANARY.replace(' ', '%20')}") == 400
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    said = log.read_text("utf-8")
    assert "Traceback" in said, "what failed is in the log"
    assert CANARY not in said
    assert CANARY.split()[0] not in said


def test_the_pages_and_the_store_log_no_text(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("bioner.tagging.load.load_tagger", load_tagger)
    caplog.set_level(logging.DEBUG)
    settings = read_settings()
    make_model(settings.models / "bioner-compact")
    item = reviewed(settings)
    for page, params in (
        ("3_Predict.py", {"text": TEXT}),
        ("4_Review.py", {"project": "p", "reviewer": "ann", "item": str(item)}),
        ("4_Review.py", {"project": "p", "reviewer": "ann", "part": "Texts"}),
        ("4_Review.py", {"project": "p", "reviewer": "ann", "text": CANARY}),
    ):
        app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
        app.switch_page(f"pages/{page}")
        for name, value in params.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
    said = capfd.readouterr()
    assert caplog.records
    assert CANARY not in caplog.text
    assert CANARY not in said.out + said.err


@pytest.mark.slow
def test_a_job_and_its_supervisor_log_no_text(home: Path, loud: dict[str, str]) -> None:
    from bioner.jobs.specs import retraining_spec
    from bioner.review import launching

    settings = read_settings()
    make_model(settings.models / "bioner-compact")
    reviewed(settings)
    spec = retraining_spec(
        settings, settings.models / "bioner-compact", options={"--epochs": "1", "--replay": "4"}
    )
    job = launching.start(spec, settings)
    until = time.monotonic() + 300
    while read_job(job.id, settings).is_active and time.monotonic() < until:
        time.sleep(0.5)
    log = (job.folder / "log.txt").read_text("utf-8")
    assert read_job(job.id, settings).status == "finished", log
    assert "DEBUG" in log
    assert holders(job.folder, but=("corrections.jsonl",)) == []
