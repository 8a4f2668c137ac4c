"""What a newcomer waits for is not kept waiting by what is needed later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

HEAVY = ("torch", "transformers", "pandas", "pyarrow", "altair", "sqlalchemy", "seqeval")

FIRST_MARKS = f"""
import sys
from streamlit.testing.v1 import AppTest
from bioner.ui import warming
from bioner.ui.predict import reading

drawn = []
real = reading.reader

def noting(*words, **more):
    drawn.append(sorted(set({HEAVY!r}) & set(sys.modules)))
    return real(*words, **more)

reading.reader = noting
page = AppTest.from_file("app.py", default_timeout=100).switch_page("pages/3_Predict.py")
page.query_params["example"] = "clinical-case"
page.run()
assert not page.exception, page.exception
print(drawn[0])
"""

WARM = """
import sys, threading
from bioner.ui import warming

is_up = threading.Event()
thread = warming.begin(is_up.is_set)
assert warming.begin() is None, "once is enough"
assert "tokenizers" not in sys.modules, "nothing before the server is up"
is_up.set()
warming.shown()
thread.join(100)
from bioner.settings import read_settings
print("tokenizers" in sys.modules, "pandas" in sys.modules, "torch" in sys.modules)
print((read_settings().data / "sample-search.sqlite3").is_file())
"""


def printed(code: str, folder: Path) -> list[str]:
    places = {f"BIONER_{name}": str(folder / name.lower()) for name in ("HOME", "DATA", "JOBS")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=150,
        cwd=ROOT,
        env={**os.environ, **places},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()


@pytest.mark.slow
def test_the_first_marks_are_drawn_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    assert printed(FIRST_MARKS, tmp_path) == ["[]"]


@pytest.mark.slow
def test_what_is_needed_next_is_made_ready_in_the_background(tmp_path: Path) -> None:
    """Not torch: the shipped model needs none."""
    assert printed(WARM, tmp_path) == ["True True False", "True"]
