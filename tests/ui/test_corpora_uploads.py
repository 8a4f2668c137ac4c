"""Files that are no corpus: one clear sentence each, nothing half-written, page and shell alive."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support import ROOT
from typer.testing import CliRunner

from bioner.__main__ import app as commands
from bioner.formats import MAX_WHOLE_BYTES
from bioner.settings import read_settings


def zipped(name: str, content: bytes) -> bytes:
    """Return a zip archive of one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, content)
    return packed.getvalue()


GOOD = b"We\tO\ngave\tO\naspirin\tB-Code\n.\tO\n\nMice\tB-Chemical\ndied\tO\n"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
BAD = {
    "empty.conll": (b"", "empty.conll: the file is empty"),
    "blank.conll": (b"\n \n\n", "blank.conll: the file is empty"),
    "picture.png": (PICTURE, "picture.png: a binary file (a PNG image); expected UTF-8 text: save"),
    "called.conll": (PICTURE, "called.conll: a binary file (a PNG image)"),
    "zeros.tsv": (b"\x00" * 400, "zeros.tsv: a binary file (zero bytes)"),
    "paper.pdf": (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "paper.pdf: the format of PDF; expected text: save it as text",
    ),
    "latin.conll": (
        "naïve\tB-Code\n".encode("latin-1"),
        "latin.conll: not UTF-8 at byte 2 (0xef); save the file as UTF-8",
    ),
    "wide.conll": ("naive\tB-Code\n".encode("utf-16"), "wide.conll: UTF-16 text; expected UTF-8"),
    "tags.conll": (
        b"We\tO\naspirin\tCode\n",
        "tags.conll:2: expected a tag in the last column (O, or B-, I-, E-, S- and a type), "
        "got 'Code'",
    ),
    "plain.txt": (b"We gave aspirin.", "plain.txt: no annotated mention was found"),
    "out.zip": (zipped("../out.conll", GOOD), "out.zip: refused: the member '../out.conll' leads"),
    "inner.zip": (
        zipped("a/b.png", PICTURE),
        "inner.zip: no documents found inside; expected",
    ),
    "torn.zip": (zipped("a.conll", GOOD)[:60], "torn.zip: a damaged archive"),
}


def test_a_bad_upload_is_one_sentence_and_a_good_one_is_taken_afterwards(home: Path) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    page.switch_page("pages/1_Corpora.py")
    page.query_params["part"] = "own"
    page.run()
    for name, (data, told) in BAD.items():
        page.file_uploader[0].set_value([(name, data, "")]).run()
        assert not page.exception, name
        (error,) = page.error
        assert error.value.startswith(told), name
        assert "\n" not in error.value
        assert not list(home.rglob("*.tsv")), "nothing half-written"
    page.file_uploader[0].set_value([("ward.conll", GOOD, "")]).run()
    assert not page.error
    assert [one.value for one in page.info if "Not known here" in one.value] == [
        "Not known here: Code. Say above what each is; left open, it is no evidence for or "
        "against any type."
    ]
    page.selectbox(key="own_type_Code").set_value("Chemical").run()
    page.button(key="own_add").click().run()
    assert "ward is added" in page.success[0].value
    assert (read_settings().own_corpora / "ward" / "corpus.json").exists()


def test_a_format_that_the_name_does_not_tell_is_chosen(home: Path) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    page.switch_page("pages/1_Corpora.py")
    page.query_params["part"] = "own"
    page.run()
    data = b"Mice\tNN\tB-Chemical\tX\n"
    page.file_uploader[0].set_value([("labels", data, "")]).run()
    assert (
        "the format is not clear from the name and the content; give the file"
        in page.error[0].value
    )
    page.selectbox(key="own_format").set_value("conll").run()
    assert page.error[0].value.startswith("labels:1: expected a tag in the last column")


@pytest.mark.parametrize("name", BAD)
def test_corpora_add_refuses_a_bad_file_in_one_line(home: Path, tmp_path: Path, name: str) -> None:
    data, told = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    done = CliRunner().invoke(
        commands, ["corpora", "add", str(path), "--name", "Ward", "--covers", "Chemical"]
    )
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {told}")
    assert done.stderr.count("\n") == 1
    assert not home.exists()


def test_corpora_add_refuses_two_hundred_megabytes_unread(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large.conll"
    with large.open("wb") as sink:
        sink.truncate(200 * 2**20)
    monkeypatch.delattr(Path, "read_bytes")
    done = CliRunner().invoke(
        commands, ["corpora", "add", str(large), "--name", "Ward", "--covers", "Chemical"]
    )
    assert done.exit_code == 1
    assert done.stderr.startswith(
        f"error: large.conll: 200 MB is more than the {MAX_WHOLE_BYTES // 2**20} MB that are read "
        "at once; split the file"
    )
    assert not home.exists()


def test_corpora_add_says_which_labels_it_does_not_know(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "ward.conll"
    path.write_bytes(GOOD)
    words = ["corpora", "add", str(path), "--name", "Ward", "--covers", "Chemical"]
    wrong = CliRunner().invoke(commands, [*words, "--map", "Code=Planet"])
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("error: Ward: unknown type 'Planet'; expected one of Anatomy")
    assert not home.exists()
    done = CliRunner().invoke(commands, [*words, "--format", "conll"])
    assert done.exit_code == 0, done.stderr
    assert "Code: not known here, so left open; `--map Code=TYPE` says what it is" in done.stderr
    assert "Chemical: not known" not in done.stderr
    assert "--covers" not in done.stderr, "all that is marked was looked for"


def test_corpora_add_says_which_types_are_marked_and_were_not_looked_for(
    home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ward.conll"
    path.write_bytes(GOOD)
    words = ["corpora", "add", str(path), "--name", "Ward", "--covers", "Disease"]
    done = CliRunner().invoke(commands, [*words, "--map", "Code=Protein"])
    assert done.exit_code == 0, done.stderr
    for label in ("Chemical", "Protein"):
        said = f"{label}: marked, and not in --covers: an unmarked word is no evidence against it"
        assert said in done.stderr
    assert "Disease: marked" not in done.stderr


def test_an_archive_with_flipped_bytes_is_read_or_refused_whatever_they_hit(tmp_path) -> None:
    import io
    import random
    import zipfile

    from bioner.errors import FormatError
    from bioner.formats.members import read_members

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "p53")
        archive.writestr("é.ann", "T1\tGene 0 3\tp53")
    draw = random.Random(1)
    path = tmp_path / "a.zip"
    refusals = []
    for _ in range(500):
        data = bytearray(packed.getvalue())
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data)
        try:
            list(read_members(path))
        except FormatError as error:
            refusals.append(str(error))
    assert 0 < len(refusals) < 500
    assert all("a.zip" in told for told in refusals)
