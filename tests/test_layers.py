"""Imports point down the chain of the design, Streamlit stays in the pages, tags in one file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bioner"

LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(layer.split())
    for layer in (
        "errors",
        "settings",
        "labels",
        "spans",
        "bio text",
        "formats",
        "corpora",
        "merge store checkpoints",
        "tf_checkpoint",
        "encoders",
        "tagger",
        "evaluation",
        "training search triage",
        "jobs serve",
        "ui",
        "__main__ __init__",
    )
)
"""Bottom first. A module may import lower layers and, in its own, only the files of its noun."""

NOUN_OF = {
    "machine": "settings",
    "own_corpora": "corpora",
    "own_corpora_add": "corpora",
    "leaks": "merge",
    "merge_build": "merge",
    "model_card": "checkpoints",
    "model_folder": "checkpoints",
    "tagger_onnx": "tagger",
    "commands": "__main__",
    "migrations": "store",
    "archive": "tf_checkpoint",
    "tensor_bundle": "tf_checkpoint",
    "wordpiece": "tf_checkpoint",
    "cased_vocabulary": "encoders",
    "averaging": "training",
    "fill_in": "training",
    "ranks": "training",
    "run_record": "training",
    "training_loop": "training",
    "retraining": "training",
    "conventions": "search",
    "search_build": "search",
    "job_folder": "jobs",
    "preflight": "jobs",
    "supervisor": "jobs",
    "anchors": "evaluation",
    "calibration": "evaluation",
    "comparison": "evaluation",
    "confidence": "evaluation",
    "gate": "evaluation",
    "mistakes": "evaluation",
    "report_files": "evaluation",
    "reports": "evaluation",
    "scores": "evaluation",
    "surfaces": "evaluation",
}
"""Files that a noun was split into once it outgrew one: they lie in its layer and may import it."""

LAZY = ("torch", "transformers", "onnxruntime", "onnx", "pandas", "streamlit", "pyarrow", "altair")
LOADS_AT_ONCE = {"training_loop", "ui"}
"""What is itself imported late (a training run, a page), so may import these at the top."""

STANDARD_LIBRARY = sys.stdlib_module_names


def noun(module: str) -> str:
    name = module.split(".")[1] if "." in module else "__init__"
    return NOUN_OF.get(name, name)


def layer_of(name: str) -> int:
    for depth, names in enumerate(LAYERS):
        if name in names:
            return depth
    raise AssertionError(
        f"bioner/{name}: no place in the import chain; give it one in LAYERS or NOUN_OF"
    )


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


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


FILES = {module_name(path): parse(path) for path in sorted(PACKAGE.rglob("*.py"))}
PAGES = {
    path.relative_to(ROOT).as_posix(): parse(path)
    for path in [*sorted((ROOT / "pages").glob("*.py")), ROOT / "app.py"]
    if path.exists()
}


@pytest.mark.parametrize("module", FILES)
def test_imports_point_down_the_chain(module):
    here = noun(module)
    upwards = [
        f"{module}:{line} imports {imported}"
        for imported, line in imports(FILES[module])
        if imported.split(".")[0] == "bioner" and "." in imported
        if noun(imported) != here and layer_of(noun(imported)) >= layer_of(here)
        if module != "bioner.__init__"
    ]
    assert not upwards


def test_the_check_sees_lazy_imports_and_upward_ones():
    tree = ast.parse("def f():\n    from bioner.ui import session\n")
    assert [name for name, _ in imports(tree)] == ["bioner.ui"]
    assert not list(imports_at_once(tree))
    assert layer_of("spans") < layer_of("bio") < layer_of("formats") < layer_of("corpora")
    with pytest.raises(AssertionError, match="no place"):
        layer_of("utils")


def test_jobs_reach_training_only_through_a_process():
    for module, tree in FILES.items():
        if noun(module) == "jobs":
            assert not [name for name, _ in imports(tree) if name.startswith("bioner.training")]


def test_only_the_ui_imports_streamlit():
    users = {
        module
        for module, tree in FILES.items()
        if any(name.split(".")[0] in ("streamlit", "annotated_text") for name, _ in imports(tree))
    }
    assert {noun(module) for module in users} <= {"ui"}


def test_heavy_libraries_are_imported_late_so_that_help_is_quick():
    early = [
        f"{module} imports {name}"
        for module, tree in FILES.items()
        if module.split(".")[1] not in LOADS_AT_ONCE
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
