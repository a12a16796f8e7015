"""Each [[requests]] of city.toml: tables of citizens' requests (12345 work orders, Open311), and what their codes bear on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from cityloop.errors import InputError
from cityloop.settings.crs import describe_crs
from cityloop.settings.faults import Faults, Table, nearest
from cityloop.settings.source_settings import ENCODINGS, check_zone

__all__ = ["FIELDS", "PROFILES", "TYPES", "RequestLimit", "RequestSettings", "WorkingDays", "read_requests"]

PROFILES = ("12345", "open311")
TYPES = ("consultation", "help", "complaint", "suggestion")
#: What a column of such a table can hold; `columns` names the column of one where its header is not a usual one.
FIELDS = (
    "number", "channel", "requested", "type", "service_code", "code_system", "service_name", "description", "address",
    "x", "y", "crs", "grid_code", "department", "dispatched", "signed", "handled", "due", "extension", "extended_due",
    "status", "result", "answered", "closed", "rehandled", "called_back", "resolved", "satisfied", "related",
)  # fmt: skip


@dataclass(frozen=True)
class WorkingDays:
    """Monday to Friday without `holidays`, and the days at a weekend that are worked instead (`extra`)."""

    holidays: frozenset[date] = frozenset()
    extra: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether a civil day is worked."""
        return day in self.extra or (day.weekday() < 5 and day not in self.holidays)

    def after(self, day: date, n: int) -> date:
        """The n-th working day after a day, which itself does not count.

        >>> WorkingDays().after(date(2026, 7, 3), 1)  # a Friday
        datetime.date(2026, 7, 6)
        """
        while n > 0:
            day += timedelta(days=1)
            n -= self.works(day)
        return day


@dataclass(frozen=True)
class RequestLimit:
    """Working days that a type of request may take, counted from the day after acceptance; `source` is the city's rule."""

    days: int
    source: str


@dataclass(frozen=True)
class RequestSettings:
    """One table or several of one form. `path` is absolute or relative to the city folder, `*` and `?` match.

    `columns` = field of FIELDS -> its header; `codes` = code -> domains or kinds of Problem; `crs` of coordinates whose row
    names none ("" = then they are not used); `zone` of stamps without an offset ("" = the city's). `satisfied` and
    `dissatisfied` replace the words that count as such.
    """

    name: str
    path: str
    profile: Literal["12345", "open311"]
    encoding: str = ""
    sheet: str = ""
    crs: str = ""
    zone: str = ""
    code_system: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    satisfied: tuple[str, ...] = ()
    dissatisfied: tuple[str, ...] = ()
    limits: Mapping[str, RequestLimit] = field(default_factory=dict)
    calendar: WorkingDays = WorkingDays()
    simulated: bool = False


def read_requests(tables: Sequence[Table], faults: Faults) -> tuple[RequestSettings, ...]:
    """Every [[requests]]; names are unique, since a number is known by the name of its system."""
    found = tuple(_read(table) for table in tables)
    names = [r.name for r in found]
    for name in sorted({n for n in names if names.count(n) > 1}):
        faults.add(
            "A name that is used twice.", where="requests", got=name,
            cure='Give each [[requests]] a name, or one path for files of one system: path = "orders-*.xlsx".',
        )  # fmt: skip
    return found


def _read(table: Table) -> RequestSettings:
    profile = table.text("profile", "12345", allowed=PROFILES)
    crs, zone = table.text("crs", ""), table.text("zone", "")
    if crs:
        try:
            describe_crs(crs)
        except InputError as fault:
            table.faults.catch(fault, where=table.key("crs"))
    if zone:
        check_zone(zone, table.key("zone"), table.faults)
    codes = {code: _parts(text) for code, text in table.named_texts("codes").items()}
    found = RequestSettings(
        name=table.text("name", profile),
        path=table.text("path", cure='Name the file: path = "12345工单.xlsx".'),
        profile="open311" if profile == "open311" else "12345",
        encoding=table.text("encoding", "", allowed=("", *ENCODINGS)),
        sheet=table.text("sheet", ""),
        crs=crs,
        zone=zone,
        code_system=table.text("code_system", ""),
        columns=_columns(table),
        codes=codes,
        satisfied=table.texts("satisfied"),
        dissatisfied=table.texts("dissatisfied"),
        limits=_limits(table),
        calendar=WorkingDays(_days(table, "holidays"), _days(table, "extra_working_days")),
        simulated=table.yes("simulated", False),
    )
    table.close()
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _columns(table: Table) -> dict[str, str]:
    named = table.named_texts("columns")
    for key in named:
        if key not in FIELDS:
            table.faults.add(
                "Not a field of a request.", where=table.key("columns"), got=key, allowed=", ".join(FIELDS),
                cure=nearest(key, FIELDS),
            )  # fmt: skip
    return named


def _limits(table: Table) -> dict[str, RequestLimit]:
    """Working days by type; no national limit exists, so each needs the city's own source."""
    inner = table.table("limits", required=False)
    if inner is None:
        return {}
    source = inner.text("source", cure="Say which rule of the city this is.")
    days = {t: inner.whole(t, 0, high=365) for t in TYPES if t in inner.data}
    inner.asked.update(TYPES)
    inner.close()
    return {t: RequestLimit(n, source) for t, n in days.items() if n > 0}


def _days(table: Table, name: str) -> frozenset[date]:
    """A list of TOML dates."""
    table.asked.add(name)
    value = table.data.get(name, [])
    if not isinstance(value, list) or not all(type(d) is date for d in value):
        table.faults.add(
            "A value of the wrong type.", where=table.key(name), got=repr(value), allowed="dates without quotes",
            cure=f"Write {name} = [2026-10-01, 2026-10-02].",
        )  # fmt: skip
        return frozenset()
    return frozenset(value)
