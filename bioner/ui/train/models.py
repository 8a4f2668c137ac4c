"""The Train page's models: which is in use, promote and roll back, BioBERT's import."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from bioner.access import Action
from bioner.errors import BionerError
from bioner.figures import SCORE_FORMAT
from bioner.models import catalogue
from bioner.models.catalogue import ModelEntry
from bioner.ui import cache
from bioner.ui.models import model_label, promote_dialog, roll_back
from bioner.ui.plain import plain, plain_label
from bioner.ui.roles import shut
from bioner.ui.session import Session, show_problem
from bioner.ui.times import when


def draw_models(session: Session) -> None:
    """Draw the models, the one in use, and the record of changes."""
    settings = session.settings
    try:
        active = catalogue.active_model(settings)
        past = catalogue.history(settings)
        earlier = catalogue.rollback_target(settings)
    except BionerError as error:
        show_problem(error)
        return
    entries = cache.models(settings)
    if not entries:
        st.info(
            f"No model in {plain(str(settings.models))} yet: train one, or convert BioBERT below.",
            icon=":material/deployed_code:",
        )
    else:
        _draw_table(entries, active)
        if active not in {entry.name for entry in entries}:
            st.caption(f"In use is {plain(active)}, which is not in {plain(str(settings.models))}.")
        _draw_choice(session, entries, active, earlier)
    if past:
        with st.expander("Changes of the model in use", icon=":material/history:"):
            st.dataframe(
                [
                    {
                        "When": when(change.at),
                        "Change": "back to" if change.kind == "rollback" else "put in use",
                        "Model": change.name,
                        "Instead of": change.previous,
                        "Reason": change.reason,
                        "By": change.by,
                    }
                    for change in reversed(past)
                ],
                key="train_promotions",
                hide_index=True,
            )
    _draw_import(session)


def _draw_table(entries: list[ModelEntry], active: str) -> None:
    for entry in entries:
        if entry.problem:
            st.error(
                f"{plain(entry.name)} is damaged. {plain(entry.problem)}",
                icon=":material/broken_image:",
            )
    is_plain = all(_kind(entry) == "model" for entry in entries)
    st.dataframe(
        [
            {
                "": "in use" if entry.name == active else "",
                "Model": entry.name,
                **({} if is_plain else {"Kind": _kind(entry)}),
                "Base": entry.card.base if entry.card else "",
                "Test F1": _points(entry),
                "Corpora": len(entry.card.corpora) if entry.card else None,
                "Size": entry.size_bytes / 1e6,
                "Made": when(entry.card.created)[:10] if entry.card else "",
            }
            for entry in sorted(
                entries, key=lambda entry: entry.card.created if entry.card else "", reverse=True
            )
        ],
        key="train_models",
        hide_index=True,
        placeholder="–",
        column_config={
            "Model": st.column_config.TextColumn(width=160),
            "Base": st.column_config.TextColumn(width=115),
            "Test F1": st.column_config.NumberColumn(format=SCORE_FORMAT),
            "Size": st.column_config.NumberColumn(format="%.1f MB"),
        },
    )


def _points(entry: ModelEntry) -> float | None:
    return 100 * entry.card.f1 if entry.card and entry.card.f1 is not None else None


def _kind(entry: ModelEntry) -> str:
    if entry.problem:
        return "damaged"
    if not entry.can_tag:
        return "encoder"
    return entry.card.stage if entry.card and entry.card.stage else "model"


def _draw_choice(
    session: Session, entries: list[ModelEntry], active: str, earlier: str | None
) -> None:
    usable = {e.name: e for e in entries if e.can_tag and e.name != active}
    with st.container(horizontal=True, vertical_alignment="bottom", key="train_model_actions"):
        chosen = st.selectbox(
            "Model to use",
            list(usable),
            format_func=lambda name: model_label(usable[name]),
            key="train_model",
            disabled=not usable,
            placeholder="No other model can tag",
        )
        if st.button(
            "Use this model",
            key="train_use",
            icon=":material/verified:",
            **shut(
                session,
                Action.PROMOTE,
                disabled=not usable,
                help=None if usable else "There is no other model that can tag: train one.",
            ),
        ):
            promote_dialog(session, chosen)
        if st.button(
            f"Back to {plain_label(earlier)}" if earlier else "Roll back",
            key="train_rollback",
            icon=":material/undo:",
            **shut(
                session,
                Action.PROMOTE,
                disabled=earlier is None,
                help=None if earlier else "The model in use was never replaced.",
            ),
        ):
            _rollback_dialog(session, active, earlier or "")


@st.dialog("Roll back?", icon=":material/undo:")
def _rollback_dialog(session: Session, active: str, earlier: str) -> None:
    st.write(
        f"Pages and commands will use **{plain(earlier)}** again instead of **{plain(active)}**."
    )
    reason = st.text_input("Why", key="train_rollback_reason", max_chars=300)
    if st.button("Roll back", key="train_rollback_yes", type="primary"):
        roll_back(session, earlier, reason.strip() or "rolled back")


def _draw_import(session: Session) -> None:
    with st.expander(
        "Bring BioBERT from its TensorFlow checkpoint", icon=":material/move_to_inbox:"
    ):
        st.caption(
            "The release holds bert_config.json, vocab.txt and model.ckpt-*: give its folder or "
            "its .tar.gz or .zip on this machine, or upload the archive. TensorFlow is not needed."
        )
        path = st.text_input(
            "Folder or archive on this machine",
            key="train_tf_path",
            placeholder="/data/biobert_v1.1_pubmed",
        ).strip()
        upload = st.file_uploader(
            "or upload the archive",
            type=["gz", "tgz", "zip", "tar"],
            key="train_tf_upload",
            max_upload_size=2000,
        )
        name = st.text_input("Name of the encoder", value="biobert", key="train_tf_name").strip()
        has_source = bool(path or upload) and bool(name)
        if not st.button(
            "Convert",
            key="train_tf_convert",
            icon=":material/swap_horiz:",
            **shut(
                session,
                Action.MODELS,
                disabled=not has_source,
                help=None if has_source else "Give a path or an archive, and a name.",
            ),
        ):
            return
        try:
            with st.spinner("Converting …"), tempfile.TemporaryDirectory() as scratch:
                source = Path(path)
                if upload is None:
                    source = session.actor.require_folder(source, session.settings.folders)
                else:
                    source = Path(scratch) / Path(upload.name).name
                    source.write_bytes(upload.getbuffer())
                _convert(session, source, name)
        except BionerError as error:
            show_problem(error)


def _convert(session: Session, source: Path, name: str) -> None:
    from bioner.models.tf_checkpoint import convert_tf_checkpoint

    session.settings.models.mkdir(parents=True, exist_ok=True)
    report = convert_tf_checkpoint(
        source, session.settings.models / Path(name).name, actor=session.actor
    )
    skipped = ", ".join(f"{count} {rule}" for rule, count in report.skipped.items()) or "nothing"
    st.success(
        f"{plain(report.folder.name)}: {report.converted} tensors, "
        f"{report.parameters / 1e6:,.0f} million parameters, {report.vocabulary:,} word-pieces, "
        f"{'cased' if report.cased else 'lower-cased'}. Left out: {plain(skipped)}. "
        "Choose it as base encoder under New run.",
        icon=":material/check_circle:",
    )
