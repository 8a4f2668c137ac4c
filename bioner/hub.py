"""A hub of models and data sets: repositories' names, folders sent and fetched, cards, licences."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from bioner.errors import HubError
from bioner.settings import hub_address

README = "README.md"
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,200}")
_FREE = re.compile(
    r"(CC0|CC[ -]BY(-NC)?(-SA)?(?![-\w])|US public domain|public domain|MIT\b|Apache\b|BSD\b|PDDL)",
    re.IGNORECASE,
)
_IDS = (
    (re.compile(r"CC[ -](BY(?:-NC)?(?:-SA)?(?:-ND)?) (\d\.\d)"), "cc-{0}-{1}"),
    (re.compile(r"CC0( 1\.0)?\b"), "cc0-1.0"),
    (re.compile(r"MIT\b"), "mit"),
    (re.compile(r"Apache-2\.0"), "apache-2.0"),
)


class Kind(StrEnum):
    """What a repository holds."""

    MODEL = "model"
    DATASET = "dataset"


def may_pass_on(licence: str) -> bool:
    """Tell whether the words of a licence are known to let anyone pass the texts on.

    What is unclear, unknown or not said does not; nor do licences without derived works, for what
    is sent is always a changed form.
    """
    return _FREE.match(licence.strip()) is not None


def licence_id(licences: Iterable[str]) -> str:
    """Return the hub's name for the one licence that all of these are; ``other`` for any else."""
    found = {_id(one) for one in licences}
    return found.pop() if len(found) == 1 else "other"


def _id(licence: str) -> str:
    if ";" in licence:
        return "other"
    for pattern, name in _IDS:
        if words := pattern.match(licence.strip()):
            return name.format(*(part.lower() for part in words.groups() if part))
    return "other"


def check_repository(name: str) -> str:
    """Return a repository's name, ``owner/name``; raise HubError for anything else."""
    if not REPOSITORY.fullmatch(name) or ".." in name or "--" in name or len(name) > 96:
        raise HubError(f"{name!r}: expected a repository of the hub, as OWNER/NAME")
    return name


def check_revision(revision: str) -> str:
    """Return a branch, a tag, a commit or nothing; raise HubError for anything else."""
    if revision and not REVISION.fullmatch(revision):
        raise HubError(f"{revision!r}: expected a branch, a tag or a commit")
    return revision


def card_text(head: Mapping[str, Any], body: Sequence[str]) -> str:
    """Return a card in the hub's format: the head as YAML between dashes, then the lines."""
    told = {key: value for key, value in head.items() if value not in ("", [], {}, None)}
    front = yaml.safe_dump(told, sort_keys=False, allow_unicode=True)
    return "\n".join(["---", front.rstrip(), "---", "", *body]).rstrip() + "\n"


def push_folder(folder: Path, repository: str, kind: Kind, *, is_public: bool, said: str) -> str:
    """Send the files of a folder to a repository, made first if there is none; return its address.

    A repository that is made is private unless ``is_public``. Raises HubError.
    """
    from huggingface_hub import HfApi

    check_repository(repository)
    api = HfApi(hub_address(), library_name="bioner-studio")
    with _Told(repository, "send"):
        made = api.create_repo(
            repository, repo_type=kind.value, private=not is_public, exist_ok=True
        )
        api.upload_folder(
            repo_id=repository, repo_type=kind.value, folder_path=folder, commit_message=said
        )
    return str(made)


def pull_folder(
    repository: str, kind: Kind, into: Path, *, files: Collection[str], revision: str = ""
) -> str:
    """Fetch the named files of a repository, those that it has, into a folder; return the commit.

    Nothing else of the repository is fetched, and nothing of it is run. Raises HubError.
    """
    from huggingface_hub import HfApi, snapshot_download

    check_repository(repository)
    check_revision(revision)
    with _Told(repository, "fetch"):
        api = HfApi(hub_address(), library_name="bioner-studio")
        info = api.repo_info(repository, repo_type=kind.value, revision=revision or None)
        commit = str(info.sha)
        snapshot_download(
            repository,
            repo_type=kind.value,
            revision=commit,
            local_dir=into,
            endpoint=hub_address(),
            allow_patterns=sorted(files),
        )
    return commit


class _Told:
    """Turns what the hub's client raises into one sentence."""

    def __init__(self, repository: str, verb: str) -> None:
        self._repository, self._verb = repository, verb

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from huggingface_hub.errors import HfHubHTTPError
        from huggingface_hub.errors import HTTPError as Unreached  # type: ignore[attr-defined]

        if not isinstance(error, OSError | ValueError | RuntimeError | Unreached):
            return
        why = "the hub cannot be reached; check the network"
        if isinstance(error, HfHubHTTPError):
            status = error.response.status_code
            why = {
                401: "not let in; set HF_TOKEN, or sign in with `hf auth login`",
                403: "this token may not; it needs the right to write there",
                404: "there is no such repository, or it is not yours to see",
            }.get(status, f"the hub answered {status}")
        elif isinstance(error, ValueError):
            why = str(error).partition("\n")[0]
        elif isinstance(error, RuntimeError):
            why = "a large file did not get through; try again"
        raise HubError(f"{self._repository}: cannot {self._verb}: {why}") from error
