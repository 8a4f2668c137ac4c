"""Who may do what: every role with every action, projects' lists, folders, ways to sign in."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bioner.access import NEEDS, VISITOR, Action, Actor, Role, operator
from bioner.errors import AccessError, BionerError
from bioner.people import People, SignIn, app_command, check_address, check_host, is_loopback
from bioner.settings import read_people

EXPECTED = {
    # reader, annotator, curator, administrator
    Action.READ: "yes yes yes yes",
    Action.ANNOTATE: "no yes yes yes",
    Action.EXPORT: "no yes yes yes",
    Action.CREATE: "no no yes yes",
    Action.CHANGE: "no no yes yes",
    Action.IMPORT: "no no yes yes",
    Action.PRIORITIES: "no no yes yes",
    Action.ADJUDICATE: "no no yes yes",
    Action.ERASE: "no no yes yes",
    Action.BACKUP: "no no yes yes",
    Action.RESTORE: "no no yes yes",
    Action.PROMOTE: "no no yes yes",
    Action.JOBS: "no no yes yes",
    Action.MAPPING: "no no yes yes",
    Action.CORPORA: "no no yes yes",
    Action.SHARE: "no no yes yes",
    Action.DICTIONARY: "no no yes yes",
    Action.MODELS: "no no yes yes",
    Action.FOLDERS: "no no no yes",
    Action.TOKENS: "no no no yes",
}


def test_every_action_is_in_the_table():
    assert set(NEEDS) == set(Action) == set(EXPECTED)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_table_says_and_no_more(role: Role, action: Action):
    actor = Actor("Ann", role, is_known=True)
    is_allowed = EXPECTED[action].split()[role - 1] == "yes"
    assert actor.may(action) is is_allowed
    if is_allowed:
        actor.require(action)
    else:
        with pytest.raises(AccessError, match=r"Ann is an? \w+; to .* needs an? \w+"):
            actor.require(action)


def test_a_projects_list_narrows_a_role_and_never_widens_it():
    people = (("Ann", "curator"), ("Ben", "reviewer"), ("Cy", "reader"))
    curator, annotator = Role.CURATOR, Role.ANNOTATOR
    assert Actor("Ann", curator).may_in(Action.ERASE, people)
    assert not Actor("Ann", annotator).may_in(Action.ERASE, people)  # listed above their role
    assert not Actor("Ben", curator).may_in(Action.ERASE, people)
    assert Actor("Ben", curator).may_in(Action.ANNOTATE, people)
    assert not Actor("Cy", curator).may_in(Action.ANNOTATE, people)
    assert Actor("Dan", curator).may_in(Action.READ, people)
    assert not Actor("Dan", curator).may_in(Action.ANNOTATE, people)
    assert Actor("Dan", curator).may_in(Action.ERASE, ())


def test_an_administrator_cannot_be_locked_out_of_a_project_that_does_not_list_them():
    people = (("Ann", "curator"),)
    assert Actor("Zoe", Role.ADMINISTRATOR).may_in(Action.CHANGE, people)
    assert not Actor("Zoe", Role.ADMINISTRATOR).may_in(Action.CHANGE, (("Zoe", "reader"),))


def test_who_signed_in_writes_under_no_other_name():
    with pytest.raises(AccessError, match="signed in as Ann and cannot write as Ben"):
        Actor("Ann", Role.CURATOR, is_known=True).require_name("Ben")
    Actor("Ann", Role.CURATOR, is_known=True).require_name("Ann")
    Actor("Ann", Role.CURATOR).require_name("Ben")  # nobody signs in here


def test_only_administrators_name_folders_and_those_who_signed_in_only_below_the_roots(
    tmp_path: Path,
):
    inside, outside = tmp_path / "shared" / "corpora", tmp_path / "secret"
    inside.mkdir(parents=True)
    outside.mkdir()
    roots = [tmp_path / "shared"]
    administrator = Actor("Zoe", Role.ADMINISTRATOR, is_known=True)
    assert administrator.require_folder(inside, roots) == inside
    (inside / "link").symlink_to(outside)
    for folder in (outside, inside / "link", inside / ".." / ".." / "secret", Path("/etc")):
        with pytest.raises(AccessError, match="not below a folder"):
            administrator.require_folder(folder, roots)
        with pytest.raises(AccessError, match="not below a folder"):
            administrator.require_folder(folder, [])
    with pytest.raises(AccessError, match="needs an administrator"):
        Actor("Ann", Role.CURATOR, is_known=True).require_folder(inside, roots)
    assert operator().require_folder(outside, []) == outside


def test_a_visitor_of_the_public_mode_reads_and_nothing_else():
    assert [action for action in Action if VISITOR.may(action)] == [Action.READ]


PEOPLE = People(
    sign_in=SignIn.OIDC,
    administrators=("zoe@lab.example",),
    annotators=("*@lab.example",),
    readers=("*@guests.example",),
)


def claims(**changed: object) -> dict[str, object]:
    told = {"is_logged_in": True, "email": "ann@lab.example", "email_verified": True}
    return {**told, "iat": time.time() - 60, **changed}


def test_a_letter_that_folds_to_another_is_another_name():
    people = People(administrators=("boss@lab.example", "kim"), readers=("*",))
    assert people.role_of("BOSS@lab.example") is Role.ADMINISTRATOR
    for name in ("bo\u017fs@lab.example", "\u212aim"):  # a long s, a Kelvin sign
        assert people.role_of(name) is Role.READER


@pytest.mark.parametrize("name", ["ann\u200b@lab.example", "\u202eann@lab.example", "ann\n"])
def test_a_name_that_could_pass_for_anothers_is_refused(name):
    with pytest.raises(AccessError, match="cannot be seen"):
        People(annotators=("*",)).known(name)


def test_the_signed_in_person_gets_the_role_of_the_list_that_has_the_name():
    now = time.time()
    assert PEOPLE.signed_in(claims(), now) == Actor("ann@lab.example", Role.ANNOTATOR, True)
    zoe = PEOPLE.signed_in(claims(email="Zoe@Lab.example"), now)
    assert zoe is not None
    assert zoe.role is Role.ADMINISTRATOR
    with pytest.raises(AccessError, match=r"eve@mail\.example has no role here"):
        PEOPLE.signed_in(claims(email="eve@mail.example"), now)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_provider_has_not_verified_is_nobodys(verified: object):
    with pytest.raises(AccessError, match="has not verified"):
        PEOPLE.signed_in(claims(email_verified=verified), time.time())


def test_nobody_is_signed_in_without_a_sign_in_or_long_after_it():
    now = time.time()
    assert PEOPLE.signed_in({}, now) is None
    assert PEOPLE.signed_in(claims(is_logged_in="yes"), now) is None
    assert PEOPLE.signed_in(claims(iat=now - 13 * 3600), now) is None
    assert PEOPLE.signed_in(claims(iat="soon"), now) is None
    with pytest.raises(AccessError, match="named nobody in the claim 'email'"):
        PEOPLE.signed_in(claims(email=" "), now)


def test_a_proxy_is_believed_on_this_machine_or_with_its_secret_alone():
    people = People(sign_in=SignIn.PROXY, annotators=("ann",))
    secret = People(sign_in=SignIn.PROXY, annotators=("ann",), secret="s3cret")
    assert people.behind_proxy(["ann"], [], "127.0.0.1").name == "ann"
    assert secret.behind_proxy(["ann"], ["s3cret"], "0.0.0.0").name == "ann"
    for one, users, secrets, address in (
        (people, ["ann"], [], "0.0.0.0"),
        (people, ["ann"], [], ""),
        (people, [], [], "127.0.0.1"),
        (people, [""], [], "127.0.0.1"),
        (people, ["ann", "zoe"], [], "127.0.0.1"),
        (people, ["eve"], [], "127.0.0.1"),
        (secret, ["ann"], [], "127.0.0.1"),
        (secret, ["ann"], ["wrong"], "127.0.0.1"),
        (secret, ["ann"], ["wrong", "s3cret"], "127.0.0.1"),
        (secret, ["ann"], ["s3crét"], "127.0.0.1"),
    ):
        with pytest.raises(AccessError):
            one.behind_proxy(users, secrets, address)


@pytest.mark.parametrize(
    ("address", "sign_in", "secret", "is_allowed"),
    [
        ("127.0.0.1", SignIn.OFF, "", True),
        ("::1", SignIn.OFF, "", True),
        ("localhost", SignIn.OFF, "", True),
        ("0.0.0.0", SignIn.OFF, "", False),
        ("::", SignIn.OFF, "", False),
        ("", SignIn.OFF, "", False),
        ("192.0.2.7", SignIn.OFF, "", False),
        ("0.0.0.0", SignIn.OIDC, "", True),
        ("0.0.0.0", SignIn.PUBLIC, "", True),
        ("0.0.0.0", SignIn.PROXY, "", False),
        ("0.0.0.0", SignIn.PROXY, "s3cret", True),
        ("127.0.0.1", SignIn.PROXY, "", True),
    ],
)
def test_an_address_that_others_reach_needs_a_way_to_sign_in(
    address: str, sign_in: SignIn, secret: str, is_allowed: bool
):
    people = People(sign_in=sign_in, secret=secret)
    if is_allowed:
        check_address(address, people)
    else:
        with pytest.raises(AccessError, match="BIONER_"):
            check_address(address, people)


def test_only_the_machines_own_names_are_loopback():
    assert all(
        map(is_loopback, ["127.0.0.1", "127.1.2.3", "[::1]", "::1", "LOCALHOST", "localhost."])
    )
    assert not any(
        map(is_loopback, ["", "0.0.0.0", "::", "localhost.evil.example", "127.0.0.1.nip.io"])
    )


def test_the_environment_says_who_has_which_role(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BIONER_SIGN_IN", "proxy")
    monkeypatch.setenv("BIONER_CURATORS", "ann, *@lab.example ,")
    assert read_people() == People(sign_in=SignIn.PROXY, curators=("ann", "*@lab.example"))
    monkeypatch.setenv("BIONER_SIGN_IN", "oicd")
    with pytest.raises(BionerError, match="BIONER_SIGN_IN: expected one of off, oidc"):
        read_people()


def test_the_app_is_opened_at_no_address_of_others_without_a_way_to_sign_in():
    for host in ("0.0.0.0", "", "192.0.2.7", "::"):
        with pytest.raises(AccessError, match=r"set BIONER_SIGN_IN to oidc .* listen on 127"):
            app_command(host, 8501, ["bioner.lab.example"], People())
        with pytest.raises(AccessError, match="--host-name"):
            app_command(host, 8501, [], People(sign_in=SignIn.OIDC))
    command = app_command("0.0.0.0", 80, ["bioner.lab.example"], People(sign_in=SignIn.OIDC))
    assert command[3:7] == ["--server.address", "0.0.0.0", "--server.port", "80"]
    assert command[-4:-2] == ["--server.allowedHosts", "bioner.lab.example"]
    assert command[-2:] == ["--client.showErrorDetails", "none"]


def test_a_page_asked_for_by_another_machines_name_is_refused_where_nobody_signs_in():
    for host in ("127.0.0.1:8501", "localhost", "localhost:8501", "[::1]:8501", "[::1]", None):
        check_host(host, People())
    for host in ("evil.example", "evil.example:8501", "127.0.0.1.evil.example", "", "[::2]:80"):
        with pytest.raises(AccessError, match="answers to 127"):
            check_host(host, People())
    check_host("bioner.lab.example", People(sign_in=SignIn.PROXY))
