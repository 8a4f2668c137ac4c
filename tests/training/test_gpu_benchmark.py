"""The benchmark of a card, at sizes for a CPU, with no more than a lent machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, read_json

ABSENT = ("seqeval", "sqlalchemy", "alembic", "streamlit", "altair", "platformdirs")
BARE = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
from benchmarks.gpu import main
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_a_card_is_measured_beside_hugging_face_with_what_a_lent_machine_has(
    home: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    page, figures = tmp_path / "performance.md", tmp_path / "gpu.json"
    page.write_text(
        "# Before\n\n<!-- card:begin -->\nold\n<!-- card:end -->\n\nAfter\n", encoding="utf-8"
    )
    asked = ["--tiny", "--rounds", "1", "--tag", "32", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-c", BARE, *asked, "--json", str(figures), "--write", str(page)],
        cwd=ROOT,
        env={**os.environ, "BIONER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = read_json(figures)
    assert [(one["trainer"], one["batch"]) for one in found["rows"]] == [
        ("ours", "24 sentences"),
        ("Hugging Face's Trainer", "24 sentences"),
        ("ours", "256 pieces"),
        ("Hugging Face's Trainer", "256 pieces"),
    ]
    ours, theirs = found["rows"][2:]
    assert ours["padding"] == theirs["padding"] < 0.1, "the same batches"
    assert ours["last_loss"] == pytest.approx(theirs["last_loss"], rel=0.02), "the same work"
    assert all(0 < one["share_of_peak"] < 1 for one in found["rows"])
    assert found["tagging"]["sentences_per_s"] > 0
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith("# Before")
    assert text.endswith("After\n")
    assert f"{ours['pace']:,.0f}" in text
