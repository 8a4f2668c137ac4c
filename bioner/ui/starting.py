"""The app's process: Streamlit's server, and what is made ready beside it.

`python -m bioner.ui.starting run app.py …` takes the words of `streamlit run`.
"""

from __future__ import annotations

from streamlit import runtime
from streamlit.web import cli

from bioner.processes import end_soon, end_with_starter
from bioner.ui import warming

if __name__ == "__main__":
    end_with_starter()
    warming.begin(runtime.exists)
    try:
        cli.main(prog_name="streamlit")
    finally:
        end_soon()  # a page that still computes does not keep the process: what is saved is on disk
