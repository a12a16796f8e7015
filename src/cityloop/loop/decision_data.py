"""What a Decision carries in `data`, read with every fault named: numbers as numbers or text, times with a zone."""

import math
from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import NoReturn

from cityloop.errors import RecordError
from cityloop.records import Decision

__all__ = ["check_keys", "moment", "nearest", "number", "refuse", "text"]


def refuse(decision: Decision, what: str, *, got: object = None, allowed: object = None, cure: str = "") -> NoReturn:
    """Raise the RecordError that says what about a decision cannot be accepted."""
    where = f"{decision.verb} {decision.about}"
    raise RecordError(what, where=where, got=got, allowed=allowed, cure=cure)


def nearest(word: str, known: Iterable[str]) -> str:
    """ "Did you mean ...?", or nothing.

    >>> nearest("aprove", ["approve", "assign"])
    'Did you mean approve?'
    """
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""


def check_keys(decision: Decision, allowed: tuple[str, ...]) -> None:
    """Refuse data that no one would read."""
    for key in decision.data:
        if key not in allowed:
            refuse(decision, "Unknown data.", got=key, allowed=", ".join(allowed) or "none", cure=nearest(key, allowed))


def text(decision: Decision, key: str) -> str:
    """A text, "" where absent."""
    return str(decision.data.get(key, "")).strip()


def number(decision: Decision, key: str) -> float | None:
    """A finite number from 0, also written as text; None where absent."""
    raw = decision.data.get(key)
    if raw is None or raw == "":
        return None
    try:
        value = float(raw)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0 or isinstance(raw, bool):
        refuse(decision, f"{key} is not a number from 0.", got=raw, cure=f"Write for example {key} = 5200.")
    return value


def moment(decision: Decision, key: str = "on") -> datetime:
    """An ISO 8601 time with a zone, by default that of the decision; never after it."""
    raw = text(decision, key)
    if not raw:
        return decision.when
    try:
        value = datetime.fromisoformat(raw)
    except ValueError:
        refuse(decision, f"{key} is not a time.", got=raw, allowed="ISO 8601, for example 2026-06-01T08:00+08:00")
    if value.tzinfo is None:
        refuse(decision, f"{key} has no time zone.", got=raw, cure="Add it: 2026-06-01T08:00+08:00 or ...Z.")
    if value > decision.when:
        refuse(
            decision, f"{key} is in the future.", got=raw, allowed=f"up to {decision.when.isoformat()}",
            cure="Record it when it has happened.",
        )  # fmt: skip
    return value.astimezone(decision.when.tzinfo)
