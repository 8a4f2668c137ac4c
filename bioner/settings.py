"""What the environment says: where things are, on what to compute; nobody else reads it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bioner.errors import BionerError
from bioner.machine import Device, read_device, usable_cpus
from bioner.people import People, SignIn

# ONNX Runtime (since 1.32) reports each session to its maker and keeps a number of this machine in
# the user's cache folder, from its import on. Nothing leaves the machine unless a person asks: said
# here, before any library that looks is imported, and to every process that we start.
os.environ.update(ORT_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")

_TIED = "BIONER_TIED"
"""Says to a started program that its standard input is there to tell of its starter's end."""

_PACKAGE = Path(__file__).resolve().parent
_ABOVE = _PACKAGE.parent

IS_CHECKOUT = all((_ABOVE / name).is_file() for name in ("pyproject.toml", "app.py"))
"""Whether this is a checkout; else the package was installed from a wheel."""

PROJECT_ROOT = _ABOVE if IS_CHECKOUT else _PACKAGE / "shipped"
"""Where app.py, pages/, .streamlit/, the model and the sample lie: the checkout, or in the wheel.

Only a checkout's own folders are written to."""

SHIPPED_MODELS = None if IS_CHECKOUT else PROJECT_ROOT / "models"
"""The models of the wheel, beside the user's own; a checkout has them among its own."""


@dataclass(frozen=True)
class Settings:
    """Folders and addresses, each from its ``BIONER_*`` variable or its default.

    ``home`` holds what people made (database, edited schema, own corpora); ``backups`` its rotated
    copies. ``data``, ``models`` and ``jobs`` hold what the machine can make again: in the checkout,
    else in a folder of the user's beside ``home``;
    ``encoders`` are folders of a base encoder, or of several. ``people`` says who signs in and how;
    ``folders`` are those that somebody who signed in may name on the pages, with all below them.
    """

    home: Path
    backups: Path
    database_url: str = field(repr=False)
    data: Path
    models: Path
    jobs: Path
    device: Device
    encoders: tuple[Path, ...] = ()
    people: People = field(default_factory=People)
    folders: tuple[Path, ...] = ()
    suggesters: Path | None = None

    @property
    def merged(self) -> Path:
        """The default folder of the merged dataset."""
        return self.data / "merged"

    @property
    def tagged(self) -> Path:
        """Where a page puts what is tagged in bulk, a folder each."""
        return self.data / "tagged"

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

    @property
    def dictionaries(self) -> Path:
        """The dictionaries that were made of texts, and what was decided about their terms."""
        return self.home / "dictionaries"

    @property
    def vocabularies(self) -> Path:
        """The indexes of vocabularies: concepts with their names."""
        return self.home / "vocabularies"


def read_settings() -> Settings:
    """Read the settings from the environment.

    ``BIONER_HOME``, ``BIONER_BACKUPS``, ``BIONER_DATABASE_URL``, ``BIONER_DATA``,
    ``BIONER_MODELS``, ``BIONER_JOBS``, ``BIONER_ENCODERS`` (folders, joined as in ``PATH``) and
    ``BIONER_DEVICE`` (auto, cpu or cuda) override the defaults; ``BIONER_FOLDERS`` (folders),
    ``BIONER_SUGGESTERS`` (a file that names outside commands) and
    the variables of ``read_people`` say who may do what. Raises DeviceError, BionerError.
    """
    home = _file("BIONER_HOME") or _users_folder()
    work = PROJECT_ROOT if IS_CHECKOUT else home.with_name(home.name + "-work")
    return Settings(
        home=home,
        backups=_folder("BIONER_BACKUPS", home.with_name(home.name + "-backups")),
        database_url=os.environ.get("BIONER_DATABASE_URL", f"sqlite:///{home / 'bioner.sqlite3'}"),
        data=_folder("BIONER_DATA", work / "data"),
        models=_folder("BIONER_MODELS", work / "models"),
        jobs=_folder("BIONER_JOBS", work / "jobs"),
        device=read_device(os.environ.get("BIONER_DEVICE", Device.AUTO), "BIONER_DEVICE"),
        encoders=_folders("BIONER_ENCODERS"),
        people=read_people(),
        folders=_folders("BIONER_FOLDERS"),
        suggesters=_file("BIONER_SUGGESTERS"),
    )


def has_screen() -> bool:
    """Tell whether a browser that is opened here can be seen by whoever asks for it."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def read_people() -> People:
    """Read how people sign in and which role each has.

    ``BIONER_SIGN_IN`` (off, oidc, proxy, public), ``BIONER_ADMINISTRATORS``, ``BIONER_CURATORS``,
    ``BIONER_ANNOTATORS``, ``BIONER_READERS`` (names with commas between, ``*`` for any letters),
    ``BIONER_SIGN_IN_CLAIM``, ``BIONER_SIGN_IN_HOURS``, ``BIONER_PROXY_HEADER``,
    ``BIONER_PROXY_SECRET``. Raises BionerError.
    """
    mode = os.environ.get("BIONER_SIGN_IN", "").strip().lower() or SignIn.OFF
    if mode not in set(SignIn):
        raise BionerError(
            f"BIONER_SIGN_IN: expected one of {', '.join(SignIn)}, got {mode!r}; set it or leave "
            "it out"
        )
    hours = os.environ.get("BIONER_SIGN_IN_HOURS", "12").strip()
    if not hours.isdecimal() or not 0 < int(hours) <= 720:
        raise BionerError(f"BIONER_SIGN_IN_HOURS: expected hours from 1 to 720, got {hours!r}")
    return People(
        sign_in=SignIn(mode),
        administrators=_names("BIONER_ADMINISTRATORS"),
        curators=_names("BIONER_CURATORS"),
        annotators=_names("BIONER_ANNOTATORS"),
        readers=_names("BIONER_READERS"),
        claim=os.environ.get("BIONER_SIGN_IN_CLAIM", "").strip() or "email",
        header=os.environ.get("BIONER_PROXY_HEADER", "").strip() or "X-Forwarded-User",
        secret=os.environ.get("BIONER_PROXY_SECRET", ""),
        hours=int(hours),
    )


def _names(variable: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in os.environ.get(variable, "").split(",") if one.strip())


def _folders(variable: str) -> tuple[Path, ...]:
    given = os.environ.get(variable, "").split(os.pathsep)
    return tuple(Path(place).expanduser() for place in given if place)


def _file(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else None


def _users_folder() -> Path:
    import platformdirs  # not where training alone runs: a machine lent for it has no such package

    return Path(platformdirs.user_data_dir("bioner-studio", appauthor=False))


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default


@dataclass(frozen=True)
class Launched:
    """Which of several processes training together this one is (torchrun's variables)."""

    count: int
    rank: int
    local_rank: int


def read_launched() -> Launched | None:
    """Read which process of several this one is; None where it was started alone."""
    if not {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"} <= os.environ.keys():
        return None
    return Launched(*(int(os.environ[name]) for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK")))


def allotment() -> str | None:
    """Return which graphics cards were allotted to this process; None where nobody said."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def count_cards_by_bus() -> None:
    """Let CUDA number the cards as the driver lists them, unless somebody said otherwise."""
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def see_only_card(address: str) -> None:
    """Let this process, and what it starts, see one card alone; before torch has looked."""
    os.environ["CUDA_VISIBLE_DEVICES"] = address
    count_cards_by_bus()


def hub_cache() -> Path:
    """Return where the hub's client keeps what it fetched (``HF_HUB_CACHE``, ``HF_HOME``)."""
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface"))
    return Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()


def hub_address() -> str | None:
    """Return the address of the hub that ``HF_ENDPOINT`` names; None for the client's own."""
    return os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or None


def cpu_threads() -> int:
    """Return how many threads compute: ``BIONER_THREADS``, ``OMP_NUM_THREADS``, or every CPU."""
    for name in ("BIONER_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) > 0:
            return int(value)
    return usable_cpus()


def tied_environment() -> dict[str, str]:
    """Return that of a program whose standard input tells it of the end of who started it."""
    return child_environment(**{_TIED: "1"})


def take_tie() -> bool:
    """Tell whether this program is so tied; what it starts itself is not."""
    return os.environ.pop(_TIED, "") == "1"


def environment_elsewhere(settings: Settings) -> dict[str, str]:
    """Return what tells a process on another machine where things are: folders that both see.

    Neither the database's address nor what signs people in: a cluster shows its jobs' environment.
    """
    folders = {
        "HOME": settings.home,
        "DATA": settings.data,
        "MODELS": settings.models,
        "JOBS": settings.jobs,
    }
    found = {f"BIONER_{name}": str(folder.absolute()) for name, folder in folders.items()}
    if settings.encoders:
        found["BIONER_ENCODERS"] = os.pathsep.join(str(one.absolute()) for one in settings.encoders)
    return found


def child_environment(**changed: str) -> dict[str, str]:
    """Return the environment for a process that we start: ours, but for what is named."""
    return {**os.environ, **changed}
