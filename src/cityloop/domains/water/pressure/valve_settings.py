"""How far pressure valves can be lowered, tried out in the model: no customer below the floor, no limit broken anew.

A pressure valve passes its fall on almost one to one, so a trial fall tells what each place loses per metre; the largest
fall follows and is run again. Valves that feed the same places are lowered together, or the other one would take over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cityloop.contracts import Floats
from cityloop.domains.water.pressure.model import PressureRun, ZoneModel
from cityloop.records import Change, Thing

__all__ = ["BLOCKS", "NIGHT_HOURS", "Setting", "find_settings", "setting_of", "valve_groups"]

#: Trial fall and rounding of a setting, m; a smaller fall is not worth a visit.
TRIAL_M, ROUND_M, LEAST_FALL_M = 5.0, 0.5, 1.0
#: A place belongs to a valve from this share of its fall on, and bounds its fall from the second; so much below the floor counts as on it (m).
ANSWERS, LEAST_ANSWER, SLACK_M = 0.2, 0.05, 0.05
#: Lowest setting ever tried, m, and rounds of trying.
LEAST_SETTING_M, ROUNDS = 5.0, 4
#: Local hours of a night setting; the morning peak begins after them.
NIGHT_HOURS = (0, 5)
#: Local hours of a setting by the time of day: night, morning peak, day, evening peak, late evening; every hour is in one.
BLOCKS = ((0, 5), (5, 9), (9, 17), (17, 22), (22, 0))


@dataclass(frozen=True)
class Setting:
    """A set of valves at new settings, m; `night` holds in NIGHT_HOURS, `blocks` each in its hours; empty = the same all day."""

    valves: tuple[Thing, ...]
    day: Mapping[str, float]
    night: Mapping[str, float]
    blocks: tuple[tuple[tuple[int, int], Mapping[str, float]], ...] = ()

    @property
    def parts(self) -> tuple[tuple[tuple[int, int], Mapping[str, float]], ...]:
        """(hours, settings) of every part of the day that has settings of its own."""
        return ((NIGHT_HOURS, self.night), *self.blocks) if self.night else self.blocks

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the engine is told; the parts of the day after the day, since the last one stands."""
        day = [Change(thing=v.id, property="setting", value=self.day[v.id]) for v in self.valves]
        parts = [
            Change(thing=v.id, property="setting", value=settings[v.id], hours=hours)
            for hours, settings in self.parts
            for v in self.valves
            if v.id in settings
        ]
        return (*day, *parts)


def setting_of(valve: Thing) -> float:
    """Its present setting on record, m."""
    return float(valve.properties["setting"])


def valve_groups(zone: ZoneModel, base: PressureRun, first: date) -> list[tuple[Thing, ...]]:
    """Valves that share places which answer to them, each group once; valves that nothing answers to are left out."""
    trials = zone.run_all([_fall((v,), TRIAL_M).changes for v in zone.valves], first=first, days=1)
    answers = [(base.lowest - trial.lowest) / TRIAL_M > ANSWERS for trial in trials]
    groups: list[tuple[list[Thing], np.ndarray]] = []
    for valve, mine in zip(zone.valves, answers, strict=True):
        if not mine.any():
            continue
        merged, places = [valve], mine
        for group in [g for g in groups if (g[1] & mine).any()]:
            groups.remove(group)
            merged, places = [*group[0], *merged], group[1] | places
        groups.append((merged, places))
    return [tuple(sorted(valves, key=lambda v: v.name)) for valves, _ in groups]


def find_settings(zone: ZoneModel, week: PressureRun, floor_m: float, watched: Sequence[int]) -> list[Setting]:
    """Fixed settings for each group of valves, for all groups together, and the same with a lower setting by night, and with
    one by the time of day where more than the night leaves room.

    Tried on the day of `week` (the run without) that has the lowest pressure. `floor_m` holds the margin already; a place
    below it as it is must not fall at all. `watched` = places with a logger: valves that none of them answers to are left as
    they are, since nobody could see what a lower setting does.
    """
    first = zone.today - timedelta(days=len(week.pressure_m) // 24)
    worst = first + timedelta(days=int(week.pressure_m.min(axis=1).argmin()) // 24)
    base = zone.run((), first=worst, days=1)
    floors = np.minimum(floor_m, base.lowest)
    falls: list[tuple[tuple[Thing, ...], float]] = []
    for group in valve_groups(zone, base, worst):
        trial = zone.run(_fall(group, TRIAL_M).changes, first=worst, days=1)
        slope = (base.lowest - trial.lowest) / TRIAL_M
        if not (slope[list(watched)] > ANSWERS).any():
            continue
        fall = _largest(zone, group, base, slope, floors, worst)
        if fall >= LEAST_FALL_M:
            falls.append((group, fall))
    found = [_fall(group, fall) for group, fall in falls]
    if len(found) > 1:
        together = _join(found)
        if not _missing(zone.run(together.changes, first=worst, days=1), base, floors):
            found.append(together)
    by_night = _by_night(zone, found[-1], base, floors, worst) if found else None
    by_block = _by_block(zone, found[-1], base, floors, worst) if by_night else None
    return [*found, *(s for s in (by_night, by_block) if s is not None)]


def _fall(valves: Sequence[Thing], fall_m: float) -> Setting:
    return Setting(tuple(valves), {v.id: float(max(setting_of(v) - fall_m, LEAST_SETTING_M)) for v in valves}, {})


def _join(settings: Sequence[Setting]) -> Setting:
    return Setting(
        tuple(sorted((v for s in settings for v in s.valves), key=lambda v: v.name)),
        {k: x for s in settings for k, x in s.day.items()},
        {},
    )


def _missing(run: PressureRun, base: PressureRun, floors: Floats) -> float:
    """By how many metres the settings are too low: below a floor, or beyond a limit broken anew; 0 = they hold.

    A limit on anything but pressure asks for one rounding more, whatever its unit.
    """
    new = {k: by for k, by in run.broken.items() if k not in base.broken or by > base.broken[k] + SLACK_M}
    limits = [by if property == "pressure_m" else ROUND_M for (_, _, property), by in new.items()]
    short = max(float(np.max(floors - run.lowest)), *limits, 0.0)
    return short if short > SLACK_M else 0.0


def _room(lowest: Floats, floors: Floats, slope: Floats) -> float:
    """Largest further fall by which no place that answers gets below its floor, rounded down."""
    answers = slope > LEAST_ANSWER
    room = float(np.min((lowest - floors)[answers] / slope[answers])) if answers.any() else 0.0
    return max(float(np.floor(room / ROUND_M)) * ROUND_M, 0.0)


def _largest(
    zone: ZoneModel, valves: Sequence[Thing], base: PressureRun, slope: Floats, floors: Floats, day: date
) -> float:
    """Largest fall that holds in the model; 0 = none."""
    fall = min(_room(base.lowest, floors, slope), max(setting_of(v) for v in valves) - LEAST_SETTING_M)
    for _ in range(ROUNDS):
        if fall < LEAST_FALL_M:
            return 0.0
        run = zone.run(_fall(valves, fall).changes, first=day, days=1)
        short = _missing(run, base, floors)
        if not short:
            return fall
        fall -= float(np.ceil(short / ROUND_M)) * ROUND_M
    return 0.0


def _by_night(zone: ZoneModel, fixed: Setting, base: PressureRun, floors: Floats, day: date) -> Setting | None:
    """The same setting with a further fall by night; None where the night leaves less than a visit is worth."""
    run = zone.run(fixed.changes, first=day, days=1)
    inside = (run.hours >= NIGHT_HOURS[0]) & (run.hours < NIGHT_HOURS[1])
    total = float(np.mean([setting_of(v) - fixed.day[v.id] for v in fixed.valves]))
    slope = (base.lowest - run.lowest) / max(total, ROUND_M)
    extra = _room(run.pressure_m[inside].min(axis=0), floors, np.where(slope > ANSWERS, 1.0, 0.0))
    for _ in range(ROUNDS):
        if extra < LEAST_FALL_M:
            return None
        night = {k: max(x - extra, LEAST_SETTING_M) for k, x in fixed.day.items()}
        setting = Setting(fixed.valves, fixed.day, night)
        short = _missing(zone.run(setting.changes, first=day, days=1), base, floors)
        if not short:
            return setting
        extra -= float(np.ceil(short / ROUND_M)) * ROUND_M
    return None


def _by_block(zone: ZoneModel, fixed: Setting, base: PressureRun, floors: Floats, day: date) -> Setting | None:
    """The same setting with a further fall in each part of the day; None where only the night leaves enough."""
    run = zone.run(fixed.changes, first=day, days=1)
    total = float(np.mean([setting_of(v) - fixed.day[v.id] for v in fixed.valves]))
    slope = np.where((base.lowest - run.lowest) / max(total, ROUND_M) > ANSWERS, 1.0, 0.0)
    inside = {b: (run.hours - b[0]) % 24 < ((b[1] - b[0]) % 24 or 24) for b in BLOCKS}
    extra = {b: _room(run.pressure_m[mine].min(axis=0), floors, slope) for b, mine in inside.items()}
    for _ in range(ROUNDS):
        extra = {b: x if x >= LEAST_FALL_M else 0.0 for b, x in extra.items()}
        if not any(x for b, x in extra.items() if b != NIGHT_HOURS):
            return None
        blocks = tuple(
            (b, {k: max(s - x, LEAST_SETTING_M) for k, s in fixed.day.items()}) for b, x in extra.items() if x
        )
        setting = Setting(fixed.valves, fixed.day, {}, blocks)
        tried = zone.run(setting.changes, first=day, days=1)
        if not _missing(tried, base, floors):
            return setting
        short = {b: float(np.max(floors - tried.pressure_m[mine].min(axis=0))) for b, mine in inside.items()}
        if max(short.values()) <= SLACK_M:  # a limit on something else
            short = dict.fromkeys(extra, ROUND_M)
        extra = {b: x - float(np.ceil(max(short[b] - SLACK_M, 0.0) / ROUND_M)) * ROUND_M for b, x in extra.items()}
    return None
