"""What the bench of detection puts into a real series of inflows: leaks, bursts, meters that drift or stick.

Sizes are shares of the area's mean flow over the four weeks before, so that they mean the same in every area; each
injection knows its size in L/s too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats

__all__ = ["CELLS", "Injection", "draw", "injected"]

#: Kind -> sizes. Leaks: share of the mean flow, lasting. Growing leaks: share reached after GROWTH_DAYS, held from then on.
#: Bursts: share of the mean flow until repaired. Drifts: change of the meter's factor within DRIFT_DAYS, held from then on;
#: a meter that sticks repeats its last value (size 1: all of its flow).
CELLS: Mapping[str, Sequence[float]] = {
    "leak": (0.05, 0.1, 0.2, 0.4),
    "growing_leak": (0.1, 0.2, 0.4),
    "burst": (0.3, 0.6, 1.2),
    "short_burst": (0.3, 0.6, 1.2),
    "drift": (-0.3, -0.15, 0.15, 0.3),
    "stuck": (1.0,),
}
GROWTH_DAYS, DRIFT_DAYS = 56, 56
#: Hours until a burst is repaired.
BURST_HOURS = {"burst": 48, "short_burst": 8}
#: Hours in which somebody looks: each week, for bursts each day until two days after the repair.
WEEK_H, DAY_H = 168, 24
#: Weeks that an event is watched for: what is there at once, what grows.
WEEKS, WEEKS_GROWING = 8, 12


@dataclass(frozen=True)
class Injection:
    """One invented event: in which area, from which hour of the series on, what and how large."""

    number: int
    area: int
    onset: int
    """Hour of the series."""
    kind: str
    share: float
    l_per_s: float

    def looks(self, last: int) -> list[int]:
        """Hours of the series at which somebody looks after the onset, none after hour `last`.

        The days and weeks of looking are fixed by the series' beginning, not by the event.
        """
        if self.kind in BURST_HOURS:
            step, until = DAY_H, self.onset + BURST_HOURS[self.kind] + 2 * DAY_H
        else:
            weeks = WEEKS_GROWING if self.kind in ("growing_leak", "drift") else WEEKS
            step, until = WEEK_H, self.onset + weeks * WEEK_H
        first = (self.onset // step + 1) * step
        return list(range(first, min(until, last) + 1, step))


def injected(series: Floats, event: Injection) -> Floats:
    """The series (hours,) with the event; NaN stays NaN. A stuck meter repeats the last value before its onset."""
    out = series.copy()
    hours = np.maximum(np.arange(len(series)) - event.onset, 0)
    since = np.arange(len(series)) >= event.onset
    if event.kind == "leak":
        out[since] += event.l_per_s
    elif event.kind == "growing_leak":
        out += event.l_per_s * np.minimum(hours / (24 * GROWTH_DAYS), 1.0)
    elif event.kind in BURST_HOURS:
        out[since & (hours < BURST_HOURS[event.kind])] += event.l_per_s
    elif event.kind == "drift":
        out *= 1.0 + event.share * np.minimum(hours / (24 * DRIFT_DAYS), 1.0)
    else:
        before = series[: event.onset]
        out[since & np.isfinite(series)] = before[np.isfinite(before)][-1]
    return out


def draw(
    series: Sequence[Floats], quiet: Sequence[Sequence[int]], each: int, rng: np.random.Generator
) -> list[Injection]:
    """`each` events of every kind and size, spread over the areas in turn.

    `quiet` = by area the hours of weekly looks at which nothing stood open there; an event begins within the week after
    one of them. Areas without such an hour get none.
    """
    found: list[Injection] = []
    usable = [a for a, hours in enumerate(quiet) if len(hours)]
    turn = 0
    for kind, sizes in CELLS.items():
        for share in sizes:
            for _ in range(each if usable else 0):
                area = usable[turn % len(usable)]
                turn += 1
                onset = int(rng.choice(np.asarray(quiet[area]))) + int(rng.integers(0, WEEK_H))
                mean = float(np.nanmean(series[area][onset - 28 * DAY_H : onset]))
                found.append(Injection(len(found), area, onset, kind, share, share * mean))
    return found
