"""A model's card that nobody can read costs that model, never a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import make_model
from streamlit.testing.v1 import AppTest
from support import ROOT

from bioner.settings import read_settings

PAGES = ["", *sorted(one.name for one in (ROOT / "pages").glob("*.py"))]


@pytest.mark.parametrize("card", ["[" * 100_000, '{"a":' * 50_000, '{"f1": 1e999}', "\x00", "[]"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_beside_a_card_that_cannot_be_read(
    home: Path, page: str, card: str
) -> None:
    settings = read_settings()
    make_model(settings.models, "good")
    (make_model(settings.models, "broken") / "card.json").write_text(card)
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page:
        opened.switch_page(f"pages/{page}")
    opened.run()
    assert not opened.exception, [one.value for one in opened.exception]
