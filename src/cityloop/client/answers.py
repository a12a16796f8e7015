"""What the server answers, as values."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from cityloop.errors import InputError
from cityloop.records import AnyRecord, Record

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Event", "Job", "Refused", "Rows", "Sent", "Turn", "rows_of"]


class Refused(msgspec.Struct, frozen=True):
    """A row that was not taken: its number in what was sent (from 1), and why."""

    row: int
    reason: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what was sent, after it is on the server's disk. `refused` names at most 100 rows of each body."""

    rows: int
    rejected: int
    seq: int
    refused: list[Refused]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A turn, or a what-if (not committed): the records that each step made."""

    turn: str
    now: datetime
    committed: bool
    steps: dict[str, list[AnyRecord]]

    def records(self) -> list[Record]:
        """All of them, in the order of the steps."""
        return [record for made in self.steps.values() for record in made]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Long work of the server. `progress` runs from 0 to 1; `result` is there when it is done, `fault` when it failed."""

    id: str
    kind: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    by: str
    asked: datetime
    started: datetime | None = None
    ended: datetime | None = None
    progress: float = 0.0
    step: str = ""
    result: Turn | None = None
    fault: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something written: a version of a record (`noun`, `record`, `version`, `stamp`), or rows `first` to `last` by seq.

    `id` is the place after it: `Client.events(after=id)` goes on from there, now or in a year.
    """

    id: str
    kind: Literal["record", "rows"]
    noun: str = ""
    record: str = ""
    version: int = 0
    stamp: int = 0
    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class Rows:
    """A table of the server (columns by call: see Client) and the unit of each Datastream in it, by id."""

    table: "pa.Table"
    units: dict[str, str]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def frame(self) -> "pd.DataFrame":
        """The table as a pandas DataFrame; times are UTC."""
        return self.table.to_pandas()


def rows_of(body: bytes) -> Rows:
    """The rows in an Arrow stream. Raises InputError for a body that is none."""
    import pyarrow as pa

    try:
        table = pa.ipc.open_stream(pa.BufferReader(body)).read_all()
        held: dict[bytes, Any] = table.schema.metadata or {}
        return Rows(table.replace_schema_metadata(None), json.loads(held.get(b"units", b"{}")))
    except (pa.ArrowException, ValueError) as fault:
        raise InputError(
            "The answer is no Arrow stream.", got=str(fault)[:200], cure="Is this a Cityloop server?"
        ) from fault
