"""Tokens of the REST service: shown once, kept as hashes, scoped, revocable."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path

import pytest

from bioner.access import Actor, Role
from bioner.bearer import TOKENS, Gate, add_token, read_tokens, revoke_token
from bioner.errors import AccessError
from bioner.files import locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / TOKENS


def test_a_token_is_kept_as_a_hash_that_nobody_else_may_read(path: Path):
    text = add_token(path, "lab")
    assert text.rpartition("_")[2] not in path.read_text("utf-8")
    assert text not in path.read_text("utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [token] = read_tokens(path)
    assert (token.name, token.scopes) == ("lab", ("predict", "health"))
    found = Gate(path).find(f"Bearer {text}")
    assert found == token


def test_who_makes_a_token_waits_for_whoever_makes_one(path: Path):
    add_token(path, "first")
    other = threading.Thread(target=add_token, args=(path, "second"))
    with locked(path.with_name(f".{path.name}.lock")):
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join(20)
    assert [one.name for one in read_tokens(path)] == ["first", "second"]


def test_only_the_very_token_is_believed(path: Path):
    text = add_token(path, "lab")
    gate = Gate(path)
    other = text[:-1] + ("A" if text[-1] != "A" else "B")
    for header in ("", "Bearer", f"Basic {text}", f"Bearer {other}", f"Bearer {text}x", text):
        assert gate.find(header) is None
    assert gate.find(f"bearer  {text} ") is not None


def test_a_revoked_token_is_refused_at_once_and_an_expired_one_too(path: Path):
    first, second = add_token(path, "one"), add_token(path, "two", days=1)
    gate = Gate(path)
    assert gate.find(f"Bearer {first}")
    assert gate.find(f"Bearer {second}")
    revoke_token(path, "one")
    assert gate.find(f"Bearer {first}") is None
    assert gate.find(f"Bearer {second}") is not None
    tomorrow = Gate(path, now=lambda: time.time() + 90_000)
    assert tomorrow.find(f"Bearer {second}") is None
    path.unlink()
    assert gate.find(f"Bearer {second}") is None


def test_what_is_no_token_is_one_sentence(path: Path):
    add_token(path, "lab")
    for name, scopes in (
        ("lab", ("predict",)),
        ("a b", ("predict",)),
        ("x", ("write",)),
        ("x", ()),
    ):
        with pytest.raises(AccessError):
            add_token(path, name, scopes=scopes)
    with pytest.raises(AccessError, match="no token named 'gone'; there are: lab"):
        revoke_token(path, "gone")
    path.write_text('{"tokens": [{"id": 1}]}')
    with pytest.raises(AccessError, match="damaged"):
        Gate(path).find("Bearer bns_00000000_" + "A" * 43)


def test_only_an_administrator_makes_and_revokes_tokens(path: Path):
    add_token(path, "lab")
    curator = Actor("Ann", Role.CURATOR, is_known=True)
    with pytest.raises(AccessError, match="needs an administrator"):
        add_token(path, "more", actor=curator)
    with pytest.raises(AccessError, match="needs an administrator"):
        revoke_token(path, "lab", actor=curator)
    assert [one.name for one in read_tokens(path)] == ["lab"]
