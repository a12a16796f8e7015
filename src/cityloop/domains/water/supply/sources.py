"""What a city says and observes of its supplies: numbers with their sources, daily storage and inflow, daily demand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.balance import boundaries, find_meters, hourly_balance, streams_of
from cityloop.domains.water.localtime import civil_days
from cityloop.i18n import Pair
from cityloop.records import Datastream, Thing

__all__ = ["M3_PER_DAY_PER_L_PER_S", "DailyRecord", "Supply", "SupplySystem", "number_of", "read_system"]

M3_PER_DAY_PER_L_PER_S = 86.4
#: Years of record that are read; days that a storage reading may be old.
LONGEST_YEARS, OLDEST_DAYS = 30, 45
#: Hours that a day of demand must have.
LEAST_HOURS = 20
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class DailyRecord:
    """A daily series: civil days without a gap (n,), values (n,) NaN where absent, and where it was read."""

    days: Days
    values: Floats
    streams: tuple[str, ...]
    simulated: bool

    @property
    def known(self) -> int:
        """Days with a value."""
        return int(np.isfinite(self.values).sum())


@dataclass(frozen=True)
class Supply:
    """One source of water; `storage_m3` is what it holds now above nothing (dead storage included), None without a storage."""

    thing: Thing
    kind: str
    priority: float
    capacity_m3_per_day: float
    """Infinite where only the storage limits it."""
    storage_m3: float | None = None
    storage_day: date | None = None
    full_m3: float = 0.0
    dead_m3: float = 0.0
    release_m3_per_day: float = 0.0
    """What must be let down the river before anything is taken."""
    storage: DailyRecord | None = None
    inflow: DailyRecord | None = None
    inflow_how: str = ""
    """"observed", or "balance" = rise of the storage plus what was taken."""
    from_day: int = 0
    """Days from now until it gives anything."""

    @property
    def name(self) -> Pair:
        """Its name in both languages."""
        return Pair(*(str(self.thing.properties.get(key, self.thing.name)) for key in ("name_en", "name_zh")))

    @property
    def usable_m3(self) -> float:
        """What can be taken from a full storage."""
        return max(self.full_m3 - self.dead_m3, 0.0)


@dataclass(frozen=True)
class SupplySystem:
    """The supplies that are there, those that could be, and what is drawn from them together."""

    thing: Thing
    supplies: tuple[Supply, ...]
    possible: tuple[Supply, ...]
    served: tuple[Thing, ...]
    demand: DailyRecord
    unmetered: tuple[str, ...]
    """Served boundaries whose demand is not measured."""
    unread: tuple[str, ...]
    """Supplies that cannot be counted on because their storage was not read lately, or never."""
    start: date
    """First day that is not yet known."""

    @property
    def stored(self) -> tuple[Supply, ...]:
        """Supplies with a storage."""
        return tuple(s for s in self.supplies if s.storage_m3 is not None)

    @property
    def streams(self) -> tuple[str, ...]:
        """Every datastream that was read."""
        records = [r for s in self.supplies for r in (s.storage, s.inflow) if r is not None]
        return tuple(dict.fromkeys((*self.demand.streams, *(i for r in records for i in r.streams))))

    @property
    def simulated(self) -> bool:
        """Whether any of them was simulated."""
        records = [r for s in self.supplies for r in (s.storage, s.inflow) if r is not None]
        return self.demand.simulated or any(r.simulated for r in records)

    def stated(self, key: str, priors: Mapping[str, Prior], prior: str) -> tuple[float, str, str]:
        """A number of [drought] with its source and status, else that of priors.csv."""
        value = self.thing.properties.get(key)
        if isinstance(value, int | float):
            told = (str(self.thing.properties.get(f"{key}_{end}", "")) for end in ("source", "status"))
            return (float(value), *told)  # type: ignore[return-value]
        row = priors[prior]
        return row.value, row.source, row.status


def number_of(thing: Thing, key: str) -> float | None:
    """A stated number of a Thing; None where it states none."""
    value = thing.properties.get(key)
    return float(value) if isinstance(value, int | float) else None


def read_system(view: View) -> SupplySystem | None:
    """The supplies of the city as they stand at `view.now`; None where city.toml has no [[supply]]."""
    things = view.records(Thing)
    system = next((t for t in things if t.kind == "supply_system"), None)
    if system is None:
        return None
    by_thing: dict[str, list[Datastream]] = {}
    for observed in ("volume", "water_level", "water_flow"):
        for thing, group in streams_of(view, observed).items():
            by_thing.setdefault(thing, []).extend(group)
    found, possible, unread = [], [], []
    for one in sorted((t for t in things if t.kind == "supply"), key=lambda t: t.name):
        supply = _supply(view, one, by_thing)
        if one.properties.get("state") == "possible":
            possible.append(supply)
        elif any(r.kind == "storage" for r in one.relations) and supply.storage_m3 is None:
            unread.append(one.name)
        else:
            found.append(supply)
    served_ids = {r.thing for r in system.relations if r.kind == "serves"}
    served = tuple(b for b in boundaries(view) if b.id in served_ids)
    demand, unmetered = _demand(view, served)
    return SupplySystem(
        system, tuple(sorted(found, key=lambda s: (s.priority, s.thing.name))), tuple(possible), served, demand, unmetered,
        tuple(unread), _today(view),
    )  # fmt: skip


def _today(view: View) -> date:
    now = np.array([np.datetime64(view.now.replace(tzinfo=None), "us")])
    return date.fromisoformat(str(civil_days(now, view.timezone)[0]))


# --- one supply --------------------------------------------------------------------------------------------------
def _supply(view: View, thing: Thing, streams: Mapping[str, Sequence[Datastream]]) -> Supply:
    numbers = {
        key: number_of(thing, key)
        for key in ("capacity_m3_per_day", "full_storage_m3", "dead_storage_m3", "ecological_release_m3_per_day")
    }
    records = {
        r.kind: daily
        for r in thing.relations
        if r.kind in ("storage", "inflow", "release")
        and (daily := _daily(view, streams.get(r.thing, ()), thing, r.kind))
    }
    storage = records.get("storage")
    now, day = _latest(storage, _today(view)) if storage else (None, None)
    inflow, how = records.get("inflow"), "observed"
    if inflow is None and storage is not None and "release" in records:
        inflow, how = _from_balance(storage, records["release"]), "balance"
    capacity = numbers["capacity_m3_per_day"]
    return Supply(
        thing, str(thing.properties.get("supply_kind", "surface")), number_of(thing, "priority") or 1.0,
        capacity if capacity is not None else float("inf"), now, day, numbers["full_storage_m3"] or 0.0,
        numbers["dead_storage_m3"] or 0.0, numbers["ecological_release_m3_per_day"] or 0.0, storage, inflow,
        how if inflow is not None else "",
    )  # fmt: skip


def _latest(record: DailyRecord, today: date) -> tuple[float | None, date | None]:
    """The last reading and its day; none where it is older than OLDEST_DAYS."""
    good = np.flatnonzero(np.isfinite(record.values))
    if not len(good):
        return None, None
    day = date.fromisoformat(str(record.days[good[-1]]))
    return (float(record.values[good[-1]]), day) if (today - day).days <= OLDEST_DAYS else (None, day)


def _daily(view: View, streams: Sequence[Datastream], supply: Thing, role: str) -> DailyRecord | None:
    """A storage as m3 by day (mean of its readings), an inflow or release as m3 a day (total); None without readings."""
    kinds = ("volume", "water_level") if role == "storage" else ("volume", "water_flow")
    stream = next((s for kind in kinds for s in streams if s.observed_property == kind), None)
    if stream is None or (span := view.span([stream.id])) is None:
        return None
    end = min(span[1], view.now).replace(minute=0, second=0, microsecond=0)
    start = max(span[0], end - timedelta(days=366 * LONGEST_YEARS)).replace(minute=0, second=0, microsecond=0)
    if end <= start:
        return None
    times, block = view.block([stream.id], start=start, end=end)
    mean, total = _by_day(civil_days(times, view.timezone), block[:, 0])
    days = np.arange(civil_days(times[:1], view.timezone)[0], civil_days(times[-1:], view.timezone)[0] + 1)
    if stream.observed_property == "water_level":
        mean = _volume_of(supply, mean)
    if role == "storage":
        values = mean
    elif stream.observed_property == "water_flow":
        values = mean * M3_PER_DAY_PER_L_PER_S
    else:
        values = total * max(3600.0 / stream.step_s, 1.0)
    return DailyRecord(days, values, (stream.id,), stream.simulated)


def _by_day(labels: Days, values: Floats) -> tuple[Floats, Floats]:
    """Mean and sum of the values of each day, NaN where there are none."""
    position = (labels - labels[0]).astype(np.int64)
    good = np.isfinite(values)
    count = np.bincount(position[good], minlength=int(position[-1]) + 1)
    total = np.bincount(position[good], weights=values[good], minlength=len(count))
    some = count > 0
    return np.where(some, total / np.maximum(count, 1), np.nan), np.where(some, total, np.nan)


def _volume_of(supply: Thing, level_m: Floats) -> Floats:
    """Volume from level by the supply's curve, NaN without one or outside it."""
    text = str(supply.properties.get("level_volume", ""))
    curve = [tuple(float(x) for x in pair.split(",")) for pair in text.split(";") if pair]
    if len(curve) < 2:
        return np.full(len(level_m), np.nan)
    levels, volumes = (np.array([c[i] for c in curve]) for i in (0, 1))
    return np.asarray(np.interp(level_m, levels, volumes, left=np.nan, right=np.nan))


def _from_balance(storage: DailyRecord, release: DailyRecord) -> DailyRecord:
    """Inflow = rise of the storage over a day + what was taken on it, none below zero (evaporation is left in it)."""
    rise = np.diff(storage.values, append=np.nan)
    taken = _on_days(release, storage.days)
    values = np.where(np.isfinite(rise + taken), np.maximum(rise + taken, 0.0), np.nan)
    streams = (*storage.streams, *release.streams)
    return DailyRecord(storage.days, values, streams, storage.simulated or release.simulated)


def _on_days(record: DailyRecord, days: Days) -> Floats:
    position = (days - record.days[0]).astype(np.int64)
    inside = (position >= 0) & (position < len(record.days))
    out = np.full(len(days), np.nan)
    out[inside] = record.values[position[inside]]
    return out


# --- demand ------------------------------------------------------------------------------------------------------
def _demand(view: View, served: Sequence[Thing]) -> tuple[DailyRecord, tuple[str, ...]]:
    """What all served boundaries took by day, m3, only on days when every metered one is known; who is not metered."""
    meters = {b.id: find_meters(view, b) for b in served}
    metered = [b for b in served if meters[b.id].inflow and not meters[b.id].missing]
    streams = tuple(dict.fromkeys(s for b in metered for s in meters[b.id].datastreams))
    span = view.span(streams) if streams else None
    unmetered = tuple(b.name for b in served if b not in metered)
    empty = DailyRecord(np.empty(0, dtype="datetime64[D]"), np.empty(0), streams, False)
    if span is None:
        return empty, unmetered
    start, end = _hours(span[0]), _hours(min(span[1], view.now))
    if end - start < timedelta(days=1):
        return empty, unmetered
    total: Floats | None = None
    labels = np.empty(0, dtype="datetime64[D]")
    for boundary in metered:
        times, balance = hourly_balance(view, meters[boundary.id], start=start, end=end)
        total = balance if total is None else total + balance
        labels = civil_days(times, view.timezone)
    assert total is not None
    position = (labels - labels[0]).astype(np.int64)
    good = np.isfinite(total)
    count = np.bincount(position[good], minlength=int(position[-1]) + 1)
    summed = np.bincount(position[good], weights=total[good], minlength=len(count))
    values = np.where(count >= LEAST_HOURS, summed / np.maximum(count, 1) * M3_PER_DAY_PER_L_PER_S, np.nan)
    days = np.arange(labels[0], labels[-1] + 1)
    return DailyRecord(days, values, streams, any(meters[b.id].simulated for b in metered)), unmetered


def _hours(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
