"""The Train page's runs: live progress, history, two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from bioner.errors import BionerError
from bioner.figures import SCORE_FORMAT, duration, points
from bioner.jobs.bulk import BULK
from bioner.jobs.folder import Job, folder_bytes, list_jobs
from bioner.jobs.metrics import Metric, read_metrics
from bioner.review import launching
from bioner.settings import Settings
from bioner.ui.jobs import STATUS, follow
from bioner.ui.plain import plain
from bioner.ui.session import Session, keep_in_url, show_problem, url_text
from bioner.ui.times import when
from bioner.ui.train.curves import draw_curves
from bioner.ui.train.form import draw_form
from bioner.ui.train.models import draw_models
from bioner.ui.train.run import draw_run

VIEWS = {
    "new": ":material/add: New run",
    "runs": ":material/timeline: Runs",
    "compare": ":material/compare_arrows: Compare",
    "models": ":material/deployed_code: Models",
}


@dataclass
class TrainMemory:
    """The view that was open, and whether the page leads to another one at its next run."""

    view: str = ""
    is_leading: bool = False


def draw(session: Session) -> None:
    """Draw the page: a new run, the runs, two of them side by side, or the models."""
    st.title("Train")
    st.caption("Teach a model to find entities. A run goes on when this tab or the app is closed.")
    found = [job for job in list_jobs(session.settings) if job.spec.kind != BULK]
    shown = choose_view(session, found)
    if shown == "new":
        spec = draw_form(session)
        if spec is not None:
            try:
                job = launching.start(spec, session.settings, actor=session.actor)
            except BionerError as error:
                show_problem(error)
            else:
                go_to_job(session, job)
    elif shown == "runs":
        draw_runs(session, found)
    elif shown == "compare":
        draw_comparison(session, found)
    else:
        draw_models(session)


def choose_view(session: Session, found: Sequence[Job]) -> str:
    """Let a person choose what the page shows; running jobs are shown first."""
    memory = session.of(TrainMemory)
    opening = url_text("view") or memory.view
    if opening not in VIEWS:
        opening = "runs" if any(job.is_active for job in found) else "new"
    if "train_view" not in st.session_state or memory.is_leading:
        st.session_state["train_view"] = opening
        memory.is_leading = False
    view = st.segmented_control(
        "Show",
        list(VIEWS),
        key="train_view",
        required=True,
        format_func=lambda key: VIEWS[key],
        label_visibility="collapsed",
    )
    memory.view = view or ""
    keep_in_url(view=view or "")
    return view or opening


def go_to_job(session: Session, job: Job) -> None:
    """Show this job at the next run of the page."""
    session.of(TrainMemory).view = "runs"
    session.of(TrainMemory).is_leading = True
    keep_in_url(view="runs", job=job.id)
    st.session_state.pop("train_job", None)
    st.rerun()


def draw_runs(session: Session, found: Sequence[Job]) -> None:
    """Draw the history and the chosen run."""
    if not found:
        st.info(
            "No run yet. Start one under New run: the quick preset shows within minutes whether "
            "everything is in place.",
            icon=":material/model_training:",
        )
        return
    ids = [job.id for job in found]
    asked = url_text("job", "")
    if asked and asked not in ids:
        st.warning(f"There is no run {plain(repr(asked))} any more.", icon=":material/search_off:")
    chosen = st.selectbox(
        "Run",
        ids,
        index=ids.index(asked) if asked in ids else 0,
        key="train_job",
        format_func=lambda id: _label(found[ids.index(id)]),
    )
    keep_in_url(job=chosen)
    job = found[ids.index(chosen)]
    follow(session, job, draw_run)
    with st.expander(
        f"All {len(found)} runs" if len(found) > 1 else "The only run so far",
        icon=":material/history:",
        expanded=len(found) > 1 and not job.is_active,
    ):
        draw_history(found, session.settings)


def _label(job: Job) -> str:
    return f"{job.spec.title} · {STATUS[job.status][2]} · {when(job.spec.created)}"


def draw_history(found: Sequence[Job], settings: Settings) -> None:
    """Draw all runs as a table, with what they take on the disk."""
    rows = []
    for job in found:
        metrics = read_metrics(job.id, settings)
        f1 = next((m.devel_f1 for m in reversed(metrics) if m.devel_f1 is not None), None)
        loss = next((m.loss for m in reversed(metrics) if m.loss is not None), None)
        out = Path(job.spec.out)
        rows.append(
            {
                "Run": job.spec.title,
                "State": STATUS[job.status][2],
                "Base": job.spec.details.get("base", Path(job.spec.base).name),
                "Preset": job.spec.details.get("preset", ""),
                "Loss": loss,
                "Devel F1": None if f1 is None else 100 * f1,
                "Time": duration(job.duration_s) if job.duration_s else "",
                "Disk": (folder_bytes(job.folder) + (folder_bytes(out) if out.name else 0)) / 1e6,
                "Started": when(job.spec.created),
            }
        )
    st.dataframe(
        rows,
        key="train_history",
        hide_index=True,
        placeholder="–",
        column_config={
            "Run": st.column_config.TextColumn(width=190),
            "Loss": st.column_config.NumberColumn(format="%.3f"),
            "Devel F1": st.column_config.NumberColumn(format=SCORE_FORMAT),
            "Disk": st.column_config.NumberColumn(format="%.1f MB", help="Run and model."),
        },
    )
    total = folder_bytes(settings.jobs) + folder_bytes(settings.models)
    size = f"{total / 1e9:,.1f} GB" if total >= 1e9 else f"{total / 1e6:,.1f} MB"
    st.caption(f"Runs and models take {size} on this disk.")


def draw_comparison(session: Session, found: Sequence[Job]) -> None:
    """Draw two runs over each other, and where their settings differ."""
    if len(found) < 2:
        st.info(
            "Two runs are needed to compare. "
            + ("There is one." if found else "There is none yet: start one under New run."),
            icon=":material/compare_arrows:",
        )
        return
    by_id = {job.id: job for job in found}
    ids = list(by_id)
    left, right = st.columns(2)
    first = left.selectbox("Run", ids, key="train_a", format_func=lambda id: _label(by_id[id]))
    second = right.selectbox(
        "Against", ids, index=1, key="train_b", format_func=lambda id: _label(by_id[id])
    )
    if first == second:
        st.info("Choose two different runs.", icon=":material/compare_arrows:")
        return
    chosen = [by_id[first], by_id[second]]
    names = [job.spec.title for job in chosen]
    for told in (lambda job: f"{job.spec.title} ({when(job.spec.created)})", lambda job: job.id):
        if names[0] == names[1]:
            names = [told(job) for job in chosen]
    runs = [
        (name, read_metrics(job.id, session.settings))
        for name, job in zip(names, chosen, strict=True)
    ]
    draw_curves(runs, session, key="two")
    rows = _differences(names, chosen, [metrics for _, metrics in runs])
    st.dataframe(rows, key="train_differences", hide_index=True)
    st.caption("Same value on both sides is left out.")


def _differences(
    names: Sequence[str], chosen: Sequence[Job], metrics: Sequence[Sequence[Metric]]
) -> list[dict[str, str]]:
    facts = [_facts(job, rows) for job, rows in zip(chosen, metrics, strict=True)]
    return [
        {"": key, names[0]: facts[0].get(key, ""), names[1]: facts[1].get(key, "")}
        for key in dict.fromkeys([*facts[0], *facts[1]])
        if facts[0].get(key) != facts[1].get(key)
    ]


def _facts(job: Job, metrics: Sequence[Metric]) -> dict[str, str]:
    f1 = next((m.devel_f1 for m in reversed(metrics) if m.devel_f1 is not None), None)
    by_type = next((m.devel_by_type for m in reversed(metrics) if m.devel_by_type), None) or {}
    loss = next((m.loss for m in reversed(metrics) if m.loss is not None), None)
    facts = {
        "State": STATUS[job.status][2],
        "Devel F1": points(f1) if f1 is not None else "",
        **{f"Devel F1, {label}": points(score) for label, score in by_type.items()},
        "Last loss": f"{loss:.4f}" if loss is not None else "",
        "Steps": f"{metrics[-1].step:,}" if metrics else "",
        "Time": duration(job.duration_s),
        "Device": job.spec.device,
    }
    for key, value in job.spec.details.items():
        if key != "estimate_s":
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            facts[key.replace("_", " ").capitalize()] = shown
    return facts
