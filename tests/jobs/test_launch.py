"""Training jobs as real processes: they outlive who started them, and say how they ended."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from driver import plain_cards

from bioner import processes
from bioner.devices import Found
from bioner.errors import JobError
from bioner.files import locked
from bioner.jobs import launch, preflight, slots
from bioner.jobs.explain import explain
from bioner.jobs.folder import (
    Job,
    JobSpec,
    JobState,
    edit_state,
    list_jobs,
    read_job,
    read_state,
)
from bioner.jobs.log import RESUMED, tail_log, tail_text
from bioner.jobs.metrics import Metric, read_metrics, remaining_s
from bioner.jobs.reporter import JobReporter
from bioner.jobs.slots import take_slots
from bioner.jobs.specs import option
from bioner.models.card import ModelCard, write_card
from bioner.processes import ProcessId
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.training.progress import RunProgress

pytestmark = pytest.mark.slow

WORKER = Path(__file__).parents[1] / "fixtures" / "fake_worker.py"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    for name in ("HOME", "MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    settings = read_settings()
    yield settings
    for job in list_jobs(settings):
        processes.kill(job.state.supervisor)
        processes.kill(job.state.worker)


def make_spec(settings: Settings, *arguments: str, name: str = "run", **changes: object) -> JobSpec:
    out = str(settings.models / name)
    command = (sys.executable, str(WORKER), "--out", out, *arguments)
    return replace(JobSpec(command, title=name, out=out, grace_s=20), **changes)


def wait_until(settings: Settings, id: str, reached: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = read_job(id, settings)
        if reached(job):
            return job
        time.sleep(0.05)
    log = tail_log(id, settings)
    raise AssertionError(f"still {job.status} after 60 s; problem: {job.state.problem}\n{log}")


def wait_for(settings: Settings, id: str, *statuses: str) -> Job:
    return wait_until(settings, id, lambda job: job.status in statuses)


def wait_for_steps(settings: Settings, id: str, count: int = 1) -> Job:
    return wait_until(settings, id, lambda job: len(read_metrics(id, settings)) >= count)


def ended(settings: Settings, *arguments: str, **changes: object) -> Job:
    job = launch.launch(make_spec(settings, *arguments, **changes), settings)
    return wait_for(settings, job.id, "finished", "failed", "stopped", "lost")


def test_job_runs_to_its_end_and_tells_its_metrics(place: Settings) -> None:
    job = ended(place, "--steps", "4")
    assert job.status == "finished"
    assert job.state.exit_code == 0
    assert job.duration_s > 0
    metrics = read_metrics(job.id, place)
    assert [(m.step, m.total_steps) for m in metrics] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert metrics[-1].loss == 0.25
    assert (place.models / "run" / "done").exists()
    assert "device slots: none" in tail_log(job.id, place)


@pytest.mark.slow
def test_job_outlives_the_process_that_launched_it(place: Settings) -> None:
    spec = make_spec(place, "--steps", "1000")
    script = (
        "import json, sys\nfrom bioner.jobs.folder import JobSpec\n"
        "from bioner.jobs.launch import launch; from bioner.settings import read_settings\n"
        "spec = JobSpec(**json.loads(sys.argv[1]))\n"
        "print(launch(spec, read_settings()).id)\n"
        "import os, signal; sys.stdout.flush(); os.killpg(0, signal.SIGKILL)"
    )
    raw = json.dumps({"command": spec.command, "title": "run", "out": spec.out, "grace_s": 20})
    launcher = subprocess.run(
        [sys.executable, "-c", script, raw],
        capture_output=True,
        text=True,
        start_new_session=True,
        cwd=PROJECT_ROOT,
    )
    assert launcher.returncode == -signal.SIGKILL, launcher.stderr
    job = wait_for(place, launcher.stdout.strip(), "running")
    assert job.state.worker is not None
    assert os.getsid(job.state.worker.pid) != os.getsid(0)
    launch.stop(job.id, place)
    assert wait_for(place, job.id, "stopped").state.problem == ""


@pytest.mark.slow
def test_stopped_job_resumes_from_its_checkpoint(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "12", "--pause", "0.1"), place)
    wait_for_steps(place, job.id, 2)
    assert launch.stop(job.id, place).status in ("stopping", "stopped")
    stopped = wait_for(place, job.id, "stopped")
    reached = int((place.models / "run" / "checkpoint").read_text())
    with pytest.raises(JobError, match="nothing to stop"):
        launch.stop(job.id, place)
    launch.resume(job.id, place)
    finished = wait_for(place, job.id, "finished")
    assert finished.state.attempt == stopped.state.attempt + 1
    metrics = read_metrics(job.id, place)
    assert [m.step for m in metrics] == list(range(1, 13))
    assert [m.attempt for m in metrics].count(1) == reached
    with pytest.raises(JobError, match="finished"):
        launch.resume(job.id, place)


def test_worker_that_ignores_the_request_is_killed_after_its_grace(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "5000", "--end", "deaf", grace_s=0.3), place)
    wait_for_steps(place, job.id)
    launch.stop(job.id, place)
    assert "by force" in wait_for(place, job.id, "stopped").state.problem


def test_forced_stop_does_not_wait_for_the_grace(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "5000", "--end", "deaf", grace_s=600), place)
    wait_for_steps(place, job.id)
    launch.stop(job.id, place, force=True)
    assert "by force" in wait_for(place, job.id, "stopped").state.problem


def test_worker_killed_from_outside_fails_with_its_log_and_the_mend(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "5000", "--batch-size", "32"), place)
    worker = wait_for_steps(place, job.id).state.worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    failed = wait_for(place, job.id, "failed")
    assert "signal 9" in failed.state.problem
    assert "--batch-size 16 instead of 32" in failed.state.mend
    assert tail_log(job.id, place)


@pytest.mark.parametrize(
    ("end", "problem", "mend"),
    [
        ("MemoryError", "the machine ran out of memory", "smaller batch"),
        ("SIGKILL", "most likely because memory ran out", "smaller batch"),
        ("SIGSEGV", "SIGSEGV", "log"),
        ("traceback", "RuntimeError: shape mismatch in layer 3", "log"),
        ("refused", "holds no sentence of CRAFT", ""),
    ],
)
def test_bad_end_is_explained(place: Settings, end: str, problem: str, mend: str) -> None:
    job = ended(place, "--end", end)
    assert job.status == "failed"
    assert problem in job.state.problem
    assert mend in job.state.mend


def test_gpu_and_disk_errors_are_told_from_the_log() -> None:
    spec = JobSpec(("train", "--batch-size", "8"), title="t")
    cuda = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"
    assert explain(1, cuda, spec)[0] == "the GPU ran out of memory"
    assert "--batch-size 4" in explain(1, cuda, spec)[1]
    full = "OSError: [Errno 28] No space left on device"
    assert explain(1, full, spec)[0] == "the disk is full"
    earlier = f"MemoryError\n{RESUMED} 2026-01-01]\nKeyError: 'x'"
    assert explain(1, earlier, spec)[0] == "KeyError: 'x'"
    assert "out of memory" in explain(-9, "", spec, killed_for_memory=True)[0]


def test_command_that_does_not_exist_fails_with_its_name(place: Settings) -> None:
    spec = replace(make_spec(place), command=("/no/such/python",))
    job = wait_for(place, launch.launch(spec, place).id, "failed")
    assert job.state.problem.startswith("/no/such/python")


@pytest.mark.slow
def test_two_jobs_on_one_device_run_one_after_the_other(place: Settings) -> None:
    first = launch.launch(make_spec(place, "--steps", "5000", name="first"), place)
    wait_for(place, first.id, "running")
    second = launch.launch(make_spec(place, "--steps", "2", name="second"), place)
    third = launch.launch(make_spec(place, "--steps", "2", name="third"), place)
    assert read_job(second.id, place).status == "queued"
    launch.stop(first.id, place)
    stopped = wait_for(place, first.id, "stopped")
    done = [wait_for(place, job.id, "finished") for job in (second, third)]
    starts = [job.state.started_at or 0 for job in (stopped, *done)]
    ends = [job.state.ended_at or 0 for job in (stopped, *done)]
    assert starts[1] >= ends[0] - 0.5
    assert starts[2] >= ends[1] - 0.5
    assert [job.id for job in list_jobs(place)][-1] == first.id


def test_queued_job_can_leave_the_queue(place: Settings) -> None:
    first = launch.launch(make_spec(place, "--steps", "5000", name="first"), place)
    wait_for(place, first.id, "running")
    second = launch.launch(make_spec(place, name="second"), place)
    launch.stop(second.id, place)
    assert "waited" in wait_for(place, second.id, "stopped").state.problem
    assert read_metrics(second.id, place) == []


@pytest.mark.slow
def test_job_without_processes_is_lost_and_can_be_resumed(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "40", "--pause", "0.05"), place)
    state = wait_for_steps(place, job.id, 6).state
    processes.kill(state.supervisor)
    assert read_job(job.id, place).status == "running", "the worker itself still runs"
    with pytest.raises(JobError, match="running"):
        launch.resume(job.id, place)
    processes.kill(state.worker)
    lost = wait_for(place, job.id, "lost")
    assert "without a word" in lost.state.problem
    launch.resume(job.id, place)
    wait_for(place, job.id, "finished")


@pytest.mark.slow
def test_worker_whose_supervisor_died_still_ends_as_finished(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "10", "--pause", "0.1"), place)
    state = wait_for_steps(place, job.id).state
    processes.kill(state.supervisor)
    assert wait_for(place, job.id, "finished", "lost").status == "finished"


def test_worker_whose_supervisor_died_can_still_be_stopped(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "5000"), place)
    state = wait_for_steps(place, job.id).state
    processes.kill(state.supervisor)
    time.sleep(0.1)
    launch.stop(job.id, place)
    assert wait_for(place, job.id, "stopped")


def test_device_stays_taken_while_an_orphaned_worker_lives(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "5000"), place)
    state = wait_for_steps(place, job.id).state
    processes.kill(state.supervisor)
    assert take_slots(place.jobs, job.spec.device) is None


@pytest.mark.slow
def test_children_of_a_killed_worker_are_killed_too(place: Settings) -> None:
    import psutil

    job = launch.launch(make_spec(place, "--steps", "5000", "--end", "with a child"), place)
    worker = wait_for_steps(place, job.id).state.worker
    assert worker is not None
    children = psutil.Process(worker.pid).children()
    assert children
    os.kill(worker.pid, signal.SIGKILL)
    wait_for(place, job.id, "failed")
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_reused_process_number_is_not_taken_for_the_job(place: Settings) -> None:
    job = ended(place)
    mine = processes.process_id(os.getpid())
    assert mine is not None
    assert processes.is_alive(mine)
    stranger = ProcessId(mine.pid, "another boot:1")
    edit_state(
        job.folder, lambda s: replace(s, status="running", supervisor=stranger, worker=stranger)
    )
    (job.folder / "outcome.json").unlink()
    assert read_job(job.id, place).status == "lost"
    assert not processes.ask_to_end(stranger)


def test_zombie_does_not_count_as_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.process_id(child.pid) is None
    child.wait()


def test_retry_is_a_new_job_with_the_changed_option(place: Settings) -> None:
    failed = ended(place, "--end", "SIGKILL", "--batch-size", "32")
    again = launch.retry(failed.id, place, {"--batch-size": "16", "--end": "well"})
    assert again.id != failed.id
    assert wait_for(place, again.id, "finished").spec.details == {"retry_of": failed.id}
    assert option(again.spec.command, "--batch-size") == "16"
    assert option(again.spec.command, "--end") == "well"


def test_delete_refuses_an_active_job_and_leaves_the_model(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "5000"), place)
    wait_for_steps(place, job.id)
    with pytest.raises(JobError, match="stop it before"):
        launch.delete(job.id, place)
    launch.stop(job.id, place)
    wait_for(place, job.id, "stopped")
    assert launch.delete(job.id, place) > 0
    assert list_jobs(place) == []
    assert (place.models / "run").is_dir()
    with pytest.raises(JobError, match="no such job"):
        read_job(job.id, place)


@pytest.mark.parametrize("id", ["", "..", "a/b", "../models"])
def test_job_id_that_is_a_path_is_refused(place: Settings, id: str) -> None:
    with pytest.raises(JobError, match="no such job"):
        read_job(id, place)


def test_damaged_job_folder_does_not_hide_the_others(place: Settings) -> None:
    job = ended(place)
    (place.jobs / "odd").mkdir()
    (place.jobs / "odd" / "spec.json").write_text("[")
    assert [found.id for found in list_jobs(place)] == [job.id]


def test_unknown_keys_of_a_later_version_are_tolerated(place: Settings) -> None:
    job = ended(place)
    for name in ("spec.json", "state.json"):
        raw = json.loads((job.folder / name).read_text())
        (job.folder / name).write_text(json.dumps({**raw, "invented_later": 1}))
    assert read_job(job.id, place) == job


def make_folder(settings: Settings) -> Path:
    folder = settings.jobs / "made"
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({"command": ["x"], "title": "made"}))
    (folder / "state.json").write_text(json.dumps({"status": "finished"}))
    return folder


def test_half_written_metric_line_is_left_out(place: Settings) -> None:
    folder = make_folder(place)
    report = JobReporter(folder)
    report(RunProgress(1, 2, 0.5, loss=0.5, devel_f1=0.25, devel_by_type={"Gene": 0.5}))
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "total')
    assert [(m.step, m.devel_by_type) for m in read_metrics("made", place)] == [(1, {"Gene": 0.5})]


def test_resumed_run_keeps_the_steps_before_its_checkpoint_while_it_gets_ready(
    place: Settings,
) -> None:
    folder = make_folder(place)
    report = JobReporter(folder)
    for step in (10, 20, 30):
        report(RunProgress(step, 100, 0.1, loss=1.0))
    edit_state(folder, lambda s: replace(s, attempt=2))
    report = JobReporter(folder)
    report(RunProgress(0, 0, 0.0, message="loading the base encoder"))
    assert [m.step for m in read_metrics("made", place)] == [10, 20, 30, 0]
    for step in (25, 35):
        report(RunProgress(step, 100, 0.1, loss=0.5))
    assert [m.step for m in read_metrics("made", place)] == [10, 20, 0, 25, 35]
    assert "step 0: loading the base encoder" in tail_log("made", place)


def test_remaining_time_follows_the_pace_of_the_latest_attempt() -> None:
    rows = [Metric(step, 100, at=1000 + step, loss=0.5) for step in range(1, 11)]
    assert remaining_s(rows) == pytest.approx(90)
    again = [Metric(step, 100, at=9000 + 2 * step, loss=0.5, attempt=2) for step in range(11, 15)]
    assert remaining_s([*rows, *again]) == pytest.approx(172)
    assert remaining_s([*rows, *again[:3]]) is None, "two stretches may be anything"
    assert remaining_s([]) is None
    assert remaining_s(rows[:1]) is None


def test_remaining_time_does_not_jump_where_one_stretch_is_slow_or_devel_is_scored() -> None:
    rows: list[Metric] = []
    at, shown = 0.0, []
    for step in range(10, 2010, 10):
        at += 10.0 * (9 if step in (50, 700) else 1)  # a second a step, but for two stretches
        rows.append(Metric(step, 2000, at=at, loss=0.5))
        if step % 500 == 0:
            rows.append(Metric(step, 2000, at=at, message="scoring"))
            at += 120.0
            rows.append(Metric(step, 2000, at=at, devel_f1=0.7))
        shown.append((remaining_s(rows), at))
    real = [(left, at - then) for left, then in shown if left is not None]
    later = [(left, truth) for left, truth in real[60:] if truth > 200]
    assert all(abs(left - truth) < 0.25 * truth for left, truth in later)
    told = [left for left, _ in real]
    steps = [abs(b - a) for a, b in itertools.pairwise(told[60:])]
    assert max(steps) < 150, "no more than an evaluation at once"


def test_log_tail_shows_the_last_state_of_a_progress_bar(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"begin\n 10%\r 50%\r100%\r\nend\xff\n\n")
    assert tail_text(log, 10) == "begin\n100%\nend�"
    log.write_bytes(b"x" * 100_000 + b"\nlast\n")
    assert tail_text(log, 2).endswith("last")
    assert tail_text(tmp_path / "none", 2) == ""


def texts(spec: JobSpec, settings: Settings, *, blocking: bool = True) -> str:
    found = preflight.check_launch(spec, settings)
    return "\n".join(f.text for f in found if f.is_blocking is blocking)


def test_what_stands_in_the_way_is_said_before_the_launch(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec(place)
    assert texts(spec, place) == ""
    assert "no merged dataset" in texts(replace(spec, data=str(place.data)), place)
    assert "does not exist" in texts(replace(spec, base="/no/such/encoder"), place)
    broken = place.models / "broken"
    broken.mkdir(parents=True)
    assert "config.json is missing" in texts(replace(spec, base=str(broken)), place)
    hub = replace(spec, base="dmis-lab/biobert-base-cased-v1.2")
    monkeypatch.setenv("HF_HUB_CACHE", str(place.home))
    assert texts(hub, place) == ""
    assert "will download" in texts(hub, place, blocking=False)
    assert "GB free" in texts(replace(spec, disk_bytes=10**18), place)
    assert "memory" in texts(replace(spec, memory_bytes=10**18), place, blocking=False)
    (Path(spec.out) / "checkpoints" / "checkpoint-5").mkdir(parents=True)
    assert "replaces them" in texts(spec, place, blocking=False)
    write_card(Path(spec.out), ModelCard(name="run"))
    assert "finished model" in texts(spec, place)
    with pytest.raises(JobError, match="finished model"):
        launch.launch(spec, place)
    assert list_jobs(place) == []


@pytest.mark.slow
def test_same_output_twice_is_refused_and_the_queue_is_announced(place: Settings) -> None:
    job = launch.launch(make_spec(place, "--steps", "5000"), place)
    with pytest.raises(JobError, match="choose another name"):
        launch.launch(make_spec(place), place)
    assert "ahead on this device" in texts(make_spec(place, name="b"), place, blocking=False)
    launch.stop(job.id, place)
    wait_for(place, job.id, "stopped")


def test_each_gpu_job_gets_cards_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tuple(Found(one, (8, 0)) for one in plain_cards(3))
    monkeypatch.setattr(slots, "usable_cards", lambda: found)
    spec = JobSpec(("x",), title="x", device="cuda", gpus=2)
    first = take_slots(tmp_path, spec.device, spec.gpus)
    assert first is not None
    assert [slot.name for slot in first] == ["cuda-0", "cuda-1"]
    assert take_slots(tmp_path, spec.device, spec.gpus) is None
    one = take_slots(tmp_path, spec.device, 1)
    assert one is not None
    assert [slot.name for slot in one] == ["cuda-2"]
    for slot in (*first, *one):
        slot.release()


def test_a_slot_is_free_when_the_noted_worker_is_gone_and_not_before(tmp_path: Path) -> None:
    """Number and birth together: another process of the same number does not hold it."""
    mine = processes.process_id(os.getpid())
    assert mine is not None
    for worker, is_taken in ((mine, True), (ProcessId(mine.pid, "another boot:1"), False)):
        held = take_slots(tmp_path, "cpu")
        assert held is not None
        held[0].note(worker)
        held[0].release()
        again = take_slots(tmp_path, "cpu")
        assert (again is None) is is_taken
        for slot in again or ():
            slot.release()
        (tmp_path / ".device-cpu.worker.json").unlink()


def test_a_file_alone_stops_a_job_where_no_signal_can_be_sent(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "ask_to_end", lambda process: processes.is_alive(process))
    job = launch.launch(make_spec(place, "--steps", "5000"), place)
    wait_for_steps(place, job.id)
    launch.stop(job.id, place)
    assert (job.folder / "stop").exists()
    assert wait_for(place, job.id, "stopped")
    launch.resume(job.id, place)
    assert not (job.folder / "stop").exists(), "the former request is forgotten"
    assert read_job(job.id, place).is_active
    launch.stop(job.id, place, force=True)
    wait_for(place, job.id, "stopped")


RESUME = (
    sys.executable,
    "-c",
    "import sys; from bioner.jobs.launch import resume\n"
    "from bioner.settings import read_settings\n"
    "resume(sys.argv[1], read_settings())",
)


@pytest.mark.slow
def test_of_two_that_resume_one_job_at_once_the_second_is_refused(place: Settings) -> None:
    job = ended(place, "--end", "SIGKILL", "--steps", "3000")
    both = [
        subprocess.Popen([*RESUME, job.id], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    assert "only a stopped, failed or lost job" in "".join(said)
    assert read_job(job.id, place).state.attempt == 2


@pytest.mark.slow
def test_resume_looks_after_it_has_the_lock(place: Settings) -> None:
    """What somebody else did while it waited is seen."""
    job = ended(place, "--end", "SIGKILL")
    with locked(place.jobs / launch.LAUNCHING):
        waiting = subprocess.Popen([*RESUME, job.id], stderr=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=5)
        edit_state(job.folder, lambda s: JobState("queued", queued_at=time.time()))
    said = waiting.communicate(timeout=60)[1]
    assert waiting.returncode == 1
    assert "is queued: only a stopped" in said
    assert read_state(job.folder).attempt == 1


@pytest.mark.parametrize("id", ["NOPE", "../models", ""])
def test_log_of_a_job_that_is_not_there_is_refused(place: Settings, id: str) -> None:
    with pytest.raises(JobError, match="no such job"):
        tail_log(id, place)


def test_jobs_of_the_former_commit_are_read_and_resumed(place: Settings) -> None:
    """Their specification names the worker as ever; their supervisor had another address."""
    job = ended(place, "--end", "SIGKILL")
    spec = json.loads((job.folder / "spec.json").read_text())
    spec["command"][spec["command"].index("SIGKILL")] = "well"
    (job.folder / "spec.json").write_text(json.dumps(spec))
    old = [sys.executable, "-c", "import time; time.sleep(60)", "-m", "bioner.supervisor"]
    former = subprocess.Popen(old, start_new_session=True)
    alive = processes.process_id(former.pid)
    edit_state(job.folder, lambda s: replace(s, status="running", supervisor=alive))
    assert read_job(job.id, place).status == "running"
    assert launch.stop(job.id, place).status in ("stopping", "stopped")
    assert former.wait(timeout=20) == -signal.SIGTERM
    assert read_job(job.id, place).status in ("stopped", "failed")
    launch.resume(job.id, place)
    assert wait_for(place, job.id, "finished").state.attempt == 2
