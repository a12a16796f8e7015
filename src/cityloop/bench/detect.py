"""How soon and how rightly trouble is seen, and how often without any: events injected into real series of inflows.

The product's own detectors look at ten real areas as an operator would: each week at everything, each day after a burst.
First at the series as they are: every Problem that appears there counts as a false alarm, although a real event cannot be
told from one. Then at the same series with one invented event each.
"""

import os
import platform
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from cityloop.bench.areas import measured_city
from cityloop.bench.detect_figures import Named, Outcome, alarms, figures
from cityloop.bench.injections import WEEK_H, Injection, draw, injected
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
LEAK = ("burst", "growing_leakage")
#: Problems that a detector of events raises; what stands in a city all the time (slow repairs, dear pumping) is no alarm.
EVENTS = (*LEAK, "failing_sensor", "boundary_change", "swapped_meters", "unexplained_fall")


def run(
    data: Path, *, each: int = 5, seed: int = 7, workers: int = 2, progress: Progress | None = None
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
        **alarms(plain, weeks, eyes.view.origin),
        **figures(outcomes),
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
