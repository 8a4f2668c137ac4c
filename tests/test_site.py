"""The documents as a site: built without a warning, and nothing in it is asked of elsewhere."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from support import ROOT

DOCS = ROOT / "docs"


class Asked(HTMLParser):
    """Collects what a browser fetches by itself when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video", "audio"):
            self.found.append(known.get("src") or "")
        if tag == "link" and known.get("rel") not in ("canonical", "prev", "next", "alternate"):
            self.found.append(known.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs")
    place = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(place)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return place


@pytest.mark.slow
def test_the_site_has_a_page_for_every_document(site: Path) -> None:
    documents = {path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md")}
    made = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}
    names = {path.with_name("index") if path.name == "README" else path for path in documents}
    assert names <= made


@pytest.mark.slow
def test_reading_the_site_asks_no_other_machine(site: Path) -> None:
    asked = Asked()
    for page in site.rglob("*.html"):
        asked.feed(page.read_text(encoding="utf-8"))
    assert len(asked.found) > 100
    assert not [one for one in asked.found if re.match(r"(https?:)?//", one)]
    sheets = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert not [
        one for text in sheets for one in re.findall(r"url\(['\"]?((?:https?:)?//[^)]*)", text)
    ]


@pytest.mark.slow
def test_the_reference_shows_what_scripts_call(site: Path) -> None:
    shown = (site / "reference" / "tagging.html").read_text(encoding="utf-8")
    assert "bioner.tagging.ner.Ner" in shown
    assert "The tagger in one line" in shown


@pytest.mark.parametrize("name", ["scores", "steps", "queue", "gate"])
def test_the_figures_are_drawn_from_the_tables_as_they_are(name: str) -> None:
    made = runpy.run_path(str(DOCS / "make_figures.py"))
    kept = (DOCS / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    assert made["FIGURES"][name]() == kept, "run `python docs/make_figures.py`"


def test_every_word_of_the_glossary_is_explained_once() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^(\S.*)\n:   \S", text, re.MULTILINE)
    assert len(words) > 30
    assert len(words) == len(set(words))


def test_the_extra_for_the_site_is_what_developers_install() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    assert set(project["optional-dependencies"]["docs"]) <= set(lines)
    assert "docs" in yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["docs_dir"]
