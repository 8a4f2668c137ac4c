"""The app's process: Streamlit's server, and what is made ready beside it.

`python -m bioner.ui.starting run app.py …` takes the words of `streamlit run`.
"""

from __future__ import annotations

from streamlit import runtime
from streamlit.web import cli

from bioner.ui import warming

if __name__ == "__main__":
    warming.begin(runtime.exists)
    cli.main(prog_name="streamlit")
