"""The Review page's Documents part without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bioner.settings import PROJECT_ROOT, read_settings
from bioner.spans import Document
from bioner.store import Project, open_store

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.slow]


def test_documents_are_listed_filtered_and_assigned() -> None:
    store = open_store(read_settings())
    store.create_project(Project("P", ("Gene",), frozenset({"Gene"})))
    store.import_documents("P", [Document("alpha", "One."), Document("beta", "Two.")])
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.switch_page("pages/4_Review.py")
    app.query_params["part"] = "Documents"
    app.query_params["reviewer"] = "Ann"
    app.run()
    assert [one.value for one in app.exception] == []
    assert list(app.dataframe[0].value["Document"]) == ["alpha", "beta"]
    app.text_input(key="list_named").set_value("bet").run()
    assert list(app.dataframe[0].value["Document"]) == ["beta"]
    store.assign("P", ["beta"], ["Ann"], "Ann")
    app.run()
    assert list(app.dataframe[0].value["Assigned to"]) == ["Ann"]
