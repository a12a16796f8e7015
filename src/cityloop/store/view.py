"""A read-only snapshot of one city: rows as of a seq, records as of a stamp, one moment called now."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from cityloop.contracts import Floats, NormRule, Policy, Times
from cityloop.errors import RecordError, StoreError
from cityloop.records import Evidence, Filter, Record, RecordT
from cityloop.store.store import Store, unknown

__all__ = ["StoreView"]

_BLOCK_BYTES = 64 << 20
"""Blocks kept per view: a year of hours of 900 datastreams."""


class StoreView:
    """Implements contracts.View on a Store. What is written after it was made does not show in it.

    `overlay` are records that stand in this view only, as if they had been put: a what-if. `norms` is world -> key -> rule.
    """

    def __init__(
        self, store: Store, *, city: str, timezone: str, now: datetime, policy: Policy,
        norms: Mapping[str, Mapping[str, NormRule]], as_of_seq: int | None = None, who: Filter | None = None,
        overlay: Sequence[Record] = (),
    ) -> None:  # fmt: skip
        if now.tzinfo is None:
            raise StoreError("A time without a zone.", where="now", got=now.isoformat(), cure="Give aware times.")
        self.city, self.timezone, self.now, self.policy = city, timezone, now.astimezone(UTC), policy
        self.as_of_seq = store.seq() if as_of_seq is None else as_of_seq
        self.stamp = store.stamp()
        self._store, self._norms = store, norms
        self._who = who if who is not None else Filter.operator()
        self._overlay: dict[type[Record], dict[str, Record]] = {}
        self._blocks: OrderedDict[tuple[object, ...], tuple[Times, Floats]] = OrderedDict()
        self._evidence: dict[tuple[object, ...], Evidence] = {}
        for record in overlay:
            self._lay_over(record)

    def _lay_over(self, record: Record) -> None:
        noun = type(record)
        base = self._overlay.get(noun, {}).get(record.id)
        if base is None:
            base = next((r for r in self._store.records(noun, self._who, stamp=self.stamp) if r.id == record.id), None)
        version = base.version if base is not None else 0
        if base is not None and msgspec.structs.replace(record, version=version) == base:
            return
        self._overlay.setdefault(noun, {})[record.id] = msgspec.structs.replace(record, version=version + 1)

    def records(self, noun: type[RecordT]) -> tuple[RecordT, ...]:
        """Latest version of every record of a noun, by id."""
        stored = self._store.records(noun, self._who, stamp=self.stamp)
        over = self._overlay.get(noun)
        if not over:
            return stored
        merged: dict[str, RecordT] = {r.id: r for r in stored}
        merged.update((id_, r) for id_, r in over.items() if isinstance(r, noun))
        return tuple(merged[id_] for id_ in sorted(merged))

    def get(self, noun: type[RecordT], id: str) -> RecordT:
        """One record; raises RecordError naming the nearest id if there is none."""
        over = self._overlay.get(noun, {}).get(id)
        if isinstance(over, noun):
            return over
        try:
            return self._store.get(noun, id, self._who, stamp=self.stamp)
        except RecordError:
            raise unknown(noun, id, [r.id for r in self.records(noun)]) from None

    def block(
        self, datastreams: Sequence[str], *, start: datetime, end: datetime, step_s: int = 3600
    ) -> tuple[Times, Floats]:
        """Regular grid (t,), (t, len(datastreams)) of whole steps: mean of the good values in [t, t + step), NaN = none.

        The arrays are the caller's own.
        """
        key = (tuple(datastreams), start, end, step_s)
        found = self._blocks.get(key)
        if found is None:
            found = self._store.block(
                datastreams, start=start, end=end, step_s=step_s, who=self._who, as_of_seq=self.as_of_seq
            )
            self._blocks[key] = found
            while len(self._blocks) > 1 and sum(b.nbytes for _, b in self._blocks.values()) > _BLOCK_BYTES:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(key)
        return found[0].copy(), found[1].copy()

    def span(self, datastreams: Sequence[str]) -> tuple[datetime, datetime] | None:
        """First time and the end (last time + step) of the good rows; None if there are none."""
        return self._store.span(datastreams, who=self._who, as_of_seq=self.as_of_seq)

    def evidence(self, datastreams: Sequence[str], *, start: datetime, end: datetime) -> Evidence:
        """Lineage of what was read: SHA-256 of exactly the rows in [start, end) at `as_of_seq`."""
        key = (tuple(datastreams), start, end)
        if key not in self._evidence:
            self._evidence[key] = Evidence(
                datastreams=tuple(datastreams), start=start, end=end, as_of_seq=self.as_of_seq,
                sha256=self._store.digest(datastreams, start=start, end=end, who=self._who, as_of_seq=self.as_of_seq),
            )  # fmt: skip
        return self._evidence[key]

    def norm(self, key: str, world: str | None = None) -> NormRule | None:
        """The rule of the binding norm (or of `world`); None where the norm has none."""
        return self._norms.get(world if world is not None else self.policy.binding_norm, {}).get(key)
