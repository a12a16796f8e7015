"""Tables of citizens' requests (XLSX, XLS, ODS, CSV, GeoReport JSON and XML) as ServiceRequests; refused rows with their reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from cityloop.errors import InputError
from cityloop.formats.datums import in_area
from cityloop.formats.project_sheets import Sheet, read_sheets
from cityloop.formats.requests_cells import is_lossy, masked, read_stamp, said
from cityloop.formats.requests_header import RequestHeader, find_request_header
from cityloop.formats.requests_row import Draft, RowMaker
from cityloop.formats.requests_texts import FILE_REMARKS, REFUSALS, REMARKS, both, filled
from cityloop.formats.requests_words import HEADERS
from cityloop.i18n import Pair
from cityloop.records import Location, ServiceRequest
from cityloop.settings.requests import RequestSettings

__all__ = ["MOST_BYTES", "MOST_CELLS", "RefusedRow", "RequestTable", "read_requests_file"]

MOST_BYTES, MOST_CELLS = 60 << 20, 4_000_000
"""Of a file and of a sheet: some 150,000 requests of 26 columns."""
_TOTALS = ("合计", "小计", "总计", "total", "sum")


@dataclass(frozen=True)
class RefusedRow:
    """A row that could not be taken: sheet, row from 1, what it says without the caller, why."""

    sheet: str
    row: int
    raw: str
    code: str
    why: Pair


@dataclass
class RequestTable:
    """What a file gave, by number of the request: `requests`, their `locations` (by their id), what was refused and remarked."""

    path: Path
    requests: dict[str, ServiceRequest] = field(default_factory=dict)
    locations: dict[str, Location] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    remarks: list[Pair] = field(default_factory=list)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Sheet -> field -> header."""


def read_requests_file(path: Path, settings: RequestSettings, *, city: str, timezone: str) -> RequestTable:
    """Every request of a file. Raises InputError for one that cannot be read or holds no table of requests."""
    if path.suffix.lower() in (".json", ".xml"):
        from cityloop.formats.requests_georeport import read_georeport

        sheets = [read_georeport(path, MOST_BYTES)]
    else:
        sheets = read_sheets(path, most_bytes=MOST_BYTES, most_cells=MOST_CELLS, encoding=settings.encoding)
    if settings.sheet and settings.sheet not in (names := [s.name for s in sheets]) and len(sheets) > 1:
        raise InputError(
            "No sheet of this name.", where=str(path), got=settings.sheet, allowed=", ".join(names),
            cure="Correct sheet in city.toml, or name one: --sheet NAME, --sheet '*'.",
        )  # fmt: skip
    reader = _Reader(path, RowMaker(settings, city, timezone), ZoneInfo(settings.zone or timezone))
    for sheet in sheets:
        named = settings.sheet in ("", sheet.name) or len(sheets) == 1
        if named and (sheet.visible or settings.sheet):
            reader.read(sheet, settings.columns)
        elif named:
            reader.remark("hidden", sheet=sheet.name)
    return reader.finish(settings)


class _Reader:
    def __init__(self, path: Path, maker: RowMaker, zone: ZoneInfo) -> None:
        self.found, self.maker, self.zone = RequestTable(path), maker, zone
        self.drafts: dict[str, tuple[Draft, str, int]] = {}
        self.counts = {"totals": 0, "identical": 0, "serial": 0, "merged": 0}

    def remark(self, key: str, **values: object) -> None:
        self.found.remarks.append(filled(FILE_REMARKS[key], **values))

    def read(self, sheet: Sheet, stated: Mapping[str, str]) -> None:
        """Every row of one sheet, if it has a table of requests."""
        header = find_request_header(sheet, stated)
        if header is None:
            return self.remark("no_table", sheet=sheet.name)
        if header.missing:
            self.remark("missing", sheet=sheet.name, fields="、".join(HEADERS[f][0] for f in header.missing))
            return None
        self.found.columns[sheet.name] = {f: header.labels[c] for f, c in header.columns.items()}
        filled_in = {c for row in sheet.cells[header.last + 1 :] for c, cell in enumerate(row) if said(cell)}
        for key in ("personal", "unread", "doubled"):
            if columns := [c for c in getattr(header, key) if c in filled_in]:
                self.remark(key, sheet=sheet.name, columns="、".join(header.labels[c] for c in columns))
        used = set(header.columns.values())
        self.counts["merged"] += sum(
            r > header.last and c in used and at != (r, c) for (r, c), at in sheet.anchors.items()
        )
        for row in range(header.last + 1, len(sheet.cells)):
            cells = {f: sheet.value(row, c) for f, c in header.columns.items()}
            if any(said(c) for c in cells.values()):
                self._row(sheet.name, row + 1, cells, header)
        return None

    def _row(self, sheet: str, row: int, cells: Mapping[str, Any], header: RequestHeader) -> None:
        number = said(cells["number"])
        if number.casefold() in _TOTALS or number == header.labels[header.columns["number"]]:
            self.counts["totals"] += 1
            return None
        if not number or is_lossy(cells["number"]):
            return self._refuse(sheet, row, cells, "number_lost" if number else "no_number")
        if not said(cells["requested"]):
            return self._refuse(sheet, row, cells, "no_time")
        accepted = read_stamp(cells["requested"], self.zone)
        if accepted is None:
            return self._refuse(sheet, row, cells, "unread_time", text=masked(said(cells["requested"]))[0][:40])
        draft = self.maker.make(number, accepted, cells)
        before = self.drafts.get(number)
        if before is not None and before[0].request == draft.request and before[0].point == draft.point:
            self.counts["identical"] += 1
        elif before is not None and _last(before[0]) > _last(draft):
            self._refuse(sheet, row, cells, "superseded", place=_place(before[1], before[2]))
        else:
            if before is not None:
                old = before[0].request
                raw = {"number": number, "status": old.status_said, "result": old.result}
                self._refuse(before[1], before[2], raw, "superseded", place=_place(sheet, row))
            self.drafts[number] = (draft, sheet, row)
        return None

    def _refuse(self, sheet: str, row: int, cells: Mapping[str, Any], code: str, **values: object) -> None:
        raw = masked(",".join(said(c) for c in cells.values()))[0]
        self.found.refused.append(RefusedRow(sheet, row, raw[:500], code, filled(REFUSALS[code], **values)))

    def finish(self, settings: RequestSettings) -> RequestTable:
        """Positions checked, counts told."""
        found = self.found
        if not found.columns:
            said_of = "; ".join(r.en for r in found.remarks) or "no sheet"
            raise InputError(
                "No table of requests in this file.", where=str(found.path), got=said_of[:300],
                allowed="a header row with 工单编号 and 受理时间, or service_request_id and requested_datetime",
                cure='Name the columns: columns = { number = "...", requested = "..." }.',
            )  # fmt: skip
        drafts = [d for d, _, _ in self.drafts.values()]
        _check_positions(drafts)
        self.counts["serial"] = sum(d.serial for d in drafts)
        for key, n in self.counts.items():
            if n:
                self.remark(key, n=n)
        for draft in drafts:
            location = draft.location(self.maker.city)
            request = draft.request
            if location is not None:
                found.locations[location.id] = location
                request = msgspec.structs.replace(request, location=location.id)
            found.requests[request.number] = request
        return found


def _place(sheet: str, row: int) -> Pair:
    return Pair(f"{sheet}, row {row}", f"{sheet} 第 {row} 行")


def _last(draft: Draft) -> Any:
    """How far a state goes: its last dated step, then how many steps it has."""
    steps = draft.request.steps
    return max(s.at for s in steps), len(steps)


def _check_positions(drafts: Iterable[Draft]) -> None:
    """Positions outside the area of their system are taken away, with a remark."""
    by_system: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.point is not None:
            by_system.setdefault(draft.point[2], []).append(draft)
    for crs, group in by_system.items():
        x, y = (np.array([d.point[k] for d in group if d.point], dtype=np.float64) for k in (0, 1))
        good, turned = in_area(crs, x, y), in_area(crs, y, x)
        for k in np.flatnonzero(~good):
            text = both(filled(REMARKS["swapped" if turned[k] else "outside"], crs=crs))
            request = group[k].request
            group[k].point = None
            group[k].request = msgspec.structs.replace(request, remarks=(*request.remarks, text))
