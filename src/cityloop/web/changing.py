"""What can be changed besides observations: datastreams, decisions, turns, keys."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from cityloop.contracts import Progress
from cityloop.errors import InputError
from cityloop.records import Datastream, Decision, Record, Sensor, Statistic, Thing, record_id, to_json
from cityloop.store import ApiKey
from cityloop.units import QUANTITIES
from cityloop.web.routes import Answer, Asked, json_answer

if TYPE_CHECKING:
    from cityloop.city import TurnSummary

__all__ = [
    "Decided", "KeyMade", "KeyShown", "NewDatastream", "NewDecision", "NewKey", "NewTurn", "cancel_job", "get_job",
    "get_jobs", "get_keys", "make_key", "post_datastream", "post_decision", "post_turn", "revoke_key",
]  # fmt: skip


class NewDatastream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A series to send: what is observed, on which Thing (made if there is none of that kind and name)."""

    name: str
    thing_kind: str
    thing_name: str
    observed_property: str
    statistic: Statistic = "instant"
    step_s: int = 3600
    sensor: str = ""


class NewDecision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is decided about a record; `when` defaults to now. Who decides is the key's name."""

    about: str
    verb: str
    reason: str = ""
    data: dict[str, float | str] = {}
    when: datetime | None = None


class NewTurn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn at `now` (default: the end of the latest observation); with commit = false a what-if."""

    now: datetime | None = None
    commit: bool = True


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make."""

    name: str
    scopes: list[str]
    expires: datetime | None = None


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    id: str
    name: str
    scopes: list[str]
    created: datetime
    expires: datetime | None
    revoked: datetime | None


class KeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its secret, which is shown this once."""

    key: KeyShown
    secret: str


class Decided(msgspec.Struct, frozen=True):
    """The records that a decision changed, or that a turn made."""

    records: list[msgspec.Raw]


def post_datastream(asked: Asked) -> Answer:
    """Make a Datastream, and its Thing and Sensor where there are none; the same again changes nothing."""
    new = asked.decoded(NewDatastream)
    service = asked.service
    for field in ("name", "thing_kind", "thing_name"):
        if not getattr(new, field).strip():
            raise InputError("An empty field.", where=field)
    if new.observed_property not in QUANTITIES:
        raise InputError(
            "No such observed property.", where="observed_property", got=new.observed_property,
            allowed=", ".join(sorted(QUANTITIES)),
        )  # fmt: skip
    if new.step_s <= 0:
        raise InputError("Not a step in seconds.", where="step_s", got=new.step_s, allowed="1 and more")
    city = service.city.settings.id
    thing = record_id(city, "thing", new.thing_kind, new.thing_name)
    known = {t.id for t in service.store.records(Thing, service.who)}
    sensor = Sensor(id=record_id(city, "sensor", new.sensor or new.name), name=new.sensor or new.name, thing=thing)
    stream = Datastream(
        id=record_id(city, "datastream", new.name), name=new.name, thing=thing, sensor=sensor.id,
        observed_property=new.observed_property, unit=QUANTITIES[new.observed_property].unit, statistic=new.statistic,
        step_s=new.step_s, source=asked.source,
    )  # fmt: skip
    made: list[Record] = [sensor, stream]
    if thing not in known:
        made.insert(0, Thing(id=thing, kind=new.thing_kind, name=new.thing_name))
    kept = service.store.put(made)
    return Answer(to_json(kept[-1]), status=201)


def post_decision(asked: Asked) -> Answer:
    """Take a decision and what follows from it, in one transaction."""
    new, service = asked.decoded(NewDecision), asked.service
    who = asked.who
    when = new.when or service.clock()
    if when.tzinfo is None:
        raise InputError("A time without its offset.", where="when", got=when.isoformat())
    id_ = record_id(service.city.settings.id, "decision", who, new.verb, new.about, when.isoformat())
    decision = Decision(
        id=id_, who=who, when=when, about=new.about, verb=new.verb, reason=new.reason, data=dict(new.data)
    )
    with service.deciding:
        changed = service.city.decide(decision)
    return json_answer(Decided([msgspec.Raw(to_json(r)) for r in changed]))


def post_turn(asked: Asked) -> Answer:
    """Start a turn, or a what-if, as a job."""
    new, service = asked.decoded(NewTurn), asked.service
    now = new.now or service.city.last_observation()
    if now is None or now.tzinfo is None:
        raise InputError("A turn needs a moment with its offset, or observations.", where="now")

    def work(progress: Progress) -> Any:
        with service.deciding:
            summary = service.city.turn(now, progress=progress, commit=new.commit)
        return _told(summary)

    job = service.jobs.start("turn" if new.commit else "what-if", asked.who, work)
    return json_answer(job, status=202, headers={"Location": f"/api/v1/jobs/{job.id}"})


def _told(summary: "TurnSummary") -> dict[str, Any]:
    """A turn as JSON: records by step; a what-if's are nowhere else."""
    steps = {step: [msgspec.json.decode(to_json(r)) for r in made] for step, made in summary.steps.items()}
    return {"turn": summary.turn, "now": summary.now, "committed": summary.committed, "steps": steps}


# --- jobs --------------------------------------------------------------------------------------------------------
def get_jobs(asked: Asked) -> Answer:
    """Every job that is kept, the newest first, without their results."""
    return json_answer([msgspec.structs.replace(job, result=None) for job in asked.service.jobs.all()])


def get_job(asked: Asked) -> Answer:
    """One job, with its result once it is done."""
    return json_answer(asked.service.jobs.get(asked.path["id"]))


def cancel_job(asked: Asked) -> Answer:
    """Ask a job to stop at its next safe place."""
    return json_answer(asked.service.jobs.cancel(asked.path["id"]), status=202)


# --- keys --------------------------------------------------------------------------------------------------------
def get_keys(asked: Asked) -> Answer:
    """Every key, without secrets."""
    return json_answer([_shown(key) for key in asked.service.store.keys.all()])


def make_key(asked: Asked) -> Answer:
    """A new key; the answer is the only place where its secret ever stands."""
    new, service = asked.decoded(NewKey), asked.service
    if new.expires is not None and new.expires.tzinfo is None:
        raise InputError("A time without its offset.", where="expires", got=new.expires.isoformat())
    key, secret = service.store.keys.make(new.name, tuple(new.scopes), now=service.clock(), expires=new.expires)
    return json_answer(KeyMade(key=_shown(key), secret=secret), status=201, headers={"Cache-Control": "no-store"})


def revoke_key(asked: Asked) -> Answer:
    """End a key; it opens nothing from the next request on."""
    return json_answer(_shown(asked.service.store.keys.revoke(asked.path["id"], now=asked.service.clock())))


def _shown(key: ApiKey) -> KeyShown:
    return KeyShown(
        id=key.id, name=key.name, scopes=list(key.scopes), created=key.created, expires=key.expires, revoked=key.revoked
    )
