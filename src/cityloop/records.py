"""The nouns of Cityloop: frozen data, no behaviour.

Every record has a deterministic id `<city>:<noun>:<hash of its key>` and a version; a change is a new version, nothing
is overwritten. Times are aware UTC datetimes; days are civil days of the city. Where the Open Geospatial Consortium
has a term (SensorThings API 1.1: Thing, Sensor, ObservedProperty, Datastream, FeatureOfInterest, Observation), it is used.
"""

import hashlib
from datetime import date, datetime
from enum import IntEnum
from typing import Literal, TypeVar

import msgspec

__all__ = [
    "NOUNS", "BATCH_COLUMNS", "Baseline", "Better", "Change", "CostRow", "Countermeasure", "Datastream", "Decision", "Effect",
    "Estimate", "Evidence", "FeatureOfInterest", "Filter", "Goal", "Indicator", "Limit", "Location", "Money",
    "Observation", "ObservedProperty", "OpeningRecord", "Pattern", "RankedThing", "Plan", "PlanLine", "Problem", "Project",
    "Quality", "Realisation", "Record", "Relation", "RequestStep", "Sensor", "ServiceRequest", "StateEntry", "Statistic", "Thing",
    "Verification", "AnyRecord", "from_json", "record_id", "to_json",
]  # fmt: skip


class Quality(IntEnum):
    """Quality code of an observation (uint8 in a Batch)."""

    GOOD = 0
    ESTIMATED = 1
    SUSPECT = 2
    BAD = 3
    TOMBSTONE = 255


Statistic = Literal["instant", "mean", "total", "counter"]
#: Which way an indicator gets better; every effect, claimed or measured, is positive that way.
Better = Literal["lower", "higher"]
#: Column name -> Arrow type of a Batch: the one form in which observations travel between rooms.
BATCH_COLUMNS = {
    "datastream": "int32",
    "time": "timestamp[us, tz=UTC]",
    "variant": "int32",
    "value": "float64",
    "quality": "uint8",
}


def record_id(city: str, noun: str, *key: str) -> str:
    """Deterministic global id: the same key always gives the same id.

    >>> record_id("ky4", "thing", "pipe", "P-1") == record_id("ky4", "thing", "pipe", "P-1")
    True
    """
    digest = hashlib.sha256("\x1f".join(key).encode()).hexdigest()[:12]
    return f"{city}:{noun.lower()}:{digest}"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a record, without an id of its own."""


class Money(Value, frozen=True, kw_only=True):
    """An amount in one currency (ISO 4217) and one price year."""

    amount: float
    currency: str
    price_year: int


class Estimate(Value, frozen=True, kw_only=True):
    """A value with its interval `[low, high]` at `level` (0..1); no bare number leaves a step.

    Raises ValueError where the value lies outside its interval: whoever computed it erred.
    """

    value: float
    low: float
    high: float
    level: float
    unit: str

    def __post_init__(self) -> None:
        slack = 1e-9 * max(abs(self.low), abs(self.high))
        if self.low > self.value + slack or self.high < self.value - slack:
            raise ValueError(f"{self.value} {self.unit} is not within its interval {self.low} to {self.high}")


class Evidence(Value, frozen=True, kw_only=True):
    """What a statement rests on: datastreams read over [start, end) as they stood at `as_of_seq`, and their hash."""

    datastreams: tuple[str, ...]
    start: datetime
    end: datetime
    as_of_seq: int
    sha256: str


class Relation(Value, frozen=True, kw_only=True):
    """A named link from one Thing to another (`part_of`, `feeds`, `upstream`, ...)."""

    kind: str
    thing: str


class Change(Value, frozen=True, kw_only=True):
    """What a measure or an event does, as data that engines understand: `thing`.`property` becomes `value` at `start`.

    `hours` = local hours [from, to) of every day in which it holds, (22, 5) over midnight; None = always. An engine that
    knows no clock refuses it.
    """

    thing: str
    property: str
    value: float
    start: datetime | None = None
    hours: tuple[int, int] | None = None


class Effect(Value, frozen=True, kw_only=True):
    """Claimed effect of a countermeasure on one indicator of one thing; positive = it gets better, which way `better` says.

    `out_of` is the amount of the indicator that the effect takes its share of (the leakage that a lower pressure slows):
    effects of several measures on one indicator meet there. None = the gap of the problem that the measure answers.
    """

    indicator: str
    thing: str
    estimate: Estimate
    period: str
    grade: Literal["modelled", "published", "assumed"] = "modelled"
    better: Better = "lower"
    out_of: float | None = None


class CostRow(Value, frozen=True, kw_only=True):
    """One line of money or of a quantity without a price over the life of a measure (form after HM Treasury E3/BCN).

    `kind` benefit and cost carry a `unit_value`; non_monetary carries none and is shown, never summed.
    Yearly amount in year t = quantity * unit_value * (1 + escalation)^(t - first_year), every `recurrence` years
    (0 = once) for `life` years from `first_year`; `residual` is the share of the amount left at the end of the life.
    Real prices of `unit_value.price_year`.
    """

    name: str
    kind: Literal["benefit", "cost", "non_monetary"]
    first_year: int
    life: int
    recurrence: int
    escalation: float
    quantity: Estimate
    unit_value: Money | None
    residual: float = 0.0
    tags: tuple[str, ...] = ()
    source: str = ""
    status: Literal["confirmed", "unconfirmed", "assumed", "given"] = "assumed"


class RankedThing(Value, frozen=True, kw_only=True):
    """One row of a ranked search area: a Thing, its share of the probability, its length and its rank (1 = first)."""

    thing: str
    name: str
    rank: int
    probability: float
    length_m: float


class StateEntry(Value, frozen=True, kw_only=True):
    """A dated state of a Project with its paper trail."""

    state: Literal["proposed", "approved", "funded", "started", "done", "cancelled"]
    on: datetime
    by: str
    cost: Money | None = None
    department: str = ""
    document: str = ""
    note: str = ""


class Realisation(Value, frozen=True, kw_only=True):
    """Realisation rate used by a claim: verified / claimed, from published values and what was verified since."""

    kind: str
    estimate: Estimate
    studies: int
    source: str
    status: Literal["confirmed", "unconfirmed"]


class PlanLine(Value, frozen=True, kw_only=True):
    """One countermeasure in a plan: the year it starts and its share of budget and benefit (present values)."""

    countermeasure: str
    project: str
    year: int
    cost: Money
    net_present_value: Estimate


class Limit(Value, frozen=True, kw_only=True):
    """A shared limit named by countermeasures' `uses`, or a cut that a joint simulation added."""

    id: str
    amount: float
    unit: str
    source: str


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="noun"):
    """What every record has. `simulated` is true if anything it rests on was simulated."""

    id: str
    version: int = 1
    simulated: bool = False


class Location(Record, frozen=True, kw_only=True):
    """A place. `coordinates` are (x, y) or (longitude, latitude) pairs in `crs` exactly as the user gave them."""

    name: str
    crs: str
    geometry: Literal["point", "line", "area"]
    coordinates: tuple[tuple[float, float], ...]


class Thing(Record, frozen=True, kw_only=True):
    """A pipe, a tank, a zone, a building, ...; `name` is its identifier in its own register or model."""

    kind: str
    name: str
    location: str = ""
    relations: tuple[Relation, ...] = ()
    properties: dict[str, float | str] = {}


class Sensor(Record, frozen=True, kw_only=True):
    """A measuring device and what is known about its error (one standard deviation, in the datastream's unit)."""

    name: str
    thing: str
    noise_sd: float | None = None
    description: str = ""


class ObservedProperty(Record, frozen=True, kw_only=True):
    """What is observed, with a definition."""

    name: str
    unit: str
    definition: str = ""


class Datastream(Record, frozen=True, kw_only=True):
    """One series of one property of one thing. `unit` is the unit inside; conversion happened at the border.

    A counter has `rollover` (register size) if it rolls over. `step_s` is the nominal interval; a mean or total is
    stamped with the start of its interval.
    """

    name: str
    thing: str
    sensor: str
    observed_property: str
    unit: str
    statistic: Statistic
    step_s: int
    rollover: float | None = None
    declared_unit: str = ""
    source: str = ""


class FeatureOfInterest(Record, frozen=True, kw_only=True):
    """What an observation is about where that is not the Thing itself (a street, a stretch of river)."""

    name: str
    location: str = ""


class Observation(Value, frozen=True, kw_only=True):
    """One observed value, for people and tests; between rooms observations travel as a Batch (Arrow, BATCH_COLUMNS)."""

    datastream: str
    time: datetime
    value: float
    quality: Quality = Quality.GOOD
    variant: int = 0


class Indicator(Record, frozen=True, kw_only=True):
    """A computed quantity with its rule; norms may add a rule of their own, none changes an observation."""

    name: str
    unit: str
    title_en: str
    title_zh: str
    formula: str
    source: str


class Problem(Record, frozen=True, kw_only=True):
    """A gap between observed and expected. Key = (kind, boundary or thing): the same trouble is a new version.

    Of `details`, reports read `datastream` (its id, where the trouble is the measurement itself), `located_by` (by what the
    ranked area was found, "en | zh"), `onset_earliest` and `onset_latest`, `nowhere` (there is no place to go to: a whole
    supply that falls short); the others are the domain's own.
    """

    domain: str
    kind: str
    boundary: str
    indicator: str
    observed: Estimate
    expected: Estimate
    gap: Estimate
    onset: date | None
    detected: datetime
    cost_per_year: Estimate | None
    evidence: Evidence
    area: tuple[RankedThing, ...] = ()
    best_place: str = ""
    status: Literal["open", "acknowledged", "dismissed", "merged", "in_works", "closed"] = "open"
    assigned_to: str = ""
    merged_into: str = ""
    notes: tuple[str, ...] = ()
    details: dict[str, float | str] = {}


class Goal(Record, frozen=True, kw_only=True):
    """A target for one indicator of one boundary, and how it will be judged, registered before the works."""

    problem: str
    indicator: str
    boundary: str
    start_value: Estimate
    target: Estimate
    due: date
    datastreams: tuple[str, ...]
    method: str
    level: float
    days_before: int
    days_after: int
    settling_days: int
    smallest_effect: float
    unit: str
    policy: str
    norm: str = ""
    better: Better = "lower"


class Countermeasure(Record, frozen=True, kw_only=True):
    """A possible measure as data: what it changes, answers, needs, excludes, uses, costs and claims.

    Of `details`, reports and crews read `search_on_l_per_s_per_km` (a search goes on while the flow still missing exceeds
    it for each kilometre of its area that is left); the others are the domain's own.
    """

    domain: str
    kind: str
    title_en: str
    title_zh: str
    boundary: str
    targets: tuple[str, ...]
    changes: tuple[Change, ...]
    answers: tuple[str, ...]
    effects: tuple[Effect, ...]
    costs: tuple[CostRow, ...]
    realisation: Realisation
    requires: tuple[tuple[str, str], ...] = ()
    cost_rate: Realisation | None = None
    """Paid / estimated cost of finished works of its kind, which `costs` contain; None before the first."""
    one_of: str = ""
    uses: dict[str, float] = {}
    area: tuple[RankedThing, ...] = ()
    details: dict[str, float | str] = {}


class Plan(Record, frozen=True, kw_only=True):
    """The chosen portfolio over some years, with bound, gap and what was left out and why."""

    years: tuple[int, ...]
    budget: tuple[Money, ...]
    lines: tuple[PlanLine, ...]
    rejected: dict[str, str]
    objective: Estimate
    bound: float
    gap: float
    stopped_by: str
    discount_rate: float
    cuts: tuple[Limit, ...] = ()
    unmet: tuple[Limit, ...] = ()
    """Limits of the models that stay broken with the plan: nothing on offer meets them."""
    joint_effect: dict[str, float] = {}
    status: Literal["proposed", "approved", "superseded"] = "proposed"


class Project(Record, frozen=True, kw_only=True):
    """Works that carry out one countermeasure, with dated states."""

    countermeasure: str
    plan: str
    boundary: str
    name: str
    states: tuple[StateEntry, ...]
    findings: tuple[dict[str, float | str], ...] = ()

    @property
    def state(self) -> str:
        """The latest state."""
        return self.states[-1].state


class Baseline(Record, frozen=True, kw_only=True):
    """The frozen expectation of one indicator at the start of works: method, parameters and hash of its data."""

    goal: str
    boundary: str
    indicator: str
    projects: tuple[str, ...]
    frozen: datetime
    method: str
    parameters: dict[str, float | str | list[float | str]]
    evidence: Evidence
    unit: str


class Verification(Record, frozen=True, kw_only=True):
    """What was measured after the works against the frozen baseline, one per (boundary, works window).

    `measured` and `claimed` are positive where the indicator got better: fell, or rose where `better` is higher.
    """

    goal: str
    boundary: str
    indicator: str
    projects: tuple[str, ...]
    baseline: str
    start: date
    end: date
    days_used: int
    measured: Estimate
    claimed: Estimate
    smallest_effect: float
    grade: Literal["confirmed", "refuted", "inconclusive"]
    realisation: Estimate | None
    evidence: Evidence
    joint: bool = False
    note: str = ""
    better: Better = "lower"


class Decision(Record, frozen=True, kw_only=True):
    """What a person or partner decided: append-only, who, when, about what, verb, reason, data."""

    who: str
    when: datetime
    about: str
    verb: str
    reason: str = ""
    data: dict[str, float | str] = {}


class Filter(Value, frozen=True, kw_only=True):
    """What a reader may see; a store read without one does not exist. `operator()` sees all of its own city."""

    reader: str
    datastreams: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    nouns: tuple[str, ...] | None = None

    @classmethod
    def operator(cls) -> "Filter":
        """The operator's own view of the city: everything."""
        return cls(reader="operator")


class RequestStep(Value, frozen=True, kw_only=True):
    """A dated step of a request's handling. `day_only` = the table names the day and no clock time (`at` is its midnight)."""

    state: Literal["accepted", "dispatched", "signed", "handled", "answered", "closed", "rehandled", "called_back"]
    at: datetime
    day_only: bool = False


class ServiceRequest(Record, frozen=True, kw_only=True):
    """A citizen's request: one noun for Open311 GeoReport v2 and for 12345 work orders. No caller is in it.

    Key = (system, number): a later state is a new version. `location` is the id of a Location in the system its table
    states; "" = no usable position. `bears_on` names domains or kinds of Problem, by the city's mapping of codes. `satisfied`
    and `resolved` are None where nobody answered; `satisfaction` is the word as given. `remarks` say what was not usable,
    "en | zh". Steps are in the order of handling.
    """

    system: str
    number: str
    requested: datetime
    description: str = ""
    channel: str = ""
    type: Literal["consultation", "help", "complaint", "suggestion", "other", ""] = ""
    type_said: str = ""
    service_code: str = ""
    code_system: str = ""
    service_name: str = ""
    bears_on: tuple[str, ...] = ()
    address: str = ""
    location: str = ""
    grid_code: str = ""
    steps: tuple[RequestStep, ...] = ()
    status: Literal["open", "closed"] = "open"
    status_said: str = ""
    department: str = ""
    due: datetime | None = None
    due_by: Literal["given", "limit", ""] = ""
    """Whether the table gives the due time or a limit of the city's own did."""
    extension: str = ""
    extended_due: datetime | None = None
    result: str = ""
    resolved: bool | None = None
    satisfied: bool | None = None
    satisfaction: str = ""
    related: tuple[str, ...] = ()
    """Numbers of the requests that this one repeats or belongs to."""
    remarks: tuple[str, ...] = ()

    def at(self, state: str) -> datetime | None:
        """When it first came to a state; None where no date is given."""
        return next((s.at for s in self.steps if s.state == state), None)


class OpeningRecord(Record, frozen=True, kw_only=True):
    """A security assessment that opens a field or dataset, by whom and to whom."""

    subject: str
    level: str
    reason: str
    by: str
    on: datetime


class Pattern(Record, frozen=True, kw_only=True):
    """A verified result in a form that the next city can use."""

    kind: str
    title_en: str
    title_zh: str
    measured: Estimate
    realisation: Estimate | None
    conditions: dict[str, float | str]
    verifications: tuple[str, ...]


AnyRecord = (
    Location | Thing | Sensor | ObservedProperty | Datastream | FeatureOfInterest | Indicator | Problem | Goal
    | Countermeasure | Plan | Project | Baseline | Verification | Decision | ServiceRequest | OpeningRecord | Pattern
)  # fmt: skip
NOUNS: dict[str, type[Record]] = {cls.__name__: cls for cls in AnyRecord.__args__}
RecordT = TypeVar("RecordT", bound=Record)


def to_json(record: Record) -> bytes:
    """A record as JSON with its noun; `from_json` gives it back unchanged."""
    return msgspec.json.encode(record, enc_hook=_plain)


def from_json(text: bytes | str) -> Record:
    """The record in a JSON text; raises msgspec.ValidationError naming the field that does not fit."""
    record: Record = _DECODER.decode(text)
    return record


def _plain(value: object) -> object:
    """A number of an array library as a plain one; anything else is no part of a record."""
    item = getattr(value, "item", None)
    if item is None:
        raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")
    return item()


_DECODER = msgspec.json.Decoder(AnyRecord)
