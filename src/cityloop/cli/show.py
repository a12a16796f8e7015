"""Numbers, money, times and names as people read them, in the language of this run."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cityloop.cli.language import language, say
from cityloop.i18n import Pair
from cityloop.records import Estimate, Money, Thing

if TYPE_CHECKING:
    from cityloop.city import City

__all__ = ["KINDS", "STATES", "estimate", "iso", "kind", "money", "names", "number", "state"]

KINDS = {
    "burst": Pair("burst", "爆管"),
    "growing_leakage": Pair("growing leakage", "渗漏增长"),
    "failing_sensor": Pair("failing sensor", "传感器异常"),
    "survey_and_repair": Pair("leak survey and repair", "检漏与修复"),
    "replace_sensor": Pair("check or replace the sensor", "检修或更换传感器"),
    "night_flow": Pair("night flow", "夜间流量"),
    "sensor_fault": Pair("sensor fault", "传感器故障"),
}
STATES = {
    "open": Pair("open", "待处理"),
    "acknowledged": Pair("acknowledged", "已确认"),
    "dismissed": Pair("dismissed", "已驳回"),
    "merged": Pair("merged", "已合并"),
    "in_works": Pair("in works", "施工中"),
    "closed": Pair("closed", "已关闭"),
    "proposed": Pair("proposed", "已提出"),
    "approved": Pair("approved", "已批准"),
    "superseded": Pair("superseded", "已被取代"),
    "funded": Pair("funded", "资金已落实"),
    "started": Pair("started", "已开工"),
    "done": Pair("done", "已完工"),
    "cancelled": Pair("cancelled", "已取消"),
    "confirmed": Pair("confirmed", "已证实"),
    "refuted": Pair("refuted", "已证伪"),
    "inconclusive": Pair("inconclusive", "无法定论"),
    "unconfirmed": Pair("unconfirmed", "未经证实"),
    "assumed": Pair("assumed", "假定"),
    "given": Pair("given by the user", "用户给定"),
}
_INTERVAL = Pair("{value} {unit} ({low} to {high}, {level} interval)", "{value} {unit}（{level} 区间 {low} 至 {high}）")


def kind(name: str) -> str:
    """A kind of problem, measure or indicator; its own name where the table has none."""
    return say(KINDS[name]) if name in KINDS else name.replace("_", " ")


def state(name: str) -> str:
    """A state, grade or status."""
    return say(STATES[name]) if name in STATES else name


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
    return say(
        _INTERVAL, value=number(found.value), low=number(found.low), high=number(found.high), unit=found.unit,
        level=f"{found.level:.0%}",
    )  # fmt: skip


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
