"""One twin's city, built once per process: the true network, its sensors and its hydraulics.

Building runs the model for a few days, places the loggers and shuts the hidden valves; `world_of` remembers it, so that a
Twin made anew for every taking of observations costs nothing.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.contracts import Floats, Model, Output
from cityloop.errors import EngineError, InputError
from cityloop.records import Change
from cityloop.settings import CitySettings, TwinSettings
from cityloop.sources.twin import placement
from cityloop.sources.twin.continued import continued
from cityloop.sources.twin.demand import TrueDemand
from cityloop.sources.twin.mismatch import Mislabelling, Mismatch
from cityloop.sources.twin.network import LINK_KINDS, TwinNetwork
from cityloop.sources.twin.scenario import Scenario, draw_scenario
from cityloop.sources.twin.sensors import Meter, flow_meter, level_meter, power_meter, pressure_loggers
from cityloop.sources.twin.truth import SETTLE_HOURS, Hydraulics

__all__ = ["World", "local_midnight", "world_of"]

NETWORK = "network"
#: Days of the known model that are run to learn a usual day; the last of them is used.
USUAL_DAYS = 3
#: Local hours of a usual day whose states place the loggers.
PLACING_HOURS = (9, 18)
#: At most so many junctions are compared when loggers are placed.
PLACING_JUNCTIONS = 300
#: A hidden valve may take at most this share of the pressure from a node with demand.
PRESSURE_LOSS = 0.3


class World:
    """The city as it truly is. Times are hours after `start` (the first local midnight, UTC)."""

    def __init__(self, settings: TwinSettings, city: CitySettings, model: Model, scenario: Scenario | None) -> None:
        self.settings, self.city, self.model, self._given = settings, city, model, scenario
        self.start = local_midnight(settings.start, city.timezone)
        self.clock = datetime(settings.start.year, settings.start.month, settings.start.day, tzinfo=UTC)
        """The same moment on the model's clock, which shows local time: its day begins at midnight."""
        self.network = TwinNetwork.of(model.elements())
        limits = city.models[0].limits if city.models else ()
        self.closed = city.models[0].closed if city.models else ()
        self.exempt = frozenset(name for limit in limits for name in limit.exempt)
        self.storage = tuple(dict.fromkeys(n for b in city.boundaries for _, n in b.storage if n in self.network.tanks))
        self.links = tuple(dict.fromkeys(ref for b in city.boundaries for ref in (*b.inflow, *b.outflow)))
        self._check()

    def _check(self) -> None:
        known = {(e.kind, e.name) for e in self.model.elements()}
        for ref in self.links:
            if ref[0] not in LINK_KINDS or ref not in known:
                raise InputError(
                    "The twin cannot measure this inflow or outflow.", where="city.toml boundary", got=":".join(ref),
                    allowed="a pipe, pump or valve of the model", cure="Name a link of the model.",
                )  # fmt: skip
        candidates = len(set(self.network.junctions) - self.exempt)
        if self.settings.sensors > candidates:
            raise InputError(
                "More pressure loggers than junctions.", where="city.toml source.sensors", got=self.settings.sensors,
                allowed=f"up to {candidates}", cure="Ask for fewer.",
            )  # fmt: skip

    # --- a usual day of the known model --------------------------------------------------------------------------
    @cached_property
    def full_tanks(self) -> list[Change]:
        """Tanks that nobody balances begin full: that is where they stay once they have filled."""
        levels = self.network.highest_level_m
        return [
            Change(thing=t, property="level_m", value=levels[t])
            for t in self.network.tanks
            if t not in self.storage and t in levels
        ]

    @cached_property
    def usual(self) -> dict[Output, Floats]:
        """A usual day, (24,) by local hour, of every output asked of the known model."""
        n = self.network
        outputs: list[Output] = [(j, p) for p in ("demand_l_per_s", "pressure_m") for j in n.junctions]
        outputs += [(name, "flow_l_per_s") for _, name in self.links]
        outputs += [(p, what) for p in n.pumps for what in ("power_kw", "status")]
        outputs += [(t, "level_m") for t in self.storage] + [(NETWORK, "demand_l_per_s")]
        day = self.model.run(
            self.full_tanks, start=self.clock, steps=USUAL_DAYS * 24, step_s=3600, drivers={}, outputs=outputs
        )[-24:]
        return {output: day[:, i] for i, output in enumerate(outputs)}

    @cached_property
    def _daily(self) -> tuple[tuple[str, ...], Floats]:
        """Nodes with demand and their demand on a usual day, (24, nodes)."""
        every = {j: self.usual[(j, "demand_l_per_s")] for j in self.network.junctions}
        nodes = tuple(j for j, d in every.items() if d.sum() > 0)
        if not nodes:
            raise InputError("The model has no demand.", where="city.toml model", cure="Name a model with demands.")
        return nodes, np.stack([every[j] for j in nodes], axis=1)

    # --- the truth -----------------------------------------------------------------------------------------------
    @cached_property
    def mismatch(self) -> Mismatch:
        """How the true network differs from the known one."""
        return Mismatch(self.settings.seed, self.settings.mismatch, self.scenario.mismatch_parts)

    @cached_property
    def true_daily(self) -> Floats:
        """True demand of a usual day, (24, demand nodes)."""
        return self._demand(self.mismatch)

    def _demand(self, mismatch: Mismatch) -> Floats:
        daily = self._daily[1]
        return daily * mismatch.demand_factors(daily.mean(axis=0))

    @cached_property
    def shut(self) -> tuple[str, ...]:
        """The closed valves that nobody knows."""
        before = self._lowest(()) if self.mismatch.has("valves") else np.zeros(0)

        def keeps(shut: tuple[str, ...]) -> bool:
            try:
                lowest = self._lowest(shut)
            except EngineError:
                return False  # a network that cannot be solved so is none that people live with
            return bool((lowest >= (1.0 - PRESSURE_LOSS) * before).all())

        return self.mismatch.closed_valves(self.network, never=self.closed, keeps=keeps)

    def _lowest(self, shut: tuple[str, ...]) -> Floats:
        """Lowest pressure of each demand node with `shut` pipes, m: a usual day under every part of the mismatch."""
        nodes, whole = self._daily[0], self.mismatch.whole
        daily = self._demand(whole)
        drivers = {(n, "demand_l_per_s"): daily[:, i] for i, n in enumerate(nodes)}
        outputs = [(n, "pressure_m") for n in nodes]
        pressure = self.model.run(
            self._changes(whole, shut), start=self.clock, steps=24, step_s=3600, drivers=drivers, outputs=outputs
        )
        return np.asarray(pressure.min(axis=0))

    def _changes(self, mismatch: Mismatch, shut: tuple[str, ...]) -> list[Change]:
        return [
            *self.full_tanks,
            *mismatch.true_network(self.network),
            *(Change(thing=p, property="status", value=0.0) for p in shut),
        ]

    @cached_property
    def hydraulics(self) -> Hydraulics:
        """The true network's hours."""
        s = self.settings
        outputs = [m.output for m in self.meters]
        outputs += [(leak.node, "leak_l_per_s") for leak in self.scenario.leaks] + [(NETWORK, "demand_l_per_s")]
        return Hydraulics(
            model=self.model,
            clock=self.clock,
            network_changes=self._changes(self.mismatch, self.shut),
            demand=TrueDemand(
                s.seed,
                self.start - timedelta(hours=SETTLE_HOURS),
                self.city.timezone,
                self.true_daily,
                self.mismatch.has("hydrants"),
            ),
            demand_nodes=self._daily[0],
            leaks=self.scenario.leaks,
            pressure_m={j: float(self.usual[(j, "pressure_m")].mean()) for j in self.network.junctions},
            outputs=tuple(dict.fromkeys(outputs)),
        )

    # --- sensors -------------------------------------------------------------------------------------------------
    @cached_property
    def loggers(self) -> tuple[str, ...]:
        """Junctions of the pressure loggers, as the records name them, in the order of placement."""
        names = self.network.junctions
        distance = self.network.distances_m()
        fit = np.array([i for i, n in enumerate(names) if n not in self.exempt])
        enough = max(PLACING_JUNCTIONS, self.settings.sensors)
        kept = fit[placement.spread(distance[np.ix_(fit, fit)], enough)]
        inputs: list[Output] = [(NETWORK, "demand_l_per_s"), *((t, "level_m") for t in self.storage)]
        inputs += [(p, "status") for p in self.network.pumps]
        closed = [Change(thing=p, property="status", value=0.0) for p in self.closed]
        response = [
            self.model.gradient(
                closed, inputs=inputs, values=self._state(inputs, hour),
                outputs=[(names[i], "head_m") for i in kept], sources=[(names[i], "leak_l_per_s") for i in kept],
            )
            for hour in PLACING_HOURS
        ]  # fmt: skip
        chosen = placement.place_sensors(
            np.stack(response), distance_m=distance[np.ix_(kept, kept)],
            weights=self.network.junction_weights_m()[kept], count=self.settings.sensors,
        )  # fmt: skip
        return tuple(names[kept[i]] for i in chosen)

    def _state(self, inputs: list[Output], hour: int) -> Floats:
        values = np.array([self.usual[i][hour] for i in inputs])
        return np.where([p == "status" for _, p in inputs], np.round(values), values)

    @cached_property
    def wrong(self) -> Mislabelling:
        """Which loggers are not where the records say, and which clocks are slow."""
        return self.mismatch.mislabelling(self.settings.sensors)

    @cached_property
    def meters(self) -> tuple[Meter, ...]:
        """Every sensor; the pressure loggers come last, in the order of placement."""
        city, source = self.city.id, self.settings.name
        found = [flow_meter(city, source, ref, _running(self.usual[(ref[1], "flow_l_per_s")])) for ref in self.links]
        found += [
            power_meter(city, source, p, _running(self.usual[(p, "power_kw")])) for p in self.network.pumps
        ]  # fmt: skip
        found += [level_meter(city, source, t) for t in self.storage]
        found += pressure_loggers(city, source, self.loggers, self.settings.pressure_noise_m, self.wrong)
        return continued(found, self.city) if self.settings.sends_from else tuple(found)

    @cached_property
    def scenario(self) -> Scenario:
        """What goes wrong: as given, else drawn from the seed."""
        if self._given is None:
            return draw_scenario(self.settings.seed, self.network, sensors=self.settings.sensors, exempt=self.exempt)
        for leak in self._given.leaks:
            if leak.node not in self.network.junctions or leak.pipe not in self.network.pipes:
                raise InputError(
                    "A leak at a place that the model does not have.", got=f"{leak.pipe} at {leak.node}",
                    cure="Name a pipe and one of its end junctions.",
                )  # fmt: skip
        failure = self._given.failure
        if failure is not None and not 0 <= failure.sensor < self.settings.sensors:
            raise InputError(
                "A failing logger that does not exist.", got=failure.sensor, allowed=f"0 to {self.settings.sensors - 1}"
            )
        return self._given


def _running(series: Floats) -> float:
    """Mean of the hours in which something flows."""
    on = series[np.abs(series) > 1e-6]
    return float(on.mean()) if len(on) else 0.0


def local_midnight(day: date, timezone: str) -> datetime:
    """The full hour (UTC) at or before the local midnight that begins `day`."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


_WORLDS: list[tuple[tuple[object, ...], World]] = []


def world_of(settings: TwinSettings, city: CitySettings, model: Model, scenario: Scenario | None) -> World:
    """The World of these settings on this very model, built once; the last three are kept."""
    files = repr(city.files) if settings.sends_from else ""
    key = (settings, scenario, city.id, city.timezone, repr(city.boundaries), repr(city.models), files)
    for known, world in _WORLDS:
        if known == key and world.model is model:
            return world
    world = World(settings, city, model, scenario)
    _WORLDS.append((key, world))
    del _WORLDS[:-3]
    return world
