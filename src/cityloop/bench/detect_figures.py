"""What the looks of the bench of detection come to: alarms without events, events seen, and what they were called."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from cityloop.bench.injections import CELLS, Injection

__all__ = ["Named", "Outcome", "alarms", "figures"]

#: An alarm that stands at so many weekly looks in a row is a lasting one.
LASTING_WEEKS = 8
#: Alarms of one family and area whose onsets lie this close are one alarm told again.
SAME_DAYS = 28
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


def alarms(plain: Mapping[int, frozenset[Named]], weeks: Sequence[Sequence[int]], origin: datetime) -> dict[str, Any]:
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
def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
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
