"""`review search`: marks by their concept, with the sentences that they stand in."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from bioner.__main__ import app

PUBTATOR = """1|t|Colon cancer in mice.
1|a|Cancer of the colon.
1\t0\t12\tColon cancer\tDisease\tMESH:D003110
1\t16\t20\tmice\tOrganism\t10090
"""


def test_marks_are_found_by_the_concept_that_a_file_gave_them(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pubtator").write_text(PUBTATOR)
    run = CliRunner().invoke
    done = run(app, ["review", "import", str(tmp_path / "a.pubtator"), "--project", "P"])
    assert done.exit_code == 0, done.output
    found = run(app, ["review", "search", "--concept", "d003110", "--json"])
    [row] = json.loads(found.stdout)
    assert (row["mark"], row["type"], row["concept"]) == ("Colon cancer", "Disease", "MESH:D003110")
    assert "10090" in run(app, ["review", "search", "--type", "Organism"]).stdout
    assert run(app, ["review", "search", "--concept", "none"]).stdout == "nothing is like that\n"
