"""Tokens of the REST service: shown once, kept as hashes, for some uses, revocable at any time."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bioner.access import Action, Actor, allow
from bioner.errors import AccessError
from bioner.files import locked, make_private, read_json_object, write_whole

TOKENS = "tokens.json"
"""The file in the user's data folder."""

SCOPES = ("predict", "health")
"""What a token may be for, by the path that it opens."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_FORM = re.compile(r"bns_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Token:
    """One token without its secret: of that only the SHA-256 is kept.

    ``id`` stands in the token, so that one is found without trying all. ``created`` and ``expires``
    are seconds since 1970; ``expires`` 0 is never. ``by`` made it.
    """

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    created: float
    expires: float = 0.0
    by: str = ""

    def is_valid(self, now: float) -> bool:
        """Tell whether it has not expired."""
        return not self.expires or now < self.expires


def read_tokens(path: Path) -> list[Token]:
    """Return the tokens of a file, oldest first; none where there is no file.

    Raises AccessError where it is damaged.
    """
    if not path.is_file():
        return []
    raw = read_json_object(path, AccessError)
    try:
        return [
            Token(
                id=str(one["id"]),
                name=str(one["name"]),
                hash=str(one["hash"]),
                scopes=tuple(map(str, one["scopes"])),
                created=float(one["created"]),
                expires=float(one["expires"]),
                by=str(one["by"]),
            )
            for one in raw["tokens"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise AccessError(
            f"{path}: damaged, so no token is believed; delete it and make new ones"
        ) from error


def add_token(
    path: Path,
    name: str,
    *,
    scopes: Sequence[str] = SCOPES,
    days: int = 0,
    actor: Actor | None = None,
) -> str:
    """Make a token and return it: it is shown this once. ``days`` 0: it does not expire.

    Raises AccessError for a name that is taken or a scope that is none.
    """
    who = allow(Action.TOKENS, actor)
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise AccessError(f"scope {', '.join(unknown) or '(none)'}: expected {', '.join(SCOPES)}")
    if not _NAME.fullmatch(name):
        raise AccessError(
            f"token {name!r}: expected a name of letters, digits, dots, dashes; at most 40"
        )
    id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    text = f"bns_{id}_{secret}"
    with _locked(path):
        present = read_tokens(path)
        if any(one.name == name for one in present):
            raise AccessError(f"token {name!r} exists already; revoke it, or choose another name")
        now = time.time()
        expires = now + 86_400 * days if days else 0.0
        made = Token(id, name, _hash(text), tuple(dict.fromkeys(scopes)), now, expires, who.name)
        _write(path, [*present, made])
    return text


def revoke_token(path: Path, name: str, *, actor: Actor | None = None) -> None:
    """Take a token back; a service that runs refuses it from the next request on."""
    allow(Action.TOKENS, actor)
    with _locked(path):
        present = read_tokens(path)
        if all(one.name != name for one in present):
            known = ", ".join(one.name for one in present) or "none yet"
            raise AccessError(f"no token named {name!r}; there are: {known}")
        _write(path, [one for one in present if one.name != name])


class Gate:
    """Lets requests through that show a token of a file, read again whenever it changes."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def find(self, header: str) -> Token | None:
        """Return the token of an ``Authorization`` header; None where it shows none that holds."""
        kind, _, text = header.partition(" ")
        found = _FORM.fullmatch(text.strip())
        if kind.lower() != "bearer" or not found:
            return None
        token = self._present().get(found[1])
        given = _hash(text.strip())
        if token is None or not hmac.compare_digest(given, token.hash):
            return None
        return token if token.is_valid(self._now()) else None

    def _present(self) -> dict[str, Token]:
        try:
            stat = self._path.stat()
        except OSError:  # the file is gone: so is every token
            return {}
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if stamp != self._stamp:
            self._tokens = {one.id: one for one in read_tokens(self._path)}
            self._stamp = stamp
        return self._tokens


def _hash(text: str) -> str:
    """Return the SHA-256 of a token; its 256 random bits need no slow hash and no salt."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _write(path: Path, tokens: Sequence[Token]) -> None:
    write_whole(path, json.dumps({"tokens": [asdict(one) for one in tokens]}, indent=1) + "\n")
    path.chmod(0o600)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    make_private(path.parent)
    with locked(path.with_name(f".{path.name}.lock")):
        yield
