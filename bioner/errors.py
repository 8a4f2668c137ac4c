"""The errors that a person can mend; everything else is a bug and keeps its traceback."""

from __future__ import annotations


class BionerError(Exception):
    """One sentence for a person: what was wrong, where, and how to mend it."""


class AccessError(BionerError):
    """Somebody asked for what their role does not allow, or could not be told apart."""


class DeviceError(BionerError):
    """A device or precision that is not there, or that no part of the program knows."""


class ExtraError(BionerError):
    """What was asked for needs packages that the base install leaves out."""


class FormatError(BionerError):
    """A file does not hold what its format says; the message begins with ``file:line:``."""


class SchemaError(BionerError):
    """A label, mapping or schema file contradicts the label schema."""


class CorpusError(BionerError):
    """A corpus is unknown, absent, or not what its pin says."""


class ModelError(BionerError):
    """A model folder is missing, damaged, or does not fit what is asked of it."""


class HubError(BionerError):
    """A hub cannot be reached, lets nobody in, or has no such repository."""


class ConventionError(BionerError):
    """A convention that a model does not know, or one that cannot be added to it."""


class StoreError(BionerError):
    """The annotation store refused a change; nothing of the change was saved."""


class StaleRevisionError(StoreError):
    """Somebody saved a newer revision of the document; theirs is kept, ours shown beside it."""


class JobError(BionerError):
    """A training job cannot be started, stopped, resumed or found."""


class Stopped(BionerError):
    """Somebody asked the work to stop; what was whole by then is on disk, and it can go on."""


class TrainingError(BionerError):
    """Training cannot begin or go on with this data and configuration."""
