"""The table of what formats hold is what round trips show, and no loss goes uncounted."""

from __future__ import annotations

from benchmarks.formats import PAGE, PART, matrix
from benchmarks.written import read_part
from bioner.formats import NAMES, WRITABLE


def test_the_page_shows_what_round_trips_give_and_nothing_is_lost_uncounted() -> None:
    table = matrix()
    assert "LOST" not in table
    shown = read_part(PAGE, PART)
    assert shown == table


def test_every_format_has_a_name_for_a_person() -> None:
    assert set(NAMES) == set(WRITABLE)
