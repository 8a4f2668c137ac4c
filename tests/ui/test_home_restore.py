"""Home restores a backup when it is asked twice, and says before what would change."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize("content", [None, b"", b"these are no pages of a database" * 1000])
def test_home_restores_a_database_that_is_gone_or_damaged(home, content: bytes | None) -> None:
    settings = read_settings()
    store = open_store(settings)
    store.create_project(Project("kept", ("Gene",), frozenset({"Gene"})))
    store.database.forget_free_pages()
    store.close()
    open_store(settings).close()
    file = store.database.file
    assert file is not None
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    if content is not None:
        file.write_bytes(content)
    app = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    app.run()
    assert not app.exception
    assert any("nobody can count" in one.value for one in app.caption)
    shown = " ".join(one.value for one in (*app.caption, *app.markdown))
    assert "Put a backup back" in shown
    assert "Start a review" not in shown
    assert "0 projects" not in shown
    app.checkbox(key="restore_sure").check().run()
    app.button(key="restore_do").click().run()
    assert not app.exception
    assert any("Restored" in one.value for one in app.success)
    assert any("erased since" in one.value for one in app.info)
    again = open_store(settings)
    assert [one.name for one in again.projects()] == ["kept"]
    again.close()
