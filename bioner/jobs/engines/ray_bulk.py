"""Bulk work on a Ray cluster: a task an item, begun again where a worker or a node is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from bioner.errors import JobError
from bioner.extras import require_extra
from bioner.settings import PROJECT_ROOT

Item = TypeVar("Item")
Result = TypeVar("Result")

RETRIES = 3
TICK_S = 1.0


class RayCluster:
    """A cluster at an address (``auto``: the one of this machine)."""

    def __init__(self, address: str = "auto") -> None:
        require_extra("ray", "The engine ray")
        self._address = address

    def spread(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        workers: int,
        tick: Callable[[], None],
    ) -> Iterator[tuple[Item, Result | None, str]]:
        """Do each item's work in a task with one CPU; yield (item, result, why there is none).

        Items and outputs lie where every node sees them. What a lost worker or node was at is
        begun again on another, at most three times; an error in the work is its item's alone.
        Raises JobError where there is no cluster.
        """
        import ray
        from ray.exceptions import RayError, RayTaskError

        ray_: Any = ray
        try:
            ray_.init(
                address=self._address,
                log_to_driver=False,
                logging_level="error",
                runtime_env={"env_vars": {"PYTHONPATH": str(PROJECT_ROOT)}},
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise JobError(
                f"no Ray cluster at {self._address}: {str(error).splitlines()[0]}; start one with "
                "`ray start --head`, or give its --address"
            ) from error
        try:
            task = ray_.remote(num_cpus=1, max_retries=RETRIES)(work)
            left = list(range(len(items)))
            waiting: dict[Any, int] = {}
            while left or waiting:
                while left and len(waiting) < workers:
                    number = left.pop(0)
                    waiting[task.remote(items[number])] = number
                done, _ = ray_.wait(list(waiting), num_returns=1, timeout=TICK_S)
                tick()
                for reference in done:
                    item = items[waiting.pop(reference)]
                    try:
                        yield item, ray_.get(reference), ""
                    except RayTaskError as error:
                        yield item, None, f"{type(error.cause).__name__}: {error.cause}"
                    except RayError as error:
                        yield item, None, f"its worker was lost: {str(error).splitlines()[0]}"
        finally:
            ray_.shutdown()
