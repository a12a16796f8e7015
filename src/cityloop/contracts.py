"""The extension points: Source, Engine (with its Model), Domain, and what they are given: View and Simulator.

A stranger who adds a source, an engine or a domain reads this file and records.py, nothing else. Things are named by
their record id; a model's elements are named by `Thing.name`. Arrays are float64, NaN means absent; times are
`datetime64[us]` in UTC. Nothing here computes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.i18n import Pair
from cityloop.records import (
    Better,
    Change,
    Countermeasure,
    Datastream,
    Estimate,
    Evidence,
    Goal,
    Limit,
    Location,
    Money,
    Problem,
    RecordT,
    Sensor,
    ServiceRequest,
    Thing,
)

__all__ = [
    "Arrival", "Domain", "Element", "Engine", "Floats", "IndicatorSeries", "Model", "NormRule", "Output",
    "PlacesSensors", "Policy", "Prior", "Progress", "Rejected", "Result", "SensorSite", "SensorSites", "Simulator", "Source", "TariffBand", "Times", "View", "Violation",
]  # fmt: skip

Floats: TypeAlias = npt.NDArray[np.float64]
Times: TypeAlias = npt.NDArray[np.datetime64]
Output: TypeAlias = tuple[str, str]
"""(thing or element, property): ("T-3", "level_m"). Names carry the unit."""
Progress: TypeAlias = Callable[[float, str], None]
"""Called with the share done (0..1) and a short text; may raise Cancelled."""


# --- settings as the loop sees them ------------------------------------------------------------------------------
@dataclass(frozen=True)
class NormRule:
    """One row of `norms/<world>/<domain>.csv`. `limit` is None for a formula without a limit."""

    world: str
    key: str
    title: Pair
    formula: str
    limit: float | None
    unit: str
    source: str
    date: str
    status: Literal["confirmed", "unconfirmed"]
    reason_absent: str = ""
    domain: str = ""
    """The domain whose table it stands in."""


@dataclass(frozen=True)
class Prior:
    """One published effect or cost of a domain's `priors.csv`; low and high bound its spread at `level`."""

    key: str
    value: float
    low: float
    high: float
    level: float
    unit: str
    price_year: int
    currency: str
    source: str
    status: Literal["confirmed", "unconfirmed", "assumed"]


@dataclass(frozen=True)
class TariffBand:
    """Electricity at one price: in local `hours` [from, to) of some months (1 to 12) and weekdays (1 Monday to 7).

    No hours, months or weekdays = all of them. Of a city's bands the first that fits an hour holds.
    """

    band: str
    """peak, flat, valley, sharp or deep_valley (峰、平、谷、尖、深谷)."""
    hours: tuple[tuple[int, int], ...]
    price_per_kwh: float
    """In the policy's currency and price year."""
    source: str
    status: str
    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()


@dataclass(frozen=True)
class Policy:
    """What city.toml says about money and will: the same keys for every city, no hidden default for a price."""

    currency: str
    price_year: int
    discount_rate: float
    years: int
    budget_per_year: tuple[float, ...]
    level: float
    targets: Mapping[str, float]
    """indicator -> share of the gap to close (0..1)."""
    due_days: int
    prices: Mapping[str, tuple[float, str, str]]
    """name (`water_per_m3`, `energy_per_kwh`) -> (amount in `currency` of `price_year`, source, status)."""
    crew_km_per_day: float
    """What a crew searches in a day, km; 0 where the city does not say."""
    binding_norm: str
    compare_norms: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    """What the measures of all domains share (`uses`): a unit "<...>/year" renews every year."""
    tariff: tuple[TariffBand, ...] = ()
    """Time-of-use price of electricity, every hour of every day covered; empty = one price, `energy_per_kwh`, if any."""


# --- observations in --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Rejected:
    """A row that could not be taken: where it stood, what it said, why."""

    source: str
    position: str
    raw: str
    reason: str


@dataclass(frozen=True)
class Arrival:
    """What a source hands over at once: records first, then rows that cite them, then what was refused.

    `batch.datastream` holds indices into `datastreams`; City replaces them by the store's numbers. `cursor` is what the
    source must be told next time to go on after this arrival ("" = nothing to remember).
    """

    datastreams: tuple[Datastream, ...]
    batch: pa.Table
    records: tuple[Thing | Sensor | Location | ServiceRequest, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    source: str = ""
    cursor: str = ""


class Source(Protocol):
    """Anything that observations come from: files, a broker, a twin."""

    name: str

    def arrivals(self, *, cursors: Mapping[str, str], until: datetime) -> Iterable[Arrival]:
        """All that is new up to `until`, in pieces of bounded size; `cursors` = source name -> cursor last committed."""
        ...


# --- engines ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Element:
    """One element of a model; becomes a Thing. `points` are in the model's own coordinates.

    `connects` names nodes of the same model: both ends of a link, the one node of what hangs on it. `whole` marks the model
    as a whole (a network, a grid), whose Thing is named by the model's file, since a city may have several.
    """

    kind: str
    name: str
    points: tuple[tuple[float, float], ...]
    properties: Mapping[str, float | str]
    connects: tuple[str, ...] = ()
    whole: bool = False


class Model(Protocol):
    """One opened model of an engine. Elements are named as in the model; a Model keeps no state between calls."""

    def elements(self) -> tuple[Element, ...]:
        """Every element, in the model's order."""
        ...

    def run(
        self,
        changes: Sequence[Change],
        *,
        start: datetime,
        steps: int,
        step_s: int,
        drivers: Mapping[Output, Floats],
        outputs: Sequence[Output],
        progress: Progress | None = None,
    ) -> Floats:
        """Simulate from `start`; `Change.thing` is an element name. Returns (steps, len(outputs)): means over the step
        for flows and powers, values at the START of the step for states (level, pressure). Raises EngineError.
        """
        ...

    def states(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output]
    ) -> Floats:
        """One steady state per row of `values` (n, len(inputs)) -> (n, len(outputs))."""
        ...

    def gradient(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output],
        sources: Sequence[Output],
    ) -> Floats:  # fmt: skip
        """d output / d source at one steady state, `values` (len(inputs),) -> (len(outputs), len(sources))."""
        ...


class Engine(Protocol):
    """An outside simulator behind one file in engines/; imported only when opened."""

    name: str
    suffixes: tuple[str, ...]

    def open(self, path: Path) -> Model:
        """Open a model file; raises EngineError saying what in the file is wrong and how to mend it."""
        ...


@dataclass(frozen=True)
class Violation:
    """A limit that a joint simulation broke: which limit, where, by how much."""

    limit_id: str
    thing: str
    property: str
    value: float
    limit: float
    unit: str


@dataclass(frozen=True)
class Result:
    """indicator x thing x time of one run. `series[(thing id, property)]` is (steps,); `times` (steps,) UTC."""

    times: Times
    step_s: int
    series: Mapping[Output, Floats]
    violations: tuple[Violation, ...]

    def mean(self, thing: str, property: str) -> float:
        """Mean over time."""
        return float(np.mean(self.series[(thing, property)]))


class Simulator(Protocol):
    """The city's models, asked by Thing ids; runs in a pool, remembers identical questions, reports progress.

    Always modelled, never measured: what it returns may be claimed, not confirmed. A city without a model has none:
    domains are then given None and say what they cannot tell.
    """

    def run(
        self, changes: Sequence[Change], *, start: datetime, steps: int, step_s: int,
        outputs: Sequence[Output], drivers: Mapping[Output, Floats] | None = None,
    ) -> Result:  # fmt: skip
        """One run of the model with `changes`."""
        ...

    def run_all(
        self, variants: Sequence[Sequence[Change]], *, start: datetime, steps: int, step_s: int,
        outputs: Sequence[Output], drivers: Mapping[Output, Floats] | None = None,
    ) -> list[Result]:  # fmt: skip
        """Several runs side by side, same order."""
        ...

    def states(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output]
    ) -> Floats:
        """As Model.states, by Thing ids."""
        ...

    def gradient(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output],
        sources: Sequence[Output],
    ) -> Floats:  # fmt: skip
        """As Model.gradient, by Thing ids."""
        ...


# --- domains ------------------------------------------------------------------------------------------------------
class View(Protocol):
    """Read-only view of one city as it stood at `as_of_seq`, through a Filter. Pure: the same call, the same answer."""

    city: str
    timezone: str
    now: datetime
    as_of_seq: int
    policy: Policy

    def records(self, noun: type[RecordT]) -> tuple[RecordT, ...]:
        """Latest version of every record of a noun, by id."""
        ...

    def get(self, noun: type[RecordT], id: str) -> RecordT:
        """One record; raises RecordError if there is none."""
        ...

    def block(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, step_s: int = 3600
    ) -> tuple[Times, Floats]:
        """Regular grid (t,), (t, len(datastreams)): mean of the good values in [t, t + step); instants too. NaN = none."""
        ...

    def span(self, datastreams: Sequence[str]) -> tuple[datetime, datetime] | None:
        """First time and the end (last time + step) of the good rows; None if there are none."""
        ...

    def evidence(self, datastreams: Sequence[str], *, start: datetime, end: datetime) -> Evidence:
        """Lineage of what was read: hash of exactly the rows in [start, end) at `as_of_seq`."""
        ...

    def norm(self, key: str, world: str | None = None) -> NormRule | None:
        """The rule of the binding norm (or of `world`); None where the norm has none."""
        ...


@dataclass(frozen=True)
class IndicatorSeries:
    """Daily values of one indicator of one boundary, from observations only; positive effect = `y` gets `better`.

    `covariates` explain y without moving with the effect that is judged; `adjusted_by` names those that the registered
    method takes out before it judges, the others are for detection and for readers.
    """

    indicator: str
    boundary: str
    unit: str
    days: npt.NDArray[np.datetime64]
    y: Floats
    covariates: Mapping[str, Floats]
    datastreams: tuple[str, ...]
    simulated: bool
    better: Better = "lower"
    adjusted_by: tuple[str, ...] = ()


class Domain(Protocol):
    """One folder that answers two questions: what is wrong, what can be done; and shows its indicators."""

    name: str
    title: Pair
    priors: Mapping[str, Prior]
    words: Mapping[str, Pair]
    """Names of its problem and countermeasure kinds, indicators, cost rows, prices and causes, as reports show them."""
    indicators: Sequence[str]
    """The indicators that `series` gives, of the boundaries that have them."""
    causes: Sequence[str]
    """What a crew can find that is the trouble it was sent for ("leak"); "none" and "other" are every domain's."""

    def problems(self, view: View, simulator: Simulator | None) -> Sequence[Problem]:
        """What is wrong now. Status, version and history are the loop's business: return version 1, status open."""
        ...

    def countermeasures(
        self, view: View, simulator: Simulator | None, problems: Sequence[Problem], goals: Sequence[Goal],
        rates: Mapping[str, Any],
    ) -> Sequence[Countermeasure]:  # fmt: skip
        """What can be done about open problems; `rates` = countermeasure kind -> Realisation to use in the claim."""
        ...

    def kinds(self) -> Sequence[str]:
        """Countermeasure kinds for which a realisation rate is learnt."""
        ...

    def series(
        self, view: View, indicator: str, boundary: str, *, start: datetime, end: datetime, exclude: Sequence[str] = ()
    ) -> IndicatorSeries:
        """The daily series by which goal, baseline and verification judge; `exclude` = boundaries with works."""
        ...

    def inspected(self, view: View, problem: Problem, finding: Mapping[str, float | str]) -> Mapping[str, float | str]:
        """Score what a crew found (found, place, flow) against the Problem: distance, rank, kilometres searched."""
        ...


# --- what a domain may offer besides -----------------------------------------------------------------------------
@dataclass(frozen=True)
class SensorSite:
    """One place for a further sensor, and what it is expected to bring: modelled, never measured.

    `apart` and `search` hold with this sensor and all before it in the list; their intervals run over where the trouble may
    be. `saved` is what this one takes off a search; its interval is that of a mean.
    """

    thing: str
    boundary: str
    observed_property: str
    apart: Estimate
    """From the place named first to the trouble (m along pipes)."""
    search: Estimate
    """Searched in the order of the ranked area until the trouble is found (km)."""
    saved: Estimate
    """Kilometres a search that it saves beyond those before it."""
    worth: Money | None
    """Of the searching that it saves in its life, discounted; None without a price of searching."""


@dataclass(frozen=True)
class SensorSites:
    """The next sensors of a domain, the most useful first; `apart` and `search` as they are without any of them.

    `notes` say in both languages ("en | zh") what is missing or assumed. `assumed` = name -> (value, source, status);
    the name says the unit: `sensor_years`, `searches_per_year`, `survey_per_km`.
    """

    sites: tuple[SensorSite, ...]
    standing: int
    """Sensors of this kind that stand already."""
    apart: Estimate | None
    search: Estimate | None
    price: Money | None
    """Of one sensor in place, with `price_source` and `price_status`; None where nobody states it."""
    price_source: str = ""
    price_status: str = ""
    notes: tuple[str, ...] = ()
    assumed: Mapping[str, tuple[float | Money, str, str]] = field(default_factory=dict)


@runtime_checkable
class PlacesSensors(Protocol):
    """A domain that can say where its next sensors should stand, given those there already."""

    name: str

    def sensor_sites(
        self, view: View, simulator: Simulator | None, *, count: int, progress: Progress | None = None
    ) -> SensorSites:
        """At most `count` sites, best first; none, and why, where the city has no model of what is to be told apart."""
        ...
