"""What this machine has, and what that means for a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from bioner import machine
from bioner.__main__ import app
from bioner.errors import DeviceError
from bioner.machine import (
    Device,
    Precision,
    cgroup_quota,
    require_device,
    resolve_device,
    resolve_precision,
)
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


@pytest.mark.parametrize("words", ["--device gpu", "--precision float16"])
def test_an_unknown_word_on_the_command_line_is_wrong_usage(words: str, tmp_path: Path) -> None:
    given = ["train", "--base", "x", "--out", str(tmp_path / "m"), *words.split()]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2
    assert words.split()[1] in done.output


def test_auto_is_the_gpu_that_torch_can_use_and_else_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for is_there, expected in ((True, Device.CUDA), (False, Device.CPU)):
        monkeypatch.setattr(machine, "has_gpu", lambda is_there=is_there: is_there)
        assert resolve_device("auto") is expected
        assert require_device("cpu") is Device.CPU
        assert resolve_device("cuda") is Device.CUDA
    with pytest.raises(DeviceError, match="torch sees no GPU"):
        require_device("cuda")


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((7, 0), "float32"), ((7, 5), "float32"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")],
)
def test_a_card_takes_bfloat16_where_it_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert resolve_precision("auto", Device.CUDA) == expected
    assert resolve_precision("bfloat16", Device.CUDA) is Precision.BFLOAT16


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512_bf16", False), ("avx512_bf16 amx_bf16 amx_tile", True), ("fpu", False)],
)
def test_a_cpu_takes_bfloat16_with_amx_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, expected: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"flags\t: {flags}\n")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    found = resolve_precision("auto", Device.CPU)
    assert found is (Precision.BFLOAT16 if expected else Precision.FLOAT32)
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")
    assert resolve_precision("auto", Device.CPU) is Precision.FLOAT32


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(DeviceError, match="expected auto, float32 or bfloat16, got 'float16'"):
        resolve_precision("float16", Device.CPU)


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
