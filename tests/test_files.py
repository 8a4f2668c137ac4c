"""Files written whole or not at all, and JSON read without trusting it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bioner
from bioner.errors import BionerError, ModelError
from bioner.files import (
    parse_json_object,
    read_json_object,
    staged_file,
    staged_folder,
    write_whole,
)
from bioner.progress import Progress

PACKAGE = Path(bioner.__file__).parent


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_holds_all_of_it_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", "α\n")
    write_whole(tmp_path / "a.json", b"second")
    assert (tmp_path / "a.json").read_bytes() == b"second"
    assert names(tmp_path) == ["a.json"]


def test_a_block_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), staged_file(path) as work:
        work.write_text("new \ud83d", encoding="utf-8")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("staged", ["staged_file", "staged_folder"])
def test_a_process_killed_in_the_middle_leaves_the_old_one(tmp_path: Path, staged: str) -> None:
    target = tmp_path / "target"
    inside = target
    if staged == "staged_folder":
        target.mkdir()
        inside = target / "part"
    inside.write_text("old")
    script = f"""
import os, signal
from pathlib import Path
from bioner.files import {staged}
with {staged}(Path({str(target)!r})) as work:
    (work / "part" if work.is_dir() else work).write_text("new")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert inside.read_text() == "old"


def test_a_written_file_has_the_mode_that_this_person_gives_new_files(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        write_whole(tmp_path / "private", "patient text")
        with staged_folder(tmp_path / "folder") as work:
            (work / "a").write_text("a")
    finally:
        os.umask(former)
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700


def test_a_filled_folder_takes_the_place_of_the_former_one(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "merged"
    for name in ("first", "second"):
        with staged_folder(target) as work:
            (work / name).write_text(name)
    assert names(target) == ["second"]
    assert names(target.parent) == ["merged"]


def test_a_folder_block_that_raises_leaves_the_former_folder(tmp_path: Path) -> None:
    target = tmp_path / "merged"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(UnicodeEncodeError), staged_folder(target) as work:
        (work / "new").write_text("new \ud83d", encoding="utf-8")
    assert names(target) == ["old"]
    assert names(tmp_path) == ["merged"]


def test_a_folder_behind_a_link_is_replaced_where_it_is(tmp_path: Path) -> None:
    disk = tmp_path / "disk" / "merged"
    disk.mkdir(parents=True)
    (disk / "old").write_text("old")
    link = tmp_path / "merged"
    link.symlink_to(disk)
    with staged_folder(link) as work:
        (work / "new").write_text("new")
    assert link.is_symlink()
    assert names(disk) == ["new"]
    assert names(tmp_path) == ["disk", "merged"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested too deeply"),
        ('{"a": ' + "9" * 5_000 + "}", "5,000 digits"),
        ('{"a": 1e999}', "too large"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        (r'{"a": "\ud83d"}', "half a character"),
        (r'{"\udc00": 1}', "half a character"),
        ("[1, 2]", "expected a JSON object, got a list"),
        ('"text"', "expected a JSON object, got a text"),
        ("null", "expected a JSON object, got null"),
        ("", "not readable as JSON"),
        ('{"a": 1', r"not readable as JSON: .* \(line 1, column 8\)"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        ('{"a": "' + "x" * 1_000 + '"}', "longer than 1,000 bytes"),
    ],
)
def test_what_is_no_sound_json_object_is_one_sentence_with_the_file_and_the_mend(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    limit = 1_000 if said.startswith("longer") else 2**20
    with pytest.raises(ModelError, match=said) as caught:
        read_json_object(path, ModelError, mend="copy it again", limit=limit)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; copy it again")
    assert "\n" not in str(caught.value)


def test_whole_pairs_of_surrogates_and_large_numbers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(r'{"text": "\ud83d\ude00", "no limit": 1000000000000000019884624838656}')
    assert read_json_object(path, ModelError) == {
        "text": "😀",
        "no limit": 1000000000000000019884624838656,
    }


def test_a_pipe_a_device_and_a_folder_are_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ModelError, match="not a plain file"):
            read_json_object(path, ModelError)
    with pytest.raises(ModelError, match="a folder, not a file"):
        read_json_object(tmp_path, ModelError)


def test_a_missing_file_is_said_in_the_callers_words(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with pytest.raises(BionerError, match=r"manifest\.json is missing; build again"):
        read_json_object(path, BionerError, mend="build again")
    with pytest.raises(BionerError, match=r"^no dataset here$"):
        read_json_object(path, BionerError, missing="no dataset here")


def test_a_line_of_json_says_where_it_stood() -> None:
    with pytest.raises(ModelError, match=r"^queue\.jsonl:3: not readable as JSON"):
        parse_json_object("{", "queue.jsonl:3", ModelError)


def test_no_other_file_makes_temporary_files_by_hand() -> None:
    by_hand = re.compile(r"\b(mkstemp|mkdtemp|NamedTemporaryFile|os\.replace|os\.rename)\b")
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if by_hand.search(path.read_text(encoding="utf-8"))
    }
    assert users == set()


def test_a_progress_says_what_part_is_done() -> None:
    assert Progress(1, 4).share == 0.25
    assert Progress(3).share is None
    assert Progress(0, 0).share == 1.0
    assert Progress(5, 4).share == 1.0
