"""A damaged merged folder is one sentence that says what to do; a failed write harms nothing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioner.corpora.dataset import Dataset, MergeReport
from bioner.corpora.dataset_folder import read_dataset, read_manifest, write_dataset
from bioner.corpora.overview import open_merged
from bioner.corpora.search import SearchIndex
from bioner.errors import CorpusError

READERS: dict[str, Callable[[Path], object]] = {
    "dataset": read_dataset,
    "overview": open_merged,
    "search": SearchIndex.open,
}


@pytest.fixture
def folder(sample: Dataset, tmp_path: Path) -> Path:
    write_dataset(sample, tmp_path / "merged")
    return tmp_path / "merged"


def refused(reader: Callable[[Path], object], folder: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        reader(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert "build" in said
    return said


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["train.parquet", "manifest.json", "schema.json"])
def test_a_cut_file_is_one_sentence(
    folder: Path, name: str, share: float, reader: Callable[[Path], object]
) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(len(data) * share)])
    assert name in refused(reader, folder)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, {"a": 1}])
@pytest.mark.parametrize("key", ["format", "fingerprint", "mapping", "schema_fingerprint"])
def test_a_manifest_with_another_value_is_one_sentence(
    folder: Path, key: str, value: object, reader: Callable[[Path], object]
) -> None:
    if isinstance(value, str) and key != "format":
        value = ["x"]
    raw = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**raw, key: value}))
    assert "manifest.json" in refused(reader, folder)


@pytest.mark.parametrize("value", [None, "x", [1], {"a": "b"}, {"a": {"b": {"c": {"d": {}}}}}])
@pytest.mark.parametrize("field", ["read", "sentences", "types", "mapped", "leaks", "tags"])
def test_a_report_of_another_form_is_one_sentence(folder: Path, field: str, value: object) -> None:
    raw = json.loads((folder / "manifest.json").read_text())
    raw["report"][field] = value
    (folder / "manifest.json").write_text(json.dumps(raw))
    assert field in refused(read_manifest, folder)


@pytest.mark.parametrize("value", [[], {}, {"types": [], "corpora": {}, "mapping": "curated"}])
def test_a_schema_of_another_form_is_one_sentence(folder: Path, value: object) -> None:
    (folder / "schema.json").write_text(json.dumps(value))
    assert "schema.json" in refused(read_dataset, folder)


def test_parquet_of_other_columns_is_one_sentence(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["one"], "label": ["Gene"]}), folder / "train.parquet")
    for reader in READERS.values():
        refused(reader, folder)


def test_a_dataset_kept_without_a_report_has_an_empty_one(folder: Path) -> None:
    raw = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**raw, "report": {}}))
    report = read_manifest(folder).report
    assert report == MergeReport.from_json({})
    assert report.leaks_dropped == report.read == 0
    assert report.to_json()["sentences"] == {}


def test_a_write_that_fails_leaves_the_folder_as_it_was(
    sample: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(CorpusError, match=r"merged: cannot be written: No space left on device"):
        write_dataset(sample, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["merged"]


def test_a_folder_that_cannot_be_made_is_one_sentence(sample: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="cannot be written"):
        write_dataset(sample, tmp_path / "file" / "merged")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, sample: Dataset) -> dict[str, bytes]:
    """The files of a merged folder."""
    folder = tmp_path_factory.mktemp("whole") / "merged"
    write_dataset(sample, folder)
    return {one.name: one.read_bytes() for one in folder.iterdir()}


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["train.parquet", "test.parquet", "manifest.json", "schema.json"]),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(["cut", "flip", "nothing", "folder", "nested"]),
)
def test_however_a_file_is_damaged_a_reader_says_so_or_reads_it(whole, name, share, how):
    with TemporaryDirectory() as place:
        folder = Path(place) / "merged"
        folder.mkdir()
        for one, data in whole.items():
            (folder / one).write_bytes(data)
        at, data = int(len(whole[name]) * share), bytearray(whole[name])
        if how == "folder":
            (folder / name).unlink()
            (folder / name).mkdir()
        elif how == "nothing":
            (folder / name).unlink()
        else:
            data[at : at + 1] = bytes([data[at] ^ 0x55])
            damaged = {
                "cut": bytes(whole[name][:at]),
                "flip": bytes(data),
                "nested": b"[" * 100_000,
            }
            (folder / name).write_bytes(damaged[how])
        for reader in READERS.values():
            with contextlib.suppress(CorpusError):
                reader(folder)
