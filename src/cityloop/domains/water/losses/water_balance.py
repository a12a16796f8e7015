"""The water balance of every metered boundary and of the city, from billed volumes over their own periods.

Over the longest run of days that bills and metered inflow both cover: the IWA table, UARL and ILI, 漏损率 by CJJ 92 and
产销差率, each by its own rule; none stands for another. What does not fit (gaps, more billed than flowed in, bills
that may belong to a neighbour) is said in `findings`, and nothing is moved to make it fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cityloop.contracts import Prior, View
from cityloop.domains.water.balance import boundaries, name_of
from cityloop.domains.water.losses.balance_faults import corrections_outside, does_not_fit, faults_of_bills, swapped
from cityloop.domains.water.losses.balance_texts import say
from cityloop.domains.water.losses.balance_volumes import (
    LEAST_DAYS,
    Area,
    SpanVolumes,
    last_day,
    longest_run,
    shares_of,
    volumes_of,
    whole_periods,
    with_bills,
)
from cityloop.domains.water.losses.bills import Account, covered, read_accounts
from cityloop.domains.water.losses.iwa import balance_lines, estimate_of, sure
from cityloop.domains.water.losses.performance import Part, Performance, performance
from cityloop.domains.water.losses.supply_days import days_between, instant, read_supply
from cityloop.i18n import Pair
from cityloop.records import Estimate, Evidence, Thing, record_id

__all__ = ["INPUTS", "Balance", "Balances", "Missing", "Period", "water_balances"]

#: Errors and shares that a city may state under [balance]; else those of priors.csv.
INPUTS = (
    "inlet_meter_error", "unmetered_error", "apportioning_error", "unbilled_share", "unauthorised_share",
    "customer_meter_error", "data_handling_share",
)  # fmt: skip
_NAMED = 4
_WHOLE_CITY = Pair("Whole city", "全市")


@dataclass(frozen=True)
class Balance:
    """One balance over the days [start, end). `lines` in m3 (iwa.LINES), `performance` everything that is derived from them."""

    id: str
    thing: str
    name: Pair
    start: date
    end: date
    days: int
    simulated: bool
    lines: Mapping[str, Estimate]
    performance: Performance
    default_unbilled: bool
    """Whether unbilled use is the default share of the input, because none is on record."""
    notes: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Period:
    """One billing period of an area that the inflow covers from end to end, days [start, end); m3 and % of the input."""

    id: str
    thing: str
    name: Pair
    start: date
    end: date
    system_input: Estimate
    billed: Estimate
    nrw: Estimate
    gross_loss: Estimate
    """Input less what is billed or registered, % (综合漏损率)."""


@dataclass(frozen=True)
class Missing:
    """A boundary, or the city, of which there is no balance, and why ("en | zh")."""

    thing: str
    name: Pair
    why: str


@dataclass(frozen=True)
class Balances:
    """All balances, the city's last; what there is none of; what does not fit."""

    balances: tuple[Balance, ...]
    missing: tuple[Missing, ...]
    findings: tuple[str, ...]
    inputs: Mapping[str, Prior]
    """Shares and errors as used: priors.csv, or what [balance] of city.toml states."""
    periods: tuple[Period, ...] = ()
    """Every whole billing period by area; nothing in them is apportioned."""


def water_balances(
    view: View, priors: Mapping[str, Prior], *, start: date | None = None, end: date | None = None
) -> Balances:
    """Every balance that the records allow, at most over [start, end); empty without bills: nothing is read then."""
    accounts = read_accounts(view)
    inputs = _inputs(view, priors)
    if not accounts:
        return Balances((), (), (), inputs)
    first = max(filter(None, (min(b.start for a in accounts for b in a.bills), start)))
    last = min(filter(None, (max(b.end for a in accounts for b in a.bills), end)))
    if last <= first:
        none = say("no_common_days", days=0, least=LEAST_DAYS)
        return Balances((), tuple(Missing(b.id, name_of(b), none) for b in boundaries(view)), (), inputs)
    days = days_between(first, last)
    areas, missing = _areas(view, accounts, first, last)
    balances: list[Balance] = []
    findings: list[str] = []
    minor = [text for a in areas for text in faults_of_bills(a, days)]
    for area in areas:
        span = longest_run(covered(area.accounts, days) & area.supply.measured(days), days)
        if span is None or (span[1] - span[0]).days < LEAST_DAYS:
            found = 0 if span is None else (span[1] - span[0]).days
            missing.append(Missing(area.thing.id, area.name, say("no_common_days", days=found, least=LEAST_DAYS)))
            continue
        parts = [volumes_of(area, span, inputs)]
        if parts[0].volumes.system_input[0] <= 0:
            missing.append(Missing(area.thing.id, area.name, say("no_volume")))
            continue
        balances.append(_balance(view, (area,), parts, span, inputs, area.thing, area.name))
        findings += does_not_fit(area, inputs, balances[-1].lines["real"], balances[-1].days)
        minor += corrections_outside(area, balances[-1].start, balances[-1].end)
    findings += swapped(areas, days, inputs)
    whole = _city(view, areas, accounts, days, inputs)
    if isinstance(whole, Balance):
        balances.append(whole)
    elif whole is not None:
        missing.append(whole)
    findings += [text for b in balances for text in b.performance.findings]
    findings += minor
    periods = tuple(p for a in areas for p in _periods(view, a, inputs))
    return Balances(tuple(balances), tuple(missing), tuple(dict.fromkeys(findings)), inputs, periods)


def _inputs(view: View, priors: Mapping[str, Prior]) -> dict[str, Prior]:
    """Priors with what the city states in their place; an error states one number, its interval is as wide both ways."""
    city = next((t for t in view.records(Thing) if t.kind == "city"), None)
    found = dict(priors)
    for key in INPUTS:
        prior, value = priors[key], city.properties.get(key) if city else None
        if city is not None and isinstance(value, int | float):
            low, high = (city.properties.get(f"{key}_{end}", value) for end in ("low", "high"))
            if prior.value == 0:
                value, low, high = 0.0, -float(value), float(value)
            prior = replace(
                prior, value=float(value), low=float(low), high=float(high),
                source=str(city.properties[f"{key}_source"]), status=str(city.properties[f"{key}_status"]),  # type: ignore[arg-type]
            )  # fmt: skip
        found[key] = prior
    return found


def _areas(view: View, accounts: Sequence[Account], first: date, last: date) -> tuple[list[Area], list[Missing]]:
    """Boundaries with bills and input, and those without."""
    areas, missing = [], []
    for number, boundary in enumerate(boundaries(view)):
        mine = tuple(a for a in accounts if a.area == boundary.id)
        supply = read_supply(view, boundary, first, last) if mine else None
        if not mine:
            missing.append(Missing(boundary.id, name_of(boundary), say("no_bills")))
        elif supply is None:
            missing.append(Missing(boundary.id, name_of(boundary), say("no_inflow")))
        else:
            areas.append(Area(boundary, name_of(boundary), number, mine, supply))
    return areas, missing


def _balance(
    view: View, areas: Sequence[Area], parts: Sequence[SpanVolumes], span: tuple[date, date], inputs: Mapping[str, Prior],
    thing: Thing, name: Pair, more: Sequence[Account] = (),
) -> Balance:  # fmt: skip
    """A balance from the volumes of its areas."""
    volumes = parts[0].volumes
    for other in parts[1:]:
        volumes = volumes.plus(other.volumes)
    drawn = balance_lines(volumes, shares_of(inputs))
    level, (start, end) = view.policy.level, span
    accounts = [a for area in areas for a in area.accounts] + list(more)
    streams = sorted({s for a in areas for s in a.supply.meters.datastreams} | {s for a in accounts for s in a.streams})
    days = (end - start).days
    members = [Part(a.thing, a.supply) for a in areas]
    only = thing.kind == "city" or len(boundaries(view)) == 1
    result = performance(view, inputs, members, drawn, volumes, span, name, whole_city=only)
    begin = min(instant(start, view.timezone), *(instant(b.start, view.timezone) for a in accounts for b in a.bills))
    return Balance(
        id=record_id(view.city, "balance", thing.id),
        thing=thing.id,
        name=name,
        start=start,
        end=end,
        days=days,
        simulated=any(a.supply.meters.simulated for a in areas) or any(a.thing.simulated for a in accounts),
        lines={key: estimate_of(quantity, level, "m3") for key, quantity in drawn.items()},
        performance=result,
        default_unbilled=any(p.default_unbilled for p in parts),
        notes=(*_notes(parts, accounts, span, inputs), *result.notes, *((say("trunk"),) if len(areas) > 1 else ())),
        evidence=view.evidence(tuple(streams), start=begin, end=instant(end, view.timezone)),
    )


def _periods(view: View, area: Area, inputs: Mapping[str, Prior]) -> list[Period]:
    level, found = view.policy.level, []
    for start, end, v in whole_periods(area, inputs):
        billed = v.billed_metered + v.billed_unmetered
        registered = billed + v.unbilled_recorded
        found.append(
            Period(
                id=record_id(view.city, "balance", area.thing.id, start.isoformat(), end.isoformat()),
                thing=area.thing.id, name=area.name, start=start, end=end,
                system_input=estimate_of(v.system_input, level, "m3"), billed=estimate_of(billed, level, "m3"),
                nrw=estimate_of(100 * (1 - billed / v.system_input), level, "%"),
                gross_loss=estimate_of(100 * (1 - registered / v.system_input), level, "%"),
            )
        )  # fmt: skip
    return found


def _notes(
    parts: Sequence[SpanVolumes], accounts: Sequence[Account], span: tuple[date, date], inputs: Mapping[str, Prior]
) -> list[str]:
    """What a reader must know of how the volumes came about."""
    found, (start, end) = [], span
    if (days := (end - start).days) < 365:
        found.append(say("short", days=days))
    if cut := list(dict.fromkeys(name for p in parts for name in p.cut)):
        named = ", ".join(cut[:_NAMED]) + (f" (+{len(cut) - _NAMED})" if len(cut) > _NAMED else "")
        n = sum(p.apportioned for p in parts)
        found.append(say("apportioned", n=n, start=start, end=last_day(end), names=named))
    if filled := sum(p.filled for p in parts):
        share = 100 * filled / max(sum(p.hours for p in parts), 1)
        found.append(say("filled", hours=filled, share=f"{share:.1f}"))
    if any(p.default_unbilled for p in parts):
        prior = inputs["unbilled_share"]
        found.append(
            say(
                "default_unbilled", share=f"{prior.value * 100:g}", source=_sourced(prior), status=_STATUS[prior.status]
            )
        )
    if estimated := max(p.estimated for p in parts):
        found.append(say("estimated", share=f"{100 * estimated:.1f}"))
    if summed := sum(p.summed for p in parts):
        found.append(say("summed", rows=summed))
    booked = [b for a in accounts if a.correction for b in a.bills if b.share(start, end) > 0]
    if booked:
        found.append(say("corrections", volume=f"{sum(b.volume_m3 for b in booked):+,.0f}"))
    return found


_STATUS = {
    "confirmed": Pair("confirmed", "已核实"), "unconfirmed": Pair("unconfirmed", "未核实"),
    "assumed": Pair("assumed", "假设"), "given": Pair("given by the city", "城市给定"),
}  # fmt: skip


def _sourced(prior: Prior) -> str:
    return prior.source.partition(";")[0]


def _named(names: Sequence[Pair]) -> Pair:
    return Pair(", ".join(n.en for n in names), "、".join(n.zh for n in names))


# --- the city -----------------------------------------------------------------------------------------------------
def _city(
    view: View, areas: Sequence[Area], accounts: Sequence[Account], days: Sequence[date], inputs: Mapping[str, Prior]
) -> Balance | Missing | None:
    """The sum of the areas over the days they have in common; None where a city has one area only."""
    thing = next((t for t in view.records(Thing) if t.kind == "city"), None)
    places = boundaries(view)
    ids = {b.id for b in places}
    top = [b for b in places if not any(r.kind == "part_of" and r.thing in ids for r in b.relations)]
    own = tuple(a for a in accounts if thing is not None and a.area == thing.id)
    if thing is None or (len(top) == 1 and not own):
        return None
    if own:
        first, last = days[0], days[-1] + timedelta(days=1)
        supplied = [(b, read_supply(view, b, first, last)) for b in top]
        areas = [Area(b, name_of(b), i, (), s) for i, (b, s) in enumerate(supplied) if s is not None]
    mine = [a for a in areas if a.thing.id in {b.id for b in top}]
    if len(mine) < len(top):
        lacking = [name_of(b) for b in top if b.id not in {a.thing.id for a in mine}]
        return Missing(thing.id, _WHOLE_CITY, say("city_area_missing", names=_named(lacking)))
    ok = covered([*(a for area in mine for a in area.accounts), *own], days)
    for area in mine:
        ok &= area.supply.measured(days)
    span = longest_run(ok, days)
    if span is None or (span[1] - span[0]).days < LEAST_DAYS:
        found = 0 if span is None else (span[1] - span[0]).days
        return Missing(thing.id, _WHOLE_CITY, say("no_common_days", days=found, least=LEAST_DAYS))
    if own:
        supplies = [a.supply.volume(*span, inputs, a.stream) for a in mine]
        total = sum((s[0] for s in supplies), sure(0.0))
        filled, hours = sum(s[1] for s in supplies), sum(s[2] for s in supplies)
        parts = [with_bills(own, total, span, inputs, 9_050, filled, hours)]
    else:
        parts = [volumes_of(area, span, inputs) for area in mine]
    counted = [float(p.volumes.system_input[0]) for p in parts]
    if min(counted) <= 0:
        dry = [a.name for a in mine] if own else [a.name for a, n in zip(mine, counted, strict=True) if n <= 0]
        return Missing(thing.id, _WHOLE_CITY, say("city_area_missing", names=_named(dry)))
    return _balance(view, mine, parts, span, inputs, thing, _WHOLE_CITY, own)
