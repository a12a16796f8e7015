"""What is true in the twin's city: leaks with their repairs, and the hydraulics of the true network hour by hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from cityloop.contracts import Floats, Model, Output
from cityloop.records import Change
from cityloop.sources.twin.demand import TrueDemand
from cityloop.sources.twin.scenario import Failure, Leak

__all__ = ["SETTLE_HOURS", "Hydraulics", "Repair", "Truth", "leak_changes", "leak_size"]

#: Hours simulated before the start and dropped: the tanks settle.
SETTLE_HOURS = 7 * 24
#: Hydraulics are run up to a whole multiple of this, so that small steps in time do not each run everything anew.
RUN_HOURS = 28 * 24
#: Leak coefficients are whole multiples of this power of two (L/s per sqrt(m)): their sums are exact.
FINEST = 2.0**-24


@dataclass(frozen=True, order=True)
class Repair:
    """`share` of leak number `leak` was taken away at `hour` (hours after the start)."""

    hour: int
    leak: int
    share: float


@dataclass(frozen=True)
class Truth:
    """What only the bench and the tests may see. Hours count from the start; flows (hours, leaks) L/s."""

    leaks: tuple[Leak, ...]
    failure: Failure | None
    failing: str
    """Junction that the records name for the failing logger."""
    mislabelled: Mapping[str, str]
    """Junction in the records -> junction where the logger really is."""
    slow_clocks: tuple[str, ...]
    closed_valves: tuple[str, ...]
    repairs: tuple[Repair, ...]
    leak_flow_l_per_s: Floats
    demand_l_per_s: Floats
    """Consumption without leaks, (hours,)."""


def leak_size(leak: Leak, number: int, repairs: Sequence[Repair], hour: int) -> float:
    """Flow of a leak at the pressure of a usual day, L/s, `hour` hours after the start.

    What is left after a partial repair stays as it is.
    """
    done = sorted(r for r in repairs if r.leak == number and r.hour <= hour)
    if not done or done[0].hour < leak.onset_day * 24:
        return leak.size_after(hour / 24 - leak.onset_day)
    left = float(np.prod([1.0 - r.share for r in done]))
    return left * leak.size_after(done[0].hour / 24 - leak.onset_day)


def leak_changes(
    leaks: Sequence[Leak], repairs: Sequence[Repair], *, start: datetime, hours: int, pressure_m: Mapping[str, float]
) -> list[Change]:
    """Emitter coefficients (L/s per sqrt(m)) of all leaks over `hours` from `start`, a step a day where they grow.

    The changes of one node add up; they are multiples of FINEST, so that a repaired leak leaves exactly nothing.
    """
    changes = []
    for number, leak in enumerate(leaks):
        onset = round(leak.onset_day * 24)
        moments = {onset} | {r.hour for r in repairs if r.leak == number and r.hour > onset}
        if leak.growth_per_day > 0:
            moments |= set(range(onset, hours, 24))
        root = float(np.sqrt(max(pressure_m[leak.node], 1.0)))
        before = 0
        for hour in sorted(m for m in moments if m < hours):
            now = round(leak_size(leak, number, repairs, hour) / root / FINEST)
            if now != before:
                moment = start + timedelta(hours=hour)
                value = (now - before) * FINEST
                changes.append(Change(thing=leak.node, property="leak_coefficient", value=value, start=moment))
            before = now
    return changes


@dataclass
class Hydraulics:
    """Runs of the true network, remembered by their works. `clock` is the start on the model's clock; runs begin earlier."""

    model: Model
    clock: datetime
    network_changes: Sequence[Change]
    demand: TrueDemand
    demand_nodes: Sequence[str]
    leaks: Sequence[Leak]
    pressure_m: Mapping[str, float]
    outputs: Sequence[Output]
    _known: dict[tuple[tuple[Repair, ...], tuple[Change, ...]], Floats] = field(default_factory=dict)

    def hours(self, count: int, repairs: Sequence[Repair], settings: Sequence[Change] = ()) -> Floats:
        """(count, outputs) from the start on; the first hours are the same for every count and for later works.

        `settings` are what works have set on valves, pumps and links, each from its `start` on the model's clock.
        """
        end = self.clock + timedelta(hours=count)
        key = (
            tuple(sorted(r for r in repairs if r.hour < count)),
            tuple(c for c in settings if c.start is not None and c.start < end),
        )
        known = self._known.get(key)
        if known is None or len(known) < count:
            whole = -(-count // RUN_HOURS) * RUN_HOURS
            known = self._run(whole, *key)
            while len(self._known) >= 3:
                del self._known[next(iter(self._known))]
            self._known[key] = known
        return known[:count]

    def _run(self, count: int, repairs: tuple[Repair, ...], settings: tuple[Change, ...]) -> Floats:
        steps = SETTLE_HOURS + count
        demand = self.demand.hours(steps)
        leaks = leak_changes(self.leaks, repairs, start=self.clock, hours=count, pressure_m=self.pressure_m)
        out = self.model.run(
            [*self.network_changes, *leaks, *settings],
            start=self.clock - timedelta(hours=SETTLE_HOURS),
            steps=steps,
            step_s=3600,
            drivers={(n, "demand_l_per_s"): demand[:, i] for i, n in enumerate(self.demand_nodes)},
            outputs=self.outputs,
        )
        return out[SETTLE_HOURS:]
