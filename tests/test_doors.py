"""Who may write: the annotation store is written through one door for texts, else by an actor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from support import ROOT

PACKAGE = ROOT / "bioner"
ACTORS = {"reviewer", "actor", "edit", "edits"}
"""Parameters that say who acts; an Edit names its reviewer."""

DOORS = {
    "import_documents": {"review/intake.py"},
    "import_sentences": {"review/intake.py"},
    "set_priorities": {"review/intake.py", "review/ranking.py"},
    "create_project": {"review/intake.py", "ui/review/setup.py"},
    "restore": set(),
}
"""What writes without an actor of its own, and the only modules that may call it."""

MAKERS = {"Store", "open_store", "store"}
"""What returns a Store: the class, its opener, the pages' cached one."""


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def store_methods() -> dict[str, ast.FunctionDef]:
    [store] = [
        node
        for node in tree_of(PACKAGE / "store" / "store.py").body
        if isinstance(node, ast.ClassDef) and node.name == "Store"
    ]
    return {one.name: one for one in store.body if isinstance(one, ast.FunctionDef)}


@cache
def writers() -> dict[str, ast.FunctionDef]:
    """The methods that open a write transaction or put a backup back, or call one that does."""
    methods = store_methods()
    found = {name for name, one in methods.items() if "self.database.write(" in ast.unparse(one)}
    found |= {name for name, one in methods.items() if "restoring.restore(" in ast.unparse(one)}
    while True:
        more = {
            name
            for name, one in methods.items()
            if name not in found and any(f"self.{other}(" in ast.unparse(one) for other in found)
        }
        if not more:
            return {name: methods[name] for name in found if not name.startswith("_")}
        found |= more


def has_actor(method: ast.FunctionDef) -> bool:
    args = method.args
    return bool(ACTORS & {one.arg for one in (*args.args, *args.kwonlyargs)})


def is_store(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression is a Store, by its name or by what made it."""
    if isinstance(node, ast.Call):
        return is_maker(node)
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_") == "store"
    return isinstance(node, ast.Name) and node.id in names


def is_maker(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    return name in MAKERS


def names_of_stores(tree: ast.Module) -> set[str]:
    names = {"store"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_maker(node.value):
            names |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        if isinstance(node, ast.arg) and node.annotation is not None:
            said = ast.unparse(node.annotation).split(" | ")
            names |= {node.arg} if "Store" in said else set()
    return names


def calls(tree: ast.Module) -> Iterator[str]:
    """Yield the methods of a Store that a module calls, or hands on uncalled."""
    names = names_of_stores(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_store(node.value, names):
            yield node.attr


def misuses(path: str, tree: ast.Module) -> list[str]:
    found = writers()
    return [
        f"{path} calls Store.{name}"
        for name in calls(tree)
        if name in found and not has_actor(found[name]) and path not in DOORS.get(name, set())
    ]


def test_nothing_writes_to_the_store_but_the_intake_or_an_action_with_an_actor() -> None:
    found = [
        one
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent != PACKAGE / "store"
        for one in misuses(path.relative_to(PACKAGE).as_posix(), tree_of(path))
    ]
    assert not found


def test_every_writer_of_the_store_takes_an_actor_or_has_a_door() -> None:
    found = writers()
    assert {"save", "save_all", "undo", "import_documents", "restore", "set_priorities"} <= set(
        found
    )
    assert {name for name, one in found.items() if not has_actor(one)} == set(DOORS)


def test_a_door_that_is_not_named_is_caught_under_any_name() -> None:
    for text in (
        "def f(desk): desk.store.import_documents('p', [])",
        "def f(settings): open_store(settings).set_priorities('p', [])",
        "notes = cache.store(a, b)\nnotes.restore(path)",
        "def f(database: Store | None): database.create_project(p)",
        "def f(store): return run(store.import_sentences)",
    ):
        assert misuses("ui/home/page.py", ast.parse(text)), text
    allowed = ast.parse("def f(store): store.save(edit); store.projects(); store.undo(1, 'Ann')")
    assert not misuses("ui/home/page.py", allowed)


def test_nothing_outside_the_store_opens_its_database() -> None:
    inside = {"bioner.store.engine", "bioner.store.tables"}
    found = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.parent != PACKAGE / "store" and "migrations" not in path.parts
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module in inside
    ]
    assert not found
