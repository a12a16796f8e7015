"""What follows from a water balance: rates and indices, each by its own rule, service, and the check by the night flow.

An indicator that an input is missing for is absent, with the reason; no rate stands in for another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from cityloop.contracts import Floats, NormRule, Prior, View
from cityloop.domains.water.losses.balance_texts import say
from cityloop.domains.water.losses.cjj92 import LossRate, Unknown, loss_rate
from cityloop.domains.water.losses.iwa import DRAWS, Volumes, around, estimate_of, formula_fits, sure, uarl_m3_per_day
from cityloop.domains.water.losses.service_level import Pressures, energy_kwh, pressure_limits, read_pressures
from cityloop.domains.water.losses.supply_days import Supply
from cityloop.domains.water.pressure.logs import inside
from cityloop.evidence.normal import half_width
from cityloop.i18n import Pair
from cityloop.records import Estimate, Thing

__all__ = ["Part", "Performance", "Used", "performance"]

#: Nights with a value that the check by the night flow needs.
LEAST_NIGHTS = 14
#: Pipes of this diameter and more count for R2 of CJJ 92, mm.
DN75_MM = 75.0


@dataclass(frozen=True)
class Used:
    """A number that went in, with where it is from."""

    value: float
    unit: str
    source: str
    status: str


@dataclass(frozen=True)
class Performance:
    """`indicators` by key with their interval; `absent` key -> why ("en | zh"); `used` what went in."""

    indicators: Mapping[str, Estimate]
    absent: Mapping[str, str]
    used: Mapping[str, Used]
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    inside_formula: bool = False
    """Whether UARL's inputs lie in the range that its formula was made for."""


@dataclass(frozen=True)
class Part:
    """One area of a balance."""

    thing: Thing
    supply: Supply


@dataclass
class _Work:
    """What is found on the way."""

    view: View
    priors: Mapping[str, Prior]
    parts: Sequence[Part]
    lines: Mapping[str, Floats]
    volumes: Volumes
    start: date
    end: date
    name: Pair
    indicators: dict[str, Estimate] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    used: dict[str, Used] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    @property
    def days(self) -> int:
        """Length of the span."""
        return (self.end - self.start).days

    def put(self, key: str, quantity: Floats, unit: str) -> None:
        """Keep an indicator with its interval."""
        self.indicators[key] = estimate_of(quantity, self.view.policy.level, unit)

    def stated(self, key: str) -> tuple[float, str] | None:
        """Sum of a property over the areas and its weakest status; None where one lacks it."""
        found = [p.thing.properties.get(key) for p in self.parts]
        numbers = [float(v) for v in found if isinstance(v, int | float)]
        if len(numbers) < len(self.parts):
            return None
        said = [str(p.thing.properties.get(f"{key}_status", "assumed")) for p in self.parts]
        order = ("assumed", "unconfirmed", "given", "confirmed")
        return sum(numbers), min(said, key=lambda s: order.index(s) if s in order else 0)


def performance(
    view: View, priors: Mapping[str, Prior], parts: Sequence[Part], lines: Mapping[str, Floats], volumes: Volumes,
    span: tuple[date, date], name: Pair, *, whole_city: bool,
) -> Performance:  # fmt: skip
    """Everything that the balance over [span) says of the areas `parts`; `whole_city` adds the energy of the pumps."""
    work = _Work(view, priors, parts, lines, volumes, *span, name)
    pressures = read_pressures(view, [p.thing for p in parts], *span)
    fits = _international(work, pressures)
    _chinese(work, whole_city)
    _service(work, pressures)
    if whole_city:
        _energy(work)
    else:
        work.absent["energy_per_m3"] = say("energy_of_city")
    _by_night(work)
    return Performance(
        work.indicators, work.absent, work.used, tuple(work.notes), tuple(work.findings), inside_formula=fits
    )


# --- IWA ----------------------------------------------------------------------------------------------------------
def _international(work: _Work, pressures: Pressures) -> bool:
    """NRW share, losses by day, connection and km, UARL and ILI; whether the formula of UARL was made for such a network."""
    lines, days = work.lines, work.days
    work.put("nrw", lines["non_revenue"] / lines["system_input"] * 100, "%")
    real = lines["real"] / days
    work.put("real_loss", real, "m3/day")
    work.put("loss_volume", lines["losses"] / days, "m3/day")
    mains, connections = work.stated("mains_km"), work.stated("connections")
    for key, found, unit in (("mains_km", mains, "km"), ("connections", connections, "connection")):
        if found is not None:
            work.used[key] = Used(found[0], unit, "city.toml", found[1])
    if connections is not None and connections[0] > 0:
        work.put("real_per_connection", real * 1000 / connections[0], "L/(connection d)")
    else:
        work.absent["real_per_connection"] = say("not_stated", key="connections")
    if mains is not None and mains[0] > 0:
        work.put("real_per_km", real / mains[0], "m3/(km d)")
    else:
        work.absent["real_per_km"] = say("not_stated", key="mains_km")
    if pressures.mean is not None:
        work.used["mean_pressure"] = Used(pressures.mean, "m", str(pressures.used), "observed")
    lacking = [k for k, v in (("mains_km", mains), ("connections", connections)) if v is None]
    areas = [_uarl(work, part) for part in work.parts]
    if lacking:
        work.absent["ili"] = work.absent["uarl"] = say("not_stated", key=", ".join(lacking))
        return False
    if any(u is None for u in areas):
        work.absent["ili"] = work.absent["uarl"] = say("no_loggers")
        return False
    unavoidable = sum(u for u in areas if u is not None)
    work.put("uarl", sure(unavoidable), "m3/day")
    work.put("ili", real / unavoidable, "1")
    assert mains is not None and connections is not None
    return formula_fits(mains[0], connections[0], pressures.mean or 0.0)


def _uarl(work: _Work, part: Part) -> float | None:
    """UARL of one area at the mean pressure of its loggers, m3/day; private pipes 0 unless `private_km` is stated."""
    mains, connections, private = (
        part.thing.properties.get(k, 0.0 if k == "private_km" else None)
        for k in ("mains_km", "connections", "private_km")
    )
    mean = read_pressures(work.view, [part.thing], work.start, work.end).mean
    if mean is None or not all(isinstance(v, int | float) for v in (mains, connections, private)):
        return None
    return uarl_m3_per_day(float(mains or 0), float(connections or 0), float(private or 0), mean)


# --- CJJ 92 -------------------------------------------------------------------------------------------------------
def _chinese(work: _Work, whole_city: bool) -> None:
    """综合漏损率, its corrections and 漏损率; registered use is what stands in the billing tables, without defaults."""
    city = next((t for t in work.view.records(Thing) if t.kind == "city"), None)

    def of_city(key: str, unit: str) -> float | None:
        value = city.properties.get(key) if city is not None else None
        if city is None or not isinstance(value, int | float):
            return None
        work.used[key] = Used(
            float(value), unit, str(city.properties[f"{key}_source"]), str(city.properties[f"{key}_status"])
        )
        return float(value)

    v = work.volumes
    share: Floats | None = None
    if (stated := of_city("per_household_share", "1")) is not None:
        share = sure(stated)
    elif float(v.per_household[0]) > 0:
        share = v.per_household / np.maximum(v.system_input, 1e-9)
        work.used["per_household_share"] = Used(float(share[0]), "1", "billed", "observed")
    length = of_city("dn75_km", "km") if whole_city else None
    if length is None:
        length = _dn75_km(work, whole_city)
    registered = v.billed_metered + v.billed_unmetered + v.unbilled_recorded
    found = loss_rate(
        v.system_input, registered, days=work.days, per_household_share=share, dn75_km=length,
        outlet_pressure_m=of_city("outlet_pressure_m", "m"), frost_depth_m=of_city("frost_depth_m", "m"),
    )  # fmt: skip
    _keep_rate(work, found)


def _keep_rate(work: _Work, found: LossRate) -> None:
    work.put("composite_loss_rate", found.gross, "%")
    inputs = {"R1": "per_household", "R2": "dn75_km", "R3": "outlet_pressure_m", "R4": "frost_depth_m"}
    for key, correction in found.corrections.items():
        if isinstance(correction, Unknown):
            work.absent[key] = say(
                "correction_unknown", key=inputs[key], low=f"{correction.low:g}", high=f"{correction.high:g}"
            )
        else:
            work.put(key, correction, "%")
    work.put("loss_rate", found.graded, "%")


def _dn75_km(work: _Work, whole_city: bool) -> float | None:
    """Length of pipes of DN 75 and more: of the areas, for the city of all pipes; else what is stated as mains."""
    view = work.view
    pipes = [t for t in view.records(Thing) if t.kind == "pipe"] if whole_city else [
        pipe for part in work.parts for pipe in inside(view, part.thing, "pipe")
    ]  # fmt: skip
    known = [
        (float(pipe.properties["diameter_mm"]), float(pipe.properties["length_m"]))
        for pipe in pipes
        if isinstance(pipe.properties.get("diameter_mm"), int | float)
        and isinstance(pipe.properties.get("length_m"), int | float)
    ]
    if known and len(known) == len(pipes):
        length = sum(metres for mm, metres in known if mm >= DN75_MM) / 1000
        work.used["dn75_km"] = Used(length, "km", "pipes", "observed")
        return length
    mains = work.stated("mains_km")
    if mains is None:
        return None
    work.used["dn75_km"] = Used(mains[0], "km", "mains_km", "assumed")
    return mains[0]


# --- service ------------------------------------------------------------------------------------------------------
def _service(work: _Work, pressures: Pressures) -> None:
    """Pass rates by rule world and hours of supply: counted, so without an interval."""
    if not pressures.used:
        work.absent["pressure_pass_rate"] = work.absent["service_hours"] = say("no_loggers")
        return
    for world, limit in pressure_limits(work.view).items():
        rate = pressures.pass_rate(limit)
        if rate is not None:
            work.put(f"pressure_pass_rate:{world}", sure(rate), "%")
    hours = pressures.hours_of_supply()
    if hours is not None:
        work.put("service_hours", sure(hours), "h/day")
    if pressures.used < 3:
        work.findings.append(say("few_loggers", name=work.name, n=pressures.used))


def _energy(work: _Work) -> None:
    found = energy_kwh(work.view, work.start, work.end)
    if found is None:
        work.absent["energy_per_m3"] = say("no_energy")
        return
    kwh, streams, _ = found
    work.put("energy_per_m3", kwh / work.volumes.system_input, "kWh/m3")
    things = {t.id: t.name for t in work.view.records(Thing)}
    work.notes.append(say("energy_pumps", names=", ".join(things.get(s.thing, s.name) for s in streams)))


# --- the check by the night flow ----------------------------------------------------------------------------------
def _by_night(work: _Work) -> None:
    """Real losses from the night flow of the same days against those of the balance, m3/day."""
    total = sure(0.0)
    rule = _night_use(work.view)
    for part in work.parts:
        found = _night_losses(work, part, rule)
        if isinstance(found, str):
            work.absent["real_loss_by_night"] = found
            return
        total = total + found
    assert rule is not None
    if rule.world != work.view.policy.binding_norm:
        work.notes.append(say("foreign_night_use", source=rule.source.partition(";")[0]))
    work.put("real_loss_by_night", total, "m3/day")
    gap = estimate_of(total - work.lines["real"] / work.days, work.view.policy.level, "m3/day")
    work.indicators["night_against_balance"] = gap
    said = {"night": f"{total[0]:,.0f}", "balance": f"{work.lines['real'][0] / work.days:,.0f}"}
    if len(work.parts) > 1:
        return  # each area says for itself whether it fits
    if gap.low <= 0 <= gap.high:
        work.notes.append(say("bottom_up_agrees", **said))
    else:
        work.findings.append(say("bottom_up_differs", name=work.name, **said))


def _night_use(view: View) -> NormRule | None:
    """The rule for legitimate night use of the binding norm; else of one to compare that states it."""
    for world in (view.policy.binding_norm, *view.policy.compare_norms):
        rule = view.norm("legitimate_night_use", world)
        if rule is not None and rule.limit is not None and rule.unit == "l/person/h":
            return rule
    return None


def _night_losses(work: _Work, part: Part, rule: NormRule | None) -> Floats | str:
    """Night flow less legitimate use, over the day by the N1 law at the loggers' pressures, m3/day; else why not."""
    people = part.thing.properties.get("population")
    if not isinstance(people, int | float):
        return say("not_stated", key="population")
    if rule is None or rule.limit is None:
        return say("no_night_rule")
    supply = part.supply
    first, last = np.datetime64(work.start), np.datetime64(work.end)
    mine = (supply.day >= first) & (supply.day < last)
    hours = supply.hour[mine]
    flow, day = supply.flow[mine], supply.day[mine]
    night = (hours >= 1) & (hours < 5) & np.isfinite(flow)
    labels = np.unique(day[night])
    if len(labels) < LEAST_NIGHTS:
        return say("few_nights", n=len(labels), least=LEAST_NIGHTS)
    profile = read_pressures(work.view, [part.thing], work.start, work.end).by_hour()
    if profile is None:
        return say("no_loggers")
    by_night = np.array([float(flow[night & (day == label)].mean()) for label in labels])
    error = float(np.std(by_night)) / np.sqrt(len(by_night))
    rng = np.random.default_rng([20_260_193, int(part.thing.id[-6:], 16)])
    mean = sure(float(by_night.mean()))
    mean[1:] += error * rng.standard_normal(DRAWS)
    mean = mean * (1 + around(work.priors["inlet_meter_error"], int(part.thing.id[-6:], 16)))
    used = sure(people * rule.limit / 3600)
    used[1:] *= np.exp(rng.standard_normal(DRAWS) * np.log(2) / half_width(0.9))
    n1, zones = work.priors["pressure_exponent_n1"], work.priors["pressure_exponent_n1_zones"]
    power = np.clip(around(n1, 1), zones.low, zones.high)
    relative = profile / profile[1:5].mean()
    day_factor = np.sum(relative[None, :] ** power[:, None], axis=1)
    work.used["legitimate_night_use"] = Used(rule.limit, rule.unit, rule.source, rule.status)
    return np.asarray(np.maximum(mean - used, 0.0) * 3.6 * day_factor)
