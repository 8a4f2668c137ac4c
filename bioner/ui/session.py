"""What every page begins with: its title, its links, the shared CSS, and the typed Session."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import streamlit as st
from streamlit.errors import StreamlitAPIException

from bioner.access import Action, Actor, Role
from bioner.errors import BionerError
from bioner.labels import LabelSchema
from bioner.settings import PROJECT_ROOT, Settings, read_settings
from bioner.ui import cache, warming
from bioner.ui.plain import plain
from bioner.ui.sign_in import draw_actor, find_actor

if TYPE_CHECKING:
    from bioner.store import Store

PAGES: Mapping[str, tuple[str, str]] = {
    "Home": ("app.py", ":material/home:"),
    "Corpora": ("pages/1_Corpora.py", ":material/library_books:"),
    "Train": ("pages/2_Train.py", ":material/model_training:"),
    "Predict": ("pages/3_Predict.py", ":material/ink_highlighter:"),
    "Review": ("pages/4_Review.py", ":material/rate_review:"),
    "Metrics": ("pages/5_Metrics.py", ":material/monitoring:"),
    "Dictionary": ("pages/6_Dictionary.py", ":material/menu_book:"),
}
"""Page title → its script and its Material icon, in the sidebar's order."""

STYLE = Path(__file__).with_name("highlight.css")
_KEY = "bioner_session"

Kept = TypeVar("Kept")


@dataclass
class Session:
    """What one browser tab remembers across pages; widgets alone forget it on a page switch.

    ``model``, ``reviewer`` and ``project`` are names, empty until somebody chooses. ``visited``
    holds each page's last URL parameters, so that its sidebar link leads back to the same view.
    What a page itself wants to find again is a dataclass of its own: ``of``. ``signed_in`` is who
    has signed in: the reviewer, and no other; None where nobody signs in. ``is_entered``: the page
    was another one until now, and nobody has looked yet at where the link wanted to lead.
    """

    settings: Settings
    schema: LabelSchema
    signed_in: Actor | None = None
    model: str = ""
    reviewer: str = ""
    project: str = ""
    visited: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    memories: dict[type, object] = field(default_factory=dict)
    page: str = ""
    left_url: dict[str, list[str]] = field(default_factory=dict)
    generation: int = 0
    is_entered: bool = False

    @property
    def actor(self) -> Actor:
        """Who acts: who has signed in, else the person at this machine, as the reviewer chosen."""
        return self.signed_in or Actor(self.reviewer, Role.ADMINISTRATOR)

    def may(self, action: Action) -> bool:
        """Tell whether this person's role is enough for an action."""
        return self.actor.may(action)

    def store(self) -> Store:
        """Return the annotation store in this person's hands. Raises StoreError."""
        settings = self.settings
        return cache.store(settings.database_url, str(settings.backups)).acting(self.actor)

    def follow_url(self, page: str) -> None:
        """Notice that a link or the browser's back button changed the URL of the page that is open.

        Its widgets then begin anew from the URL: ``page_key`` gives them other keys. The address
        bar is told again, as a link to the page that is open does not change it; parameters that
        are bound to widgets (Review's) are Streamlit's own to tell, and it refuses them here.
        """
        url = _url()
        if page == self.page and url != self.left_url:
            self.generation += 1
            with contextlib.suppress(StreamlitAPIException):
                st.query_params.from_dict(url)
        if page != self.page:
            self.is_entered = bool(self.page)
        self.page, self.left_url = page, url
        self.visited[page] = url

    def of(self, kind: type[Kept]) -> Kept:
        """Return this tab's one value of a kind, made with its defaults at the first time."""
        found = self.memories.get(kind)
        if not isinstance(found, kind):
            found = kind()
            self.memories[kind] = found
        return found


FAVICON = Path(__file__).with_name("favicon.png")
"""A file of ours: for a Material or emoji icon the browser would ask a server on the internet."""


def open_page(title: str) -> Session:
    """Open a page: set its configuration, draw the sidebar's links and the CSS, return the Session.

    ``title`` is one of ``PAGES`` (any other gets no remembered URL). A setting or an edited label
    schema that cannot be read stops the page with one sentence.
    """
    st.set_page_config(
        page_title=f"{title} · BioNER Studio",
        page_icon=FAVICON,
        layout="wide",
        initial_sidebar_state="auto",
    )
    st.html(STYLE)
    session = _session(title)
    session.follow_url(title)
    _draw_sidebar(session, title)
    if title != "Predict":  # which says itself when its marks are drawn
        warming.shown()
    return session


def _session(title: str) -> Session:
    try:
        settings = read_settings()
        actor = find_actor(settings.people)
        schema = cache.schema(settings)
    except BionerError as error:
        _draw_sidebar(None, title)
        st.title(title)
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()
    found = st.session_state.get(_KEY)
    if not isinstance(found, Session) or found.signed_in != actor:
        found = Session(settings, schema, actor, reviewer=actor.name if actor else "")
        st.session_state[_KEY] = found
    found.settings, found.schema = settings, schema
    return found


def _draw_sidebar(session: Session | None, current: str) -> None:
    with st.sidebar:
        st.markdown("### :material/biotech: BioNER Studio")
        for title, (script, icon) in PAGES.items():
            if (PROJECT_ROOT / script).exists():
                params = session.visited.get(title) if session and title != current else None
                st.page_link(
                    script, label=title, icon=icon, query_params=params or None, width="stretch"
                )
        if session is not None:
            draw_actor(session.signed_in, session.settings.people)


def page_link(
    page: str, *, label: str = "", icon: str = "", help: str | None = None, **state: str
) -> None:
    """Draw a link to a page, its view in the URL: ``page_link("Review", document="7")``."""
    script, default_icon = PAGES[page]
    if (PROJECT_ROOT / script).exists():
        st.page_link(
            script,
            label=label or page,
            icon=icon or default_icon,
            help=help,
            query_params={name: value for name, value in state.items() if value} or None,
        )


def go_to(page: str, **state: str) -> None:
    """Leave for another page at once, its view in the URL."""
    st.switch_page(
        PAGES[page][0], query_params={name: value for name, value in state.items() if value} or None
    )


def show_problem(error: BionerError) -> None:
    """Show one sentence about what went wrong; the rest of the page goes on."""
    st.error(plain(str(error)), icon=":material/error:")


def act(action: Callable[[], object]) -> None:
    """Do what somebody asked for; show why it cannot be, or draw the whole page anew."""
    try:
        action()
    except BionerError as error:
        show_problem(error)
    else:
        st.rerun(scope="app")


def keep_in_url(**state: str) -> None:
    """Put the page's view into its URL; an empty value takes its parameter out."""
    for name, value in state.items():
        if value and st.query_params.get(name) != value:
            st.query_params[name] = value
        elif not value and name in st.query_params:
            del st.query_params[name]
    found = st.session_state.get(_KEY)
    if isinstance(found, Session):
        found.left_url = found.visited[found.page] = _url()


def choose_in_url(title: str, options: Mapping[str, str], *, name: str, key: str) -> str:
    """Let a person choose one of these (value: label), the first at first; the URL keeps it."""
    first, asked = next(iter(options)), url_text(name)
    chosen = str(
        st.segmented_control(
            title,
            list(options),
            default=asked if asked in options else first,
            key=key,
            required=True,
            format_func=lambda value: options[value],
            label_visibility="collapsed",
        )
    )
    keep_in_url(**{name: "" if chosen == first else chosen})
    return chosen


def page_key(name: str) -> str:
    """Return the key of a widget whose value comes from the URL (see ``Session.follow_url``)."""
    found = st.session_state.get(_KEY)
    generation = found.generation if isinstance(found, Session) else 0
    return f"{name}_{generation}" if generation else name


_UNTOLD = re.compile(r"[\x00\ud800-\udfff]")
"""What no address and no database holds: NUL and half surrogates."""
_NUMBER = re.compile(r"[0-9]{1,18}")
"""ASCII digits, fewer than a database's integers hold: "²" is a digit too, but no number."""


def url_text(name: str, default: str = "", *, longest: int = 500) -> str:
    """Return a text from the page's URL, cut to ``longest`` characters."""
    given = st.query_params.get(name)
    return default if given is None else _UNTOLD.sub("", given[:longest])


def url_state() -> dict[str, str]:
    """Return everything that the page's URL says, the last of each name."""
    return {name: values[-1] for name, values in _url().items() if values}


def url_int(name: str, default: int, *, low: int, high: int = 10**18) -> int:
    """Return a whole number from the page's URL; the default where it is none from low to high."""
    given = st.query_params.get(name, "")
    number = int(given) if _NUMBER.fullmatch(given) else default
    return number if low <= number <= high else default


def url_choice(name: str, options: Collection[str], default: str) -> str:
    """Return which of the options the page's URL names, else the default."""
    given = url_text(name)
    return given if given in options else default


def url_choices(name: str, options: Collection[str]) -> list[str]:
    """Return which of the options the page's URL names, separated by commas."""
    return [one for one in url_text(name, longest=10_000).split(",") if one in options]


def _url() -> dict[str, list[str]]:
    return {
        _UNTOLD.sub("", name): [_UNTOLD.sub("", one) for one in st.query_params.get_all(name)]
        for name in st.query_params
    }
