"""The [policy] of city.toml: what the city wants, what it can pay, and by whose rules. One city, one policy.

No price has a hidden default: each comes with its source and status.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from cityloop.contracts import Policy
from cityloop.records import Limit
from cityloop.settings.faults import Stated, Table, slip_of
from cityloop.settings.norms import WORLDS
from cityloop.settings.tariff import read_tariff

__all__ = ["read_policy"]

#: Prices that several domains read; each domain names its own besides (README of its folder).
COMMON_PRICES = ("water_per_m3", "energy_per_kwh")


def read_policy(table: Table) -> tuple[Policy, Mapping[str, Stated]]:
    """The policy, and every stated number behind it by key (`discount_rate`, `prices.water_per_m3`, ...)."""
    stated: dict[str, Stated] = {}

    def number(name: str, low: float, high: float | None = None, *, required: bool = True) -> float:
        found = table.stated(name, low=low, high=high, required=required)
        if found is None:
            return low if required else 0.0
        stated[name] = found
        return found.value

    years = table.whole("years", low=1, high=60)
    currency = table.text("currency", cure='Use the ISO 4217 code, for example "CNY".')
    if currency and not re.fullmatch(r"[A-Z]{3}", currency):
        table.faults.add(
            "A currency that is no ISO 4217 code.",
            where=table.key("currency"),
            got=currency,
            allowed="three capital letters",
        )
    binding = table.text("binding_norm", allowed=WORLDS)
    compare = table.texts("compare_norms")
    for world in compare:
        if world not in WORLDS:
            table.faults.add("An unknown norm.", where=table.key("compare_norms"), got=world, allowed=", ".join(WORLDS))
    policy = Policy(
        currency=currency,
        price_year=table.whole("price_year", low=1990, high=2099),
        discount_rate=number("discount_rate", 0.0, 0.5),
        years=years,
        budget_per_year=_budget(table, years),
        level=table.number("level", 0.9, low=0.5, high=0.999),
        targets=_targets(table),
        due_days=table.whole("due_days", low=1, high=3660),
        prices=_prices(table, stated),
        crew_km_per_day=number("crew_km_per_day", 0.01, 1000.0, required=False),
        binding_norm=binding,
        compare_norms=compare,
        limits=tuple(_read_limit(t) for t in table.tables("limit")),
        tariff=read_tariff(table),
    )
    for id in sorted({limit.id for limit in policy.limits if [m.id for m in policy.limits].count(limit.id) > 1}):
        table.faults.add("A limit that is named twice.", where=table.key("limit"), got=id, cure="State it once.")
    table.close()
    return policy, MappingProxyType(stated)


def _read_limit(table: Table) -> Limit:
    """What the measures of all domains share: crews, room in the street, a transformer's spare capacity."""
    per = table.text("per", "", allowed=("year",)) if "per" in table.data else ""
    table.asked.add("per")
    unit = table.text("unit", cure='Say what is counted, for example "crew-day".')
    limit = Limit(
        id=table.text("id", cure='As the measures name it, for example "crew_days".'),
        amount=table.number("amount", low=0.0),
        unit=f"{unit}/year" if per else unit,
        source=table.text("source", cure="Say whose limit this is."),
    )
    table.close()
    return limit


def _budget(table: Table, years: int) -> tuple[float, ...]:
    """One amount for every year, or a list with one amount per year."""
    if not isinstance(table.data.get("budget_per_year"), list):
        return (table.number("budget_per_year", low=0.0),) * years
    table.asked.add("budget_per_year")
    amounts = table.data["budget_per_year"]
    key = table.key("budget_per_year")
    if len(amounts) != years:
        table.faults.add("Not one amount per year.", where=key, got=len(amounts), allowed=years)
    if not all(isinstance(a, int | float) and not isinstance(a, bool) and 0 <= a < 1e15 for a in amounts):
        table.faults.add("A budget that is not a number from 0.", where=key, got=amounts)
        return ()
    return tuple(float(a) for a in amounts)


def _targets(table: Table) -> Mapping[str, float]:
    inner = table.table("targets")
    if inner is None:
        return {}
    shares = {
        name: inner.number(name, low=0.0, high=1.0, cure="Give the share of the gap to close, 0 to 1.")
        for name in inner.data
    }
    if not shares:
        table.faults.add("No target.", where=inner.path, cure="Name an indicator: night_flow = 0.8.")
    return MappingProxyType(shares)


def _prices(table: Table, stated: dict[str, Stated]) -> Mapping[str, tuple[float, str, str]]:
    inner = table.table("prices")
    prices: dict[str, tuple[float, str, str]] = {}
    for name in inner.data if inner is not None else ():
        found = inner.stated(name, low=0.0) if inner is not None else None
        if found is not None:
            stated[f"prices.{name}"] = found
            prices[name] = (found.value, found.source, found.status)
        if inner is not None and (slip := slip_of(name, COMMON_PRICES)):
            table.faults.add("An unknown price.", where=inner.key(name), cure=f"Did you mean '{slip}'?")
    return MappingProxyType(prices)
