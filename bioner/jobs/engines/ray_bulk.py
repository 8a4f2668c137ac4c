"""Bulk work on a Ray cluster: a task an item, begun again where a worker or a node is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from bioner.errors import JobError
from bioner.extras import require_extra
from bioner.jobs.engines.ray_job import RAYS_OWN
from bioner.machine import Device
from bioner.settings import PROJECT_ROOT

Item = TypeVar("Item")
Result = TypeVar("Result")

RETRIES = 3
TICK_S = 1.0


def card_share(device: Device, cards: float, on_a_card: int) -> float:
    """Return what share of a card a task takes on a cluster of so many.

    Raises JobError where cards are asked for and there are none.
    """
    if device is Device.CUDA and not cards:
        raise JobError("the Ray cluster has no GPU: choose the CPU")
    return 1 / on_a_card if cards and device is not Device.CPU else 0.0


class RayCluster:
    """A cluster at an address (``auto``: the one of this machine).

    ``on_a_card`` items are worked on by each of its cards at a time, where it has some and
    ``device`` allows them.
    """

    def __init__(
        self, address: str = "auto", *, device: Device = Device.CPU, on_a_card: int = 1
    ) -> None:
        require_extra("ray", "The engine ray")
        self._address = address
        self._device = device
        self._on_a_card = on_a_card

    def spread(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        *,
        workers: int,
        tick: Callable[[], None],
    ) -> Iterator[tuple[Item, Result | None, str]]:
        """Do each item's work in a task with one CPU; yield (item, result, why there is none).

        The task sees the card that it has a share in, no other. Items and outputs lie where every
        node sees them. What a lost worker or node was at is begun again on another, at most three
        times; an error in the work is its item's alone.
        Raises JobError where there is no cluster, or none of the cards that are asked for.
        """
        import ray
        from ray.exceptions import RayError, RayTaskError

        ray_: Any = ray
        try:
            ray_.init(
                address=self._address,
                log_to_driver=False,
                logging_level="error",
                runtime_env={"env_vars": {**RAYS_OWN, "PYTHONPATH": str(PROJECT_ROOT)}},
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise JobError(
                f"no Ray cluster at {self._address}: {str(error).splitlines()[0]}; start one with "
                "`ray start --head`, or give its --address"
            ) from error
        try:
            cards = float(ray_.cluster_resources().get("GPU", 0.0))
            share = card_share(self._device, cards, self._on_a_card)
            task = ray_.remote(num_cpus=1, num_gpus=share, max_retries=RETRIES)(work)
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
