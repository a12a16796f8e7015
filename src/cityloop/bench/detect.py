"""How soon and how rightly trouble is seen, and how often without any: events injected into real series of inflows.

The product's own detectors look at ten real areas as an operator would: each week at everything, each day after a burst.
First at the series as they are: every Problem that appears there counts as a false alarm, although a real event cannot be
told from one. Then at the same series with one invented event each.
"""

import os
import platform
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from cityloop.bench.areas import measured_city
from cityloop.bench.injections import CELLS, WEEK_H, Injection, draw, injected
from cityloop.bench.memory_view import MemoryView
from cityloop.contracts import Floats, Policy, Progress
from cityloop.errors import InputError
from cityloop.records import Datastream, Problem

__all__ = ["run"]

CITY = "bench"
POLICY = Policy(
    currency="EUR", price_year=2024, discount_rate=0.03, years=1, budget_per_year=(0.0,), level=0.9, targets={},
    due_days=365, prices={}, crew_km_per_day=1.0, binding_norm="eu", compare_norms=(),
)  # fmt: skip
#: The first look at an area comes after so many weeks of its values; a week counts if half of its hours have a value.
WARM_WEEKS, HALF_WEEK_H = 6, 84
#: An alarm that stands at so many weekly looks in a row is a lasting one.
LASTING_WEEKS = 8
#: Alarms of one family and area whose onsets lie this close are one alarm told again.
SAME_DAYS = 28
LEAK = ("burst", "growing_leakage")
#: Problems that a detector of events raises; what stands in a city all the time (slow repairs, dear pumping) is no alarm.
EVENTS = (*LEAK, "failing_sensor", "boundary_change", "swapped_meters", "unexplained_fall")
#: What an injected kind should be called.
RIGHT = {
    "leak": "leak",
    "growing_leak": "leak",
    "burst": "leak",
    "short_burst": "leak",
    "drift": "meter",
    "stuck": "meter",
}
SIZE_CLASSES = ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 5.0), (5.0, 10.0), (10.0, np.inf))


@dataclass(frozen=True)
class Named:
    """A Problem as the bench counts it."""

    area: int
    family: str
    """leak, meter, or the kind itself."""
    kind: str
    onset: int
    """Ordinal of its day, 0 where none is stated."""


@dataclass(frozen=True)
class Outcome:
    """What became of one injection: first look at which it was named, days after its onset; and as what."""

    event: Injection
    days: float | None
    kinds: tuple[str, ...]
    families: tuple[str, ...]


def run(
    data: Path, *, each: int = 10, seed: int = 7, workers: int = 2, progress: Progress | None = None
) -> dict[str, Any]:
    """Look at the series without and with `each` injections of every kind and size.

    `data` holds inflow_hourly.csv, weather_hourly.csv and dma_properties.csv. Raises InputError where they are absent or
    too short. `false_alarms_per_1000_sensor_weeks` counts every Problem that appears on the series as they are, except a
    meter said to be silent while its values are indeed missing; an area-week is a sensor-week.
    """
    if each < 1:
        raise InputError("Nothing to inject.", got=each, allowed="1 and more")
    began = time.monotonic()
    data = Path(data)
    eyes = _Eyes(data)
    hours = len(eyes.series[0])
    looks = range(WARM_WEEKS * WEEK_H, hours + 1, WEEK_H)
    if len(looks) < 3:
        raise InputError(
            "No area is observed long enough.", got=f"{hours // WEEK_H} weeks", allowed=f"{WARM_WEEKS + 2} weeks and more",
            cure="Name a folder with longer series.",
        )  # fmt: skip

    def tell(share: float, number: int, count: int) -> None:
        if progress is not None:
            progress(share, f"{number} / {count}")

    _week_by_week(eyes, looks, lambda n: tell(0.2 * n / len(looks), n, len(looks)))
    plain = {hour: eyes.named(found) for hour, found in eyes.opened.items()}
    weeks = _area_weeks(eyes.series, looks)
    events = draw(eyes.series, _quiet(plain, weeks), each, np.random.default_rng(seed))
    outcomes = []
    for outcome in _outcomes(data, eyes.opened, events, workers):
        outcomes.append(outcome)
        tell(0.2 + 0.8 * len(outcomes) / len(events), len(outcomes), len(events))
    outcomes.sort(key=lambda o: o.event.number)
    return {
        **_alarms(plain, weeks, eyes.view.origin),
        **_figures(outcomes),
        "injected": len(events),
        "each": each,
        "seed": seed,
        "areas": len(eyes.series),
        "aim": {"false_alarms_per_1000_sensor_weeks": 1.0},
        "seconds": round(time.monotonic() - began, 1),
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


# --- looking ------------------------------------------------------------------------------------------------------
def _open(folder: Path) -> tuple[MemoryView, dict[str, int], list[Floats]]:
    """The view, the number of each boundary and the inflow of each area."""
    view, places = measured_city(folder, CITY, POLICY)
    flows = {s.thing: s.id for s in view.records(Datastream)}
    metered = [p.id for p in places if p.id in flows]
    return view, {id: i for i, id in enumerate(metered)}, [view.streams[flows[id]] for id in metered]


class _Eyes:
    """One process' eyes on the areas: what the water domain finds at an hour, with or without an event.

    `opened` = hour of a weekly look -> the Problems that stood open after it: what was named once stays known, as in a city.
    """

    def __init__(self, folder: Path, opened: Mapping[int, Sequence[Problem]] | None = None) -> None:
        from cityloop.registry import domains

        self.view, self.number, self.series = _open(folder)
        self.water = next(d for d in domains() if d.name == "water")
        flows = {s.thing: s.id for s in self.view.records(Datastream)}
        self.streams = [flows[id] for id in self.number]
        self.opened: dict[int, Sequence[Problem]] = dict(opened or {})
        self.known: dict[int, frozenset[Named]] = {}

    def look(self, view: MemoryView, hour: int) -> list[Problem]:
        """The Problems at an hour, seen by somebody who knows those of the weekly look before."""
        before = max((h for h in self.opened if h < hour), default=None)
        known = self.opened[before] if before is not None else ()
        now = view.origin + timedelta(hours=hour)
        found = self.water.problems(replace(view, now=now, things=(*view.things, *known)), None)
        return [p for p in found if p.kind in EVENTS]

    def plain(self, hour: int) -> frozenset[Named]:
        """What is named in the series as they are."""
        if hour not in self.known:
            found = self.opened[hour] if hour in self.opened else self.look(self.view, hour)
            self.known[hour] = self.named(found)
        return self.known[hour]

    def with_event(self, event: Injection, hour: int) -> frozenset[Named]:
        """What is named with an event."""
        stream = self.streams[event.area]
        changed = injected(self.view.streams[stream], event)
        return self.named(self.look(replace(self.view, streams={**self.view.streams, stream: changed}), hour))

    def named(self, found: Iterable[Problem]) -> frozenset[Named]:
        """Problems as the bench counts them."""
        return frozenset(n for p in found for n in self._of(p))

    def _of(self, problem: Problem) -> Iterator[Named]:
        """A Problem of a boundary, or of two."""
        fault = str(problem.details.get("fault", ""))
        family = "leak" if problem.kind in LEAK else "meter" if fault else problem.kind
        kind = f"failing_sensor: {fault}" if fault else problem.kind
        onset = problem.onset.toordinal() if problem.onset else 0
        for place in (problem.boundary, str(problem.details.get("other_boundary", ""))):
            if place in self.number:
                yield Named(self.number[place], family, kind, onset)


def _week_by_week(eyes: _Eyes, looks: Sequence[int], tell: Callable[[int], None]) -> None:
    """Look after look at the series as they are; `eyes.opened` becomes what stands open after each."""
    for number, hour in enumerate(looks, 1):
        eyes.opened[hour] = eyes.look(eyes.view, hour)
        tell(number)


_EYES: list[_Eyes] = []


def _begin(folder: Path, opened: Mapping[int, Sequence[Problem]]) -> None:
    """A worker opens its eyes. Ctrl-C is for the process that was asked; a worker ends with it, and without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _EYES[:] = [_Eyes(folder, opened)]


def _injected_looks(event: Injection) -> Outcome:
    """In a worker: see `_first_seen`."""
    return _first_seen(_EYES[0], event)


def _first_seen(eyes: _Eyes, event: Injection) -> Outcome:
    """Look after look until something is named in the area that is not named without the event."""
    for hour in event.looks(len(eyes.series[event.area])):
        found = {n for n in eyes.with_event(event, hour) if n.area == event.area}
        if not found:
            continue
        known = {n.family for n in eyes.plain(hour) if n.area == event.area}
        new = sorted({(n.kind, n.family) for n in found if n.family not in known})
        if new:
            kinds, families = zip(*new, strict=True)
            return Outcome(event, (hour - event.onset) / 24, kinds, families)
    return Outcome(event, None, (), ())


def _outcomes(
    folder: Path, opened: Mapping[int, Sequence[Problem]], events: Sequence[Injection], workers: int
) -> Iterator[Outcome]:
    """Outcomes as they come; what is not begun is dropped when the reader stops."""
    if workers <= 1:
        eyes = _Eyes(folder, opened)
        yield from (_first_seen(eyes, event) for event in events)
        return
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(folder, dict(opened))
    )
    try:
        for done in as_completed([pool.submit(_injected_looks, event) for event in events]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


# --- the series as they are ---------------------------------------------------------------------------------------
def _area_weeks(streams: Sequence[Floats], looks: Sequence[int]) -> list[list[int]]:
    """By area the weekly looks that count: after WARM_WEEKS of values, with half of the week's hours there."""
    found = []
    for series in streams:
        good = np.flatnonzero(np.isfinite(series))
        first = int(good[0]) if len(good) else len(series)
        found.append(
            [
                hour
                for hour in looks
                if hour >= first + WARM_WEEKS * WEEK_H
                and np.isfinite(series[hour - WEEK_H : hour]).sum() >= HALF_WEEK_H
            ]
        )
    return found


def _quiet(plain: Mapping[int, frozenset[Named]], weeks: Sequence[Sequence[int]]) -> list[list[int]]:
    """By area the looks at which nothing stands open there and eight more weeks follow."""
    last = max(plain)
    return [
        [h for h in hours if h + 8 * WEEK_H <= last and not any(n.area == area for n in plain[h])]
        for area, hours in enumerate(weeks)
    ]


@dataclass(frozen=True)
class _Alarm:
    """A family of Problems that came to stand open in an area: from which look on, for how many weekly looks in a row."""

    area: int
    family: str
    kind: str
    look: int
    weeks: int
    again: bool


def _found_alarms(plain: Mapping[int, frozenset[Named]], weeks: Sequence[Sequence[int]]) -> list[_Alarm]:
    found: list[_Alarm] = []
    for area, hours in enumerate(weeks):
        standing: dict[str, int] = {}
        onsets: dict[str, list[int]] = {}
        for hour in hours:
            now = {n.family: n for n in plain[hour] if n.area == area}
            for family, named in now.items():
                if family in standing:
                    old = found[standing[family]]
                    found[standing[family]] = replace(old, weeks=old.weeks + 1)
                else:
                    again = any(abs(named.onset - o) <= SAME_DAYS for o in onsets.get(family, ()))
                    standing[family] = len(found)
                    found.append(_Alarm(area, family, named.kind, hour, 1, again))
                onsets.setdefault(family, []).append(named.onset)
            standing = {f: i for f, i in standing.items() if f in now}
    return found


def _alarms(plain: Mapping[int, frozenset[Named]], weeks: Sequence[Sequence[int]], origin: datetime) -> dict[str, Any]:
    """Figures of the series as they are. Gaps are facts of the data, no false alarms; they are counted beside."""
    every = _found_alarms(plain, weeks)
    gaps = [a for a in every if a.kind == "failing_sensor: gaps"]
    false = [a for a in every if a not in gaps]
    total = sum(len(w) for w in weeks)

    def rate(count: int) -> float:
        return round(1000 * count / total, 2) if total else 0.0

    return {
        "false_alarms_per_1000_sensor_weeks": rate(len(false)),
        "sensor_weeks": total,
        "false_alarms": len(false),
        "false_alarms_by_kind": dict(Counter(a.kind for a in false).most_common()),
        "false_alarms_lasting": sum(a.weeks >= LASTING_WEEKS for a in false),
        "false_alarms_told_again": sum(a.again for a in false),
        "gaps_rightly_told": len(gaps),
        "alarms": [
            {
                "area": a.area + 1, "kind": a.kind, "weeks": a.weeks, "again": a.again,
                "look": (origin + timedelta(hours=a.look)).date().isoformat(),
            }
            for a in every
        ],
    }  # fmt: skip


# --- the series with events ---------------------------------------------------------------------------------------
def _figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Shares and medians by kind and size; what each kind was called."""
    by_cell = {
        kind: {
            f"{share:+.2f}" if kind == "drift" else f"{share:.2f}": [
                o for o in outcomes if (o.event.kind, o.event.share) == (kind, share)
            ]
            for share in sizes
        }
        for kind, sizes in CELLS.items()
    }
    leaks = [o for o in outcomes if o.event.kind == "leak"]
    classes = {
        f"{low:g}-{high:g} L/s" if np.isfinite(high) else f"{low:g} L/s and more": [
            o for o in leaks if low <= o.event.l_per_s < high
        ]
        for low, high in SIZE_CLASSES
    }
    named = [o for o in outcomes if o.days is not None]
    return {
        "detected_share": {k: _share([o for o in outcomes if o.event.kind == k]) for k in CELLS},
        "detected_share_by_size": {k: {s: _share(c) for s, c in cells.items()} for k, cells in by_cell.items()},
        "detected_share_of_leaks_by_l_per_s": {k: _share(c) for k, c in classes.items() if c},
        "median_days": {k: _days([o for o in outcomes if o.event.kind == k]) for k in CELLS},
        "median_days_by_size": {k: {s: _days(c) for s, c in cells.items()} for k, cells in by_cell.items()},
        "called": {
            k: dict(Counter(" + ".join(o.kinds) or "nothing" for o in outcomes if o.event.kind == k).most_common())
            for k in CELLS
        },
        "called_rightly": {
            k: _mean([set(o.families) == {RIGHT[k]} for o in named if o.event.kind == k]) for k in CELLS
        },
        "mean_l_per_s_by_size": {
            k: {s: round(float(np.mean([o.event.l_per_s for o in c])), 2) for s, c in cells.items() if c}
            for k, cells in by_cell.items()
        },
    }


def _share(outcomes: Sequence[Outcome]) -> float | None:
    return _mean([o.days is not None for o in outcomes])


def _mean(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 3) if hits else None


def _days(outcomes: Sequence[Outcome]) -> float | None:
    """Median days from onset to the first look at which it was named, of those that were."""
    days = [o.days for o in outcomes if o.days is not None]
    return round(float(np.median(days)), 1) if days else None
