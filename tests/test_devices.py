"""Which card, which precision, in which words: one answer, on drivers that tests make up.

No card is here: what the driver lists and what torch says of it are both stubbed.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from driver import H100, Driver, Fake, plain_cards
from typer.testing import CliRunner

from bioner import card_probe, devices
from bioner.__main__ import app
from bioner.card_probe import Probed, look, probe, unbuilt
from bioner.cards import Card, allotted, cards, free_first
from bioner.devices import (
    found_cards,
    has_gpu,
    place_of,
    require_device,
    resolve_device,
    resolve_precision,
    said,
    usable_cards,
)
from bioner.errors import DeviceError
from bioner.jobs.folder import JobSpec, JobState
from bioner.jobs.preflight import check_launch
from bioner.jobs.slots import device_beside_jobs, own_card, take_slots
from bioner.machine import Device, Precision
from bioner.settings import read_settings

T4 = Fake("Tesla T4", (7, 5), 15_360)
V100 = Fake("Tesla V100-SXM2-16GB", (7, 0), 16_384)
A10 = Fake("NVIDIA A10", (8, 6), 23_028)
P100 = Fake("Tesla P100-PCIE-16GB", (6, 0), 16_384)
BIG = Fake(H100, (9, 0), 81_559)
PARTS = replace(BIG, used="[N/A]", busy="[N/A]", parts=("1g.10gb", "3g.40gb"))
OLD = replace(V100, problem="the installed torch has no kernels for capability 7.0")


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    monkeypatch.setenv("BIONER_JOBS", str(tmp_path / "jobs"))
    monkeypatch.setenv("BIONER_DEVICE", "auto")
    (tmp_path / "jobs").mkdir()
    return Driver(tmp_path / "bin", monkeypatch)


def slots_of(place: Path, count: int = 1) -> list[str] | None:
    taken = take_slots(place, Device.CUDA, count)
    for slot in taken or ():
        slot.release()
    return [slot.name for slot in taken] if taken else None


TABLE = {
    "T4": ([T4], None, "cuda-0", "float16", "Tesla T4 (16 GB), training in float16 with loss"),
    "V100": ([V100], None, "cuda-0", "float16", "float16 with loss scaling"),
    "P100": ([P100], None, "cuda-0", "float32", "training in float32"),
    "A10": ([A10], None, "cuda-0", "bfloat16", "NVIDIA A10 (24 GB), training in bfloat16"),
    "H100": ([BIG], None, "cuda-0", "bfloat16", "(86 GB), training in bfloat16"),
    "MIG": ([PARTS], None, "cuda-MIG-0bbb-0", "bfloat16", "MIG 1g.10gb (11 GB)"),
    "a part by name": ([PARTS], "MIG-0bbb-1", "cuda-MIG-0bbb-1", "bfloat16", "MIG 3g.40gb"),
    "allotted by number": ([T4, A10], "1", "cuda-1", "bfloat16", "NVIDIA A10"),
    "allotted by name": ([T4, A10], "GPU-1aaa", "cuda-1", "bfloat16", "NVIDIA A10"),
    "in its own order": ([A10, A10], "1,0", "cuda-1", "bfloat16", "NVIDIA A10"),
    "the first is busy": (
        [replace(A10, used="20000"), A10], None, "cuda-1", "bfloat16", "21.0 GB of it are taken",
    ),
    "all are busy": (
        [replace(A10, used="20000"), replace(A10, used="9000")], None, "cuda-1", "bfloat16",
        "9.4 GB of it are taken",
    ),
    "two kinds": ([T4, A10], None, "cuda-0", "float16", "Tesla T4"),
    "one of two is too old": ([OLD, A10], None, "cuda-1", "bfloat16", "no kernels for capability"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_card_that_is_ours_is_taken_in_the_precision_that_it_computes_in(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    shown, allowed, slot, precision, words = TABLE[case]
    driver.show(*shown)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert resolve_device("auto") is Device.CUDA
    assert slots_of(tmp_path / "jobs") == [slot]
    assert resolve_precision("auto", Device.CUDA) == precision
    assert words in "; ".join(map(said, found_cards()))


NONE = {
    "no card": ([], None, "2.13.0+cu130", "no GPU here that is ours to use"),
    "none allotted": ([A10], "", "2.13.0+cu130", "no GPU here that is ours to use"),
    "minus one": ([A10], "-1", "2.13.0+cu130", "no GPU here that is ours to use"),
    "torch without CUDA": ([A10], None, "2.13.0+cpu", "without CUDA: install its CUDA build"),
    "no kernels": ([OLD], None, "2.13.0+cu130", "no kernels for capability 7.0"),
}


def test_a_run_says_on_what_it_computes_and_why_not_on_the_card_that_is_there(
    driver: Driver,
) -> None:
    driver.show(BIG)
    assert place_of(Device.CUDA, Precision.BFLOAT16) == f"computing on {H100} in bfloat16"
    assert place_of(Device.CPU, Precision.FLOAT32) == "computing on the CPU in float32"
    driver.show(OLD)
    told = place_of(Device.CPU, Precision.FLOAT32)
    assert told.startswith("computing on the CPU in float32: Tesla V100")
    assert "no kernels for capability 7.0" in told


@pytest.mark.parametrize("case", NONE)
def test_a_card_counts_only_if_torch_computes_on_it_and_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    shown, allowed, built, why = NONE[case]
    monkeypatch.setenv("BIONER_JOBS", str(tmp_path))
    Driver(tmp_path / "bin", monkeypatch, built).show(*shown)
    if allowed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert not has_gpu()
    assert resolve_device("auto") is Device.CPU
    assert slots_of(tmp_path) is None
    with pytest.raises(DeviceError, match=why):
        require_device("cuda")
    spec = JobSpec(("x",), title="x", device=Device.CUDA)
    told = " ".join(one.text for one in check_launch(spec, read_settings()) if one.is_blocking)
    assert "no GPU that can be used: choose the CPU" in told
    result = CliRunner().invoke(app, ["doctor"])
    assert "training and tagging use" in result.output
    if shown and allowed is None:
        assert why in told
        assert why in result.output


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (None, [0, 1, 2]),
        ("2,0", [2, 0]),
        ("0,7,1", [0]),
        ("GPU-1,GPU-2", [1, 2]),
        ("GPU", []),
        ("0,0", []),
        ("NoDevFiles", []),
        (" 1 , 2 ", [1, 2]),
    ],
)
def test_an_allotment_is_read_as_cuda_reads_it(allowed: str | None, expected: list[int]) -> None:
    assert [one.index for one in allotted(plain_cards(3), allowed)] == expected


def test_the_older_name_of_a_part_is_understood() -> None:
    card = Card(0, "A100", 40 * 2**30, 0, 0.0, "MIG-1", whole="GPU-8f2e")
    (found,) = allotted([card], "MIG-GPU-8f2e/1/0")
    assert found.address == "MIG-GPU-8f2e/1/0"


def test_a_page_asks_the_driver_once(driver: Driver) -> None:
    driver.show(A10, T4)
    for _ in range(5):
        resolve_device("auto")
        usable_cards()
        cards()
        list(check_launch(JobSpec(("x",), title="x", device=Device.CUDA), read_settings()))
    assert driver.asked == 1


def test_other_peoples_load_is_no_block_where_a_free_card_is_left(driver: Driver) -> None:
    spec = JobSpec(("x",), title="x", device=Device.CUDA)
    driver.show(replace(A10, used="20000"), A10)
    assert not [one.text for one in check_launch(spec, read_settings()) if "busy" in one.text]
    driver.show(replace(A10, used="20000"))
    told = [one for one in check_launch(spec, read_settings()) if "busy with something" in one.text]
    assert [one.is_blocking for one in told] == [False]


def test_more_cards_than_there_are_is_refused_with_what_is_there(driver: Driver) -> None:
    driver.show(A10, OLD)
    spec = JobSpec(("x",), title="x", device=Device.CUDA, gpus=2)
    told = [one.text for one in check_launch(spec, read_settings()) if one.is_blocking]
    assert "2 GPUs were asked for and this machine has 1 that can be used" in told[0]
    assert "no kernels" in told[0]


def test_a_command_takes_a_free_card_and_no_job_gets_it_meanwhile(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.show(replace(A10, used="20000"), A10, A10)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    with own_card(tmp_path, "cuda"):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")  # as another process sees it
        others = take_slots(tmp_path, "cuda", 2)
        assert others is not None
        assert [slot.name for slot in others] == ["cuda-2", "cuda-0"]
        with own_card(tmp_path, "cuda"):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "1", "all are held: the least used"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    with own_card(tmp_path, "cpu"):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1,2"


def test_several_jobs_each_get_a_card_and_parts_are_cards(driver: Driver, tmp_path: Path) -> None:
    driver.show(PARTS, A10)
    held = take_slots(tmp_path / "jobs", Device.CUDA, 2)
    assert held is not None
    assert [one.name for one in held] == ["cuda-MIG-0bbb-0", "cuda-MIG-0bbb-1"]
    assert slots_of(tmp_path / "jobs") == ["cuda-1"]
    for one in held:
        one.release()


def test_free_cards_come_first_and_then_the_least_used() -> None:
    used = [
        replace(one, memory_used_bytes=n) for one, n in zip(plain_cards(3), (9, 5, 1), strict=True)
    ]
    used = [replace(one, memory_used_bytes=one.memory_used_bytes * 10**9) for one in used]
    assert [one.index for one in free_first(used)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("capability", "built", "is_there"),
    [
        ((7, 5), ["sm_75", "sm_80", "sm_90"], True),
        ((7, 0), ["sm_75", "sm_80", "sm_90"], False),
        ((8, 6), ["sm_75", "sm_80", "sm_90"], True),
        ((8, 0), ["sm_86"], False),
        ((10, 0), ["sm_80", "compute_90"], True),
        ((12, 0), ["sm_90a", "sm_100"], False),
        ((9, 4), ["gfx90a", "gfx942"], True),
        ((9, 0), [], True),
    ],
)
def test_a_wheel_without_kernels_for_a_card_is_told(
    capability: tuple[int, int], built: list[str], is_there: bool
) -> None:
    assert (unbuilt(capability, built) == "") is is_there


def test_the_probe_computes_a_product_on_each_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_80"])
    told = [("NVIDIA A10", 8, 6, 24), ("V100", 7, 0, 16)]
    names = ("name", "major", "minor", "total_memory")
    found = [SimpleNamespace(**dict(zip(names, one, strict=True))) for one in told]
    monkeypatch.setattr(torch.cuda, "get_device_properties", found.__getitem__)
    ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *shape, device: ones(*shape))
    good, old = look()
    assert good == Probed("NVIDIA A10", (8, 6), memory_bytes=24)
    assert "no kernels for capability 7.0 (it has 8.0)" in old.problem


def test_what_was_probed_is_kept_and_a_failure_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_ = [{"name": "A10", "capability": [8, 6], "problem": ""}]
    asked: list[str] = []

    def run(_: object, *, env: dict[str, str], **__: object) -> object:
        asked.append(env["CUDA_VISIBLE_DEVICES"] + env["CUDA_DEVICE_ORDER"])
        return subprocess.CompletedProcess([], 0, json.dumps(said_), "")

    monkeypatch.setattr(card_probe.subprocess, "run", run)
    said_[0]["problem"] = "out of order"
    for _ in range(2):  # a page asks several times as it is drawn
        assert probe(("1",), ("A10",), tmp_path)[0].problem == "out of order"
    assert asked == ["1PCI_BUS_ID"]
    said_[0]["problem"] = ""
    for _ in range(2):
        card_probe.forget()
        assert probe(("1",), ("A10",), tmp_path) == (Probed("A10", (8, 6)),)
    assert asked == ["1PCI_BUS_ID"] * 2


def test_that_torch_saw_no_card_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_: list[object] = []
    monkeypatch.setattr(
        card_probe.subprocess,
        "run",
        lambda *_, **__: subprocess.CompletedProcess([], 0, f"a library's line\n{said_!r}\n", ""),
    )
    assert probe(("0",), ("A10",), tmp_path) == ()
    monkeypatch.setattr(card_probe, "RETRY_S", 0.0)
    assert probe(("0",), ("A10",), tmp_path) == ()
    assert not (tmp_path / card_probe.KEPT).exists()


def test_a_probe_that_crashes_is_a_reason_and_no_crash(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.show(A10)
    monkeypatch.setattr(devices, "probe", probe)
    crash = subprocess.CalledProcessError(-11, "x", stderr="CUDA driver version is insufficient\n")

    def run(*_: object, **__: object) -> None:
        raise crash

    run_ = subprocess.run
    monkeypatch.setattr(
        card_probe.subprocess, "run", lambda c, **k: run() if "env" in k else run_(c, **k)
    )
    (found,) = found_cards()
    assert "driver version is insufficient" in found.problem


UNTOLD = {
    "its program fails": ("exit 9", "nvidia-smi failed"),
    "its program is too slow": ("sleep 5", "did not answer within"),
    "no card is listed": ("true", "lists no card"),
    "a card in parts, none named": (
        "echo '0, GPU-0, NVIDIA H200, 143771, 10, 0, Enabled'", "lists no card",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNTOLD)
def test_a_card_that_the_drivers_program_does_not_tell_of_is_asked_of_torch(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: str
) -> None:
    how, why = UNTOLD[case]
    monkeypatch.setattr("bioner.cards.LIMIT_S", 0.5)
    driver.fail(BIG, how=how)
    assert resolve_device("auto") is Device.CUDA
    assert require_device("cuda") is Device.CUDA
    assert slots_of(tmp_path / "jobs") == ["cuda-0"]
    assert resolve_precision("auto", Device.CUDA) is Precision.BFLOAT16
    assert said(found_cards()[0]) == f"{H100} (86 GB), training in bfloat16"
    driver.fail(how=how)
    assert resolve_device("auto") is Device.CPU
    told = place_of(Device.CPU, Precision.FLOAT32)
    assert why in told
    assert "torch sees none" in told
    with pytest.raises(DeviceError, match=r"ours to use \(.*torch sees none"):
        require_device("cuda")


def test_a_card_is_found_without_any_program_of_the_driver(driver: Driver) -> None:
    driver.vanish(BIG)
    assert [one.card.name for one in usable_cards()] == [H100]
    driver.vanish(BIG, sign="/dev/there is none")
    assert not has_gpu(), "nothing hints at a card, so torch is not started to look for one"
    assert place_of(Device.CPU, Precision.FLOAT32) == "computing on the CPU in float32"


def test_the_drivers_program_is_found_where_containers_have_it(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver.show(A10)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr("bioner.cards.PROGRAM_PLACES", (str(tmp_path / "bin"),))
    assert [one.card.name for one in usable_cards()] == ["NVIDIA A10"]


def test_a_card_under_another_number_than_the_drivers_is_asked_of_torch(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.show(BIG)
    monkeypatch.setattr(devices, "probe", lambda *_: ())
    driver.see_by_torch(BIG)
    assert [one.problem for one in found_cards()] == [""]
    driver.see_by_torch()
    assert "torch does not see it" in found_cards()[0].problem


@pytest.mark.parametrize("allowed", ["3", "GPU-3aaa-3"])
def test_a_card_that_torch_alone_sees_keeps_the_word_of_its_allotment(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, allowed: str
) -> None:
    driver.vanish(BIG)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
    assert slots_of(tmp_path / "jobs") == [f"cuda-{allowed}"]
    with own_card(tmp_path / "jobs", "cuda"):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == allowed


def test_an_allotment_that_names_no_card_here_is_said(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.show(A10)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    told = place_of(Device.CPU, Precision.FLOAT32)
    assert "CUDA_VISIBLE_DEVICES='5' allows none of the cards here (0: NVIDIA A10)" in told


def test_torch_asked_by_itself_is_asked_once_and_known_by_each_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str | None] = []
    row = {"name": "A10", "capability": [8, 6], "problem": "", "memory_bytes": 24}

    def run(_: object, *, env: dict[str, str], **__: object) -> object:
        asked.append(env.get("CUDA_VISIBLE_DEVICES"))
        return subprocess.CompletedProcess([], 0, json.dumps([row, row]), "")

    monkeypatch.setattr(card_probe.subprocess, "run", run)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    card_probe.forget()
    assert list(card_probe.probe_allotted("2,5")) == ["2", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    assert card_probe.probe_allotted("5") == {"5": Probed("A10", (8, 6), memory_bytes=24)}
    assert asked == ["2,5"]
    card_probe.forget()


@pytest.mark.parametrize(
    ("version", "is_there", "expected"),
    [("2.11.0+cu130", True, True), ("2.11.0", True, True), ("2.11.0+cpu", True, False),
     (None, True, True), (None, False, False)],
)  # fmt: skip
def test_a_torch_that_was_copied_and_not_installed_counts(
    monkeypatch: pytest.MonkeyPatch, version: str | None, is_there: bool, expected: bool
) -> None:
    def told(_: str) -> str:
        if version is None:
            raise PackageNotFoundError
        return version

    monkeypatch.setattr(card_probe, "version", told)
    monkeypatch.setattr(card_probe, "find_spec", lambda _: object() if is_there else None)
    assert card_probe.torch_has_cuda() is expected


def test_float16_is_refused_on_a_cpu() -> None:
    with pytest.raises(DeviceError, match="float16 is for GPUs"):
        resolve_precision("float16", Device.CPU)
    assert resolve_precision("float16", Device.CUDA) is Precision.FLOAT16


@pytest.mark.parametrize(
    ("share", "expected"), [(0.6, Precision.BFLOAT16), (1.5, Precision.FLOAT32)]
)
def test_a_cpu_takes_bfloat16_only_where_it_was_measured_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, expected: Precision
) -> None:
    monkeypatch.setenv("BIONER_JOBS", str(tmp_path / "jobs"))
    monkeypatch.setattr(devices, "cpu_has_amx", lambda: True)
    measured: list[float] = []
    monkeypatch.setattr(devices, "bf16_share", lambda: measured.append(share) or share)
    for _ in range(2):
        devices.forget_measured()
        assert resolve_precision("auto", Device.CPU) is expected
    assert len(measured) == 1, "kept for the next process"


def test_the_app_tags_on_the_cpu_while_a_job_has_the_card(driver: Driver, tmp_path: Path) -> None:
    driver.show(A10)
    assert device_beside_jobs(read_settings()) is Device.CUDA
    folder = tmp_path / "jobs" / "one"
    folder.mkdir()
    for device, engine, expected in (
        (Device.CUDA, "local", Device.CPU),
        (Device.CUDA, "ray", Device.CUDA),
        (Device.CPU, "local", Device.CUDA),
    ):
        spec = JobSpec(("x",), title="x", device=device, engine=engine)
        (folder / "spec.json").write_text(json.dumps(asdict(spec)))
        (folder / "state.json").write_text(json.dumps(asdict(JobState(queued_at=time.time()))))
        assert device_beside_jobs(read_settings()) is expected
