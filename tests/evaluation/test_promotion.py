"""Promotion goes through the gate, is on record and can be taken back; nothing goes around it."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from pathlib import Path

import pytest
from metrics_support import GOOD, WORSE, make_data, store_report
from runs import make_model

from bioner.errors import ModelError, StoreError
from bioner.evaluation.promotion import RECORD, promote, record, recorded, rollback
from bioner.evaluation.verdicts import Answer, Decision, Verdict
from bioner.files import locked
from bioner.models.catalogue import POINTER, Promotion, active_model, history, rollback_target
from bioner.settings import Settings, read_settings
from bioner.store import open_store


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("home", "models", "data"):
        monkeypatch.setenv(f"BIONER_{name.upper()}", str(tmp_path / name))
    return read_settings()


def use(place: Settings, name: str, overrule: str, by: str = "") -> Promotion:
    """Promote a model over the gate's head: no corpora here were scored."""
    store = open_store(place)
    try:
        return promote(place, store, name, overrule=overrule, by=by)
    finally:
        store.close()


def make_scored(place: Settings, **models: dict[str, str]) -> None:
    """Make models that differ, each with its kept evaluation."""
    for number, (name, words) in enumerate(models.items()):
        folder = make_model(place.models, name)
        (folder / "vocab.txt").write_text(f"{number}", encoding="utf-8")
        store_report(place, make_data(corpora=2, count=320), name, words)


def test_a_model_that_passed_is_promoted_from_kept_evaluations_and_the_verdict_is_on_record(
    place: Settings,
) -> None:
    make_scored(place, **{"bioner-compact": WORSE, "better": GOOD})
    promote(place, open_store(place), "better", reason="Better on genes.", by="Ada")
    assert active_model(place) == "better"
    assert history(place)[-1].reason.startswith("Better on genes. the gate accepts better")
    assert [(r.decision.candidate, r.decision.is_accepted, r.by) for r in recorded(place)] == [
        ("better", True, "Ada")
    ]


def test_a_model_that_fell_is_refused_with_the_corpus_and_stays_out(place: Settings) -> None:
    make_scored(place, **{"bioner-compact": GOOD, "worse": WORSE})
    with pytest.raises(ModelError, match=r"refuses worse: BC2GM.*--overrule REASON"):
        promote(place, open_store(place), "worse", reason="I like it", by="Ada")
    assert active_model(place) == "bioner-compact"
    [kept] = recorded(place)
    assert (kept.decision.is_accepted, kept.by) == (False, "Ada")


@pytest.mark.slow
def test_a_person_may_overrule_with_a_reason_which_is_on_record(place: Settings) -> None:
    make_scored(place, **{"bioner-compact": GOOD, "worse": WORSE})
    use(place, "worse", "Only diseases matter here.", "Ada")
    assert active_model(place) == "worse"
    told = history(place)[-1].reason
    assert told.startswith("Only diseases matter here. Overruled: the gate refuses worse: BC2GM")


def test_what_was_never_scored_is_refused_with_what_would_settle_it(place: Settings) -> None:
    for name in ("bioner-compact", "new"):
        (make_model(place.models, name) / "vocab.txt").write_text(name, encoding="utf-8")
    with pytest.raises(ModelError, match=r"What would settle it: build the merged corpora"):
        promote(place, open_store(place), "new")


def test_kept_evaluations_count_where_the_merged_corpora_are_gone(place: Settings) -> None:
    make_scored(place, **{"bioner-compact": WORSE, "better": GOOD})
    shutil.rmtree(place.merged)
    assert promote(place, open_store(place), "better").name == "better"


def test_evaluations_on_other_data_than_the_corpora_here_do_not_count(place: Settings) -> None:
    make_scored(place, **{"bioner-compact": WORSE, "better": GOOD})
    path = place.merged / "manifest.json"
    path.write_text(path.read_text("utf-8").replace("data2", "other"), "utf-8")
    with pytest.raises(ModelError, match="were not both scored"):
        promote(place, open_store(place), "better")


def test_a_damaged_line_of_the_record_does_not_hide_the_others(place: Settings) -> None:
    decision = Decision("new", "old", (Answer("x", Verdict.PASSED, "Fine."),))
    record(place, open_store(place), decision)
    path = place.home / RECORD
    damaged = path.read_bytes() + "{cut\n{Zoë}\n".encode("latin-1")
    path.write_bytes(damaged)
    assert [r.decision for r in recorded(place)] == [decision]
    record(place, open_store(place), decision)
    assert [r.decision for r in recorded(place)] == [decision, decision]
    assert path.read_bytes().startswith(damaged), "what cannot be read stays as it is"


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x1c", "\x0c", "\r"])
def test_a_decision_of_somebody_with_any_sign_in_the_name_is_read_back(
    place: Settings, sign: str
) -> None:
    decision = Decision("new", "old", (Answer("x", Verdict.PASSED, f"Fine.{sign}Really."),))
    record(place, open_store(place), decision, by=f"Ada{sign}B")
    [kept] = recorded(place)
    assert (kept.by, kept.decision) == (f"Ada{sign}B", decision)


def test_a_damaged_history_is_not_overwritten_by_a_promotion(place: Settings) -> None:
    make_model(place.models, "a")
    place.home.mkdir()
    (place.home / POINTER).write_text("{")
    with pytest.raises(ModelError, match="move it away to begin anew"):
        use(place, "a", "why")
    assert (place.home / POINTER).read_text() == "{"


def test_promote_and_roll_back_walk_the_same_way_back(place: Settings) -> None:
    for name in ("bioner-compact", "a", "b"):
        make_model(place.models, name)
    assert active_model(place) == "bioner-compact"
    assert rollback_target(place) is None
    use(place, "a", "better on CRAFT", "Ada")
    use(place, "b", "faster")
    assert active_model(place) == "b"
    store = open_store(place)
    assert rollback(place, store, "too eager").name == "a"
    assert rollback(place, store).name == "bioner-compact"
    with pytest.raises(ModelError, match="no earlier model"):
        rollback(place, store)
    kinds = [(change.kind, change.name) for change in history(place)]
    assert kinds == [
        ("promote", "a"),
        ("promote", "b"),
        ("rollback", "a"),
        ("rollback", "bioner-compact"),
    ]
    assert history(place)[0].reason.startswith("better on CRAFT Overruled: the gate refuses a")
    assert history(place)[0].by == "Ada"


def test_promotion_refuses_what_cannot_serve(place: Settings) -> None:
    make_model(place.models, "encoder", head=False)
    make_model(place.models, "good")
    (make_model(place.models, "broken") / "config.json").unlink()
    for name, message in [
        ("encoder", "bare encoder"),
        ("broken", r"config\.json is missing"),
        ("absent", "no such model"),
        (str(place.models / "good"), "copy it there"),
        ("..", "copy it there"),
    ]:
        with pytest.raises(ModelError, match=message):
            use(place, name, "because")
    with pytest.raises(ModelError, match="gate refuses good"):
        use(place, "good", "  ")
    assert history(place) == ()


def test_roll_back_to_a_model_that_is_gone_is_refused_by_name(place: Settings) -> None:
    for name in ("a", "b"):
        make_model(place.models, name)
    use(place, "a", "first")
    use(place, "b", "second")
    (place.models / "a" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        rollback(place, open_store(place))
    assert active_model(place) == "b"


def test_what_became_of_the_model_in_use_is_among_the_events(place: Settings) -> None:
    for name in ("bioner-compact", "a"):
        make_model(place.models, name)
    use(place, "a", "better on CRAFT", "Ada")
    store = open_store(place)
    rollback(place, store, "too eager", "Ben")
    back, promoted, asked = store.events()
    assert {one.kind for one in (back, promoted, asked)} == {"promotion"}
    assert asked.after == {"model": "a", "did": "ask the gate", "passed": False}
    assert (promoted.who, promoted.before["model"], promoted.after["model"]) == (
        "Ada",
        "bioner-compact",
        "a",
    )
    assert (back.who, back.before["model"], back.after["did"]) == ("Ben", "a", "rollback")
    store.close()


def test_a_model_in_use_that_could_not_be_put_on_record_is_said_to_be_in_use(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bioner-compact", "a"):
        make_model(place.models, name)
    use(place, "a", "why")
    store = open_store(place)

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("bioner.store.store.record_event", full)
    with pytest.raises(ModelError, match="bioner-compact is in use now, but"):
        rollback(place, store)
    assert active_model(place) == "bioner-compact"
    store.close()


@pytest.mark.slow
def test_who_changes_the_model_in_use_waits_for_whoever_changes_it_before(place: Settings) -> None:
    for name in ("a", "b"):
        make_model(place.models, name)
    use(place, "a", "first")
    other = threading.Thread(target=use, args=(place, "b", "second"))
    with locked(place.home / f".{POINTER}.lock"):
        other.start()
        other.join(2)
        assert other.is_alive()
        assert active_model(place) == "a"
    other.join(20)
    assert active_model(place) == "b"


def _promote_often(place: Settings, name: str) -> None:
    for i in range(10):
        use(place, f"{name}{i % 2}", f"{name} {i}")


def test_promotions_of_several_processes_are_all_on_record(place: Settings) -> None:
    for name in ("a0", "a1", "b0", "b1"):
        make_model(place.models, name)
    workers = [
        multiprocessing.get_context("fork").Process(target=_promote_often, args=(place, name))
        for name in "ab"
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    reasons = {change.reason.partition(" Overruled")[0] for change in history(place)}
    assert reasons == {f"{name} {i}" for name in "ab" for i in range(10)}
