"""One row of a table of requests as a ServiceRequest; what it says and cannot be used is remarked on, never guessed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cityloop.errors import InputError
from cityloop.formats.requests_cells import Stamp, coordinate, is_lossy, masked, read_stamp, said
from cityloop.formats.requests_texts import REMARKS, both, filled
from cityloop.formats.requests_words import (
    CLOSED,
    CRS_WORDS,
    DISSATISFIED,
    NO,
    NOT_ASKED,
    OPEN,
    SATISFIED,
    TYPE_WORDS,
    YES,
)
from cityloop.i18n import Pair
from cityloop.records import Location, RequestStep, ServiceRequest, record_id
from cityloop.settings import describe_crs
from cityloop.settings.requests import RequestSettings

__all__ = ["STEPS", "Draft", "RowMaker"]

#: The steps in their order, with their names.
STEPS = {
    "accepted": Pair("acceptance", "受理"), "dispatched": Pair("dispatch", "派单"), "signed": Pair("signing", "签收"),
    "handled": Pair("handling", "办理"), "answered": Pair("answer", "答复"), "closed": Pair("closing", "办结"),
    "rehandled": Pair("handling again", "重办"), "called_back": Pair("call-back", "回访"),
}  # fmt: skip
_RESOLVED, _SATISFIED = Pair("resolved", "是否解决"), Pair("satisfied", "是否满意")
_WORKING = ("工作日", "working days", "working day")
#: A due time as a span. Plain 天 or days is not read: it may count working days or not.
_SPAN = re.compile(r"(\d{1,3})\s?个?(工作日|自然日|小时|working days?|calendar days?|hours?)")
MOST_TEXT = 4000
"""Characters of a text that are kept: GeoReport v2 allows no more in a description."""


@dataclass
class Draft:
    """A request before its position is checked; `point` = (x, y, crs) as given, None without a usable one."""

    request: ServiceRequest
    point: tuple[float, float, str] | None = None
    serial: int = 0
    masked: int = 0

    def location(self, city: str) -> Location | None:
        """The position as a record, in its own system."""
        if self.point is None:
            return None
        x, y, crs = self.point
        id = record_id(city, "location", "request", self.request.system, self.request.number)
        return Location(id=id, name=self.request.number, crs=crs, geometry="point", coordinates=((x, y),))


@dataclass
class RowMaker:
    """Makes requests of rows (field -> cell) by one [[requests]] of a city."""

    settings: RequestSettings
    city: str
    timezone: str
    _systems: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.settings.zone or self.timezone)
        self.satisfied = {w.casefold() for w in self.settings.satisfied} or SATISFIED
        self.dissatisfied = {w.casefold() for w in self.settings.dissatisfied} or DISSATISFIED

    def make(self, number: str, accepted: Stamp, cells: Mapping[str, Any]) -> Draft:
        """The request of a row whose number and time of acceptance are read already."""
        row = _Row(self, accepted, cells)
        steps, status = row.steps()
        due, due_by = row.due()
        code, type_said = row.text("service_code"), row.text("type")
        satisfaction = row.text("satisfied")
        point = row.point()
        if point is None and not row.text("address") and not row.grid_code():
            row.remark("no_place")
        request = ServiceRequest(
            id=record_id(self.city, "request", self.settings.name, number),
            simulated=self.settings.simulated,
            system=self.settings.name,
            number=number,
            requested=accepted.at,
            description=row.text("description"),
            channel=row.text("channel"),
            type=_type(type_said),
            type_said=type_said,
            service_code=code,
            code_system=row.text("code_system") or (self.settings.code_system if code else ""),
            service_name=row.text("service_name"),
            bears_on=self.settings.codes.get(code, ()),
            address=row.text("address"),
            grid_code=row.grid_code(),
            steps=steps,
            status=status,
            status_said=row.text("status"),
            department=row.text("department"),
            due=due,
            due_by=due_by,
            extension=row.text("extension"),
            extended_due=row.stamp_of("extended_due"),
            result=row.text("result"),
            resolved=row.answer("resolved", YES, NO, _RESOLVED),
            satisfied=row.answer("satisfied", self.satisfied, self.dissatisfied, _SATISFIED),
            satisfaction=satisfaction,
            related=tuple(t for t in re.split(r"[\s,，、;；/]+", row.text("related")) if t),
            remarks=row.remarks(),
        )
        return Draft(request, point, row.serial, row.masked)

    def system_of(self, text: str) -> str:
        """The stated system as city.toml writes it; "" for one that is not known."""
        if text not in self._systems:
            plain = re.sub(r"[\s_-]|坐标系?$", "", text.strip().casefold())
            name = CRS_WORDS.get(plain, text.strip().upper())
            try:
                self._systems[text] = describe_crs(name).name
            except InputError:
                self._systems[text] = ""
        return self._systems[text]


class _Row:
    """The cells of one row and what is to be remarked on them."""

    def __init__(self, maker: RowMaker, accepted: Stamp, cells: Mapping[str, Any]) -> None:
        self.maker, self.accepted, self.cells = maker, accepted, cells
        self.notes: list[str] = []
        self.masked = 0
        self.serial = int(accepted.serial)
        self._texts: dict[str, str] = {}

    def remark(self, key: str, **values: object) -> None:
        """One remark, once."""
        text = both(filled(REMARKS[key], **values))
        if text not in self.notes:
            self.notes.append(text)

    def remarks(self) -> tuple[str, ...]:
        """All remarks; what was taken out of the texts is counted in the last."""
        if self.masked:
            self.remark("masked", n=self.masked)
        return tuple(self.notes)

    def text(self, name: str) -> str:
        """What a cell says, without private numbers."""
        if name not in self._texts:
            text = said(self.cells.get(name, ""))[:MOST_TEXT]
            if name in ("description", "address", "result", "extension", "status"):
                text, n = masked(text)
                self.masked += n
            self._texts[name] = text
        return self._texts[name]

    def grid_code(self) -> str:
        """The code of the unit grid; a numeral that has lost digits is none."""
        if is_lossy(self.cells.get("grid_code")):
            self.remark("grid_lost")
            return ""
        return self.text("grid_code")

    # --- time ----------------------------------------------------------------------------------------------------
    def steps(self) -> tuple[tuple[RequestStep, ...], Literal["open", "closed"]]:
        """Every dated step in order of time, and whether the request is closed."""
        found = [RequestStep(state="accepted", at=self.accepted.at, day_only=self.accepted.day_only)]
        self._about(self.accepted, STEPS["accepted"])
        for state in list(STEPS)[1:]:
            stamp = self._stamp(state, STEPS[state])
            if stamp is not None:
                found.append(RequestStep(state=state, at=stamp.at, day_only=stamp.day_only))  # type: ignore[arg-type]
        status = self._status(found)
        if status == "closed" and not any(s.state == "closed" for s in found):
            updated = self._stamp("updated", STEPS["closed"])
            if updated is not None and self.maker.settings.profile == "open311":
                found.append(RequestStep(state="closed", at=updated.at, day_only=updated.day_only))
            else:
                self.remark("no_closing")
        order = list(STEPS)
        for earlier, later in zip(found[:-1], found[1:], strict=True):
            if later.at < earlier.at and "rehandled" not in (earlier.state, later.state):
                self.remark("backwards", later=STEPS[later.state], earlier=STEPS[earlier.state])
        return tuple(sorted(found, key=lambda s: (s.at, order.index(s.state)))), status

    def _status(self, steps: list[RequestStep]) -> Literal["open", "closed"]:
        """By the word of the table; by its closing time where the word is not known."""
        word = self.text("status").casefold()
        closed = max((s.at for s in steps if s.state == "closed"), default=None)
        again = max((s.at for s in steps if s.state == "rehandled"), default=None)
        dated = closed is not None and (again is None or again <= closed)
        if word in CLOSED:
            return "closed"
        if word in OPEN:
            if dated:
                self.remark("says_open", text=self.text("status"))
            return "open"
        return "closed" if dated else "open"

    def _stamp(self, name: str, what: Pair) -> Stamp | None:
        cell = self.cells.get(name, "")
        if said(cell) in ("", "-", "/", "—"):
            return None
        stamp = read_stamp(cell, self.maker.zone)
        if stamp is None:
            self.remark("unread_step", what=what, text=masked(said(cell))[0][:40])
            return None
        self._about(stamp, what)
        self.serial += stamp.serial
        return stamp

    def _about(self, stamp: Stamp, what: Pair) -> None:
        if stamp.day_only:
            self.remark("day_only", what=what)
        if stamp.twice:
            self.remark("twice", what=what)

    def due(self) -> tuple[datetime | None, Literal["given", "limit", ""]]:
        """The due time that the table gives, else by the city's own limit for its type."""
        if (span := _SPAN.fullmatch(said(self.cells.get("due", "")))) is not None:
            n, hours, working = int(span[1]), span[2] in ("小时", "hours", "hour"), span[2] in _WORKING
            return self.accepted.at + timedelta(hours=n) if hours else self._end_of(n, working=working), "given"
        given = self.stamp_of("due")
        if given is not None or said(self.cells.get("due", "")):
            return given, "given" if given else ""
        limit = self.maker.settings.limits.get(_type(self.text("type")))
        return (None, "") if limit is None else (self._end_of(limit.days, working=True), "limit")

    def _end_of(self, days: int, *, working: bool) -> datetime:
        """The end of the n-th day after the day of acceptance."""
        day = self.accepted.at.astimezone(self.maker.zone).date()
        last = self.maker.settings.calendar.after(day, days) if working else day + timedelta(days=days)
        following = last + timedelta(days=1)
        return datetime(following.year, following.month, following.day, tzinfo=self.maker.zone).astimezone(UTC)

    def stamp_of(self, name: str) -> datetime | None:
        """A due time; a day without a clock time lasts to its end."""
        cell = self.cells.get(name, "")
        if said(cell) in ("", "-", "/", "—"):
            return None
        stamp = read_stamp(cell, self.maker.zone)
        if stamp is None:
            self.remark("unread_due", text=masked(said(cell))[0][:40])
            return None
        self.serial += stamp.serial
        if not stamp.day_only:
            return stamp.at
        following = stamp.at.astimezone(self.maker.zone).date() + timedelta(days=1)
        return datetime(following.year, following.month, following.day, tzinfo=self.maker.zone).astimezone(UTC)

    # --- place and answers ---------------------------------------------------------------------------------------
    def point(self) -> tuple[float, float, str] | None:
        """Coordinates as given with their system."""
        raw = [self.cells.get("x", ""), self.cells.get("y", "")]
        given = [said(c) not in ("", "-", "/", "—") for c in raw]
        if not any(given):
            return None
        x, y = (coordinate(c) for c in raw)
        stated = self.text("crs")
        system = self.maker.settings.crs or ("EPSG:4326" if self.maker.settings.profile == "open311" else "")
        if stated:
            system = self.maker.system_of(stated)
        if not all(given):
            self.remark("half_position")
        elif x is None or y is None:
            self.remark("not_coordinates")
        elif x == y == 0:
            self.remark("zero")
        elif stated and not system:
            self.remark("unknown_crs", text=stated[:40])
        elif not system:
            self.remark("no_crs")
        else:
            return x, y, system
        return None

    def answer(self, name: str, yes: set[str], no: set[str], what: Pair) -> bool | None:
        """Yes, no, or None where nobody answered; a word that is neither is remarked on."""
        word = self.text(name).casefold()
        if not word or word in NOT_ASKED:
            return None
        if word in yes or word in no:
            return word in yes
        self.remark("unknown_word", what=what, text=self.text(name)[:40])
        return None


def _type(said_type: str) -> Literal["consultation", "help", "complaint", "suggestion", "other", ""]:
    """The type of a request by its word; "other" for a word of the city's own."""
    word = re.sub(r"[\s/、]|类$", "", said_type).casefold()
    return TYPE_WORDS.get(word, "other" if word else "")  # type: ignore[return-value]
