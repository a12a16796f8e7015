"""A city held in memory: the View of a bench that judges a thousand works without a store.

Read through the product's own border (sources.files), then served from hourly arrays. Benches only.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from cityloop.contracts import Floats, NormRule, Policy, Source, Times
from cityloop.errors import RecordError
from cityloop.records import Datastream, Evidence, Record, RecordT

__all__ = ["MemoryView", "read_sources"]

HOUR = timedelta(hours=1)


@dataclass
class MemoryView:
    """contracts.View over hourly arrays that all begin at `origin`; nothing at or after `now` is seen.

    `lowered` = datastream -> (from, amount): the value falls by a constant from a moment on (an injected reduction).
    """

    city: str
    timezone: str
    now: datetime
    policy: Policy
    origin: datetime
    streams: Mapping[str, Floats]
    things: tuple[Record, ...]
    lowered: Mapping[str, tuple[datetime, float]] = field(default_factory=dict)
    as_of_seq: int = 1

    def records(self, noun: type[RecordT]) -> tuple[RecordT, ...]:
        """Latest version of every record of a noun, by id."""
        return tuple(sorted((r for r in self.things if type(r) is noun), key=lambda r: r.id))

    def get(self, noun: type[RecordT], id: str) -> RecordT:
        """One record; raises RecordError if there is none."""
        for record in self.things:
            if type(record) is noun and record.id == id:
                return record
        raise RecordError("No such record.", where=noun.__name__, got=id)

    def block(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, step_s: int = 3600
    ) -> tuple[Times, Floats]:
        """Hourly grid over [start, end); hours that are not there are NaN."""
        if step_s != 3600:
            raise RecordError("This view has hourly values only.", got=step_s, allowed=3600)
        offset, steps = self._hour(start), max(self._hour(end) - self._hour(start), 0)
        first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "us")
        times = first + np.arange(steps) * np.timedelta64(3_600_000_000, "us")
        out = np.full((steps, len(datastreams)), np.nan)
        seen = self._hour(self.now)
        for column, name in enumerate(datastreams):
            values = self.streams[name]
            low, high = max(offset, 0), min(offset + steps, len(values), seen)
            if high > low:
                out[low - offset : high - offset, column] = values[low:high]
                if name in self.lowered:
                    since, amount = self.lowered[name]
                    out[max(self._hour(since) - offset, 0) :, column] -= amount
        return times, out

    def span(self, datastreams: Sequence[str]) -> tuple[datetime, datetime] | None:
        """First time and the end of the values seen."""
        seen = self._hour(self.now)
        good = [g for g in (np.flatnonzero(np.isfinite(self.streams[d][:seen])) for d in datastreams) if len(g)]
        if not good:
            return None
        first, last = min(int(g[0]) for g in good), max(int(g[-1]) for g in good)
        return self.origin + first * HOUR, self.origin + (last + 1) * HOUR

    def evidence(self, datastreams: Sequence[str], *, start: datetime, end: datetime) -> Evidence:
        """Lineage with the hash of exactly the values in [start, end)."""
        _, block = self.block(datastreams, start=start, end=end)
        return Evidence(
            datastreams=tuple(datastreams), start=start, end=end, as_of_seq=self.as_of_seq,
            sha256=hashlib.sha256(block.tobytes()).hexdigest(),
        )  # fmt: skip

    def norm(self, key: str, world: str | None = None) -> NormRule | None:
        """A bench has no norms."""
        return None

    def _hour(self, moment: datetime) -> int:
        """Whole hours from `origin` to a moment, rounded up."""
        return -int((self.origin - moment) // HOUR)


def read_sources(
    sources: Sequence[Source], *, until: datetime
) -> tuple[datetime, dict[str, Floats], tuple[Record, ...]]:
    """Origin, hourly arrays by datastream and the records that `sources` deliver up to `until`.

    Raises what the sources raise. Values of one hour are averaged, as a View must.
    """
    records: dict[str, Record] = {}
    pieces: list[tuple[str, Times, Floats]] = []
    for source in sources:
        for arrival in source.arrivals(cursors={}, until=until):
            records |= {r.id: r for r in (*arrival.records, *arrival.datastreams)}
            number = arrival.batch["datastream"].to_numpy()
            hour = arrival.batch["time"].to_numpy().astype("datetime64[h]")
            value = arrival.batch["value"].to_numpy()
            good = np.isfinite(value) & (arrival.batch["quality"].to_numpy() <= 1)
            for i, stream in enumerate(arrival.datastreams):
                mine = good & (number == i)
                pieces.append((stream.id, hour[mine], value[mine]))
    if not any(len(hour) for _, hour, _ in pieces):
        raise RecordError("The sources deliver no values.", cure="Look at the files they read.")
    first = min(hour.min() for _, hour, _ in pieces if len(hour))
    last = max(hour.max() for _, hour, _ in pieces if len(hour))
    steps = int((last - first).astype(int)) + 1
    arrays = {}
    for id in (r.id for r in records.values() if isinstance(r, Datastream)):
        total, count = np.zeros(steps), np.zeros(steps)
        for name, hour, value in pieces:
            if name == id:
                index = (hour - first).astype(np.int64)
                total += np.bincount(index, weights=value, minlength=steps)
                count += np.bincount(index, minlength=steps)
        arrays[id] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    origin = datetime.fromtimestamp(int(first.astype("datetime64[s]").astype(np.int64)), tz=UTC)
    return origin, arrays, tuple(records.values())
