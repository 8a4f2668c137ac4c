"""The public mode: every page opens for a visitor, and what they press changes nothing."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bioner.labels import read_schema
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.spans import Document, mention
from bioner.store import Project, open_store

VIEWS = [
    "",
    "1_Corpora.py",
    "2_Train.py",
    "3_Predict.py",
    *(f"4_Review.py?{part}" for part in ("Correct", "Texts", "Compare", "Project")),
    "5_Metrics.py",
    "6_Dictionary.py",
]


@pytest.fixture
def public(home: object, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("BIONER_SIGN_IN", "public")
    settings = read_settings()
    store = open_store(settings)
    names = read_schema().names
    store.create_project(Project("Trial", names, frozenset(names)))
    marks = (mention(0, 5, "Gene", status="predicted", score=0.9),)
    store.import_documents("Trial", [Document("d1", "TNF-α primes keratinocytes.", marks)])
    store.close()
    return settings


@pytest.mark.parametrize("view", VIEWS)
def test_a_visitor_opens_every_page_and_no_button_changes_anything(public: Settings, view: str):
    store = open_store(public)
    before = (store.events(), store.queue("Trial"), store.project("Trial"))
    page, _, part = view.partition("?")
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=60)
    if page:
        app.switch_page(f"pages/{page}")
    if part:
        app.query_params["part"] = part
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    assert any("Nothing that you do here is kept" in one.value for one in app.caption)
    for number in range(min(4, len(app.button))):
        if not app.button[number].disabled:
            app.button[number].click().run()
            assert not app.exception, [one.value for one in app.exception]
            break
    assert (store.events(), store.queue("Trial"), store.project("Trial")) == before
    assert not (public.home / "tokens.json").exists()
    assert not public.jobs.exists() or not list(public.jobs.glob("2*"))
    store.close()
