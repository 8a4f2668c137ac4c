"""Links from one part of the Review page to another."""

from __future__ import annotations

from bioner.ui.plain import plain_label
from bioner.ui.review.desk import Desk
from bioner.ui.session import page_link, url_text


def link_to_item(desk: Desk, item: int, label: str) -> None:
    """Draw a link to a sentence in its document, open to be corrected."""
    page_link(
        "Review",
        label=plain_label(label, 140),
        icon=":material/menu_book:",
        part="Correct",
        project=desk.project.name,
        reviewer=url_text("reviewer"),
        scope="Document",
        item=str(item),
    )
