"""The app with a dictionary in the tagger's place: ``python studio.py --server.port N``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "fakes")]

from page_support import load_tagger  # noqa: E402

import bioner.tagging.load  # noqa: E402

bioner.tagging.load.load_tagger = load_tagger  # type: ignore[assignment]

from streamlit.web import cli  # noqa: E402

sys.argv = ["streamlit", "run", str(ROOT / "app.py"), *sys.argv[1:]]
sys.exit(cli.main())
