"""Who is let in: the people whom the settings name, how they sign in, and at which addresses."""

from __future__ import annotations

import hmac
import ipaddress
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from bioner.access import Actor, Role
from bioner.errors import AccessError

UNSEEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Categories of characters that a name of somebody who signs in may not have."""


class SignIn(StrEnum):
    """How the app knows who somebody is (``BIONER_SIGN_IN``)."""

    OFF = "off"
    OIDC = "oidc"
    PROXY = "proxy"
    PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class People:
    """How people sign in, and which role each has; names may hold ``*``, as in ``*@lab.example``.

    Who signs in and is in no list gets no role. ``claim`` is the provider's claim that is taken
    as the name, ``header`` the proxy's; ``secret`` is what the proxy sends in ``SECRET_HEADER``
    to be believed. ``hours`` after a sign-in with the provider it is asked for again.
    """

    sign_in: SignIn = SignIn.OFF
    administrators: tuple[str, ...] = ()
    curators: tuple[str, ...] = ()
    annotators: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    claim: str = "email"
    header: str = "X-Forwarded-User"
    secret: str = field(default="", repr=False)
    hours: int = 12

    def role_of(self, name: str) -> Role | None:
        """Return the role of somebody who has signed in: the greatest whose list has the name."""
        lists = {
            Role.ADMINISTRATOR: self.administrators,
            Role.CURATOR: self.curators,
            Role.ANNOTATOR: self.annotators,
            Role.READER: self.readers,
        }
        folded = _fold(name)
        for role, patterns in lists.items():
            if any(fnmatchcase(folded, _fold(pattern)) for pattern in patterns):
                return role
        return None

    def known(self, name: str) -> Actor:
        """Return who has signed in under this name.

        Raises AccessError if no list has it, or if it would look like another's.
        """
        if any(unicodedata.category(char) in UNSEEN for char in name):
            raise AccessError(
                f"the name {name!a} holds characters that cannot be seen, so it could pass "
                "for another's: have it changed where you sign in"
            )
        role = self.role_of(name)
        if role is None:
            raise AccessError(
                f"{name} has no role here: an administrator adds the name to BIONER_READERS, "
                "BIONER_ANNOTATORS, BIONER_CURATORS or BIONER_ADMINISTRATORS"
            )
        return Actor(name, role, is_known=True)

    def signed_in(self, claims: Mapping[str, object], now: float) -> Actor | None:
        """Return whom the provider's claims name; None: nobody has signed in, or too long ago.

        Raises AccessError for an address that the provider has not verified, for claims without
        the name, and for a name without a role.
        """
        if claims.get("is_logged_in") is not True:
            return None
        begun = claims.get("iat")
        if not isinstance(begun, int | float) or begun + self.hours * 3600 < now:
            return None
        name = claims.get(self.claim)
        if not isinstance(name, str) or not name.strip():
            raise AccessError(
                f"the provider named nobody in the claim {self.claim!r}: name another with "
                "BIONER_SIGN_IN_CLAIM"
            )
        if self.claim == "email" and claims.get("email_verified") is not True:
            raise AccessError(
                f"the provider has not verified the address {name}: verify it there, or name "
                "another claim with BIONER_SIGN_IN_CLAIM"
            )
        return self.known(name.strip())

    def behind_proxy(self, users: Sequence[str], secrets: Sequence[str], address: str) -> Actor:
        """Return whom the trusted proxy's headers name; ``address``: where the app listens.

        Believed are the headers of a proxy that shows the secret; without one, whatever reaches
        an app that listens on this machine alone. Raises AccessError.
        """
        if self.secret:
            given = secrets[0] if len(secrets) == 1 else ""
            if not hmac.compare_digest(given.encode(), self.secret.encode()):
                raise AccessError(
                    f"this came without the proxy's secret ({SECRET_HEADER}): open the app by the "
                    "proxy's address"
                )
        elif not is_loopback(address):
            raise AccessError("the proxy is believed on this machine only, or with a secret")
        if len(users) != 1 or not users[0].strip():
            raise AccessError(
                f"the proxy named {'nobody' if not users else 'more than one person'} in "
                f"{self.header}: it must set this header itself and drop a visitor's own"
            )
        return self.known(users[0].strip())


def _fold(name: str) -> str:
    """Make ASCII letters small, and no others: "ſ" and "K" (Kelvin) are not "s" and "k"."""
    return "".join(char.lower() if char.isascii() else char for char in name)


SECRET_HEADER = "X-BioNER-Proxy-Secret"
"""The header in which a proxy shows that it is the one that is trusted."""


def check_address(address: str, people: People) -> None:
    """Raise AccessError where an address is reached by others and nobody signs in.

    An empty address is every address of the machine.
    """
    if is_loopback(address):
        return
    if people.sign_in is SignIn.OFF:
        raise AccessError(
            f"{address or 'every address of this machine'} is reached by others, and nobody signs "
            "in: set BIONER_SIGN_IN to oidc (a provider), proxy (behind one that knows people) or "
            "public (everybody reads, nothing is stored), as docs/security.md shows; or listen on "
            "127.0.0.1"
        )
    if people.sign_in is SignIn.PROXY and not people.secret:
        raise AccessError(
            f"{address or 'every address of this machine'} is reached by others than the proxy: "
            "set BIONER_PROXY_SECRET here and in the proxy, or listen on 127.0.0.1"
        )


def app_command(host: str, port: int, names: Iterable[str], people: People) -> list[str]:
    """Return the module and arguments that open the app at an address.

    ``names`` are those by which browsers know it beside this machine's own. Raises AccessError
    where others reach the address and nobody signs in, or no name is known by which they open it.
    """
    check_address(host, people)
    known = list(dict.fromkeys((*OWN_NAMES, *(one.strip() for one in names if one.strip()))))
    if not is_loopback(host) and len(known) == len(OWN_NAMES):
        raise AccessError(
            f"{host or 'every address of this machine'}: say by which name browsers open the app "
            "(--host-name bioner.lab.example), so that a site of others cannot pass for it"
        )
    return [
        "streamlit", "run", "app.py", "--server.address", host, "--server.port", str(port),
        *(word for name in known for word in ("--server.allowedHosts", name)),
        *(() if people.sign_in is SignIn.OFF else ("--client.showErrorDetails", "none")),
    ]  # fmt: skip


OWN_NAMES = ("127.0.0.1", "localhost", "::1")
"""The names of this machine for itself, as .streamlit/config.toml allows them."""


def check_host(host: str | None, people: People) -> None:
    """Raise AccessError where nobody signs in and a page was asked for by another machine's name.

    A site of others whose name leads to this machine (DNS rebinding) would read all that is here.
    ``host`` is the request's Host header; None where there is no request.
    """
    if host is None or people.sign_in is not SignIn.OFF:
        return
    name, _, port = host.rpartition(":")
    if not is_loopback(name if name and port.isdecimal() else host):
        raise AccessError(
            f"this app answers to 127.0.0.1 and localhost, not to {host}; open it by one of these"
        )


def is_loopback(address: str) -> bool:
    """Tell whether an address or a host's name is this machine's alone."""
    name = address.strip().lower().rstrip(".").removeprefix("[").removesuffix("]")
    if name == "localhost" or name.startswith("unix://"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
