"""A leak of the estimated size at the best place, run through the model with and without it. Never measured."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.contracts import Simulator, View
from cityloop.domains.water.balance import network_of
from cityloop.records import Change, Problem, Thing

__all__ = ["LeakRun", "run_leak"]

#: The tanks settle in the first days; the rest of the run is read.
RUN_DAYS, SETTLE_DAYS = 10, 3


@dataclass(frozen=True)
class LeakRun:
    """What the model says a leak does, against the same days without it."""

    coefficient: float
    """Emitter coefficient, L/s per sqrt(m)."""
    leak_l_per_s: float
    mean_over_night: float
    """Mean leak flow over its flow from 01 to 05 h local."""
    energy_kwh_per_day: float
    pressure_drop_m: float
    """Fall of the lowest pressure at any junction."""

    def details(self) -> dict[str, float | str]:
        """As figures of a Countermeasure."""
        return {
            "modelled_leak_coefficient": self.coefficient,
            "modelled_leak_l_per_s": self.leak_l_per_s,
            "modelled_energy_saved_kwh_per_day": self.energy_kwh_per_day,
            "modelled_lowest_pressure_gain_m": self.pressure_drop_m,
        }


def run_leak(view: View, simulator: Simulator, problem: Problem) -> LeakRun | None:
    """Run the model with and without the leak of a Problem at its best place; None if the boundary names no network."""
    things = view.records(Thing)
    network = network_of(view, view.get(Thing, problem.boundary))
    if not network:
        return None
    junctions = [t.id for t in things if t.kind == "junction"]
    pumps = [t.id for t in things if t.kind == "pump"]
    zone = ZoneInfo(view.timezone)
    start = (view.now - timedelta(days=RUN_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    steps = RUN_DAYS * 24
    outputs = [(network, "leak_l_per_s"), *((p, "power_kw") for p in pumps), *((j, "pressure_m") for j in junctions)]
    without = simulator.run([], start=start, steps=steps, step_s=3600, outputs=outputs)
    settled = slice(SETTLE_DAYS * 24, None)
    pressure = max(float(np.mean(without.series[(problem.best_place, "pressure_m")][settled])), 1.0)
    coefficient = problem.gap.value / float(np.sqrt(pressure))
    change = Change(thing=problem.best_place, property="leak_coefficient", value=coefficient)
    leaking = simulator.run([change], start=start, steps=steps, step_s=3600, outputs=outputs)
    leak = (leaking.series[(network, "leak_l_per_s")] - without.series[(network, "leak_l_per_s")])[settled]
    hours = np.array([(start + timedelta(hours=i)).astimezone(zone).hour for i in range(steps)])[settled]
    night = float(np.mean(leak[(hours >= 1) & (hours < 5)]))
    power = [
        float(np.sum(leaking.series[(p, "power_kw")][settled] - without.series[(p, "power_kw")][settled]))
        for p in pumps
    ]
    lowest = [
        min(float(np.min(run.series[(j, "pressure_m")][settled])) for j in junctions) for run in (without, leaking)
    ]
    return LeakRun(
        coefficient=coefficient,
        leak_l_per_s=float(np.mean(leak)),
        mean_over_night=float(np.mean(leak)) / night if night > 0 else 1.0,
        energy_kwh_per_day=sum(power) / (RUN_DAYS - SETTLE_DAYS),
        pressure_drop_m=lowest[0] - lowest[1],
    )
