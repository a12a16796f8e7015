"""Everything a report needs of a city, read once from a View; and loop.json, which it is the source of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from cityloop.contracts import Domain, NormRule, View
from cityloop.errors import RecordError
from cityloop.i18n import Pair
from cityloop.records import (
    NOUNS,
    Countermeasure,
    Datastream,
    Evidence,
    Goal,
    Location,
    Plan,
    Problem,
    Project,
    Realisation,
    Thing,
    Verification,
    record_id,
)
from cityloop.report.blocks import Inline
from cityloop.report.order import about_a_sensor, by_weight
from cityloop.report.trace import Trace
from cityloop.report.words import both
from cityloop.settings import CitySettings, load_norms
from cityloop.settings.billing import BILLED

if TYPE_CHECKING:
    from cityloop.domains.water.losses.water_balance import Balances

__all__ = ["RECENT_DAYS", "DailySeries", "Facts", "Refused", "read_facts", "refused_from"]

_RECORD = re.compile(r"[\w.-]+:(?:thing|countermeasure):[0-9a-f]{12}")
#: The mean of a daily indicator is taken over this many last days.
RECENT_DAYS = 28


@dataclass(frozen=True)
class Refused:
    """Rows that were refused for one reason: how many, and the first as it came."""

    source: str
    reason: str
    rows: int
    example: str


@dataclass(frozen=True)
class DailySeries:
    """Daily values of one indicator of one boundary: days (ISO) and values, None where absent."""

    thing: str
    indicator: str
    unit: str
    days: tuple[str, ...]
    values: tuple[float | None, ...]
    simulated: bool

    @property
    def known(self) -> list[tuple[str, float]]:
        """Days that have a value, with it."""
        return [(d, v) for d, v in zip(self.days, self.values, strict=True) if v is not None]


@dataclass(frozen=True)
class Facts:
    """The city's records by noun, its daily series, its norms, and the trace into loop.json."""

    view: View
    settings: CitySettings
    refused: tuple[Refused, ...]
    rates: Mapping[str, Realisation]
    norms: Mapping[str, Mapping[str, NormRule]]
    things: Mapping[str, Thing]
    locations: Mapping[str, Location]
    datastreams: tuple[Datastream, ...]
    problems: tuple[Problem, ...]
    goals: tuple[Goal, ...]
    countermeasures: tuple[Countermeasure, ...]
    plans: tuple[Plan, ...]
    projects: tuple[Project, ...]
    verifications: tuple[Verification, ...]
    causes_of: Mapping[str, tuple[str, ...]]
    """Domain -> what a crew can find that is the trouble it was sent for."""
    series: Mapping[tuple[str, str], DailySeries]
    """(Thing id, indicator) -> its daily values."""
    untold: Mapping[tuple[str, str], str]
    """(Thing id, indicator) -> why there are none."""
    unjudged: Mapping[str, str]
    """Baseline id -> why its works cannot be judged by now, in both languages."""
    trace: Trace

    @property
    def causes(self) -> frozenset[str]:
        """What a crew can find in any domain that is the trouble it was sent for."""
        return frozenset(cause for causes in self.causes_of.values() for cause in causes)

    @property
    def boundaries(self) -> list[Thing]:
        """Metered boundaries in the order of city.toml, then any other by name."""
        order = {
            record_id(self.view.city, "thing", "boundary", b.id): i for i, b in enumerate(self.settings.boundaries)
        }
        found = [t for t in self.things.values() if t.kind == "boundary"]
        return sorted(found, key=lambda t: (order.get(t.id, len(order)), t.name))

    @cached_property
    def water_balances(self) -> "Balances":
        """The balances from billed volumes, also in loop.json; empty, and nothing is read, where no bill is on record."""
        from cityloop.domains.water import domain
        from cityloop.domains.water.losses.water_balance import INPUTS, water_balances

        found = water_balances(self.view, domain.priors)
        for balance in found.balances:
            self.trace.add("balances", msgspec.to_builtins(balance))
        for period in found.periods:
            self.trace.add("billing_periods", msgspec.to_builtins(period))
        if found.balances:
            inputs = {key: vars(found.inputs[key]) for key in INPUTS}
            self.trace.add("balance_inputs", {"id": "balance_inputs", **inputs})
        return found

    @property
    def metered(self) -> list[Datastream]:
        """The datastreams that report by the hour or so, not by the day or by billing period."""
        return [s for s in self.datastreams if _by_the_hour(s)]

    @property
    def concerns(self) -> list[Problem]:
        """Problems of the city itself, those that stand and the dearest first."""
        return by_weight(p for p in self.problems if not about_a_sensor(p))

    @property
    def sensor_faults(self) -> list[Problem]:
        """Problems of measurements."""
        return by_weight(p for p in self.problems if about_a_sensor(p))

    @property
    def simulated(self) -> bool:
        """Whether any series or result was simulated."""
        return any(r.simulated for r in (*self.datastreams, *self.problems, *self.projects, *self.verifications))

    def name(self, thing: str) -> Inline:
        """Name of a Thing: a boundary's in both languages, else its own."""
        for boundary in self.settings.boundaries:
            if record_id(self.view.city, "thing", "boundary", boundary.id) == thing:
                return boundary.name
        found = self.things.get(thing)
        if found is not None and found.kind == "city":
            return self.settings.name
        if found is not None and {"name_en", "name_zh"} <= set(found.properties):
            return Pair(str(found.properties["name_en"]), str(found.properties["name_zh"]))
        return found.name if found else thing

    def readable(self, text: str) -> Pair:
        """A text of a record in both languages, with names and titles in place of record ids."""

        def inserted(half: str, *, chinese: bool) -> str:
            return _RECORD.sub(lambda match: self._called(match[0], chinese=chinese), half)

        pair = both(text)
        return Pair(inserted(pair.en, chinese=False), inserted(pair.zh, chinese=True))

    def _called(self, id: str, *, chinese: bool) -> str:
        """Title of a countermeasure or name of a Thing in one language."""
        measure = self.countermeasure(id)
        if measure is not None:
            return measure.title_zh if chinese else measure.title_en
        name = self.name(id)
        return (name.zh if chinese else name.en) if isinstance(name, Pair) else str(name)

    def countermeasure(self, id: str) -> Countermeasure | None:
        """A countermeasure by id."""
        return next((c for c in self.countermeasures if c.id == id), None)

    def projects_of(self, problem: Problem) -> list[Project]:
        """The works that answer a problem or its goal."""
        about = {problem.id, *(g.id for g in self.goals if g.problem == problem.id)}
        answers = {c.id for c in self.countermeasures if about & set(c.answers)}
        return [p for p in self.projects if p.countermeasure in answers]

    def area_km(self, problem: Problem) -> Inline:
        """Length of a ranked area."""
        return self.trace.derived(
            f"area_km:{problem.id}", sum(row.length_m for row in problem.area) / 1000, unit="km", decimals=1,
            formula="sum of area[].length_m / 1000", of=[f"{problem.id}#area"],
        )  # fmt: skip

    @property
    def chosen(self) -> dict[str, Plan]:
        """Countermeasure id -> the plan that chose it; the approved one first."""
        found: dict[str, Plan] = {}
        for plan in self.plans:
            for line in plan.lines:
                found.setdefault(line.countermeasure, plan)
        return found


def read_facts(
    view: View, settings: CitySettings, domains: Sequence[Domain], *, refused: Sequence[Refused] = (),
    rates: Mapping[str, Realisation] | None = None, unjudged: Mapping[str, str] | None = None,
    listed: Sequence[Mapping[str, Any]] = (),
) -> Facts:  # fmt: skip
    """Read a city once. The View is asked for records, blocks and evidence, nothing is computed by a model.

    `listed` are rows of the city's own project list, as project_list.listed_rows gives them.
    """
    things = {t.id: t for t in view.records(Thing)}
    series: dict[tuple[str, str], DailySeries] = {}
    untold: dict[tuple[str, str], str] = {}
    entries = []
    window = _window(view)
    for domain in domains:
        for thing, indicator in _asked(view, domain):
            found = _read_series(view, domain, indicator, thing, untold, window)
            if found is not None and (thing, indicator) not in series:
                series[(thing, indicator)], entry = found
                entries.append(entry)
    worlds = (view.policy.binding_norm, *view.policy.compare_norms)
    told = {p.domain for p in view.records(Problem)}
    told |= {d.name for d in domains if any(i in d.indicators for _, i in series)}
    norms = {world: _rules(view, world, told) for world in worlds if world}
    loop_json = _loop_json(view, settings, norms, rates or {}, entries) | {"unjudged": dict(unjudged or {})}
    if listed:
        loop_json["ListedProject"] = list(listed)
    status = {"approved": 0, "proposed": 1}
    plans = sorted((p for p in view.records(Plan) if p.status in status), key=lambda p: (status[p.status], p.id))
    return Facts(
        view=view,
        settings=settings,
        refused=tuple(refused),
        rates=rates or {},
        norms=norms,
        things=things,
        locations={r.id: r for r in view.records(Location)},
        datastreams=view.records(Datastream),
        problems=view.records(Problem),
        goals=view.records(Goal),
        countermeasures=view.records(Countermeasure),
        plans=tuple(plans),
        projects=view.records(Project),
        verifications=view.records(Verification),
        causes_of={domain.name: tuple(domain.causes) for domain in domains},
        series=series,
        untold=untold,
        unjudged=unjudged or {},
        trace=Trace(loop_json, view.timezone),
    )


def _rules(view: View, world: str, told: set[str]) -> dict[str, NormRule]:
    """The rules of one world for the domains that tell something of this city, in the order of its tables."""
    found = {key: view.norm(key, world) for key in load_norms(world)}
    return {key: rule for key, rule in found.items() if rule is not None and (not rule.domain or rule.domain in told)}


def _by_the_hour(stream: Datastream) -> bool:
    """Whether a datastream reports more often than once a day."""
    return stream.observed_property not in BILLED and stream.step_s < 86_400


def _window(view: View) -> tuple[datetime, datetime] | None:
    """The full hours from the first to the last observation of the city."""
    streams = [s.id for s in view.records(Datastream) if _by_the_hour(s)]
    span = view.span(streams) if streams else None
    if span is None:
        return None
    start, end = (
        t.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for t in (span[0], min(span[1], view.now))
    )
    return start, end


def _asked(view: View, domain: Domain) -> list[tuple[str, str]]:
    """(Thing, indicator) pairs that a domain may have a series of: every boundary, and what its problems are about."""
    pairs = [(t.id, i) for t in view.records(Thing) if t.kind == "boundary" for i in domain.indicators]
    pairs += [
        (p.boundary, p.indicator) for p in view.records(Problem)
        if p.domain == domain.name and p.indicator in domain.indicators
    ]  # fmt: skip
    return list(dict.fromkeys(pairs))


def _read_series(
    view: View, domain: Domain, indicator: str, thing: str, untold: dict[tuple[str, str], str],
    window: tuple[datetime, datetime] | None,
) -> tuple[DailySeries, dict[str, Any]] | None:  # fmt: skip
    """Daily values of one indicator from its first to its last observation; None where the domain cannot tell."""
    if window is None:
        return None
    start, end = window
    # the other boundaries serve as controls in verification; a shown value needs none
    others = tuple(t.id for t in view.records(Thing) if t.kind == "boundary")
    try:
        found = domain.series(view, indicator, thing, start=start, end=end, exclude=others)
    except RecordError as fault:
        untold.setdefault((thing, indicator), fault.what)
        return None
    present = np.flatnonzero(np.isfinite(found.y))
    if not found.datastreams or not len(present):
        return None
    # other datastreams of the city may begin long before: days before the first value say nothing
    days = tuple(str(d) for d in found.days[present[0] :].astype("datetime64[D]"))
    values = tuple(float(v) if np.isfinite(v) else None for v in found.y[present[0] :])
    daily = DailySeries(thing, indicator, found.unit, days, values, found.simulated)
    evidence = view.evidence(found.datastreams, start=start, end=end)
    return daily, _entry(daily, found.datastreams, evidence)


def _entry(daily: DailySeries, datastreams: Sequence[str], evidence: Evidence) -> dict[str, Any]:
    """A series as loop.json holds it, with the figures that the report takes from its last days."""
    last = date.fromisoformat(daily.days[-1])
    since = (last - timedelta(days=RECENT_DAYS - 1)).isoformat()
    recent = [(d, v) for d, v in daily.known if d >= since]
    values = [v for _, v in recent]
    low, high = min(daily.known, key=lambda r: r[1]), max(daily.known, key=lambda r: r[1])
    return {
        "thing": daily.thing,
        "indicator": daily.indicator,
        "unit": daily.unit,
        "simulated": daily.simulated,
        "datastreams": list(datastreams),
        "evidence": msgspec.to_builtins(evidence),
        "recent_from": since,
        "recent_to": daily.days[-1],
        "recent_days": len(values),
        "recent_mean": float(np.mean(values)) if values else None,
        "lowest": low[1],
        "lowest_day": low[0],
        "highest": high[1],
        "highest_day": high[0],
        "values": dict(zip(daily.days, daily.values, strict=True)),
    }


def _loop_json(
    view: View, settings: CitySettings, norms: Mapping[str, Mapping[str, NormRule]], rates: Mapping[str, Realisation],
    series: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """One object: the city, one list per noun with the latest versions, daily series, rates, norms."""
    out: dict[str, Any] = {
        "city": _city(settings),
        "now": msgspec.to_builtins(view.now.astimezone(UTC)),
        "timezone": view.timezone,
        "as_of_seq": view.as_of_seq,
    }
    for noun, cls in NOUNS.items():
        out[noun] = [msgspec.to_builtins(record) for record in view.records(cls)]
    out["series"] = series
    out["rates"] = {kind: msgspec.to_builtins(rate) for kind, rate in rates.items()}
    out["norms"] = {world: {key: _rule(rule) for key, rule in rules.items()} for world, rules in norms.items()}
    out["derived"] = []
    return out


def _rule(rule: NormRule) -> dict[str, Any]:
    return {
        "world": rule.world, "key": rule.key, "title_en": rule.title.en, "title_zh": rule.title.zh,
        "formula": rule.formula, "limit": rule.limit, "unit": rule.unit, "source": rule.source, "date": rule.date,
        "status": rule.status, "reason_absent": rule.reason_absent,
    }  # fmt: skip


def _city(settings: CitySettings) -> dict[str, Any]:
    """What city.toml states: names, place, policy, every stated number with source and status."""
    policy = settings.policy
    stated = {key: msgspec.to_builtins(value) for key, value in settings.stated.items()}
    for boundary in settings.boundaries:
        for key in ("mains_km", "connections", "population"):
            value = getattr(boundary, key)
            if value is not None:
                stated[f"boundary.{boundary.id}.{key}"] = msgspec.to_builtins(value)
    return {
        "id": settings.id,
        "name_en": settings.name.en,
        "name_zh": settings.name.zh,
        "country": settings.country,
        "timezone": settings.timezone,
        "crs": settings.crs,
        "policy": {
            "currency": policy.currency, "price_year": policy.price_year, "discount_rate": policy.discount_rate,
            "years": policy.years, "budget_per_year": list(policy.budget_per_year), "level": policy.level,
            "targets": dict(policy.targets), "due_days": policy.due_days,
            "crew_km_per_day": policy.crew_km_per_day, "binding_norm": policy.binding_norm,
            "compare_norms": list(policy.compare_norms),
        },
        "stated": stated,
    }  # fmt: skip


def refused_from(table: Any) -> tuple[Refused, ...]:
    """Quarantine rows (source, position, raw, reason, seq) counted by source and reason, most first."""
    count: dict[tuple[str, str], list[str]] = {}
    for row in table.select(["source", "position", "raw", "reason"]).to_pylist():
        count.setdefault((row["source"], row["reason"]), []).append(f"{row['position']}: {row['raw']}")
    found = [Refused(source, reason, len(rows), rows[0]) for (source, reason), rows in count.items()]
    return tuple(sorted(found, key=lambda r: (-r.rows, r.source, r.reason)))
