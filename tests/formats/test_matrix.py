"""The table of what formats hold is what round trips show, and no loss goes uncounted."""

from __future__ import annotations

from benchmarks.formats import BEGIN, END, PAGE, matrix
from bioner.formats import NAMES, WRITABLE


def test_the_page_shows_what_round_trips_give_and_nothing_is_lost_uncounted() -> None:
    table = matrix()
    assert "LOST" not in table
    shown = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].strip()
    assert shown == table


def test_every_format_has_a_name_for_a_person() -> None:
    assert set(NAMES) == set(WRITABLE)
