"""One scenario through the whole loop by the product's own path, and what the bench saw of it beside the twin's truth.

84 days of readings, a look each week, a turn, the approved works by the twin's crew within the budget, 84 days more, a
second turn. Only here is the truth opened; the city, its turns and its decisions are those of any user.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from cityloop.bench.loop_detection import Claim, Listed, false_claims, seen
from cityloop.bench.loop_scenarios import MOST_LEAKS, make_city
from cityloop.bench.loop_value import SURVEY_KM, Hidden, Work, walk
from cityloop.contracts import Floats, View
from cityloop.records import (
    Countermeasure,
    Datastream,
    Decision,
    Filter,
    Plan,
    Problem,
    Project,
    RankedThing,
    Thing,
    Verification,
    record_id,
)

if TYPE_CHECKING:
    from cityloop.city import City
    from cityloop.sources.twin import Twin
    from cityloop.sources.twin.network import TwinNetwork

__all__ = ["LOOK_DAYS", "Judged", "Outcome", "Play", "play"]

DAYS, DAYS_TO_START = 84, 7
#: The days of the weekly looks; the last one is the day of the first turn.
LOOK_DAYS = tuple(range(28, DAYS + 1, 7))
#: Hours of truth run at once before anything is taken, so that the run is not made again for the first days of works.
AHEAD_HOURS = 112 * 24
#: Nights (01 to 05 h) before the start of works whose true leakage is the "before" of a verification.
NIGHTS_BEFORE, NIGHT_H = 3, (1, 5)
WHO = "bench (simulated)"
_ALL = Filter.operator()


@dataclass(frozen=True)
class Play:
    """What to play: scenario number `number` of `seed` in a town."""

    city: str
    inp: Path | None
    seed: int
    number: int
    mismatch: int
    sensors: int
    without: frozenset[str] = frozenset()
    """Parts of the mismatch that are left out."""

    @property
    def twin_seed(self) -> int:
        """Seed of this scenario's twin: its network's errors, its readings, its leaks and its crew."""
        return self.seed * 10_000 + self.number


@dataclass(frozen=True)
class Judged:
    """A Verification of the night flow beside the true fall of the leakage, L/s."""

    low: float
    high: float
    truth: float
    grade: str


@dataclass(frozen=True)
class Outcome:
    """Everything that the figures are made of, of one scenario. Lists run along `leaks`."""

    number: int
    leaks: tuple[Hidden, ...]
    sizes_l_per_s: tuple[float, ...]
    days_to_detect: tuple[float | None, ...]
    distance_m: tuple[float, ...]
    """From the nearest named place along the pipes; the network's radius for a leak that was missed."""
    false_leaks: int
    false_sensors: int
    false_sensors_hidden_fault: int
    """Of `false_sensors`, those that are mislabelled or have a slow clock."""
    ours: Work
    from_logger: Work
    longest_first: Work
    verifications: tuple[Judged, ...]


def play(job: Play) -> Outcome:
    """Play one scenario in a temporary folder. Raises what the product raises."""
    from cityloop.city import City
    from cityloop.sources.twin.network import TwinNetwork
    from cityloop.sources.twin.scenario import draw_scenario

    with tempfile.TemporaryDirectory(prefix="cityloop-bench-") as place:
        folder = Path(place) / "city"
        make_city(
            folder, city=job.city, inp=job.inp, seed=job.twin_seed, mismatch=job.mismatch, sensors=job.sensors
        )  # fmt: skip
        with City.open(folder) as city:
            network = TwinNetwork.of(city.models[0][1].elements())
            exempt = {name for limit in city.settings.models[0].limits for name in limit.exempt}
            drawn = draw_scenario(job.twin_seed, network, sensors=job.sensors, exempt=exempt, most=MOST_LEAKS)
            city.scenario = replace(drawn, mismatch_parts=drawn.mismatch_parts - job.without)
            return _Played(city, network, job.number).outcome()


class _Played:
    """One city as it is played."""

    def __init__(self, city: "City", network: "TwinNetwork", number: int) -> None:
        self.city, self.network, self.number = city, network, number
        twin = city.twin()
        assert twin is not None
        self.first_day = twin.settings.start
        self.distance = network.distances_m()

    @property
    def twin(self) -> "Twin":
        """The twin, told of the works finished so far."""
        twin = self.city.twin()
        assert twin is not None
        return twin

    def day(self, days: float) -> datetime:
        """Local midnight, `days` after the twin's first day."""
        zone = ZoneInfo(self.city.settings.timezone)
        return datetime.combine(self.first_day + timedelta(days=days), clock(), zone)

    def outcome(self) -> Outcome:
        """Play it through."""
        truth = self.twin.truth_over(AHEAD_HOURS)
        flows = truth.leak_flow_l_per_s[(DAYS - 1) * 24 : DAYS * 24].mean(axis=0)
        leaks = tuple(Hidden(k.pipe, k.node, float(f)) for k, f in zip(truth.leaks, flows, strict=True))
        self.city.take(until=self.day(DAYS))
        listed = [Listed(k.onset_day, k.growth_per_day > 0) for k in truth.leaks]
        weeks, false_sensors, hidden_fault = self._look()
        detected = seen(weeks, listed).days
        self.city.turn(self.day(DAYS))
        distance = self._distances(leaks, detected)
        naive = self._naive(leaks)
        last, km, repairs = self._works()
        self.city.take(until=last)
        self.city.turn(last)
        return Outcome(
            number=self.number,
            leaks=leaks,
            sizes_l_per_s=tuple(k.size_l_per_s for k in truth.leaks),
            days_to_detect=detected,
            distance_m=distance,
            false_leaks=false_claims(weeks, listed),
            false_sensors=false_sensors,
            false_sensors_hidden_fault=hidden_fault,
            ours=Work(km, repairs, self._saved(leaks)),
            from_logger=naive[0],
            longest_first=naive[1],
            verifications=self._judged(last),
        )

    # --- what it saw ---------------------------------------------------------------------------------------------
    def _look(self) -> tuple[dict[float, list[Claim]], int, int]:
        """The claims of each weekly look (the first step of a turn, without places); loggers called failing that do not
        fail, and how many of them are mislabelled or slow.
        """
        truth = self.twin.truth_over(AHEAD_HOURS)
        failing, *at_fault = (
            record_id(self.city.settings.id, "thing", "junction", name)
            for name in (truth.failing, *truth.mislabelled, *truth.slow_clocks)
        )
        weeks: dict[float, list[Claim]] = {}
        wrong: set[str] = set()
        for day in LOOK_DAYS:
            view = self.city.view(self.day(day))
            found = [p for domain in self.city.domains for p in domain.problems(view, None)]
            weeks[float(day)] = [c for p in found if p.indicator == "night_flow" for c in self._claims(p)]
            failed = truth.failure is not None and truth.failure.onset_day <= day
            wrong |= {
                p.boundary for p in found if p.kind == "failing_sensor" and not (failed and p.boundary == failing)
            }  # fmt: skip
        return weeks, len(wrong), len(wrong.intersection(at_fault))

    def _claims(self, problem: Problem) -> list[Claim]:
        """Every lasting rise that a Problem lists; its own onset where it lists none."""
        found = []
        for number in range(1, len(problem.details) + 1):
            onset, size = problem.details.get(f"step_{number}_onset"), problem.details.get(f"step_{number}_l_per_s")
            if isinstance(onset, str) and isinstance(size, int | float) and size > 0:
                found.append(Claim(float((date.fromisoformat(onset) - self.first_day).days)))
        if not found and problem.onset is not None:
            found.append(Claim(float((problem.onset - self.first_day).days)))
        return found

    def _distances(self, leaks: Sequence[Hidden], detected: Sequence[float | None]) -> tuple[float, ...]:
        """Metres along the pipes from each leak to the nearest place named by the first turn."""
        index = {n: i for i, n in enumerate(self.network.junctions)}
        radius = float(self.distance[int(np.argmin(self.distance.sum(axis=1)))].max())
        named: set[str] = set()
        for problem in self.city.store.records(Problem, _ALL):
            if problem.indicator == "night_flow":
                named |= {str(v) for k, v in problem.details.items() if k.endswith("_best_place")}
                if problem.best_place:
                    named.add(self.city.store.get(Thing, problem.best_place, _ALL).name)
        places = [index[n] for n in sorted(named) if n in index]
        found = []
        for leak, days in zip(leaks, detected, strict=True):
            near = float(self.distance[index[leak.node], places].min()) if places else radius
            found.append(near if days is not None else radius)
        return tuple(found)

    # --- other planners ------------------------------------------------------------------------------------------
    def _naive(self, leaks: Sequence[Hidden]) -> tuple[Work, Work]:
        """Survey outwards from the logger whose pressure fell most; survey of the longest pipes first."""
        n = self.network
        lengths = n.length_m.tolist()
        pipes = {p: (e, m) for p, e, m in zip(n.pipes, n.ends, lengths, strict=True)}
        longest = sorted(pipes, key=lambda p: (-pipes[p][1], p))
        index = {name: i for i, name in enumerate(n.junctions)}
        logger = self._fell_most(self.city.view(self.day(DAYS)))
        away = self.distance[index[logger]] if logger in index else np.zeros(len(index))
        near = {p: min((float(away[index[e]]) for e in pipes[p][0] if e in index), default=np.inf) for p in pipes}
        outwards = sorted(pipes, key=lambda p: (near[p], p))
        return walk(outwards, leaks, pipes) if logger else Work(), walk(longest, leaks, pipes)

    def _fell_most(self, view: View) -> str:
        """Junction of the logger whose mean of the last week is furthest below that of the days 7 to 21."""
        streams = [s for s in view.records(Datastream) if s.observed_property == "water_pressure"]
        if not streams:
            return ""
        ids = [s.id for s in streams]
        before, after = (
            _means(view.block(ids, start=self.day(a), end=self.day(b))[1]) for a, b in ((7, 21), (DAYS - 7, DAYS))
        )  # fmt: skip
        fall = np.where(np.isfinite(before - after), before - after, -np.inf)
        return view.get(Thing, streams[int(np.argmax(fall))].thing).name

    # --- works ---------------------------------------------------------------------------------------------------
    def _works(self) -> tuple[datetime, float, int]:
        """Approve, send the crew within the budget, hear its reports; the last day, kilometres and repairs."""
        city = self.city
        for plan in city.store.records(Plan, _ALL):
            if plan.status == "proposed" and plan.lines:
                id = record_id(city.settings.id, "decision", WHO, "approve", plan.id)
                city.decide(
                    Decision(id=id, simulated=True, who=WHO, when=self.day(DAYS), about=plan.id, verb="approve")
                )  # fmt: skip
        start = self.day(DAYS + DAYS_TO_START) + timedelta(hours=8)
        reports: list[Decision] = []
        km = 0.0
        for project in self._due(start):
            measure = city.store.get(Countermeasure, project.countermeasure, _ALL)
            if measure.kind == "survey_and_repair":
                area = self._within(measure.area, SURVEY_KM - km)
                if not area:
                    continue
                measure = msgspec.structs.replace(measure, area=area)
            told = self.twin.carry_out(project, measure, start=start)
            km += sum(_kilometres(d) for d in told)
            reports += told
        for report in sorted(reports, key=lambda d: (d.when, str(d.data.get("on", "")))):
            if report.verb == "set":
                city.take(until=report.when)
            city.decide(report)
        ends = [self.day(DAYS), *(d.when for d in reports)]
        last = max(ends).astimezone(ZoneInfo(city.settings.timezone)).date() + timedelta(days=DAYS + 1)
        return (
            datetime.combine(last, clock(), ZoneInfo(city.settings.timezone)),
            km,
            sum(d.verb == "inspect" and d.data.get("found") == "leak" for d in reports),
        )

    def _due(self, start: datetime) -> list[Project]:
        """Approved projects of the year of `start`, in the plan's order."""
        store = self.city.store
        lines = [
            x for p in store.records(Plan, _ALL) if p.status == "approved" for x in p.lines if x.year <= start.year
        ]  # fmt: skip
        found = [store.get(Project, line.project, _ALL) for line in lines]
        return [p for p in found if p.state == "approved"]

    def _within(self, area: Sequence[RankedThing], km: float) -> tuple[RankedThing, ...]:
        """The part of a ranked area that `km` allow; where nothing is ranked, the pipes in the model's order."""
        n = self.network
        whole = area or [
            RankedThing(thing=name, name=name, rank=i, probability=0.0, length_m=float(n.length_m[i - 1]))
            for i, name in enumerate(n.pipes, 1)
        ]  # fmt: skip
        length = np.cumsum([row.length_m for row in whole])
        return tuple(row for row, until in zip(whole, length, strict=True) if until <= km * 1000)

    def _saved(self, leaks: Sequence[Hidden]) -> float:
        """L/s that the repairs truly took away, of the flows when works were decided."""
        left = np.ones(len(leaks))
        for repair in self.twin.truth_over(DAYS * 24).repairs:
            left[repair.leak] *= 1.0 - repair.share
        return float(sum(leak.flow_l_per_s * (1.0 - x) for leak, x in zip(leaks, left, strict=True)))

    # --- verification --------------------------------------------------------------------------------------------
    def _judged(self, last: datetime) -> tuple[Judged, ...]:
        """Every Verification of a night flow beside the true night leakage before the works minus after them."""
        found = [v for v in self.city.store.records(Verification, _ALL) if v.indicator == "night_flow"]
        if not found:
            return ()
        twin = self.twin
        hours = int((last - twin.start).total_seconds() // 3600)
        total = twin.truth_over(hours).leak_flow_l_per_s.sum(axis=1)
        zone = ZoneInfo(self.city.settings.timezone)
        local = [(twin.start + timedelta(hours=h)).astimezone(zone) for h in range(hours)]
        night = np.array([NIGHT_H[0] <= t.hour < NIGHT_H[1] for t in local])
        days = np.array([t.date().toordinal() for t in local])
        judged = []
        for v in found:
            projects = [self.city.store.get(Project, p, _ALL) for p in v.projects]
            begun = min(s.on for p in projects for s in p.states if s.state == "started").astimezone(zone).date()
            before = night & (days > begun.toordinal() - NIGHTS_BEFORE) & (days <= begun.toordinal())
            after = night & (days >= v.start.toordinal()) & (days <= v.end.toordinal())
            fell = float(total[before].mean() - total[after].mean())
            judged.append(Judged(v.measured.low, v.measured.high, fell, v.grade))
        return tuple(judged)


def _kilometres(report: Decision) -> float:
    """Kilometres surveyed by the crew's own report, to 0.1 km; 0 for any other report."""
    stated = re.search(r"([\d.]+) km surveyed", str(report.data.get("note", "")))
    return float(stated.group(1)) if stated else 0.0


def _means(block: Floats) -> Floats:
    """Mean of each column's finite values; NaN without any."""
    good = np.isfinite(block)
    count = good.sum(axis=0)
    return np.where(count > 0, np.where(good, block, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
