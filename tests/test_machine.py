"""What this machine has, and what that means for a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioner import machine
from bioner.__main__ import app
from bioner.devices import resolve_device, resolve_precision
from bioner.errors import DeviceError
from bioner.machine import (
    Device,
    Precision,
    cgroup_quota,
    computed_on,
    cpu_has_amx,
)
from bioner.models.onnx_files import PREFERRED
from bioner.settings import cpu_threads, read_launched, read_settings


@pytest.mark.parametrize("word", ["gpu", "CUDA", "", "cuda:0"])
def test_an_unknown_device_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("BIONER_DEVICE", word)
    with pytest.raises(DeviceError, match=r"^BIONER_DEVICE: expected auto, cpu or cuda, got '"):
        read_settings()
    with pytest.raises(DeviceError, match=r"^device: expected auto, cpu or cuda, got '"):
        resolve_device(word)


@pytest.mark.parametrize("words", ["--device gpu", "--precision half"])
def test_an_unknown_word_on_the_command_line_is_wrong_usage(words: str, tmp_path: Path) -> None:
    given = ["train", "--base", "x", "--out", str(tmp_path / "m"), *words.split()]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2
    assert words.split()[1] in done.output


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512_bf16", False), ("avx512_bf16 amx_bf16 amx_tile", True), ("fpu", False)],
)
def test_only_a_cpu_with_amx_is_tried_in_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, expected: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t: {flags}\n")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    assert cpu_has_amx() is expected
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")
    assert not cpu_has_amx()


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(DeviceError, match="float32, bfloat16 or float16, got 'half'"):
        resolve_precision("half", Device.CPU)


def test_a_device_is_written_as_its_word() -> None:
    assert json.dumps({"device": Device.CPU, "precision": Precision.AUTO}) == (
        '{"device": "cpu", "precision": "auto"}'
    )
    assert f"{Device.CUDA}" == "cuda"


def test_the_environment_is_read_in_settings_alone() -> None:
    package = Path(machine.__file__).parent
    readers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\bos\.environ|\bgetenv\b", path.read_text(encoding="utf-8"))
    }
    assert readers == {"settings.py"}


def test_torchruns_variables_count_only_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert read_launched() is None
    for name, value in (("WORLD_SIZE", "4"), ("LOCAL_RANK", "0"), ("MASTER_ADDR", "here")):
        monkeypatch.setenv(name, value)
    launched = read_launched()
    assert launched is not None
    assert (launched.count, launched.rank, launched.local_rank) == (4, 1, 0)


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu.max": "rubbish"}, None),
        ({}, None),
    ],
)
def test_a_containers_quota_is_read_in_both_versions_of_cgroups(
    tmp_path: Path, files: dict[str, str], quota: float | None
) -> None:
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    assert cgroup_quota(tmp_path) == quota


def test_the_thread_count_can_be_set_and_is_never_below_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BIONER_THREADS", "3")
    assert cpu_threads() == 3
    monkeypatch.setenv("BIONER_THREADS", "0")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cpu_threads() >= 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("onnx cpu int8", "on the CPU, by ONNX in 8-bit numbers"),
        ("onnx cpu fp32", "on the CPU, by ONNX in 32-bit numbers"),
        ("torch cuda bfloat16", "on a GPU, by PyTorch in 16-bit numbers (bfloat16)"),
        ("dictionary", "dictionary"),
        ("", ""),
    ],
)
def test_what_computed_is_said_in_plain_words(name: str, said: str) -> None:
    assert computed_on(name) == said


def test_every_network_that_there_is_has_plain_words() -> None:
    onnx = [f"onnx cpu {one}" for one in PREFERRED]
    torch = [
        f"torch {device} {precision}"
        for device in Device
        for precision in Precision
        if device is not Device.AUTO and precision is not Precision.AUTO
    ]
    assert [name for name in (*onnx, *torch) if computed_on(name) == name] == []
