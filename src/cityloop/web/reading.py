"""What can be read: records with their versions, observations, the latest values."""

from datetime import UTC, datetime

import msgspec
import pyarrow as pa

from cityloop.errors import InputError, RecordError
from cityloop.records import NOUNS, Record, to_json
from cityloop.web.faults import HttpFault
from cityloop.web.forms import named, table_answer
from cityloop.web.metrics import MEDIA
from cityloop.web.routes import Answer, Asked, json_answer

__all__ = [
    "Columns",
    "Health",
    "Page",
    "get_health",
    "get_latest",
    "get_metrics",
    "get_observations",
    "get_record",
    "get_records",
    "get_versions",
]

MOST_RECORDS, MOST_ROWS = 1_000, 1_000_000
_ALWAYS = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
_FIXED = ("limit", "after")


class Health(msgspec.Struct, frozen=True):
    """That the server runs; nothing of the city."""

    status: str
    version: str


class Page(msgspec.Struct, frozen=True):
    """Records of one noun by id; `next` is the `after` of the next page, null on the last one."""

    noun: str
    records: list[msgspec.Raw]
    next: str | None


class Columns(msgspec.Struct, frozen=True):
    """Observations by columns, ordered by datastream and time; `next` is the `start` of the next page of one datastream."""

    datastream: list[str]
    time: list[str]
    value: list[float]
    quality: list[int]
    seq: list[int]
    units: dict[str, str]
    next: str | None


def get_health(asked: Asked) -> Answer:
    """That the server runs."""
    from cityloop import __version__

    return json_answer(Health("ok", __version__))


def get_metrics(asked: Asked) -> Answer:
    """What the server counts."""
    return Answer(asked.service.metrics.text(), MEDIA)


# --- records -----------------------------------------------------------------------------------------------------
def get_records(asked: Asked) -> Answer:
    """A page of the latest versions of one noun's records, with equality filters on its plain fields."""
    noun = _noun(asked.path["noun"])
    limit, after = asked.whole("limit", 100, most=MOST_RECORDS), asked.one("after")
    wanted = _wanted(asked, noun)
    records = asked.service.store.records(noun, asked.service.who)
    found = [r for r in records if r.id > after and all(_said(r, k) == v for k, v in wanted.items())]
    page = found[:limit]
    more = page[-1].id if len(found) > limit else None
    return json_answer(Page(noun.__name__, [msgspec.Raw(to_json(r)) for r in page], more))


def get_record(asked: Asked) -> Answer:
    """The latest version of one record."""
    try:
        record = asked.service.store.get(_noun(asked.path["noun"]), asked.path["id"], asked.service.who)
    except RecordError as fault:
        raise HttpFault(404, fault.what, got=fault.got, allowed=fault.allowed, cure=fault.cure) from fault
    return Answer(to_json(record))


def get_versions(asked: Asked) -> Answer:
    """Every version of one record, oldest first."""
    noun = _noun(asked.path["noun"])
    found = [r for r in asked.service.store.history(asked.path["id"], asked.service.who) if type(r) is noun]
    if not found:
        raise HttpFault(404, f"No such {noun.__name__}.", got=asked.path["id"], cure="List them and copy the id.")
    return json_answer(Page(noun.__name__, [msgspec.Raw(to_json(r)) for r in found], None))


def _noun(name: str) -> type[Record]:
    by_name = {n.lower(): kind for n, kind in NOUNS.items()}
    if name.lower() not in by_name:
        raise HttpFault(404, "No such noun.", got=name, allowed=", ".join(NOUNS))
    return by_name[name.lower()]


def _wanted(asked: Asked, noun: type[Record]) -> dict[str, str]:
    """Filters of the query: fields of the noun that hold one text, number or truth."""
    plain = [f.name for f in msgspec.structs.fields(noun) if f.type in (str, bool, int) or "Literal" in str(f.type)]
    for name in asked.query:
        if name not in (*plain, *_FIXED):
            raise InputError("No such filter.", where=name, allowed=", ".join((*_FIXED, *plain)))
    return {name: asked.one(name) for name in asked.query if name in plain}


def _said(record: Record, name: str) -> str:
    value = getattr(record, name)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


# --- observations ------------------------------------------------------------------------------------------------
def get_observations(asked: Asked) -> Answer:
    """The rows that stand in [start, end) of the datastreams named, as JSON columns, CSV or an Arrow stream."""
    service, units = asked.service, named(asked)
    start, end = asked.moment("start") or _ALWAYS[0], asked.moment("end") or _ALWAYS[1]
    limit = asked.whole("limit", 10_000, most=MOST_ROWS)
    rows = service.store.rows(list(units), start=start, end=end, who=service.who)
    more = None
    if len(rows) > limit:
        if len(units) > 1:
            raise InputError(
                "More rows than fit in one answer.", where="limit", got=f"{len(rows):,}", allowed=f"{limit:,}",
                cure="Ask for a shorter span, a higher limit, or one datastream at a time, which has pages.",
            )  # fmt: skip
        more = rows["time"][limit].as_py().isoformat()
        rows = rows.slice(0, limit)
    return _table(asked, rows, units, more)


def get_latest(asked: Asked) -> Answer:
    """The last measured row of every datastream."""
    units = {s.id: s.unit for _, s in asked.service.datastreams().values()}
    return _table(asked, asked.service.store.latest(asked.service.who), units, None)


def _table(asked: Asked, rows: pa.Table, units: dict[str, str], more: str | None) -> Answer:
    headers = {"X-Next-Start": more} if more else {}
    if asked.one("format", "json") == "json":
        rows = rows.drop_columns(["variant"])
    return table_answer(asked, rows, Columns, units=units, headers=headers, next=more)
