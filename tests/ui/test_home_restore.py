"""Home restores a backup when it is asked twice, and says before what would change."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from bioner.settings import PROJECT_ROOT, read_settings
from bioner.store import Project, open_store


def test_home_restores_a_backup_and_says_before_what_would_change(home) -> None:
    store = open_store(read_settings())
    store.create_project(Project("kept", ("Gene",), frozenset({"Gene"})))
    store.close()
    store = open_store(read_settings())  # an hourly backup is made at opening
    assert store.backups()
    store.create_project(Project("later", ("Gene",), frozenset({"Gene"})))
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.run()
    assert not app.exception
    assert any("later" in one.value for one in app.warning)
    assert app.button(key="restore_do").disabled
    app.checkbox(key="restore_sure").check().run()
    app.button(key="restore_do").click().run()
    assert not app.exception
    assert any("Restored" in one.value for one in app.success)
    assert [one.name for one in store.projects()] == ["kept"]
    store.close()
