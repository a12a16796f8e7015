"""The pressures of a boundary as the model has them, with and without changes. Never measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Result, Simulator, View
from cityloop.domains.water.balance import boundaries
from cityloop.domains.water.network import read_network
from cityloop.domains.water.nightflow import NIGHT_H
from cityloop.domains.water.pressure.logs import has_customers, inside
from cityloop.records import Change, Thing

__all__ = ["RUN_DAYS", "PressureRun", "ZoneModel", "open_zone"]

#: Days run with and without: a week has every pattern of demand.
RUN_DAYS = 7


@dataclass(frozen=True)
class PressureRun:
    """Hourly pressures at the places of a zone (t, places), m; pump power summed (t,), kW; limits that are broken."""

    pressure_m: Floats
    hours: npt.NDArray[np.int64]
    power_kw: Floats
    broken: dict[tuple[str, str, str], float]
    """(limit, thing, property) -> by how much."""

    @cached_property
    def lowest(self) -> Floats:
        """Lowest pressure of each place (places,)."""
        return np.asarray(self.pressure_m.min(axis=0))

    @cached_property
    def daily_lowest(self) -> Floats:
        """Mean over the days of the lowest hour of each place (places,)."""
        return np.asarray(self.pressure_m.reshape(-1, 24, self.pressure_m.shape[1]).min(axis=1).mean(axis=0))

    @property
    def night_m(self) -> Floats:
        """The hours of the night flow (t, places)."""
        return self.pressure_m[(self.hours >= NIGHT_H[0]) & (self.hours < NIGHT_H[1])]

    @property
    def kwh_per_year(self) -> float:
        """Pump energy of a year at this rate."""
        return float(self.power_kw.mean()) * 8760


@dataclass(frozen=True)
class ZoneModel:
    """The customers' junctions of a boundary (places), the mains at each (`weights_m`), its valves, pumps, closed links."""

    view: View
    simulator: Simulator
    places: tuple[Thing, ...]
    weights_m: Floats
    valves: tuple[Thing, ...]
    pumps: tuple[Thing, ...]
    closed: tuple[Thing, ...]

    @property
    def today(self) -> date:
        """The city's civil day."""
        return self.view.now.astimezone(ZoneInfo(self.view.timezone)).date()

    def position(self, thing: str) -> int | None:
        """Column of a place; None if it is none."""
        return next((i for i, p in enumerate(self.places) if p.id == thing), None)

    def run(self, changes: Sequence[Change], *, first: date | None = None, days: int | None = None) -> PressureRun:
        """Run whole civil days from `first` on (the last `days`, RUN_DAYS by default, before today)."""
        return self.run_all([changes], first=first, days=days)[0]

    def run_all(
        self, variants: Sequence[Sequence[Change]], *, first: date | None = None, days: int | None = None
    ) -> list[PressureRun]:
        """Several runs, same order."""
        days = days or RUN_DAYS
        begin = first or self.today - timedelta(days=days)
        start = datetime.combine(begin, time(), tzinfo=ZoneInfo(self.view.timezone)).astimezone(UTC)
        outputs = [(p.id, "pressure_m") for p in self.places] + [(p.id, "power_kw") for p in self.pumps]
        results = self.simulator.run_all(variants, start=start, steps=days * 24, step_s=3600, outputs=outputs)
        return [self._read(result) for result in results]

    def _read(self, result: Result) -> PressureRun:
        pressure = np.stack([result.series[(p.id, "pressure_m")] for p in self.places], axis=1)
        power = sum((result.series[(p.id, "power_kw")] for p in self.pumps), np.zeros(len(pressure)))
        broken = {(v.limit_id, v.thing, v.property): abs(v.value - v.limit) for v in result.violations}
        return PressureRun(pressure, np.arange(len(pressure)) % 24, np.asarray(power), broken)


def open_zone(view: View, simulator: Simulator, boundary: Thing, valve_types: Sequence[str]) -> ZoneModel | None:
    """The zone of a boundary; None where the network on record has no junction with customers or no pipe there."""
    places = tuple(t for t in inside(view, boundary, "junction") if has_customers(t))
    network = read_network(view, boundary, boundaries(view))
    if not places or network is None:
        return None
    weights = network.junction_weights_m()
    mine = np.array([weights[network.index[p.id]] for p in places])
    links = [t for kind in ("pipe", "valve") for t in inside(view, boundary, kind)]
    return ZoneModel(
        view, simulator, places, mine,
        tuple(
            v for v in links
            if v.properties.get("valve_type") in valve_types and isinstance(v.properties.get("setting"), int | float)
        ),
        tuple(inside(view, boundary, "pump")),
        tuple(t for t in links if t.properties.get("initial_status") == "closed"),
    )  # fmt: skip
