"""The documents say what is so: commands, files, packages, and the examples with their output."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bioner.__main__ import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DECISIONS = (ROOT / "docs" / "DECISIONS.md").read_text(encoding="utf-8")

COMMAND = typer.main.get_command(app)


def commands(command: Any = COMMAND, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command that does something, with the words that call it."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}".strip())
    else:
        yield path, command


def between(text: str, name: str) -> str:
    return text.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout: no list of tracked files")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize(("path", "command"), list(commands()))
def test_every_command_and_option_has_help(path, command):
    assert command.help
    bare = [p.name for p in command.params if p.param_type_name == "option" and not p.help]
    assert not bare


@pytest.mark.parametrize("path", [path for path, _ in commands()])
def test_every_command_is_in_the_readme(path):
    table = README.split("## Commands")[1].split("## Scores")[0]
    group, _, name = path.rpartition(" ")
    rows = [row for row in table.splitlines() if row.startswith(f"| `{group or name}")]
    assert any(f"`{name}`" in row or f"`{path}`" in row for row in rows), rows


def shown_calls() -> list[str]:
    lines = re.findall(r"^\$ (.*python -m bioner .*)$", README, re.MULTILINE)
    return [line.split("#")[0].split("python -m bioner ")[-1].split("|")[0] for line in lines]


def test_calls_shown_in_the_readme_name_real_commands_and_options():
    assert shown_calls()
    for call in shown_calls():
        command: Any = COMMAND
        words = shlex.split(call)
        while hasattr(command, "commands"):
            assert words[0] in command.commands, call
            command = command.commands[words.pop(0)]
        known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
        assert {w.split("=")[0] for w in words if w.startswith("--")} <= known | {"--help"}, call


def test_every_path_in_the_file_map_exists():
    paths = [line.split()[0] for line in between(README, "files").splitlines() if "  " in line]
    assert len(paths) > 20
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_every_page_and_module_is_in_the_file_map():
    shown = between(README, "files")
    modules = [
        f"bioner/{path.name}{'/' if path.is_dir() else ''}"
        for path in sorted((ROOT / "bioner").iterdir())
        if path.suffix in (".py", ".yaml") or (path.is_dir() and path.name != "__pycache__")
    ]
    pages = [f"pages/{path.name}" for path in sorted((ROOT / "pages").glob("*.py"))]
    assert not [p for p in (*modules, *pages) if p not in shown and p != "bioner/__init__.py"]


def test_links_between_documents_lead_somewhere():
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            inside_code = "://" in target or target == "y"
            assert inside_code or (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_required_package_has_its_reason_in_the_decisions():
    table = DECISIONS.split("## Dependencies")[1].split("## Licences")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| ")]
    reasons = {name.strip() for cell in cells for name in cell.split(",")} - {"package"}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {re.split(r"[\[=]", line)[0] for line in lines if line and line[0] not in "#-"}
    assert reasons == required


@pytest.mark.parametrize("name", ["loss.md"])
def test_examples_print_what_the_document_shows(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", text, re.DOTALL)
    assert examples
    names: dict[str, object] = {}
    for code, shown in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue() == shown


def test_tracked_files_name_no_machine_and_no_package_registry():
    machine = re.compile(r"(?<![\w.:-])/(?:work|root|Users|home/\w+)/|[A-Z]:\\\\?Users", re.ASCII)
    registry = re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|download\.pytorch\.org|anaconda\.org"
        r"|jfrog\.io|artifactory",
        re.IGNORECASE,
    )
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path != Path(__file__):
            found += [f"{path.relative_to(ROOT)}: {m[0]}" for m in machine.finditer(text)]
            found += [f"{path.relative_to(ROOT)}: {m[0]}" for m in registry.finditer(text)]
    assert not found
