"""Source of citizens' requests: the tables that a [[requests]] of city.toml names, read again when they change.

A later state of a number is a new version of its request; the same file again changes nothing; what lies after `until` waits.
"""

import glob
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa

from cityloop.contracts import Arrival, Rejected
from cityloop.errors import InputError
from cityloop.formats.requests_table import RefusedRow, RequestTable, read_requests_file
from cityloop.formats.requests_texts import both
from cityloop.i18n import Pair
from cityloop.records import Location, ServiceRequest
from cityloop.settings.requests import RequestSettings

__all__ = ["RequestSource", "as_known"]

PER_ARRIVAL = 2_000


@dataclass
class _Cursor:
    """`files` = name -> [size, mtime_ns, sha256] of what was read to its end; `form` = hash of the settings it was read by;
    `said` = hashes of the refusals reported already.
    """

    files: dict[str, list[int | str]] = field(default_factory=dict)
    form: str = ""
    said: list[str] = field(default_factory=list)


class RequestSource:
    """Implements contracts.Source for one [[requests]].

    `standing` gives the requests on record by id: an older state than what stands is left out. After `arrivals` ran out,
    `counts` says how many requests were read, wait, or were older, and `remarks` what must be known about each file.
    """

    def __init__(
        self, settings: RequestSettings, *, folder: Path, city: str, timezone: str,
        standing: Callable[[], Mapping[str, ServiceRequest]] = dict,
    ) -> None:  # fmt: skip
        self.settings, self.folder, self.city, self.timezone = settings, folder, city, timezone
        self.name = f"requests:{settings.name}"
        self.standing = standing
        self.counts: dict[str, int] = {}
        self.remarks: dict[str, list[Pair]] = {}

    def arrivals(self, *, cursors: Mapping[str, str], until: datetime) -> Iterator[Arrival]:
        """Every request accepted up to `until` as it stood then, from files that changed since the cursor.

        Raises InputError for a path without file and for a file that cannot be read or holds no table of requests.
        """
        cursor = _read_cursor(cursors.get(self.name, ""), self.name)
        form = hashlib.sha256(repr(self.settings).encode()).hexdigest()[:16]
        if cursor.form != form:
            cursor = _Cursor(form=form, said=cursor.said)
        self.counts = {"requests": 0, "waiting": 0, "older": 0}
        for path in self._paths():
            name = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.as_posix()
            mark = _mark_of(path)
            old = cursor.files.get(name, [])
            if old[:2] == mark[:2] or (old[2:] and (mark := _hashed(path, mark))[2] == old[2]):
                continue
            table = read_requests_file(path, self.settings, city=self.city, timezone=self.timezone)
            self.remarks[name] = table.remarks
            yield from self._arrivals(table, name, _hashed(path, mark), cursor, until)

    def _paths(self) -> list[Path]:
        pattern = self.settings.path
        if not Path(pattern).is_absolute():
            pattern = f"{glob.escape(str(self.folder))}/{pattern}"
        found = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if Path(p).is_file())
        if not found:
            raise InputError(
                f"Requests '{self.settings.name}' find no file.", where="city.toml requests.path", got=pattern,
                cure="Correct the path; it is relative to the city folder.",
            )  # fmt: skip
        return found

    def _arrivals(
        self, table: RequestTable, name: str, mark: list[int | str], cursor: _Cursor, until: datetime
    ) -> Iterator[Arrival]:
        standing = self.standing()
        due: list[ServiceRequest] = []
        waits = False
        for request in table.requests.values():
            known = as_known(request, until)
            if known is None:
                self.counts["waiting"] += 1
                waits = True
                continue
            waits = waits or known is not request
            before = standing.get(known.id)
            if before is not None and _reached(before) > _reached(known):
                self.counts["older"] += 1
                continue
            due.append(known)
        self.counts["requests"] += len(due)
        if not waits:
            cursor.files[name] = mark
        rejected = self._rejected(table.refused, name, cursor)
        parts = [due[i : i + PER_ARRIVAL] for i in range(0, len(due), PER_ARRIVAL)] or [[]]
        for number, part in enumerate(parts, 1):
            last = number == len(parts)
            places = [table.locations[r.location] for r in part if r.location]
            yield _arrival(self.name, [*places, *part], rejected if last else (), _write_cursor(cursor) if last else "")

    def _rejected(self, refused: list[RefusedRow], name: str, cursor: _Cursor) -> tuple[Rejected, ...]:
        """Refused rows that were not reported before."""
        known, found = set(cursor.said), []
        for row in refused:
            reason = f"{row.code}: {both(row.why)}"
            digest = hashlib.sha256(f"{name}|{row.sheet}|{row.raw}|{reason}".encode()).hexdigest()[:12]
            if digest not in known:
                known.add(digest)
                cursor.said.append(digest)
                found.append(Rejected(self.name, f"{name}:{row.sheet}:{row.row}", row.raw, reason))
        return tuple(found)


def as_known(request: ServiceRequest, until: datetime) -> ServiceRequest | None:
    """A request as it stood at a moment: later steps and what they brought are not known yet; None before its acceptance."""
    if request.requested > until:
        return None
    steps = tuple(s for s in request.steps if s.at <= until)
    if steps == request.steps:
        return request
    states = {s.state for s in steps}
    asked = "called_back" in states or request.at("called_back") is None
    answered = bool(states & {"answered", "closed"}) or request.at("answered") is None
    later = request.at("closed") is not None and "closed" not in states
    return msgspec.structs.replace(
        request, steps=steps, status="open" if later else request.status,
        status_said="" if later else request.status_said, result=request.result if answered and not later else "",
        resolved=request.resolved if asked and not later else None,
        satisfied=request.satisfied if asked and not later else None,
        satisfaction=request.satisfaction if asked and not later else "",
    )  # fmt: skip


def _reached(request: ServiceRequest) -> datetime:
    return max((s.at for s in request.steps), default=request.requested)


def _arrival(
    source: str, records: list[Location | ServiceRequest], rejected: tuple[Rejected, ...], cursor: str
) -> Arrival:
    kinds = (
        ("datastream", pa.int32()), ("time", pa.timestamp("us", "UTC")), ("variant", pa.int32()), ("value", pa.float64()),
        ("quality", pa.uint8()),
    )  # fmt: skip
    batch = pa.table({name: pa.array([], kind) for name, kind in kinds})
    return Arrival((), batch, tuple(records), rejected, source, cursor)


def _mark_of(path: Path) -> list[int | str]:
    try:
        state = path.stat()
    except OSError as fault:
        raise InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)) from fault
    return [state.st_size, state.st_mtime_ns]


def _hashed(path: Path, mark: list[int | str]) -> list[int | str]:
    """A mark with the hash of the file's bytes."""
    try:
        with path.open("rb") as file:
            return [*mark[:2], hashlib.file_digest(file, "sha256").hexdigest()]
    except OSError as fault:
        raise InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)) from fault


def _read_cursor(text: str, source: str) -> _Cursor:
    if not text:
        return _Cursor()
    try:
        return msgspec.json.decode(text, type=_Cursor)
    except msgspec.MsgspecError as fault:
        raise InputError(
            f"The cursor of source '{source}' cannot be read.",
            got=text[:80],
            cure="Take the source again from the start.",
        ) from fault


def _write_cursor(cursor: _Cursor) -> str:
    return json.dumps({"files": cursor.files, "form": cursor.form, "said": cursor.said}, separators=(",", ":"))
