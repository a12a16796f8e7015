"""Tables as answers: JSON columns, CSV or an Arrow stream."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from cityloop.errors import InputError
from cityloop.web.faults import HttpFault
from cityloop.web.ingest import ARROW, CSV
from cityloop.web.routes import JSON, Answer, Asked, json_answer

__all__ = ["FORMATS", "named", "table_answer"]

FORMATS = {"json": JSON, "csv": CSV, "arrow": ARROW}


def named(asked: Asked) -> dict[str, str]:
    """Id -> unit of the Datastreams that the query names, by id or name. Raises HttpFault for unknown ones and for none."""
    known, names = asked.service.datastreams(), asked.query.get("datastream", ())
    strange = [n for n in names if n not in known]
    if strange or not names:
        raise HttpFault(
            404 if strange else 400, "No such datastream.", where="datastream", got=", ".join(strange) or "nothing",
            cure="List them: GET /api/v1/records/Datastream.",
        )  # fmt: skip
    return {known[n][1].id: known[n][1].unit for n in names}


def table_answer(
    asked: Asked, table: pa.Table, told: Callable[..., Any], *, units: Mapping[str, str],
    headers: Mapping[str, str] | None = None, **more: Any,
) -> Answer:  # fmt: skip
    """A table in the format asked for; as JSON it is `told` with a list for each column, `units` and what else it says.

    An Arrow stream carries the units (datastream id -> unit) as JSON in its schema's metadata.
    """
    form = asked.one("format", "json")
    if form not in FORMATS:
        raise InputError("No such format.", where="format", got=form, allowed=", ".join(FORMATS))
    if form == "json":
        columns = {name: [_plain(v) for v in table[name].to_pylist()] for name in table.column_names}
        return json_answer(told(**columns, units=units, **more), headers=headers)
    sink = pa.BufferOutputStream()
    if form == "csv":
        from pyarrow import csv

        csv.write_csv(table, sink)
    else:
        marked = table.replace_schema_metadata({"units": json.dumps(dict(units), ensure_ascii=False)})
        with pa.ipc.new_stream(sink, marked.schema) as writer:
            writer.write_table(marked)
    return Answer(sink.getvalue().to_pybytes(), FORMATS[form], headers=headers or {})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
