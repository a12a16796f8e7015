"""At which hours the pumps of a boundary may run: planned, widened to hours that cost no more, and as changes of the model."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.domains.water.energy.pump_energy import typical_day
from cityloop.domains.water.energy.pump_plan import PumpSchedule, best_schedule
from cityloop.domains.water.energy.pump_runs import Case
from cityloop.i18n import Language
from cityloop.records import Change, Thing

__all__ = ["Option", "find_options", "levels_of", "spoken"]

#: Shares of the room in the tanks that a schedule is planned with: what the pipes do not let the tanks do, less room may.
ROOM_SHARES = (1.0, 0.7, 0.4)
#: A pump may be sent to start so often a day.
STARTS = 2
#: Share of a tank's range below its top at which it is filled again, and above its bottom to which it is kept.
REFILL, KEEP = 0.4, 0.25
#: Share of an hour below which the program does not run a pump in it.
LEAST_RUN = 1e-6
Hours = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Option:
    """Hours open to each pump, (24,) each, as changes; `plan` is the program's where it proposed them."""

    plan: PumpSchedule | None
    changes: tuple[Change, ...]
    hours: tuple[Hours, ...]


def find_options(case: Case) -> list[Option]:
    """Different hours for a mean day: those of the program with all and with less of the tanks' room, and all hours up to
    each price of the tariff.
    """
    day = typical_day(case.view, case.operation)
    found: dict[bytes, Option] = {}

    def add(schedule: PumpSchedule | None, hours: tuple[Hours, ...]) -> None:
        if any(h.any() and not h.all() for h in hours):
            moved = zip(case.operation.pumps, hours, strict=True)
            changes = tuple(c for pump, h in moved for c in _changes(case, pump, h))
            found.setdefault(np.stack(hours).tobytes(), Option(schedule, changes, hours))

    pumps = range(day.used.shape[1])
    for share in ROOM_SHARES:
        rest = (1 - share) / 2 * day.high_m3
        plan = best_schedule(replace(day, low_m3=rest, high_m3=day.high_m3 - rest), starts=STARTS)
        planned = [plan.run[:, p] > LEAST_RUN for p in pumps]
        add(plan, tuple(_widened(h, day.price) for h in planned))
        add(plan, tuple(planned))
    for price in np.unique(day.price)[:-1]:
        add(None, tuple(day.price <= price for _ in pumps))
    return list(found.values())


def _widened(hours: Hours, price: Floats) -> Hours:
    """With the neighbours that are no dearer: an hour in which a full tank needs nothing costs nothing."""
    wide = hours.copy()
    for _ in range(24):
        before = np.where(np.roll(wide, 1), np.roll(price, 1), -np.inf)
        after = np.where(np.roll(wide, -1), np.roll(price, -1), -np.inf)
        wide = wide | (price <= np.maximum(before, after) + 1e-12)
    return wide


def _windows(hours: Hours) -> list[tuple[int, int]]:
    """Runs of open hours as [from, to), over midnight where they go over it."""
    begins = np.flatnonzero(hours & ~np.roll(hours, 1))
    ends = np.flatnonzero(~hours & np.roll(hours, 1))
    return [(int(a), int(min((e for e in ends), key=lambda e: (e - a) % 24))) for a in begins]


def spoken(hours: Hours, lang: Language) -> str:
    """Open hours as people say them, "11-14 and 20-2 h", "11～14 时、20 时～次日 2 时"."""
    windows = _windows(hours)
    if lang == "en":
        return " and ".join(f"{a}-{b}" for a, b in windows) + " h"
    return "、".join(f"{a}～{b} 时" if a < b or b == 0 else f"{a} 时～次日 {b} 时" for a, b in windows)


def _changes(case: Case, pump: Thing, hours: Hours) -> list[Change]:
    """What holds in the open hours and in the others."""
    if hours.all():
        return []
    windows = _windows(hours)
    levels = levels_of(case, pump)
    if levels is None:
        rest, run = [("status", 0.0)], [("status", 1.0)]
    else:
        low, high = levels
        rest = [("start_level_m", low), ("stop_level_m", low + KEEP * (high - low))]
        run = [("start_level_m", high - REFILL * (high - low)), ("stop_level_m", high)]
    changes = [Change(thing=pump.id, property=name, value=value) for name, value in rest]
    return changes + [
        Change(thing=pump.id, property=name, value=value, hours=window) for window in windows for name, value in run
    ]


def levels_of(case: Case, pump: Thing) -> tuple[float, float] | None:
    """Between what levels the pump may run its tank; None where it follows no tank that is metered here."""
    name = pump.properties.get("level_of")
    has = all(isinstance(pump.properties.get(key), int | float) for key in ("start_level_m", "stop_level_m"))
    tank = next((t for t in case.operation.tanks if t.thing.name == name), None)
    return (tank.low_m, tank.high_m) if tank is not None and has else None
