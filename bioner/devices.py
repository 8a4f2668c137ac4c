"""On what to compute, in which precision: the one answer for pages, doctor, training, tagging."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from functools import lru_cache

from bioner.card_probe import Probed, probe, probe_allotted, torch_has_cuda
from bioner.cards import Card, cards, is_card_likely, listing
from bioner.errors import DeviceError
from bioner.files import read_json_object, write_whole
from bioner.machine import (
    Device,
    Precision,
    cpu_has_amx,
    processor_name,
    read_device,
    read_precision,
)
from bioner.settings import allotment, count_cards_by_bus, read_settings

MEASURED = ".cpu-precision.json"
GAIN = 0.9
"""bfloat16 is taken on a CPU where a step takes at most this share of the float32 one's time."""

UNSEEN = "torch does not see it: check that the driver is as new as this torch wants"


@dataclass(frozen=True)
class Found:
    """A card that was allotted, what torch says of it, and why it cannot be used, if so."""

    card: Card
    capability: tuple[int, int] = (0, 0)
    problem: str = ""

    @property
    def precision(self) -> Precision:
        """What training multiplies in here: what the card itself computes in, not emulates."""
        return precision_of(self.capability)


def found_cards() -> tuple[Found, ...]:
    """Return the cards that this process may use, each with what stands in its way.

    The driver's program lists them; where it is not there, fails or lists none, torch does.
    """
    listed = cards()
    if not listed:
        return _seen_by_torch() if listing().problem else ()
    if not torch_has_cuda():
        problem = "the installed torch is built without CUDA: install its CUDA build"
        return tuple(Found(one, problem=problem) for one in listed)
    try:
        probed: tuple[Probed, ...] = probe(
            tuple(one.address for one in listed),
            tuple(one.name for one in listed),
            read_settings().jobs,
        )
    except DeviceError as error:
        return tuple(Found(one, problem=str(error)) for one in listed)
    if not probed:  # listed under other numbers than torch counts by, perhaps
        return _seen_by_torch() or tuple(Found(one, problem=UNSEEN) for one in listed)
    seen = [*probed, *[None] * (len(listed) - len(probed))]
    return tuple(
        Found(card, told.capability, told.problem) if told else Found(card, problem=UNSEEN)
        for card, told in zip(listed, seen, strict=False)
    )


def _seen_by_torch() -> tuple[Found, ...]:
    """Return what torch alone sees, where no program of the driver tells of it."""
    if not torch_has_cuda() or not is_card_likely():
        return ()
    try:
        seen = probe_allotted(allotment())
    except DeviceError:
        return ()
    found = []
    for number, (word, told) in enumerate(seen.items()):
        index, uuid = (int(word), "") if word.isdigit() else (number, word)
        card = Card(index, told.name, told.memory_bytes, 0, 0.0, uuid, whole=uuid)
        found.append(Found(card, told.capability, told.problem))
    return tuple(found)


def no_card() -> str:
    """Say why no card is found where there may be one; nothing where none is expected."""
    listed = listing()
    if listed.cards and not cards():
        names = ", ".join(f"{one.address}: {one.name}" for one in listed.cards)
        return f"CUDA_VISIBLE_DEVICES={allotment()!r} allows none of the cards here ({names})"
    if not is_card_likely() or found_cards():
        return ""
    if not torch_has_cuda():
        return f"{listed.problem}, and the installed torch is built without CUDA"
    try:
        probe_allotted(allotment())
    except DeviceError as error:
        return f"{listed.problem}; {error}"
    return f"{listed.problem}, and torch sees none"


def usable_cards() -> tuple[Found, ...]:
    """Return the cards that torch computes on here."""
    return tuple(one for one in found_cards() if not one.problem)


def has_gpu() -> bool:
    """Return whether torch computes on a graphics card that is ours to use."""
    return bool(usable_cards())


def said(one: Found) -> str:
    """Say of a card what a person would want to know of it."""
    size = f"{one.card.memory_bytes / 1e9:,.0f} GB" if one.card.memory_bytes else "size not told"
    name = f"{one.card.name} ({size})"
    if one.problem:
        return f"{name} cannot be used: {one.problem}"
    words = {
        Precision.BFLOAT16: "bfloat16",
        Precision.FLOAT16: "float16 with loss scaling",
        Precision.FLOAT32: "float32",
    }
    text = f"{name}, training in {words[one.precision]}"
    if one.card.is_busy:
        text += f"; {one.card.memory_used_bytes / 1e9:,.1f} GB of it are taken now"
    return text


def place_of(device: Device, precision: Precision) -> str:
    """Say on what a run computes and, of a card that it leaves alone, why."""
    if device is Device.CUDA:
        names = ", ".join(dict.fromkeys(one.card.name for one in usable_cards()))
        return f"computing on {names or 'the GPU'} in {precision}"
    left = "; ".join(dict.fromkeys(said(one) for one in found_cards() if one.problem)) or no_card()
    return f"computing on the CPU in {precision}" + (f": {left}" if left else "")


def precision_of(capability: tuple[int, int]) -> Precision:
    """Return what cards of a capability compute in: bfloat16 from 8.0 on, float16 from 7.0 on.

    ``torch.cuda.is_bf16_supported`` says yes to emulation too.
    """
    if capability >= (8, 0):
        return Precision.BFLOAT16
    return Precision.FLOAT16 if capability >= (7, 0) else Precision.FLOAT32


def resolve_device(device: str) -> Device:
    """Return what ``auto`` means on this machine, else what was named, there or not.

    Raises DeviceError for another word.
    """
    asked = read_device(device)
    if asked is Device.AUTO:
        return Device.CUDA if has_gpu() else Device.CPU
    return asked


def require_device(device: str) -> Device:
    """Resolve a device to compute on now; raises DeviceError, with the reason, without a GPU."""
    found = resolve_device(device)
    if found is Device.CUDA:
        here = found_cards()
        if all(one.problem for one in here):
            reasons = "; ".join(dict.fromkeys(said(one) for one in here))
            why = f" ({no_card()})" if no_card() else ""
            none = f"there is no GPU here that is ours to use{why}"
            raise DeviceError(f"{reasons or none}: or cpu")
        count_cards_by_bus()
    return found


def resolve_precision(precision: str, device: Device) -> Precision:
    """Return the precision asked for; on auto what the hardware itself is quick in.

    Raises DeviceError for another word, and for float16 on a CPU.
    """
    asked = read_precision(precision)
    if asked is Precision.FLOAT16 and device is Device.CPU:
        raise DeviceError("precision: float16 is for GPUs; take float32 or bfloat16 on a CPU")
    if asked is not Precision.AUTO:
        return asked
    if device is Device.CUDA:
        return precision_of(min((one.capability for one in usable_cards()), default=(0, 0)))
    return Precision.BFLOAT16 if _is_bf16_faster() else Precision.FLOAT32


@lru_cache(maxsize=1)
def _is_bf16_faster() -> bool:
    """Return whether a training step is quicker in bfloat16 on this CPU: measured once, kept.

    Only CPUs with AMX are tried: with avx512_bf16 alone a step costs 1.5 times the float32 one.
    """
    if not cpu_has_amx():
        return False
    place = read_settings().jobs / MEASURED
    name = processor_name()
    try:
        kept = read_json_object(place, DeviceError)
    except DeviceError:
        kept = {}
    if not isinstance(kept.get(name), float):
        kept[name] = round(bf16_share(), 3)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, json.dumps(kept, indent=1))
    return float(kept[name]) <= GAIN


def forget_measured() -> None:
    """Read, or measure, anew what this CPU is quick in."""
    _is_bf16_faster.cache_clear()


def bf16_share(rounds: int = 5) -> float:
    """Return the processor time of a step in bfloat16 as a share of float32's; about a second."""
    import torch

    layer = torch.nn.Sequential(
        torch.nn.Linear(384, 1536), torch.nn.GELU(), torch.nn.Linear(1536, 384)
    )
    texts = torch.randn(24 * 48, 384)

    def step(is_half: bool) -> float:
        began = time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_half):
            made = layer(texts)
        made.float().pow(2).mean().backward()
        layer.zero_grad()
        return time.process_time() - began

    for is_half in (True, False):
        step(is_half)
    pairs = [(step(True), step(False)) for _ in range(rounds)]
    return statistics.median(half / max(full, 1e-9) for half, full in pairs)
