"""One training run over several nodes of a Ray cluster: Ray Train places and watches its processes.

The entry point of such a job there: ``python -m bioner.jobs.engines.ray_nodes WORKERS DEVICE
COMMAND…``. Ray's TorchTrainer starts a worker each; beside it runs the command as torchrun would
run it, which meets the others by its own means. A process that dies ends the group, which is begun
again from the last checkpoint. Jobs, data and models lie where every node sees them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bioner.errors import BionerError, JobError
from bioner.extras import require_extra
from bioner.jobs.folder import edit_state, read_outcome, read_state
from bioner.jobs.specs import option
from bioner.machine import Device
from bioner.settings import PROJECT_ROOT, child_environment

MAX_FAILURES = 3
"""How often the processes are begun again that a lost worker or node has ended."""
BEGUN = "group-of-attempt"
"""The file of a job's folder that says in which attempt its processes were begun last."""
PARENT_IS_GONE = 1
"""prctl's PR_SET_PDEATHSIG."""


def run(workers: int, device: str, words: Sequence[str]) -> int:
    """Train with so many processes, one a card where ``device`` is cuda; return an exit code.

    ``auto`` is that where the cluster has cards.
    Raises JobError where a node does not see the job's folder, or the processes failed too often.
    """
    require_extra("ray", "The engine ray")
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    folder = Path(option(words, "--job") or "")
    ray_: Any = ray
    ray_.init(logging_level="warning")
    _refuse_unseen(ray_, folder)
    if device == Device.AUTO:
        device = Device.CUDA if ray_.cluster_resources().get("GPU") else Device.CPU
    trainer = TorchTrainer(
        _train,
        train_loop_config={"folder": str(folder), "words": list(words)},
        torch_config=TorchConfig(backend="gloo", timeout_s=6 * 3600),
        scaling_config=ScalingConfig(
            num_workers=workers,
            use_gpu=device == Device.CUDA,
            resources_per_worker={"CPU": 1, **({"GPU": 1} if device == Device.CUDA else {})},
        ),
        run_config=RunConfig(
            name=folder.name,
            storage_path=str(folder / "ray"),
            failure_config=FailureConfig(max_failures=MAX_FAILURES),
        ),
    )
    try:
        trainer.fit()
    except Exception as error:
        raise JobError(
            f"the processes of the run ended {MAX_FAILURES + 1} times: {_last_line(error)}"
        ) from error
    ended = read_outcome(folder, read_state(folder).attempt)
    return 0 if ended is not None and ended.status == "finished" else 1


def _refuse_unseen(ray: Any, folder: Path) -> None:
    """Raise JobError, naming them, where nodes do not see the job's folder."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    place = str(folder / "spec.json")
    looks = {
        node["NodeID"]: ray.remote(num_cpus=0)(os.path.isfile)
        .options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
        )
        .remote(place)
        for node in ray.nodes()
        if node["Alive"]
    }
    unseen = [name[:12] for name, look in looks.items() if not ray.get(look)]
    if unseen:
        raise JobError(
            f"nodes {', '.join(unseen)} do not see {folder}: put jobs/, data and models on a disk "
            "that all nodes share"
        )


def _train(given: dict[str, Any]) -> None:
    """Run the command beside this worker of Ray Train's; raise where it ended without a word."""
    from ray import train
    from torch import distributed

    context: Any = train.get_context()
    folder, words = Path(given["folder"]), list(given["words"])
    rank = context.get_world_rank()
    found: list[Any] = [None]
    if rank == 0:
        found = [(_address(), _free_port(), _attempt(folder))]
    distributed.broadcast_object_list(found, src=0)
    host, port, attempt = found[0]
    out = option(words, "--out")
    if "--resume" not in words and out and any(Path(out).glob("checkpoints/*")) and attempt > 1:
        words.append("--resume")
    environment = child_environment(
        RANK=str(rank),
        WORLD_SIZE=str(context.get_world_size()),
        LOCAL_RANK=str(context.get_local_rank()),
        MASTER_ADDR=host,
        MASTER_PORT=str(port),
        PYTHONPATH=str(PROJECT_ROOT),
        PYTHONUNBUFFERED="1",
    )
    done = subprocess.run(
        [sys.executable, "-m", "bioner", *words],
        cwd=PROJECT_ROOT,
        env=environment,
        check=False,
        preexec_fn=_end_with_parent,
    )
    if done.returncode and read_outcome(folder, attempt) is None:
        raise RuntimeError(f"process {rank} of the run ended with exit code {done.returncode}")


def _attempt(folder: Path) -> int:
    """Return the attempt that the processes are begun in; a next one where it is not the first."""
    state = read_state(folder)
    mark = folder / BEGUN
    if mark.is_file() and mark.read_text(encoding="ascii") == str(state.attempt):
        state = edit_state(folder, lambda s: replace(s, attempt=s.attempt + 1))
    mark.write_text(str(state.attempt), encoding="ascii")
    return state.attempt


def _address() -> str:
    import ray

    ray_: Any = ray
    return str(ray_.util.get_node_ip_address())


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])


def _end_with_parent() -> None:
    """Let the system kill this process with the worker that it stands beside (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_IS_GONE, signal.SIGKILL)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def main(workers: int, device: str, words: Sequence[str]) -> int:
    """Train; a refusal is one line in the log.

    It is asked to stop by the job's file alone, which every process of the run reads: it has to
    live until they have saved.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        return run(workers, device, words)
    except BionerError as error:
        print(f"error: {error}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
