"""Which records say something new: a step returns those only."""

from collections.abc import Iterable

import msgspec

from cityloop.contracts import View
from cityloop.records import RecordT

__all__ = ["news"]


def news(view: View, records: Iterable[RecordT]) -> list[RecordT]:
    """The records that are not on record yet, or differ from it in more than the version; with the next version."""
    found = []
    known: dict[type, dict[str, RecordT]] = {}
    for record in records:
        kind = type(record)
        if kind not in known:
            known[kind] = {r.id: r for r in view.records(kind)}
        before = known[kind].get(record.id)
        if before is None:
            found.append(record)
        elif msgspec.structs.replace(record, version=before.version) != before:
            found.append(msgspec.structs.replace(record, version=before.version + 1))
    return found
