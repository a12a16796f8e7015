"""Numbers, money, times and names as people read them, in the language of this run."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cityloop.cli.language import language, say
from cityloop.i18n import LANGUAGES, Pair
from cityloop.records import Better, Estimate, Money, Problem, Thing
from cityloop.report.numbers import PER, decimals_of, money_unit, shown, significant, unit_text
from cityloop.report.words import GRADES, STATES, STATUSES, named, word

if TYPE_CHECKING:
    from cityloop.city import City

__all__ = [
    "amount",
    "estimate",
    "grade",
    "iso",
    "kind",
    "label",
    "money",
    "moved",
    "names",
    "number",
    "state",
    "status",
    "where_first",
]

_INTERVAL = Pair("{value}{unit} ({low} to {high}, {level} interval)", "{value}{unit}（{level} 区间 {low}～{high}）")
_PATCH = Pair("around {place} ({share} of the probability on {km} km)", "{place} 一带（{km} km 内概率 {share}）")
_THEN = Pair(", then ", "，再查 ")
_YEAR = Pair("{amount} {unit} ({year})", "{amount} {unit}（{year} 年价）")


def kind(name: str) -> str:
    """A kind of problem, measure or indicator; its own name where the report has no word for it."""
    return say(named(name))


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
    """A stated number: three figures that mean something, thousands apart, no empty decimals.

    >>> number(12345.6), number(0.01234), number(5.0)
    ('12,346', '0.0123', '5')
    """
    if not math.isfinite(value):
        return "-"
    if abs(value) >= 100:
        return shown(value, 0)
    text = shown(value, max(significant(value), 0))
    return text.rstrip("0").rstrip(".") if "." in text else text


def moved(effect: Estimate, better: Better) -> tuple[bool, Estimate]:
    """Whether an indicator rises by an effect, and by how much as a positive value."""
    rises = (better == "higher") == (effect.value >= 0)
    if effect.value >= 0:
        return rises, effect
    return rises, Estimate(
        value=-effect.value, low=-effect.high, high=-effect.low, level=effect.level, unit=effect.unit
    )


def estimate(found: Estimate | None) -> str:
    """A value with its interval and level, rounded by what is known; "-" for none. Large sums of yuan in 万元 in Chinese."""
    if found is None:
        return "-"
    unit, scale = unit_text(found.unit).in_(language()), 1.0
    if found.unit.startswith("CNY") and found.unit[3:4] in ("", "/", " ") and language() == "zh":
        written, (_, scale) = money_unit("CNY", found.value)
        unit = unit.replace("元", written.zh, 1)
    unit = f" {unit}" if unit else ""
    if found.low == found.value == found.high:
        one = PER[found.unit].in_(language()) if found.value == 1 and found.unit in PER else unit.strip()
        return f"{number(found.value * scale)} {one}".rstrip()
    decimals = decimals_of((found.high - found.low) / 2 * scale)
    value, low, high = (shown(x * scale, decimals) for x in (found.value, found.low, found.high))
    return say(_INTERVAL, value=value, low=low, high=high, unit=unit, level=f"{found.level:.0%}")


def amount(value: float, unit: str) -> str:
    """A number with its unit in the language of this run."""
    return f"{number(value)} {unit_text(unit).in_(language())}".rstrip()


def label(pair: Pair, text: str = "") -> str:
    """ "label: text" with the colon of the language."""
    return f"{say(pair)}：{text}" if language() == "zh" else f"{say(pair)}: {text}".rstrip()


def money(found: Money | None) -> str:
    """An amount with its currency and price year; large sums of yuan in 万元 in Chinese."""
    if found is None:
        return "-"
    unit, scale = money_unit(found.currency, found.amount)
    at = LANGUAGES.index(language())
    return say(_YEAR, amount=number(found.amount * scale[at]), unit=unit.in_(language()), year=found.price_year)


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


def where_first(problem: Problem, things: Mapping[str, Thing], known: Mapping[str, str]) -> str:
    """Where to begin, in the order of the ranked area; the place itself where nothing is ranked."""
    from cityloop.report.order import patches

    found = patches(problem.area, things, problem.best_place)
    if not found:
        place = problem.best_place or problem.boundary
        return known.get(place, place)
    said = [
        say(_PATCH, place=known.get(p.place, p.place), share=f"{p.share:.0%}", km=shown(p.km, 1)) for p in found
    ]  # fmt: skip
    return say(_THEN).join(said)
