"""Jobs and bulk work on a Ray cluster of three nodes, each a set of processes of this machine.

Skipped without the package ray. The last test takes the head away.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from bioner.__main__ import app
from bioner.corpora.dataset import Dataset
from bioner.corpora.dataset_folder import write_dataset
from bioner.errors import JobError
from bioner.jobs import launch
from bioner.jobs.bulk import BulkChoices, bulk_spec
from bioner.jobs.engines import ray_job
from bioner.jobs.engines.ray_bulk import RayCluster
from bioner.jobs.engines.ray_job import RayJob, connect
from bioner.jobs.folder import Job, JobSpec, JobState, list_jobs, read_job
from bioner.jobs.log import tail_log
from bioner.jobs.metrics import read_metrics
from bioner.machine import Device
from bioner.processes import kill_tree
from bioner.settings import PROJECT_ROOT, Settings, read_settings

ray = pytest.importorskip("ray", reason="needs the package ray")
pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(400),
]
WORKER = Path(__file__).parents[1] / "fixtures" / "fake_worker.py"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Nodes:
    """A head with the dashboard, and two nodes beside it, one of which says that it has a card."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        port = free_port()
        self.dashboard = f"http://127.0.0.1:{port}"
        head = {"num_cpus": 2, "include_dashboard": True, "dashboard_port": port}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = self.cluster.address
        self.others = [self.cluster.add_node(num_cpus=1, num_gpus=n) for n in (1, 0)]
        self.cluster.wait_for_nodes()

    def lose_a_node(self) -> None:
        """Take a node away with all its processes, without a word."""
        self.cluster.remove_node(self.others.pop(), allow_graceful=False)

    def lose_the_card(self) -> None:
        """Take the node with the card away, and have another one instead."""
        self.cluster.remove_node(self.others.pop(0), allow_graceful=False)
        self.others.insert(0, self.cluster.add_node(num_cpus=1, num_gpus=1))

    def lose_the_head(self) -> None:
        """Kill the head's processes."""
        self.cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Nodes()
        yield made
        made.cluster.shutdown()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    for name in ("HOME", "MODELS", "JOBS", "DATA"):
        monkeypatch.setenv(f"BIONER_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    settings = read_settings()
    yield settings
    for job in list_jobs(settings):
        kill_tree(job.state.supervisor)
        kill_tree(job.state.worker)


def spec_of(settings: Settings, nodes: Nodes, *arguments: str, **changes: Any) -> JobSpec:
    out = str(settings.models / "run")
    command = (sys.executable, str(WORKER), "--out", out, *arguments)
    spec = JobSpec(command, title="run", out=out, grace_s=30, engine="ray", address=nodes.dashboard)
    return replace(spec, **changes)


def wait_until(settings: Settings, id: str, reached: Callable[[Job], bool]) -> Job:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        job = read_job(id, settings)
        if reached(job):
            return job
        time.sleep(0.2)
    raise AssertionError(f"{job.status}: {job.state.problem}\n{tail_log(id, settings)}")


def ended(job: Job) -> bool:
    return not job.is_active


def double(number: int) -> int:
    if number == 3:
        raise ValueError("three")
    return 2 * number


def die_once(mark: str) -> str:
    path = Path(mark)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def seen_cards(_: int) -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def take_long(mark: str) -> str:
    Path(mark).write_text(ray.get_runtime_context().get_node_id())
    time.sleep(4)
    return Path(mark).name


@pytest.fixture(autouse=True, scope="module")
def work_travels_whole() -> None:
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])


def spread(
    nodes: Nodes, work: Callable[[Any], Any], items: Any, **how: Any
) -> list[tuple[Any, Any, str]]:
    cluster = RayCluster(nodes.address, **how)
    return sorted(cluster.spread(work, list(items), workers=4, tick=lambda: None))


def test_every_item_is_done_once_and_an_error_is_its_own(nodes: Nodes) -> None:
    found = spread(nodes, double, range(6))
    assert [(i, r) for i, r, _ in found] == [(0, 0), (1, 2), (2, 4), (3, None), (4, 8), (5, 10)]
    assert [why for i, _, why in found if i == 3] == ["ValueError: three"]


def test_each_sees_the_card_that_it_has_a_share_in_and_no_other(nodes: Nodes) -> None:
    for device, seen in ((Device.AUTO, "0"), (Device.CUDA, "0"), (Device.CPU, "")):
        found = spread(nodes, seen_cards, range(3), device=device, on_a_card=8)
        assert found == [(0, seen, ""), (1, seen, ""), (2, seen, "")]


@pytest.mark.parametrize(("device", "seen"), [(Device.AUTO, "0"), (Device.CPU, "")])
def test_a_job_sees_the_card_that_it_was_given(
    nodes: Nodes, place: Settings, device: Device, seen: str
) -> None:
    look = "import os; print('sees', repr(os.environ.get('CUDA_VISIBLE_DEVICES')))"
    job = launch.launch(
        spec_of(place, nodes, command=(sys.executable, "-c", look), device=device), place
    )
    assert wait_until(place, job.id, ended).status == "finished"
    assert f"sees {seen!r}" in tail_log(job.id, place)


def test_a_folder_that_is_tagged_as_a_job_has_the_bytes_of_one_tagged_here(
    nodes: Nodes, place: Settings, tmp_path: Path
) -> None:
    source = texts_in(tmp_path / "texts")
    name, model = "out", PROJECT_ROOT / "models" / "bioner-compact"
    (place.models).mkdir()
    (place.models / model.name).symlink_to(model)
    chosen = BulkChoices(
        source=source, name=name, model=model.name, engine="ray", address=nodes.dashboard
    )
    job = launch.launch(bulk_spec(place, replace(chosen, workers=2)), place)
    done = wait_until(place, job.id, ended)
    assert done.status == "finished", tail_log(job.id, place)
    here = ["tag", str(source), "--out", str(tmp_path / "local"), "--model", model.name]
    assert CliRunner().invoke(app, [*here, "--engine", "local"]).exit_code == 0
    assert bytes_of(place.tagged / name) == bytes_of(tmp_path / "local") != {}


def test_what_a_killed_worker_was_at_is_begun_again(nodes: Nodes, tmp_path: Path) -> None:
    found = spread(nodes, die_once, [str(tmp_path / str(n)) for n in range(3)])
    assert [(result, why) for _, result, why in found] == [("0", ""), ("1", ""), ("2", "")]


def test_bulk_shards_equal_local_bytes_and_are_gone_on_with(nodes: Nodes, tmp_path: Path) -> None:
    source = texts_in(tmp_path / "texts")
    line = ["tag", str(source), "--workers", "2", "--json"]
    ours = [*line, "--out", str(tmp_path / "local"), "--engine", "local"]
    theirs = [*line, "--out", str(tmp_path / "ray"), "--engine", "ray", "--address", nodes.address]
    for given in (ours, theirs):
        done = CliRunner().invoke(app, given)
        assert done.exit_code == 0, done.output
    assert bytes_of(tmp_path / "ray") == bytes_of(tmp_path / "local")
    (tmp_path / "ray" / "1.jsonl.done").unlink()
    (tmp_path / "ray" / "1.jsonl.00000.jsonl.done").unlink()
    done = CliRunner().invoke(app, theirs)
    told = json.loads(done.stderr.strip().splitlines()[-1])
    assert (told["inputs_done"], told["inputs_skipped"], told["parts"]) == (1, 2, 1)
    assert bytes_of(tmp_path / "ray") == bytes_of(tmp_path / "local")


def texts_in(source: Path) -> Path:
    source.mkdir()
    for n in range(3):
        rows = [{"id": f"{n}-{i}", "text": f"Aspirin {i} inhibits COX-2."} for i in range(4)]
        (source / f"{n}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return source


def bytes_of(out: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in out.glob("*.jsonl")}


def test_a_job_runs_to_its_end_and_says_where(nodes: Nodes, place: Settings) -> None:
    job = launch.launch(spec_of(place, nodes, "--steps", "3"), place)
    done = wait_until(place, job.id, ended)
    assert done.status == "finished", tail_log(job.id, place)
    assert [m.step for m in read_metrics(job.id, place)] == [1, 2, 3]
    assert done.state.handle.startswith(job.id)
    assert done.state.node
    assert done.state.slots == ()
    assert "device slots:" in tail_log(job.id, place)


def test_stop_saves_a_checkpoint_and_resume_goes_on(nodes: Nodes, place: Settings) -> None:
    job = launch.launch(spec_of(place, nodes, "--steps", "40", "--pause", "0.2"), place)
    wait_until(place, job.id, lambda _: len(read_metrics(job.id, place)) >= 2)
    launch.stop(job.id, place)
    stopped = wait_until(place, job.id, ended)
    assert (stopped.status, stopped.state.problem) == ("stopped", "")
    reached = int((place.models / "run" / "checkpoint").read_text())
    launch.resume(job.id, place)
    done = wait_until(place, job.id, ended)
    assert done.status == "finished"
    metrics = read_metrics(job.id, place)
    assert [m.step for m in metrics] == list(range(1, 41))
    assert [m.attempt for m in metrics].count(1) == reached


def test_a_job_whose_worker_is_killed_fails_and_can_be_resumed(
    nodes: Nodes, place: Settings
) -> None:
    job = launch.launch(spec_of(place, nodes, "--steps", "30", "--pause", "0.2"), place)
    wait_until(place, job.id, lambda _: len(read_metrics(job.id, place)) >= 6)
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or []
        if words[1:2] == [str(WORKER)] and str(job.folder) in words:
            one.kill()
    assert wait_until(place, job.id, ended).status == "failed"
    launch.resume(job.id, place)
    assert wait_until(place, job.id, ended).status == "finished"
    assert read_metrics(job.id, place)[-1].step == 30


def test_a_job_that_nobody_watches_any_more_is_found_again_and_not_doubled(
    nodes: Nodes, place: Settings
) -> None:
    job = launch.launch(spec_of(place, nodes, "--steps", "60", "--pause", "0.2"), place)
    wait_until(place, job.id, lambda _: len(read_metrics(job.id, place)) >= 3)
    kill_tree(read_job(job.id, place).state.worker)
    assert wait_until(place, job.id, ended).status == "failed"
    launch.resume(job.id, place)
    done = wait_until(place, job.id, ended)
    assert done.status == "finished", tail_log(job.id, place)
    lines = (job.folder / "metrics.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    assert [row["step"] for row in rows] == list(range(1, 61)), "each once"
    assert "found again on the cluster" in tail_log(job.id, place)


def test_a_job_whose_node_is_removed_fails_and_goes_on_on_another(
    nodes: Nodes, place: Settings
) -> None:
    job = launch.launch(
        spec_of(place, nodes, "--steps", "60", "--pause", "0.2", device=Device.CUDA), place
    )
    wait_until(place, job.id, lambda _: len(read_metrics(job.id, place)) >= 3)
    nodes.lose_the_card()
    failed = wait_until(place, job.id, ended)
    assert failed.status == "failed"
    launch.resume(job.id, place)
    done = wait_until(place, job.id, ended)
    assert done.status == "finished", tail_log(job.id, place)
    assert done.state.node != failed.state.node
    assert [m.step for m in read_metrics(job.id, place)][-1] == 60


def test_a_job_that_is_started_by_command_trains_on_the_cluster(
    nodes: Nodes, place: Settings, tiny_encoder: Path, sample: Dataset
) -> None:
    write_dataset(sample, place.merged)
    line = ["train", "--base", str(tiny_encoder), "--out", "mine", "--max-steps", "2"]
    line += ["--with-corrections"]
    line += ["--device", "cpu", "--background", "--engine", "ray", "--address", nodes.dashboard]
    started = CliRunner().invoke(app, line)
    assert started.exit_code == 0, started.output
    done = wait_until(place, started.output.split(":")[0], ended)
    assert done.status == "finished", tail_log(done.id, place)
    assert (place.models / "mine" / "card.json").is_file()
    assert "--engine" not in done.spec.command
    shown = CliRunner().invoke(app, ["jobs", "show", done.id])
    assert f'"address": "{nodes.dashboard}"' in shown.output


def start_together(
    nodes: Nodes, place: Settings, encoder: Path, out: str, *more: str, workers: int = 2
) -> Job:
    line = ["train", "--base", str(encoder), "--out", out, "--device", "cpu", "--log-steps", "1"]
    line += ["--seed", "7", "--batch-size", "2", "--background", "--engine", "ray", *more]
    line += ["--address", nodes.dashboard, "--workers", str(workers)]
    started = CliRunner().invoke(app, line)
    assert started.exit_code == 0, started.output
    return read_job(started.output.split(":")[0], place)


def weights_of(place: Settings, name: str) -> str:
    data = (place.models / name / "model.safetensors").read_bytes()
    return hashlib.sha256(data).hexdigest()


def test_several_nodes_train_together_as_torchrun_does_on_one(
    nodes: Nodes, place: Settings, tiny_encoder: Path, sample: Dataset
) -> None:
    write_dataset(sample, place.merged)
    job = start_together(nodes, place, tiny_encoder, "wide", "--max-steps", "4")
    done = wait_until(place, job.id, ended)
    assert done.status == "finished", tail_log(job.id, place)
    assert done.spec.workers == 2
    assert (place.models / "wide" / "card.json").is_file()
    words = done.spec.command[done.spec.command.index("train") :]
    line = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "bioner"]
    here = [str(place.models / "here") if one == done.spec.out else one for one in words]
    subprocess.run([sys.executable, *line, *here], check=True, cwd=PROJECT_ROOT, timeout=180)
    assert weights_of(place, "wide") == weights_of(place, "here")


def test_a_process_of_several_that_is_killed_is_begun_again_from_the_checkpoint(
    nodes: Nodes, place: Settings, tiny_encoder: Path, sample: Dataset
) -> None:
    write_dataset(sample, place.merged)
    more = ["--max-steps", "40", "--save-steps", "2"]
    job = start_together(nodes, place, tiny_encoder, "again", *more)
    saved = place.models / "again" / "checkpoints"
    wait_until(place, job.id, lambda _: len(list(saved.glob("checkpoint-*"))) > 0)
    killed = [
        one
        for one in psutil.process_iter(["cmdline", "environ"])
        if str(job.folder) in (one.info["cmdline"] or []) and one.environ().get("RANK") == "1"
    ]
    for one in killed:
        one.kill()
    assert killed
    done = wait_until(place, job.id, ended)
    assert done.status == "finished", tail_log(job.id, place)
    assert done.state.attempt == 2
    steps = [m.step for m in read_metrics(job.id, place) if m.loss is not None]
    assert steps == sorted(set(steps))
    assert steps[-1] == 40


def test_several_that_train_together_stop_with_a_checkpoint(
    nodes: Nodes, place: Settings, tiny_encoder: Path, sample: Dataset
) -> None:
    write_dataset(sample, place.merged)
    job = start_together(nodes, place, tiny_encoder, "stops", "--epochs", "200")
    wait_until(place, job.id, lambda _: any(m.loss for m in read_metrics(job.id, place)))
    launch.stop(job.id, place)
    stopped = wait_until(place, job.id, ended)
    assert stopped.status == "stopped", tail_log(job.id, place)
    assert list((place.models / "stops" / "checkpoints").glob("checkpoint-*"))


def test_a_job_that_is_started_on_the_page_trains_on_the_cluster(
    nodes: Nodes,
    place: Settings,
    tiny_encoder: Path,
    sample: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_dataset(sample, place.merged)
    monkeypatch.setenv("BIONER_ENCODERS", str(tiny_encoder.parent))
    monkeypatch.setenv("BIONER_DEVICE", "cpu")
    page = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    page.switch_page("pages/2_Train.py")
    page.query_params["view"] = "new"
    page.run()
    page.selectbox(key="train_engine").set_value("ray").run()
    assert page.button(key="train_start").disabled, "no address yet"
    page.text_input(key="train_address").set_value(nodes.dashboard).run()
    page.button(key="train_start").click().run()
    assert not page.exception
    (job,) = list_jobs(place)
    assert (job.spec.engine, job.spec.address) == ("ray", nodes.dashboard)
    done = wait_until(place, job.id, ended)
    assert done.status == "finished", tail_log(done.id, place)
    page = AppTest.from_file(str(PROJECT_ROOT / "app.py"), default_timeout=120)
    page.switch_page("pages/2_Train.py")
    page.query_params["view"] = "runs"
    page.query_params["job"] = job.id
    page.run()
    told = " ".join(one.value for one in page.caption)
    assert f"Ray at {nodes.dashboard}, succeeded on the cluster, node {done.state.node}" in told


def test_a_node_that_does_not_see_the_folder_says_so(
    nodes: Nodes, place: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = a_job(place, nodes)
    line = ray_job.entrypoint(folder.with_name("elsewhere"), ["true"])
    client = connect(nodes.dashboard)
    handle = client.submit_job(entrypoint=line)
    until = time.monotonic() + 120
    while str(client.get_job_status(handle)) not in ("FAILED", "SUCCEEDED"):
        assert time.monotonic() < until
        time.sleep(0.5)
    assert str(client.get_job_status(handle)) == "FAILED"
    assert "on a disk that all nodes share" in client.get_job_logs(handle)


def a_job(place: Settings, nodes: Nodes, *arguments: str) -> Path:
    folder = place.jobs / "one"
    folder.mkdir(parents=True)
    spec = spec_of(place, nodes, *arguments)
    (folder / "spec.json").write_text(json.dumps(asdict(spec)))
    (folder / "state.json").write_text(json.dumps(asdict(JobState())))
    return folder


def test_where_no_cluster_answers_the_job_says_so(place: Settings, nodes: Nodes) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    job = launch.launch(spec_of(place, nodes, address=nowhere), place)
    failed = wait_until(place, job.id, ended)
    assert failed.status == "failed"
    assert f"no Ray cluster answers at {nowhere}" in failed.state.problem


def test_what_a_lost_node_was_at_is_done_elsewhere(nodes: Nodes, tmp_path: Path) -> None:
    marks = [tmp_path / str(n) for n in range(6)]
    lost = threading.Timer(2.0, nodes.lose_a_node)
    lost.start()
    found = spread(nodes, take_long, [str(one) for one in marks])
    lost.join()
    assert [(result, why) for _, result, why in found] == [(str(n), "") for n in range(6)]


def test_a_lost_head_ends_the_job_with_what_to_do(
    nodes: Nodes, place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_job, "UNREACHABLE_S", 3.0)
    folder = a_job(place, nodes, "--steps", "5000", "--pause", "0.2")
    command = [*spec_of(place, nodes, "--steps", "5000", "--pause", "0.2").command]
    lost = threading.Timer(8.0, nodes.lose_the_head)
    lost.start()
    with pytest.raises(JobError, match=r"head at .* is gone; resume the job when it is back"):
        RayJob(folder, [*command, "--job", str(folder)]).run()
    lost.join()
