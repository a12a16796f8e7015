"""Requests written out in both profiles: 12345 work orders as CSV or XLSX, Open311 GeoReport v2 as CSV, XLSX, JSON or XML."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.errors import InputError
from cityloop.formats.datums import read_stated
from cityloop.formats.requests_georeport import FIELDS, to_json, to_xml
from cityloop.formats.requests_words import HEADERS
from cityloop.records import Location, ServiceRequest

__all__ = ["SUFFIXES", "Written", "write_requests_file"]

SUFFIXES = {"12345": (".csv", ".xlsx"), "open311": (".csv", ".xlsx", ".json", ".xml")}
_WGS84 = "EPSG:4326"
_ORDER = (
    "number", "channel", "requested", "type", "service_code", "code_system", "service_name", "description", "address", "x", "y",
    "crs", "grid_code", "department", "dispatched", "signed", "handled", "due", "extension", "extended_due", "status", "result",
    "answered", "closed", "rehandled", "called_back", "resolved", "satisfied", "related",
)  # fmt: skip
_TYPES = {"consultation": "咨询", "help": "求助", "complaint": "投诉举报", "suggestion": "意见建议"}
_STEPS = ("dispatched", "signed", "handled", "answered", "closed", "rehandled", "called_back")
_DATE, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"


@dataclass(frozen=True)
class Written:
    """What a file holds: `rows`; `placed` of them with a position; `unplaced` have one in another system than the profile's.

    `accuracy_m` = the error of the positions that were brought to WGS 84 (None = none was, or it is not known).
    """

    rows: int
    placed: int
    unplaced: int
    accuracy_m: float | None = None


def write_requests_file(
    path: Path, requests: Sequence[ServiceRequest], locations: Mapping[str, Location], *, profile: str, timezone: str,
    to_wgs84: bool = False,
) -> Written:  # fmt: skip
    """Write the requests in a profile; the form is that of the suffix. Raises InputError for another suffix.

    GeoReport's `lat` and `long` are WGS 84: positions in another system are left out unless `to_wgs84` asks for the
    conversion. 12345 keeps every position in its own system.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES[profile]:
        raise InputError(
            "A file of a form that this profile is not written in.", where=str(path), got=suffix or "no suffix",
            allowed=" ".join(SUFFIXES[profile]),
        )  # fmt: skip
    zone = ZoneInfo(timezone)
    if profile == "open311":
        rows, written = _georeport_rows(requests, locations, zone, to_wgs84)
        if suffix in (".json", ".xml"):
            _save(path, to_json(rows) if suffix == ".json" else to_xml(rows))
            return written
        table: list[list[Any]] = [list(FIELDS), *([row.get(name, "") for name in FIELDS] for row in rows)]
    else:
        table = [[HEADERS[f][0] for f in _ORDER]]
        table += [_order_row(r, locations.get(r.location), zone) for r in requests]
        placed = sum(r.location in locations for r in requests)
        written = Written(len(requests), placed, 0)
    _save(path, _csv(table) if suffix == ".csv" else _xlsx(table))
    return written


def _save(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as fault:
        raise InputError("The file cannot be written.", where=str(path), got=fault.strerror or str(fault)) from fault


# --- 12345 -------------------------------------------------------------------------------------------------------
def _order_row(r: ServiceRequest, place: Location | None, zone: ZoneInfo) -> list[Any]:
    x, y = place.coordinates[0] if place else ("", "")
    accepted = next((s for s in r.steps if s.state == "accepted"), None)
    values: dict[str, Any] = {
        "number": r.number, "channel": r.channel, "requested": _local(r.requested, zone, bool(accepted and accepted.day_only)),
        "type": r.type_said or _TYPES.get(r.type, ""), "service_code": r.service_code, "code_system": r.code_system,
        "service_name": r.service_name, "description": r.description, "address": r.address, "x": x, "y": y,
        "crs": place.crs if place else "", "grid_code": r.grid_code, "department": r.department, "due": _due(r.due, zone),
        "extension": r.extension, "extended_due": _due(r.extended_due, zone),
        "status": r.status_said or ("办结" if r.status == "closed" else "办理中"), "result": r.result,
        "resolved": _word(r.resolved, "是", "否"), "satisfied": r.satisfaction or _word(r.satisfied, "满意", "不满意"),
        "related": "、".join(r.related),
    }  # fmt: skip
    for state in _STEPS:
        step = next((s for s in r.steps if s.state == state), None)
        values[state] = _local(step.at, zone, step.day_only) if step else ""
    return [values.get(f, "") for f in _ORDER]


def _word(answer: bool | None, yes: str, no: str) -> str:
    return "" if answer is None else yes if answer else no


def _local(at: datetime, zone: ZoneInfo, day_only: bool) -> datetime | date:
    here = at.astimezone(zone).replace(tzinfo=None)
    return here.date() if day_only else here


def _due(at: datetime | None, zone: ZoneInfo) -> datetime | date | str:
    """A due time at midnight is the end of the day before, written as that day."""
    if at is None:
        return ""
    here = at.astimezone(zone).replace(tzinfo=None)
    return (here - timedelta(days=1)).date() if (here.hour, here.minute, here.second) == (0, 0, 0) else here


# --- Open311 -----------------------------------------------------------------------------------------------------
def _georeport_rows(
    requests: Sequence[ServiceRequest], locations: Mapping[str, Location], zone: ZoneInfo, to_wgs84: bool
) -> tuple[list[dict[str, str | float]], Written]:
    places, accuracy = _wgs84(requests, locations, to_wgs84)
    rows: list[dict[str, str | float]] = []
    for r in requests:
        last = max((s.at for s in r.steps if r.status == "open" or s.state == "closed"), default=None)
        due = r.extended_due or r.due
        row: dict[str, str | float] = {
            "service_request_id": r.number, "status": r.status, "status_notes": r.result, "service_name": r.service_name,
            "service_code": r.service_code, "description": r.description, "agency_responsible": r.department,
            "requested_datetime": _w3c(r.requested, zone), "updated_datetime": _w3c(last, zone),
            "expected_datetime": _w3c(due, zone), "address": r.address,
        }  # fmt: skip
        if r.number in places:
            row["long"], row["lat"] = places[r.number]
        rows.append(row)
    held = sum(r.location in locations for r in requests)
    return rows, Written(len(rows), len(places), held - len(places), accuracy)


def _wgs84(
    requests: Sequence[ServiceRequest], locations: Mapping[str, Location], convert: bool
) -> tuple[dict[str, tuple[float, float]], float | None]:
    """Number -> longitude and latitude on WGS 84, and the largest error of those that were converted."""
    found: dict[str, tuple[float, float]] = {}
    groups: dict[str, list[tuple[str, tuple[float, float]]]] = {}
    for r in requests:
        if (place := locations.get(r.location)) is not None:
            groups.setdefault(place.crs, []).append((r.number, place.coordinates[0]))
    errors: list[float] = []
    for crs, points in groups.items():
        if crs == _WGS84:
            found |= dict(points)
        elif convert and crs != "local":
            x, y = (np.array([p[k] for _, p in points], dtype=np.float64) for k in (0, 1))
            reading = read_stated(crs, x, y)
            if reading.accuracy_m is None:
                continue
            errors.append(reading.accuracy_m)
            degrees = zip(reading.lon.round(7).tolist(), reading.lat.round(7).tolist(), strict=True)
            found |= {number: at for (number, _), at in zip(points, degrees, strict=True)}
    return found, max(errors, default=None)


def _w3c(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds") if at else ""


# --- files -------------------------------------------------------------------------------------------------------
def _csv(table: Sequence[Sequence[Any]]) -> bytes:
    """UTF-8 with its mark, so that spreadsheets read Chinese; a text that a spreadsheet would run as a formula is quoted."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([[_csv_cell(c) for c in row] for row in table])
    return out.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return repr(cell)
    text = str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _xlsx(table: Sequence[Sequence[Any]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook()
    sheet = book.active
    sheet.title = "工单明细" if table[0][0] == HEADERS["number"][0] else "service_requests"
    for r, row in enumerate(table, 1):
        for c, value in enumerate(row, 1):
            if value == "":
                continue
            cell = sheet.cell(r, c)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                cell.data_type = "s"  # a text that begins with = is no formula
            else:
                cell.value = value
                if isinstance(value, date):
                    cell.number_format = _MOMENT if isinstance(value, datetime) else _DATE
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
