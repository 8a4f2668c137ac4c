"""The documents say what is so: commands, files, packages, and the examples with their output."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from test_layers import FLOORS

from bioner.__main__ import app
from bioner.access import role_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs" / "decisions"

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
def test_every_command_is_in_the_list_of_commands(path):
    table = COMMANDS.split("<!-- sessions:begin -->")[0]
    group, _, name = path.rpartition(" ")
    rows = [row for row in table.splitlines() if row.startswith(f"| `{group or name}")]
    assert any(f"`{name}`" in row or f"`{path}`" in row for row in rows), rows


def shown_calls() -> list[str]:
    documents = [README, *(one.read_text("utf-8") for one in sorted((ROOT / "docs").rglob("*.md")))]
    lines = re.findall(r"^\$ (.*\bbioner .*)$", "\n".join(documents), re.MULTILINE)
    calls = [line.split(" #")[0] for line in lines if re.search(r"(^|[|&] |-m )bioner ", line)]
    return [re.split(r"(?:^|[|&] |-m )bioner ", call)[-1].split("|")[0] for call in calls]


def test_calls_shown_to_readers_name_real_commands_and_options():
    assert shown_calls()
    for call in shown_calls():
        command: Any = COMMAND
        words = shlex.split(call)
        while hasattr(command, "commands"):
            assert words[0] in command.commands, call
            command = command.commands[words.pop(0)]
        known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
        assert {w.split("=")[0] for w in words if w.startswith("--")} <= known | {"--help"}, call


def test_the_file_map_names_every_file_of_the_package_and_no_other():
    shown = set()
    for part in between(ARCHITECTURE, "files").split("### `")[1:]:
        folder = part.split("/`")[0]
        shown |= {
            f"{folder}/{name}" for name in re.findall(r"^- `([^`]+)`: \S", part, re.MULTILINE)
        }
    kinds = (".py", ".js", ".css", ".yaml")
    here = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bioner").rglob("*")
        if path.suffix in kinds and path.name != "__init__.py" and "versions" not in path.parts
    }
    assert shown == here, "run `make map`"


def test_the_file_map_says_what_the_files_say_of_themselves():
    made = runpy.run_path(str(ROOT / "docs" / "make_map.py"))
    assert made["with_map"](ARCHITECTURE) == ARCHITECTURE, "run `make map`"


def test_the_picture_of_the_floors_shows_every_room_on_its_floor():
    drawn = [
        frozenset(re.findall(r"^    (\w+)\[", floor, re.MULTILINE))
        for floor in between(ARCHITECTURE, "floors").split("subgraph ")[1:]
    ]
    assert drawn == [floor - {"__main__", "__init__"} for floor in FLOORS][: len(drawn)]
    assert len(drawn) == len([floor for floor in FLOORS if floor - {"__main__", "__init__"}])


def links() -> Iterator[tuple[Path, str]]:
    """Yield every document with the targets of its links, code apart."""
    for document in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        text = re.sub(r"`[^`]*`", "", document.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            yield document, target


def test_links_between_documents_lead_somewhere():
    dead = [
        f"{document.relative_to(ROOT)}: {target}"
        for document, target in links()
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert not dead


def decisions() -> dict[str, dict[str, str]]:
    """Return the head of each decision's file: title, Status, Date, About."""
    found = {}
    for path in sorted(DECISIONS.glob("0*.md")):
        head, _, said = path.read_text(encoding="utf-8").partition("\n\n")
        fields = dict(re.findall(r"^- (\w+): (.+)$", said.split("\n\n")[0], re.MULTILINE))
        found[path.name] = {"title": head.removeprefix("# "), **fields}
    return found


def test_every_decision_has_a_number_of_its_own_a_status_and_a_date():
    found = decisions()
    assert [int(name[:4]) for name in found] == list(range(1, len(found) + 1))
    for name, head in found.items():
        assert re.fullmatch(r"proposed|accepted|superseded by \[\d{4}\]\(.+\)", head["Status"]), (
            name
        )
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", head["Date"]), name
        assert head["title"], name


def test_the_index_of_decisions_names_each_with_its_status_and_date():
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    rows = [row for row in index.splitlines() if row.startswith("| [")]
    assert rows == sorted(rows)
    assert rows == [
        f"| [{name[:4]}]({name}) {head['title']} | {head['Status']} | {head['Date']} |"
        for name, head in decisions().items()
    ]


def test_every_required_package_has_its_reason_in_the_decisions():
    table = (DECISIONS / "0042-dependencies.md").read_text(encoding="utf-8")
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| ")]
    reasons = {name.strip() for cell in cells for name in cell.split(",")} - {"package"}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {re.split(r"[\[=]", line)[0] for line in lines if line and line[0] not in "#-"}
    assert reasons == required


def test_every_package_for_development_is_named_in_the_decisions():
    said = (DECISIONS / "0042-dependencies.md").read_text(encoding="utf-8")
    said = said.split("For development:")[1]
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    names = [line.split("==")[0] for line in lines if "==" in line and "stubs" not in line]
    assert not [name for name in names if name not in said and not name.startswith("types-")]


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


def test_the_role_table_is_the_one_that_is_asked():
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert between(text, "roles").strip() == role_table(), "print it from bioner.access.role_table"
