"""Who may write: the annotation store is written through one door for texts, else by an actor."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sources import tree_of
from support import ROOT

from bioner.store import Store

PACKAGE = ROOT / "bioner"
ACTORS = {"reviewer", "actor", "edit", "edits", "who"}
"""Parameters that say who acts; an Edit names its reviewer."""

DOORS = {
    "import_documents": {"review/intake.py"},
    "set_priorities": {"review/intake.py", "review/ranking.py"},
    "create_project": {"review/intake.py", "ui/review/setup.py"},
    "restore": {"ui/home/restore.py"},
    "backup": {"commands/review.py", "ui/review/project.py"},
}
"""What writes for no reviewer, or as a rule for none, and the only modules that may call it."""

STORE_WRITES = (
    "self.database.write(",
    "restoring.restore(",
    "import_in_pieces(",
    "copies.backup(",
)
"""What changes the database or writes a copy of it."""

MAKERS = {"Store", "open_store", "store"}
"""What returns a Store: the class, its opener, the pages' cached one."""


def store_methods() -> dict[str, ast.FunctionDef]:
    """The methods of Store, its own and those of the parts that it is put together of."""
    return {
        one.name: one
        for part in reversed(Store.__mro__)
        if part is not object
        for node in tree_of(Path(inspect.getfile(part))).body
        if isinstance(node, ast.ClassDef) and node.name == part.__name__
        for one in node.body
        if isinstance(one, ast.FunctionDef)
    }


@cache
def writers() -> dict[str, ast.FunctionDef]:
    """The methods that open a write transaction or put a backup back, or call one that does."""
    methods = store_methods()
    found = {n for n, one in methods.items() if any(w in ast.unparse(one) for w in STORE_WRITES)}
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
        if name in found
        and (name in DOORS or not has_actor(found[name]))
        and path not in DOORS.get(name, set())
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
    assert {name for name, one in found.items() if not has_actor(one)} == set(DOORS) - {
        "create_project",
        "restore",
    }


def test_a_door_that_is_not_named_is_caught_under_any_name() -> None:
    for text in (
        "def f(desk): desk.store.import_documents('p', [])",
        "def f(settings): open_store(settings).set_priorities('p', [])",
        "notes = cache.store(a, b)\nnotes.restore(path)",
        "def f(database: Store | None): database.create_project(p)",
        "def f(store): return run(store.import_documents)",
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


def test_every_writer_of_the_store_asks_first_whether_its_actor_may() -> None:
    ask = ("self._allow(", "self._allow_in(", "self._reserves(")
    methods = store_methods()
    silent = [
        name
        for name, one in writers().items()
        if not any(word in ast.unparse(one) for word in ask)
        and "self.save_all(" not in ast.unparse(one)
    ]
    assert not silent
    assert "self._allow_in(" in ast.unparse(methods["import_documents"])


WRITES = (
    "write_whole(",
    "staged_folder(",
    "staged_file(",
    "rmtree(",
    ".unlink(",
    ".mkdir(",
    "write_text(",
    "write_bytes(",
    "edit_state(",
    "write_dataset(",
    "kill_tree(",
)
"""What changes a file or a process."""

ACTED = {
    "jobs/launch.py": {"launch", "stop", "resume", "retry", "delete"},
    "evaluation/promotion.py": {"promote", "rollback", "record"},
    "corpora/mapping_edit.py": {"write_edit", "restore", "add_type"},
    "corpora/adding.py": {"add_corpus", "remove_corpus"},
    "corpora/bringing.py": {"bring"},
    "corpora/build.py": {"build"},
    "corpora/fetch.py": {"fetch"},
    "corpora/concepts_build.py": {"build_concepts"},
    "review/dictionary_build.py": {"build_dictionary"},
    "bearer.py": {"add_token", "revoke_token"},
    "models/sharing.py": {"push_model", "pull_model"},
    "corpora/sharing.py": {"push_corpus", "pull_corpus"},
    "models/tf_checkpoint.py": {"convert_tf_checkpoint"},
}
"""Outside the store: the functions that change what all share, a page's buttons among them."""

READ_IN_SCRATCH = {"members_of", "preview_corpus", "read_uploads"}
"""These write into a temporary folder of their own, and read."""


def functions_of(path: str) -> dict[str, ast.FunctionDef]:
    body = tree_of(PACKAGE / path).body
    return {one.name: one for one in body if isinstance(one, ast.FunctionDef)}


def writing_functions(path: str) -> set[str]:
    """The public functions of a module that write, or call one of its own that does."""
    functions = functions_of(path)
    found = {n for n, one in functions.items() if any(w in ast.unparse(one) for w in WRITES)}
    while True:
        more = {
            name
            for name, one in functions.items()
            if name not in found and any(f"{other}(" in ast.unparse(one) for other in found)
        }
        if not more:
            return {name for name in found if not name.startswith("_")}
        found |= more


def test_whatever_writes_beside_the_store_takes_an_actor_and_asks_first() -> None:
    for path, expected in ACTED.items():
        functions = functions_of(path)
        assert writing_functions(path) - READ_IN_SCRATCH == expected, path
        for name in expected:
            assert has_actor(functions[name]), f"{path}: {name} takes no actor"
            first = next(
                node.lineno
                for node in ast.walk(functions[name])
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "allow"
            )
            writes = [
                node.lineno
                for node in ast.walk(functions[name])
                if isinstance(node, ast.Call) and f"{ast.unparse(node.func)}(".endswith(WRITES)
            ]
            assert all(first < line for line in writes), f"{path}: {name} writes before it asks"


def calls_without_an_actor(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of a page's module that call, or hand on, one of ``ACTED`` as nobody."""
    acted = {path.removesuffix(".py").replace("/", "."): names for path, names in ACTED.items()}
    modules, names = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.removeprefix("bioner.")
            for one in node.names:
                if one.name in acted.get(module, ()):
                    names.add(one.asname or one.name)
                if f"{module}.{one.name}" in acted:
                    modules[one.asname or one.name] = acted[f"{module}.{one.name}"]

    def is_acted(func: ast.expr) -> bool:
        if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name):
            return func.attr in modules.get(func.value.id, ())
        return isinstance(func, ast.Name) and func.id in names

    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and any(map(is_acted, (node.func, *node.args)))
            and not any(word.arg == "actor" for word in node.keywords)
        ):
            yield node.lineno


def test_every_page_names_who_acts() -> None:
    nobody = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted((PACKAGE / "ui").rglob("*.py"))
        for line in calls_without_an_actor(tree_of(path))
    ]
    assert not nobody
    for text in (
        "from bioner.jobs import launch\nlaunch.stop(id, settings)",
        "from bioner.corpora.build import build\nbuild(a, b, c)",
        "from bioner.corpora.adding import remove_corpus as gone\nact = partial(gone, s, id)",
    ):
        assert [*calls_without_an_actor(ast.parse(text))], text


def test_a_page_has_the_store_in_its_visitors_hands_alone() -> None:
    """The one shared store is handed out by the session, as somebody; reading needs a visitor."""
    for path in sorted((PACKAGE / "ui").rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            text = ast.unparse(node) if isinstance(node, ast.expr) else ""
            assert "open_store(" not in text, path
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "cache.store":
                assert f"{text}.acting(" in ast.unparse(tree_of(path)), path


# Pages: whoever acts is named to every function that asks who acts.


def takers() -> set[tuple[str, str]]:
    """The functions of the package that ask who acts, by module and name."""
    return {
        (path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."), node.name)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef)
        and "actor" in [one.arg for one in node.args.kwonlyargs]
    }


def unnamed(tree: ast.Module, known: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the calls of such a function, or the ``partial`` of one, that name nobody."""
    names = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.args[0] if ast.unparse(node.func) == "partial" else node.func
        if isinstance(called, ast.Name):
            found = names.get(called.id)
        elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            module, name = names.get(called.value.id, ("", ""))
            found = (f"{module}.{name}", called.attr)
        else:
            continue
        if found in known and "actor" not in [one.arg for one in node.keywords]:
            yield ast.unparse(node)


def test_the_pages_name_who_acts_to_whatever_asks() -> None:
    known = takers()
    assert len(known) > 20
    found = [
        f"{path.relative_to(PACKAGE)}: {call}"
        for path in sorted((PACKAGE / "ui").rglob("*.py"))
        for call in unnamed(tree_of(path), known)
    ]
    assert not found


def test_a_page_that_names_nobody_is_caught() -> None:
    known = takers()
    for text in (
        "from bioner.corpora.fetch import fetch\nfetch(raw, progress=p)",
        "from bioner.review import job_record\njob_record.stop(id, settings)",
        "from functools import partial\nfrom bioner.corpora.adding import remove_corpus\n"
        "partial(remove_corpus, settings, id)",
    ):
        assert list(unnamed(ast.parse(text), known)), text
