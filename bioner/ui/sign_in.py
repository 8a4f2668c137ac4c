"""Who has opened the app: where nobody signs in the person at this machine, else who says so."""

from __future__ import annotations

import time

import streamlit as st
from streamlit import config

from bioner.access import VISITOR, Actor
from bioner.errors import AccessError
from bioner.people import SECRET_HEADER, People, SignIn, check_address, check_host
from bioner.ui.plain import plain


def find_actor(people: People) -> Actor | None:
    """Return who has opened this page; None where nobody has to sign in.

    Stops the page, drawing why, where nobody has signed in, where the name has no role, and where
    others reach an address at which nobody signs in.
    """
    try:
        address = str(config.get_option("server.address") or "")
        check_address(address, people)
        check_host(st.context.headers.get("Host"), people)
        match people.sign_in:
            case SignIn.OFF:
                return None
            case SignIn.PUBLIC:
                return VISITOR
            case SignIn.PROXY:
                headers = st.context.headers
                return people.behind_proxy(
                    headers.get_all(people.header), headers.get_all(SECRET_HEADER), address
                )
            case SignIn.OIDC:
                found = people.signed_in(dict(st.user), time.time())
                if found is None:
                    _draw_sign_in()
                    st.stop()
                return found
    except AccessError as error:
        st.title("BioNER Studio")
        st.error(plain(str(error)), icon=":material/lock:")
        if people.sign_in is SignIn.OIDC and st.user.get("is_logged_in"):
            st.button("Sign out", key="sign_out", on_click=st.logout, icon=":material/logout:")
        st.stop()


def _draw_sign_in() -> None:
    st.title("BioNER Studio")
    st.info("Sign in to read and correct texts here.", icon=":material/lock:")
    if not _has_provider():
        st.error(
            "No provider is set: `.streamlit/secrets.toml` on the server needs a section `[auth]`, "
            "as docs/security.md shows.",
            icon=":material/error:",
        )
        return
    st.button("Sign in", key="sign_in", on_click=st.login, type="primary", icon=":material/login:")


def _has_provider() -> bool:
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def draw_actor(actor: Actor | None, people: People) -> None:
    """Draw who is signed in, with the way out."""
    if actor is None:
        return
    if not actor.name:
        st.caption("You are reading. Nothing that you do here is kept.")
        return
    st.caption(f"{plain(actor.name)} · {actor.role.title}")
    if people.sign_in is SignIn.OIDC:
        st.button("Sign out", key="sign_out", on_click=st.logout, icon=":material/logout:")
