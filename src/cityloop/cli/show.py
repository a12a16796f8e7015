"""Numbers, money, times and names as people read them, in the language of this run."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cityloop.cli.language import language, say
from cityloop.i18n import Pair
from cityloop.records import Estimate, Money, Thing
from cityloop.report.words import GRADES, INDICATORS, KINDS, STATES, STATUSES, word

if TYPE_CHECKING:
    from cityloop.city import City

__all__ = ["estimate", "grade", "iso", "kind", "label", "money", "names", "number", "state", "status"]

_UNITS = {"1": Pair("", ""), "repair": Pair("repairs", "处"), "sensor": Pair("sensors", "只")}
_INTERVAL = Pair("{value}{unit} ({low} to {high}, {level} interval)", "{value}{unit}（{level} 区间 {low} 至 {high}）")


def kind(name: str) -> str:
    """A kind of problem, measure or indicator; its own name where the report has no word for it."""
    table = INDICATORS if name in INDICATORS else KINDS
    return say(word(table, name))


def state(name: str) -> str:
    """The state of a record."""
    return say(word(STATES, name))


def grade(name: str) -> str:
    """The grade of a verification."""
    return say(word(GRADES, name))


def status(name: str) -> str:
    """How well a number is known."""
    return say(word(STATUSES, name))


def number(value: float) -> str:
    """Three figures that mean something, thousands apart.

    >>> number(12345.6), number(0.01234), number(5.0)
    ('12,346', '0.0123', '5.00')
    """
    if not math.isfinite(value):
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def estimate(found: Estimate | None) -> str:
    """A value with its interval and level; "-" for none."""
    if found is None:
        return "-"
    unit = say(_UNITS[found.unit]) if found.unit in _UNITS else found.unit
    if language() == "zh":
        unit = re.sub(r" \((\d{4})\)", r"（\1 年价）", unit.replace("/year", "/年"))
    if found.low == found.value == found.high:
        return f"{number(found.value)} {unit}".rstrip()
    return say(
        _INTERVAL, value=number(found.value), low=number(found.low), high=number(found.high), unit=f" {unit}" if unit else "",
        level=f"{found.level:.0%}",
    )  # fmt: skip


def label(pair: Pair, text: str = "") -> str:
    """ "label: text" with the colon of the language."""
    return f"{say(pair)}：{text}" if language() == "zh" else f"{say(pair)}: {text}".rstrip()


def money(amount: Money | None) -> str:
    """An amount with its currency and price year."""
    if amount is None:
        return "-"
    year = f" ({amount.price_year})" if language() == "en" else f"（{amount.price_year} 年价）"
    return f"{number(amount.amount)} {amount.currency}{year}"


def iso(moment: datetime, zone: str) -> str:
    """ISO 8601 with offset, to the minute, in the city's zone."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def names(city: "City") -> Mapping[str, str]:
    """Thing id -> how people call it; a boundary by the name that city.toml gives it."""
    from cityloop.records import Filter

    found = {}
    for thing in city.store.records(Thing, Filter.operator()):
        stated = thing.properties.get(f"name_{language()}")
        found[thing.id] = stated if isinstance(stated, str) and stated else thing.name
    return found
