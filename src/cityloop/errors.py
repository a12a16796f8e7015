"""The errors of Cityloop, each saying what, where, got, allowed and cure.

CityloopError
├── InputError            something the user gave cannot be read or understood
│   └── SettingsError     city.toml or a norm table: every fault at once
├── RecordError           a record or decision that the loop cannot accept
├── StoreError            the data folder cannot be read or written
│   ├── CityLocked        another process owns the city
│   ├── StoreBusy         more is waiting to be written than fits: send it again
│   ├── StoreFull         no room is left on the disk
│   └── StoreVersion      the data folder was written by another version
├── EngineError           an outside simulator refused or failed
├── Forbidden             a room asked for what it may not see
└── Cancelled             the user stopped a running job
"""

from collections.abc import Sequence

__all__ = [
    "Cancelled",
    "CityLocked",
    "CityloopError",
    "EngineError",
    "Forbidden",
    "InputError",
    "RecordError",
    "SettingsError",
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "StoreVersion",
]


class CityloopError(Exception):
    """One sentence for people, made of what, where, got, allowed and cure.

    >>> str(CityloopError("Unknown unit.", where="flow.csv", got="gpmm", allowed="gpm, l/s", cure="Correct it."))
    'Unknown unit. Where: flow.csv. Got: gpmm. Allowed: gpm, l/s. Cure: Correct it.'
    """

    exit_code = 1

    def __init__(
        self, what: str, *, where: str = "", got: object = None, allowed: object = None, cure: str = ""
    ) -> None:
        self.what, self.where, self.got, self.allowed, self.cure = what, where, got, allowed, cure
        parts = [what]
        for label, part in (("Where", where), ("Got", got), ("Allowed", allowed), ("Cure", cure)):
            if part is not None and part != "":
                text = str(part).rstrip(".")
                parts.append(f"{label}: {text}" if text.endswith(("?", "!")) else f"{label}: {text}.")
        super().__init__(" ".join(parts))


class InputError(CityloopError):
    """Something the user gave cannot be read or understood."""

    exit_code = 2


class SettingsError(InputError):
    """Every fault of city.toml or of a norm table, named at once."""

    def __init__(self, where: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        listed = "\n".join(f"  {i}. {fault}" for i, fault in enumerate(self.faults, 1))
        super().__init__(f"{len(self.faults)} fault(s) in {where}:\n{listed}")


class RecordError(CityloopError):
    """A record or decision that the loop cannot accept."""

    exit_code = 2


class StoreError(CityloopError):
    """The data folder cannot be read or written."""

    exit_code = 3


class CityLocked(StoreError):
    """Another process owns the city."""


class StoreBusy(StoreError):
    """More is waiting to be written than fits; nothing of what was sent is kept."""


class StoreFull(StoreError):
    """No room is left on the disk; what was acknowledged is safe."""


class StoreVersion(StoreError):
    """The data folder was written by a version this one cannot read."""


class EngineError(CityloopError):
    """An outside simulator refused or failed."""

    exit_code = 4


class Forbidden(CityloopError):
    """A room asked for what it may not see."""

    exit_code = 5


class Cancelled(CityloopError):
    """The user stopped a running job; what was committed stays."""

    exit_code = 130
