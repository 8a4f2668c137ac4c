"""Signing in in a real browser: a provider, a proxy, a visitor, a foreign name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from browser import CHROMIUM, PATIENCE_MS, Studio, problems_of, running, settle
from oidc_provider import provider, secrets_file
from proxy import proxy

from bioner.labels import read_schema
from bioner.settings import Settings
from bioner.spans import Document, mention
from bioner.store import Project, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.e2e

TEXT = "TNF-α primes keratinocytes."
TITLE = "BioNER Studio"


def prepare(settings: Settings) -> None:
    store = open_store(settings)
    names = read_schema().names
    store.create_project(Project("Trial", names, frozenset(names)))
    marks = (mention(0, 5, "Gene", status="predicted", score=0.9),)
    store.import_documents("Trial", [Document("d1", TEXT, marks)])
    store.close()


def port_of(studio: Studio) -> int:
    return int(urlsplit(studio.url).port or 0)


def leased(studio: Studio) -> str:
    """Return who has the project's one sentence open, as the database has it."""
    store = open_store(studio.settings)
    try:
        return str(store.queue("Trial")[0].claimed_by)
    finally:
        store.close()


def open_review(tab: Page, url: str) -> str:
    """Open the Review page, and return all that it says."""
    tab.goto(f"{url}/Review?project=Trial")
    settle(tab)
    assert not problems_of(tab)
    return tab.locator("body").inner_text()


def test_a_provider_says_who_somebody_is_and_a_list_what_they_may(
    tmp_path: Path, new_tab: Callable[..., Page]
) -> None:
    people = {
        "ann@lab.example": {"email_verified": True},
        "eve@mail.example": {"email_verified": True},
        "zoe@lab.example": {"email_verified": False},
    }
    with provider(people) as found:
        said = tmp_path / "secrets.toml"
        said.write_text(secrets_file(found), encoding="utf-8")
        with running(
            tmp_path / "oidc",
            prepare,
            options=("--secrets.files", str(said)),
            BIONER_SIGN_IN="oidc",
            BIONER_ANNOTATORS="*@lab.example",
        ) as studio:
            assert "ann@lab.example · annotator" in sign_in(new_tab(), studio, "ann@lab.example")
            assert leased(studio) == "ann@lab.example"
            refused = sign_in(new_tab(), studio, "eve@mail.example")
            assert "eve@mail.example has no role here" in refused
            unverified = sign_in(new_tab(), studio, "zoe@lab.example")
            assert "has not verified the address" in unverified
            for text in (refused, unverified, open_review(new_tab(), studio.url)):
                assert "keratinocytes" not in text


def sign_in(tab: Page, studio: Studio, person: str) -> str:
    """Go the whole way of redirects as a person, and return what the Review page then says."""
    said = open_review(tab, studio.url)
    assert "Sign in to read" in said
    assert "keratinocytes" not in said
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("link", name=person).click(timeout=PATIENCE_MS)
    tab.wait_for_url(f"{studio.url}/**", timeout=PATIENCE_MS)
    settle(tab)
    return open_review(tab, studio.url)


def test_a_proxys_header_says_who_somebody_is(tmp_path: Path, new_tab: Callable[..., Page]) -> None:
    with running(
        tmp_path / "proxy",
        prepare,
        BIONER_SIGN_IN="proxy",
        BIONER_PROXY_SECRET="s3cret",
        BIONER_CURATORS="ann",
    ) as studio:
        told = {"X-Forwarded-User": "ann", "X-BioNER-Proxy-Secret": "s3cret"}
        with proxy(port_of(studio), **told) as before:
            assert "ann · curator" in open_review(new_tab(), before.url)
            assert leased(studio) == "ann"
            before.headers["X-Forwarded-User"] = "eve"
            assert "eve has no role here" in open_review(new_tab(), before.url)
            before.headers["X-BioNER-Proxy-Secret"] = "wrong"
            assert "without the proxy’s secret" in open_review(new_tab(), before.url).replace(
                "'", "’"
            )
        said = open_review(new_tab(), studio.url)
        assert "without the proxy" in said
        assert "keratinocytes" not in said


def test_in_public_everybody_reads_and_nothing_is_kept(
    tmp_path: Path, new_tab: Callable[..., Page]
) -> None:
    with running(tmp_path / "public", prepare, BIONER_SIGN_IN="public") as studio:
        before = open_store(studio.settings).events()
        tab = new_tab()
        said = open_review(tab, studio.url)
        assert "Nothing that you do here is kept" in said
        tab.goto(f"{studio.url}/Review?project=Trial&reviewer=ann&part=Project")
        settle(tab)
        assert tab.get_by_role("button", name="Save the project").is_disabled()
        assert tab.get_by_role("button", name="Back up now").is_disabled()
        assert not problems_of(tab)
        assert leased(studio) == ""
        assert open_store(studio.settings).events() == before
        assert not list(studio.settings.backups.glob("by-hand-*"))


@pytest.fixture
def rebound(chromium: Browser) -> Iterator[Browser]:
    """A browser for which a name of others leads to this machine."""
    browser = chromium.browser_type.launch(
        executable_path=str(CHROMIUM),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--host-resolver-rules=MAP evil.example 127.0.0.1",
        ],
    )
    yield browser
    browser.close()


OPENS = """url => new Promise(done => {
  const line = new WebSocket(url, ['streamlit']);
  line.onopen = () => done('open');
  line.onerror = () => done('refused');
})"""


def test_a_page_of_others_gets_no_session_by_its_own_name_nor_by_ours(
    tmp_path: Path, rebound: Browser
) -> None:
    with running(tmp_path / "host", prepare) as studio:
        port = port_of(studio)
        tab = rebound.new_page()
        tab.goto(f"http://evil.example:{port}/Review?project=Trial")
        by_its_own = f"ws://evil.example:{port}/_stcore/stream"
        by_ours = f"ws://127.0.0.1:{port}/_stcore/stream"
        assert tab.evaluate(OPENS, by_its_own) == "refused"
        assert tab.evaluate(OPENS, by_ours) == "refused"
        assert "keratinocytes" not in tab.locator("body").inner_text()
        own = rebound.new_page()
        own.goto(f"{studio.url}/Review?project=Trial")
        assert own.evaluate(OPENS, by_ours) == "open"
