"""Imports point down the floors of the house, Streamlit stays in the pages, tags in one file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources import Trees

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bioner"

FLOORS = (
    frozenset({"ground"}),
    frozenset({"formats", "models"}),
    frozenset({"corpora", "store", "tagging", "jobs"}),
    frozenset({"evaluation", "review", "serve"}),
    frozenset({"training"}),
    frozenset({"commands", "ui"}),
    frozenset({"__main__", "__init__"}),
)
"""Lowest first. A room imports only from rooms on floors below its own, or from itself."""

GROUND = frozenset(
    path.stem for path in PACKAGE.glob("*.py") if not any(path.stem in rooms for rooms in FLOORS)
)
"""Every file that lies flat in the package, the service and the entry points apart."""

LAZY = ("torch", "transformers", "onnxruntime", "onnx", "pandas", "streamlit", "pyarrow", "altair")
LOADS_AT_ONCE = (
    "bioner.training.trainer",
    "bioner.training.callbacks",
    "bioner.training.batches",
    "bioner.training.loss",
    "bioner.ui",
)
"""What is itself imported late (a training run, a page), so may import these at the top."""

STANDARD_LIBRARY = sys.stdlib_module_names


def room_of(module: str) -> str:
    """Return the folder of the package that a module lies in; flat files are the ground."""
    name = module.split(".")[1] if "." in module else "__init__"
    return "ground" if name in GROUND else name


def floor_of(room: str) -> int:
    for depth, rooms in enumerate(FLOORS):
        if room in rooms:
            return depth
    raise AssertionError(f"bioner/{room}/: no floor; a new room needs one in HOUSE's order")


def page_of(module: str) -> str:
    """Return which page a module of ``ui`` belongs to; empty: it serves several."""
    parts = module.split(".")
    folder = PACKAGE / "ui" / parts[2] if parts[1:2] == ["ui"] and len(parts) > 2 else None
    return parts[2] if folder is not None and (folder / "page.py").exists() else ""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts)


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every imported module, lazy ones inside functions included, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"line {node.lineno}: relative import"
            if node.module == "bioner":
                for alias in node.names:
                    yield f"bioner.{alias.name}", node.lineno
            else:
                yield node.module, node.lineno


def imports_at_once(tree: ast.Module) -> Iterator[str]:
    """Yield what loading the file imports: nothing in functions or under TYPE_CHECKING."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (name for name, _ in imports(node))
        waiting.extend(ast.iter_child_nodes(node))


FILES = Trees({module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))})
PAGES = Trees(
    {
        path.relative_to(ROOT).as_posix(): path
        for path in [*sorted((ROOT / "pages").glob("*.py")), ROOT / "app.py"]
        if path.exists()
    }
)


def ours(module: str) -> Iterator[tuple[str, int]]:
    for name, line in imports(FILES[module]):
        if name.split(".")[0] == "bioner" and "." in name:
            yield name, line


@pytest.mark.parametrize("module", FILES)
def test_imports_point_to_floors_below(module):
    here = room_of(module)
    upwards = [
        f"{module}:{line} imports {imported}"
        for imported, line in ours(module)
        if room_of(imported) != here and floor_of(room_of(imported)) >= floor_of(here)
    ]
    assert not upwards or module == "bioner.__init__"


@pytest.mark.parametrize("module", FILES)
def test_no_page_imports_another(module):
    here = page_of(module)
    others = [
        f"{module}:{line} imports {imported}"
        for imported, line in ours(module)
        if page_of(imported) not in ("", here)
    ]
    assert not others


def imported_files(module: str) -> set[str]:
    """Return the files of the package that a file imports, lazily or at once."""
    found = set()
    for node in ast.walk(FILES[module]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "bioner":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in FILES else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name in FILES and name != module}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of files that import each other (Tarjan's components of two and more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def test_no_files_import_each_other_in_a_circle_lazy_imports_included():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert not circles({module: imported_files(module) for module in FILES})


def test_the_check_sees_lazy_imports_upward_ones_and_new_rooms():
    tree = ast.parse("def f():\n    from bioner.ui import session\n")
    assert [name for name, _ in imports(tree)] == ["bioner.ui"]
    assert not list(imports_at_once(tree))
    assert room_of("bioner.spans") == "ground"
    assert floor_of("ground") < floor_of("formats") < floor_of("corpora") < floor_of("training")
    assert page_of("bioner.ui.train.form") == "train"
    assert page_of("bioner.ui.span_editor.editor") == ""
    with pytest.raises(AssertionError, match="no floor"):
        floor_of("utils")


def test_jobs_and_training_never_import_each_other():
    between = [
        f"{module} imports {name}"
        for module in FILES
        for name, _ in ours(module)
        if {room_of(module), room_of(name)} == {"jobs", "training"}
    ]
    assert not between


def test_only_the_ui_imports_streamlit():
    users = {
        module
        for module, tree in FILES.items()
        if any(name.split(".")[0] in ("streamlit", "annotated_text") for name, _ in imports(tree))
    }
    assert {room_of(module) for module in users} <= {"ui"}


def test_heavy_libraries_are_imported_late_so_that_help_is_quick():
    early = [
        f"{module} imports {name}"
        for module, tree in FILES.items()
        if not module.startswith(LOADS_AT_ONCE)
        for name in imports_at_once(tree)
        if name.split(".")[0] in LAZY
    ]
    assert not early


def test_importing_the_command_line_loads_no_heavy_library():
    code = "import sys, bioner.__main__; print([m for m in sys.argv[1:] if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code, *LAZY], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_pages_import_only_streamlit_and_the_package():
    strangers = [
        f"{page} imports {name}"
        for page, tree in PAGES.items()
        for name, _ in imports(tree)
        if name.split(".")[0] not in ("streamlit", "bioner", "__future__", *STANDARD_LIBRARY)
    ]
    assert not strangers


def spelled_prefixes(tree: ast.AST) -> Iterator[str]:
    """Yield string constants that begin an IOB tag, docstrings apart."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str) and re.match(r"[BIES]-([A-Z{]|$)", node.value):
            yield f"line {node.lineno}: {node.value!r}"


def test_only_bio_spells_the_prefixes_of_tags():
    spelled = {
        module: found
        for module, tree in {**FILES, **PAGES}.items()
        if (found := list(spelled_prefixes(tree)))
    }
    assert set(spelled) <= {"bioner.bio"}
    assert list(spelled_prefixes(ast.parse('tag = f"B-{label}"')))
    assert not list(spelled_prefixes(ast.parse('name = "B-cell lymphoma"')))


def cut_json(tree: ast.AST) -> Iterator[str]:
    """Yield functions that cut text into lines by ``splitlines`` and read each as JSON."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            called = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
            if {"splitlines", "loads"} <= called:
                yield node.name


def test_json_lines_are_cut_at_line_feeds_alone_by_one_rule():
    found = {module: list(cut_json(tree)) for module, tree in FILES.items()}
    assert {module: names for module, names in found.items() if names} == {
        # the last line of a process that escapes what is not ASCII
        "bioner.card_probe": ["_asked"],
    }
    wrong = "def read(path):\n    return [json.loads(l) for l in path.read_text().splitlines()]"
    assert list(cut_json(ast.parse(wrong))) == ["read"]
