"""Faults of a settings file, collected and raised once; every key asked for is checked, every other key is a fault."""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from cityloop.errors import CityloopError, InputError, SettingsError
from cityloop.i18n import Pair

__all__ = ["KINDS", "STATUSES", "Faults", "Stated", "Table", "check_kind", "nearest", "slip_of"]

T = TypeVar("T")
STATUSES = ("confirmed", "unconfirmed", "assumed", "given")
"""How well a number is known: read in its source, second-hand, our assumption, given by the user."""


@dataclass(frozen=True)
class Stated:
    """A number with where it comes from and how sure that is; `low` and `high` bound it where a range is known."""

    value: float
    source: str
    status: str
    low: float | None = None
    high: float | None = None


def nearest(word: str, known: Iterable[str]) -> str:
    """ "Did you mean 'x'?" for the nearest known word, "" if none is near.

    >>> nearest("timezon", ["timezone", "crs"])
    "Did you mean 'timezone'?"
    """
    by_case = {k.casefold(): k for k in known}
    near = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return f"Did you mean '{by_case[near[0]]}'?" if near else ""


#: Kinds of things that water networks and meters have. Other engines and domains bring their own: none is listed here.
KINDS = ("boundary", "junction", "pipe", "pump", "tank", "reservoir", "valve", "network", "station", "meter")


class Faults:
    """The list of faults of one file; `done()` raises them all at once."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: list[str] = []

    def add(self, what: str, *, where: str, got: object = None, allowed: object = None, cure: str = "") -> None:
        """One fault in the words of CityloopError."""
        self.found.append(str(InputError(what, where=where, got=got, allowed=allowed, cure=cure)))

    def catch(self, fault: CityloopError, *, where: str) -> None:
        """A fault that another room found, named with its key here."""
        self.add(fault.what, where=where, got=fault.got, allowed=fault.allowed, cure=fault.cure)

    def done(self) -> None:
        """Raise SettingsError if there is any fault."""
        if self.found:
            raise SettingsError(self.where, self.found)


def slip_of(word: str, known: Sequence[str]) -> str:
    """The known word that another one looks like a misspelling of; "" for a known word and for one of its own.

    >>> slip_of("pipee", KINDS), slip_of("transformer", KINDS)
    ('pipe', '')
    """
    near = [] if word in known else difflib.get_close_matches(word, known, n=1, cutoff=0.8)
    return near[0] if near else ""


def check_kind(kind: str, where: str, faults: Faults) -> None:
    """A fault for a kind of thing that is no word, or that looks like a slip of the pen for a common one."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", kind) or slip_of(kind, KINDS):
        faults.add(
            "An unknown kind of thing.", where=where, got=kind,
            allowed=f"{', '.join(KINDS)}, or a kind that a model or a domain has, in small letters",
            cure=nearest(kind, KINDS),
        )  # fmt: skip


class Table:
    """One TOML table read key by key. A wrong value is recorded and a stand-in returned, so that reading goes on."""

    def __init__(self, data: Mapping[str, Any], path: str, faults: Faults) -> None:
        self.data, self.path, self.faults = data, path, faults
        self.asked: set[str] = set()

    def key(self, name: str) -> str:
        """The full name of a key, as errors say it."""
        return f"{self.path}.{name}" if self.path else name

    def _take(self, name: str, kind: str, fits: Callable[[Any], bool], required: bool, cure: str) -> Any:
        """The raw value if present and fitting, else None with a fault where one is due."""
        self.asked.add(name)
        if name not in self.data:
            if required:
                self.faults.add("A required key is missing.", where=self.key(name), allowed=kind, cure=cure)
            return None
        value = self.data[name]
        if not fits(value):
            self.faults.add(
                "A value of the wrong type.", where=self.key(name), got=repr(value), allowed=kind, cure=cure
            )
            return None
        return value

    def text(self, name: str, default: str | None = None, *, allowed: Iterable[str] = (), cure: str = "") -> str:
        """A text; `default=None` makes it required; `allowed` lists the only values."""
        choices = tuple(allowed)
        value = self._take(name, "a text in quotes", lambda v: isinstance(v, str) and (v != ""), default is None, cure)
        if value is None:
            return default or ""
        if choices and value not in choices:
            self.faults.add(
                "An unknown value.",
                where=self.key(name), got=value, allowed=", ".join(choices), cure=nearest(value, choices) or cure,
            )  # fmt: skip
        return str(value)

    def number(
        self,
        name: str,
        default: float | None = None,
        *,
        low: float | None = None,
        high: float | None = None,
        cure: str = "",
    ) -> float:
        """A finite number in [low, high]; `default=None` makes it required."""
        value = self._take(name, "a number", _is_number, default is None, cure)
        if value is None:
            return default if default is not None else float("nan")
        if (low is not None and value < low) or (high is not None and value > high):
            span = f"{'' if low is None else low} to {'' if high is None else high}"
            self.faults.add("A number out of its range.", where=self.key(name), got=value, allowed=span, cure=cure)
        return float(value)

    def optional_number(self, name: str, *, low: float | None = None) -> float | None:
        """A number or None."""
        self.asked.add(name)
        return self.number(name, low=low) if name in self.data else None

    def whole(self, name: str, default: int | None = None, *, low: int = 0, high: int = 2**53, cure: str = "") -> int:
        """A whole number in [low, high]; `default=None` makes it required."""
        value = self._take(
            name,
            f"a whole number from {low}",
            lambda v: isinstance(v, int) and not isinstance(v, bool),
            default is None,
            cure,
        )
        if value is None:
            return default if default is not None else low
        if not low <= value <= high:
            self.faults.add(
                "A number out of its range.", where=self.key(name), got=value, allowed=f"{low} to {high}", cure=cure
            )
        return int(value)

    def yes(self, name: str, default: bool) -> bool:
        """true or false."""
        value = self._take(name, "true or false", lambda v: isinstance(v, bool), False, "")
        return default if value is None else bool(value)

    def day(self, name: str) -> date:
        """A required TOML date (2026-01-31, without quotes)."""

        def fits(v: Any) -> bool:
            return isinstance(v, date) and not isinstance(v, datetime)

        value = self._take(name, "a date without quotes, 2026-01-31", fits, True, "Write YYYY-MM-DD without quotes.")
        return value if isinstance(value, date) else date(2000, 1, 1)

    def optional_day(self, name: str) -> date | None:
        """A TOML date or None."""
        self.asked.add(name)
        return self.day(name) if name in self.data else None

    def texts(self, name: str, *, required: bool = False, cure: str = "") -> tuple[str, ...]:
        """A list of texts."""

        def fits(v: Any) -> bool:
            return isinstance(v, list) and all(isinstance(t, str) for t in v)

        return tuple(self._take(name, "a list of texts", fits, required, cure) or ())

    def named_texts(self, name: str) -> dict[str, str]:
        """A table of texts, { year = "laid in" }; empty where it is not there."""

        def fits(v: Any) -> bool:
            return isinstance(v, dict) and all(isinstance(t, str) and t for t in v.values())

        return dict(self._take(name, 'a table of texts, { year = "laid in" }', fits, False, "") or {})

    def pair(self, name: str) -> Pair:
        """A name in English and Chinese: { en = "...", zh = "..." }; one text serves for both."""

        def fits(v: Any) -> bool:
            if isinstance(v, str):
                return v != ""
            return isinstance(v, dict) and set(v) == {"en", "zh"} and all(isinstance(t, str) and t for t in v.values())

        value = self._take(name, 'a text or { en = "...", zh = "..." }', fits, True, "Give the name in both languages.")
        if isinstance(value, str):
            return Pair(value, value)
        return Pair(value["en"], value["zh"]) if value else Pair("", "")

    def stated(
        self, name: str, *, low: float | None = None, high: float | None = None, required: bool = True
    ) -> Stated | None:
        """A number with its source: { value = 1, source = "...", status = "given" } and, if known, low and high."""
        cure = f'Write {name} = {{ value = 1.0, source = "where it comes from", status = "given" }}.'
        value = self._take(name, "a number with its source", lambda v: isinstance(v, dict), required, cure)
        if value is None:
            return None
        table = Table(value, self.key(name), self.faults)
        found = Stated(
            table.number("value", low=low, high=high),
            table.text("source", cure="Say where the number comes from."),
            table.text("status", allowed=STATUSES),
            table.optional_number("low"),
            table.optional_number("high"),
        )
        if (found.low is not None and found.value < found.low) or (found.high is not None and found.value > found.high):
            self.faults.add("The value lies outside its own low and high.", where=self.key(name), got=found.value)
        table.close()
        return found

    def table(self, name: str, *, required: bool = True) -> "Table | None":
        """A table under this one."""
        value = self._take(name, "a table", lambda v: isinstance(v, dict), required, f"Add [{self.key(name)}].")
        return None if value is None else Table(value, self.key(name), self.faults)

    def tables(self, name: str, *, required: bool = False) -> "tuple[Table, ...]":
        """A list of tables ([[name]])."""

        def fits(v: Any) -> bool:
            return isinstance(v, list) and all(isinstance(t, dict) for t in v)

        value = self._take(name, "a list of tables", fits, required, f"Add [[{self.key(name)}]].")
        return tuple(Table(t, f"{self.key(name)}[{i}]", self.faults) for i, t in enumerate(value or (), 1))

    def close(self) -> None:
        """Every key nobody asked for is a fault."""
        for name in self.data:
            if name not in self.asked:
                self.faults.add(
                    "An unknown key.",
                    where=self.key(name), allowed=", ".join(sorted(self.asked)),
                    cure=nearest(name, self.asked) or "Remove it or correct its name.",
                )  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
