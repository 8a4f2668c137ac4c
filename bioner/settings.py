"""Where things are: the user's data folder, the checkout's folders, the database, the device."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from bioner.errors import BionerError

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Folders and addresses, each from its ``BIONER_*`` variable or its default.

    ``home`` holds what people made (database, edited schema, own corpora); ``backups`` its rotated
    copies. ``data``, ``models`` and ``jobs`` hold what the machine can make again.
    """

    home: Path
    backups: Path
    database_url: str
    data: Path
    models: Path
    jobs: Path
    device: str

    @property
    def merged(self) -> Path:
        """The default folder of the merged dataset."""
        return self.data / "merged"

    @property
    def raw(self) -> Path:
        """Where ``corpora fetch`` puts the public files."""
        return self.data / "raw"

    @property
    def sample(self) -> Path:
        """The shipped sample corpus."""
        return PROJECT_ROOT / "data" / "sample"

    @property
    def schema_file(self) -> Path:
        """The user's edited label schema, if there is one."""
        return self.home / "labels.yaml"

    @property
    def own_corpora(self) -> Path:
        """The user's own corpora, one folder each."""
        return self.home / "corpora"


def read_settings() -> Settings:
    """Read the settings from the environment.

    ``BIONER_HOME``, ``BIONER_BACKUPS``, ``BIONER_DATABASE_URL``, ``BIONER_DATA``,
    ``BIONER_MODELS``, ``BIONER_JOBS`` and ``BIONER_DEVICE`` (auto, cpu or cuda) override the
    defaults.
    """
    home = _folder(
        "BIONER_HOME", Path(platformdirs.user_data_dir("bioner-studio", appauthor=False))
    )
    device = os.environ.get("BIONER_DEVICE", "auto")
    if device not in ("auto", "cpu", "cuda"):
        raise BionerError(f"BIONER_DEVICE: expected auto, cpu or cuda, got {device!r}")
    return Settings(
        home=home,
        backups=_folder("BIONER_BACKUPS", home.with_name(home.name + "-backups")),
        database_url=os.environ.get("BIONER_DATABASE_URL", f"sqlite:///{home / 'bioner.sqlite3'}"),
        data=_folder("BIONER_DATA", PROJECT_ROOT / "data"),
        models=_folder("BIONER_MODELS", PROJECT_ROOT / "models"),
        jobs=_folder("BIONER_JOBS", PROJECT_ROOT / "jobs"),
        device=device,
    )


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default
