"""How far a Verification can be trusted: placebo works and injected reductions on real measured areas.

Every works is judged by the product's own path (loop.baseline.freeze, then loop.verification.verify on a View); only the
works are invented. Half of them do nothing; in the other half the inflow of the area falls by a constant, 0 to 25 % of
its night flow, from the start of the works on.
"""

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.bench.areas import ZONE, area_titles, measured_city
from cityloop.bench.memory_view import MemoryView
from cityloop.contracts import Domain, Floats, IndicatorSeries, Policy, Progress
from cityloop.errors import InputError
from cityloop.loop import baseline, verification
from cityloop.records import (
    Countermeasure,
    Datastream,
    Effect,
    Estimate,
    Evidence,
    Goal,
    Problem,
    Project,
    Realisation,
    Record,
    StateEntry,
    Thing,
    Verification,
    record_id,
)

__all__ = ["run"]

CITY, LEVEL, UNIT, DAY = "bench", 0.9, "L/s", timedelta(days=1)
#: Dates of works leave so many days of observations before and after.
LEAST_BEFORE_DAYS = 84
#: Largest injected reduction, share of the night flow; the smallest effect worth acting on; what counts as a large one.
LARGEST_SHARE, SMALLEST_SHARE, LARGE_SHARE = 0.25, 0.05, 0.10
POLICY = Policy(
    currency="EUR", price_year=2024, discount_rate=0.03, years=1, budget_per_year=(0.0,), level=LEVEL, targets={},
    due_days=365, prices={}, crew_km_per_day=1.0, binding_norm="eu", compare_norms=(),
)  # fmt: skip


@dataclass(frozen=True)
class _Area:
    """One metered area: its Thing, its inflow, and its daily night flow."""

    name: str
    thing: Thing
    stream: str
    series: IndicatorSeries


@dataclass(frozen=True)
class _Works:
    """Invented works: one day on one area; `truth` L/s is the reduction from that day on."""

    area: int
    day: date
    night_flow: float
    truth: float
    injected: bool


@dataclass(frozen=True)
class _Judged:
    """What the loop said; None where it could not judge."""

    works: _Works
    verification: Verification | None


def run(data: Path, *, works: int = 500, seed: int = 7, progress: Progress | None = None) -> dict[str, Any]:
    """Judge `works` placebo works and as many injected reductions on the areas of a data folder.

    `data` holds inflow_hourly.csv, weather_hourly.csv and dma_properties.csv. Raises InputError where they are absent or
    too short. Shares are of all works that could be judged; `unjudged` counts the rest.
    """
    if works < 1:
        raise InputError("No works to judge.", got=works, allowed="1 and more")
    began = time.monotonic()
    domain, view, areas = _open(Path(data))
    drawn = _draw(areas, works, np.random.default_rng(seed))
    judged = []
    for number, one in enumerate(drawn):
        if progress is not None and number % 10 == 0:
            progress(number / len(drawn), f"{number} / {len(drawn)}")
        judged.append(_judge(view, domain, areas[one.area], one, number))
    if progress is not None:
        progress(1.0, f"{len(drawn)} / {len(drawn)}")
    return {
        **_figures(judged),
        "injected": sum(j.works.injected for j in judged),
        "unjudged": sum(j.verification is None for j in judged),
        "level": LEVEL,
        "smallest_effect_share": SMALLEST_SHARE,
        "method": baseline.METHOD,
        "seed": seed,
        "areas": {
            area.name: _figures([j for j in judged if j.works.area == i]) for i, area in enumerate(areas)
        },
        "seconds": round(time.monotonic() - began, 1),
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }  # fmt: skip


# --- the areas ----------------------------------------------------------------------------------------------------
def _open(folder: Path) -> tuple[Domain, MemoryView, list[_Area]]:
    """The water domain, a view over everything in the folder, and its areas with their night flow."""
    from cityloop.registry import domains

    view, places = measured_city(folder, CITY, POLICY)
    titles = area_titles(folder / "dma_properties.csv")
    water = next(d for d in domains() if d.name == "water")
    flows = {s.thing: s.id for s in view.records(Datastream)}
    others = tuple(p.id for p in places)
    areas = [
        _Area(
            titles.get(p.name, p.name), p, flows[p.id],
            water.series(view, "night_flow", p.id, start=view.origin, end=view.now, exclude=others),
        )
        for p in places
        if p.id in flows
    ]  # fmt: skip
    return water, view, areas


# --- the works ----------------------------------------------------------------------------------------------------
def _draw(areas: Sequence[_Area], works: int, rng: np.random.Generator) -> list[_Works]:
    """`works` placebo works, then as many with a reduction, on random areas and dates."""
    after = 1 + baseline.SETTLING_DAYS + baseline.DAYS_AFTER
    starts: dict[int, list[int]] = {}
    for i, area in enumerate(areas):
        present = np.flatnonzero(np.isfinite(area.series.y))
        if len(present) and present[0] + LEAST_BEFORE_DAYS < len(area.series.y) - after:
            starts[i] = list(range(int(present[0]) + LEAST_BEFORE_DAYS, len(area.series.y) - after))
    if not starts:
        raise InputError(
            "No area is observed long enough.", allowed=f"{LEAST_BEFORE_DAYS + after} days and more",
            cure="Name a folder with longer series.",
        )  # fmt: skip
    drawn: list[_Works] = []
    while len(drawn) < 2 * works:
        number = int(rng.choice(sorted(starts)))
        at = int(rng.choice(starts[number]))
        share = float(rng.uniform(0.0, LARGEST_SHARE))
        before = areas[number].series.y[at - 28 : at]
        if np.isfinite(before).sum() < 7:  # the size of the works needs a night flow; draw another date
            continue
        night, injected = float(np.nanmean(before)), len(drawn) >= works
        day = date.fromisoformat(str(areas[number].series.days[at]))
        drawn.append(_Works(number, day, night, share * night if injected else 0.0, injected))
    return drawn


def _judge(view: MemoryView, domain: Domain, area: _Area, works: _Works, number: int) -> _Judged:
    """One works through freeze and verify, as a city would see it: first up to its start, then after it."""
    begun = datetime.combine(works.day, datetime.min.time(), tzinfo=ZoneInfo(ZONE)).astimezone(UTC) + timedelta(hours=7)
    done = begun + timedelta(hours=9)
    records = _records(area, works, begun, number)
    started = _project(number, area, (("started", begun),))
    start_view = replace(view, now=begun, things=(*view.things, *records))
    frozen = baseline.freeze(start_view, [domain], started, begun)
    judged = replace(
        view,
        now=begun + (2 + baseline.SETTLING_DAYS + baseline.DAYS_AFTER) * DAY,
        things=(*view.things, *records, *frozen, _project(number, area, (("started", begun), ("done", done)))),
        lowered={area.stream: (begun, works.truth)},
    )
    found = verification.verify(judged, [domain])
    return _Judged(works, found[0] if found else None)


def _records(area: _Area, works: _Works, at: datetime, number: int) -> tuple[Record, ...]:
    """Problem, Goal and Countermeasure of invented works; they claim what is true, or a tenth where nothing is."""
    claim = _exactly(works.truth if works.injected else LARGE_SHARE * works.night_flow)
    problem = Problem(
        id=record_id(CITY, "problem", str(number)), domain="water", kind="leakage", boundary=area.thing.id,
        indicator="night_flow", observed=_exactly(works.night_flow), expected=_exactly(works.night_flow - claim.value),
        gap=claim, onset=None, detected=at, cost_per_year=None,
        evidence=Evidence(datastreams=(area.stream,), start=at - DAY, end=at, as_of_seq=1, sha256=""),
    )  # fmt: skip
    goal = Goal(
        id=record_id(CITY, "goal", str(number)), problem=problem.id, indicator="night_flow", boundary=area.thing.id,
        start_value=problem.observed, target=problem.expected, due=works.day + 365 * DAY, datastreams=(area.stream,),
        method=baseline.METHOD, level=LEVEL, days_before=baseline.DAYS_BEFORE, days_after=baseline.DAYS_AFTER,
        settling_days=baseline.SETTLING_DAYS, smallest_effect=SMALLEST_SHARE * works.night_flow, unit=UNIT, policy="bench",
    )  # fmt: skip
    measure = Countermeasure(
        id=_measure_id(number), domain="water", kind="survey_and_repair", title_en="Invented works", title_zh="虚拟工程",
        boundary=area.thing.id, targets=(area.thing.id,), changes=(), answers=(problem.id,),
        effects=(Effect(indicator="night_flow", thing=area.thing.id, estimate=claim, period="from the works on"),), costs=(),
        realisation=Realisation(
            kind="survey_and_repair", estimate=_exactly(1.0), studies=0, source="bench", status="unconfirmed"
        ),
    )  # fmt: skip
    return problem, goal, measure


def _project(number: int, area: _Area, states: Sequence[tuple[Any, datetime]]) -> Project:
    return Project(
        id=record_id(CITY, "project", str(number)), countermeasure=_measure_id(number), plan="", boundary=area.thing.id,
        name=f"works {number}", states=tuple(StateEntry(state=s, on=on, by="bench") for s, on in states),
    )  # fmt: skip


def _measure_id(number: int) -> str:
    return record_id(CITY, "countermeasure", str(number))


def _exactly(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value, level=LEVEL, unit=UNIT)


# --- the figures --------------------------------------------------------------------------------------------------
def _figures(judged: Sequence[_Judged]) -> Mapping[str, Any]:
    """The shares of one set of works; None where there is nothing to take a share of."""
    seen = [(j.works, j.verification) for j in judged if j.verification is not None]
    placebo = [v for w, v in seen if not w.injected]
    large = [v for w, v in seen if w.injected and w.truth >= LARGE_SHARE * w.night_flow]
    widths = [(v.measured.high - v.measured.low) / 2 / w.night_flow for w, v in seen]
    return {
        "works": len(judged),
        "placebo_confirmed_share": _share([v.grade == "confirmed" for v in placebo]),
        "coverage": _share([v.measured.low <= w.truth <= v.measured.high for w, v in seen]),
        "halfwidth_ratio": round(float(np.median(widths)), 4) if widths else None,
        "inconclusive_share": _share([v.grade == "inconclusive" for v in large]),
    }


def _share(hits: Sequence[bool]) -> float | None:
    values: Floats = np.array(hits, dtype=np.float64)
    return round(float(values.mean()), 4) if len(values) else None
