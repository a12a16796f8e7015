"""Each [[source]] of city.toml: where observations come from and what their columns mean."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from zoneinfo import available_timezones

from cityloop.errors import InputError
from cityloop.records import Statistic
from cityloop.settings.faults import Faults, Table, check_kind, nearest
from cityloop.units import QUANTITIES, conversion

__all__ = ["ENCODINGS", "FileSettings", "SeriesSettings", "TimeSettings", "TwinSettings", "read_sources", "split_ref"]

ENCODINGS = (
    "utf-8", "utf-8-sig", "ascii", "gb18030", "gbk", "gb2312", "big5", "shift_jis", "euc_kr", "latin-1", "cp1250",
    "cp1251", "cp1252", "iso8859-15",
)  # fmt: skip
"""Encodings in which a line end is one byte that means nothing else, so that a file can be read on from any line."""
_ZONE_CURE = 'State exactly one of zone = "Europe/Rome", utc_offset_column = "...", offset_in_text = true.'


@dataclass(frozen=True)
class TimeSettings:
    """Where stamps stand and what clock they follow: exactly one of `zone`, `utc_offset_column`, `offset_in_text`.

    `format` is a strptime format, "epoch_s" or "epoch_ms" (always UTC); "" means ISO 8601. Several columns are joined by a space.
    """

    columns: tuple[str, ...]
    format: str = ""
    zone: str = ""
    utc_offset_column: str = ""
    offset_in_text: bool = False


@dataclass(frozen=True)
class SeriesSettings:
    """One series: `column` of a wide table or `id` of a long one ("*" = every other id, `{id}` in `thing`).

    `rollover` is the size of a register in its own `unit`; `highest` the largest plausible mean between two readings, in the
    unit inside. `sensor` names the device; `noise_sd` its error in the unit inside.
    """

    label: str
    thing_kind: str
    thing_name: str
    observed_property: str
    unit: str
    statistic: Statistic
    step_s: int
    rollover: float | None = None
    highest: float | None = None
    sensor: str = ""
    noise_sd: float | None = None


@dataclass(frozen=True)
class FileSettings:
    """A source of kind "file": CSV, Parquet or XLSX. `path` is absolute, or relative to the city folder; * and ? match."""

    name: str
    path: str
    time: TimeSettings
    series: tuple[SeriesSettings, ...]
    layout: Literal["wide", "long"] = "wide"
    stamp: Literal["start", "end"] = "start"
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    skip_lines: int = 0
    sheet: str = ""
    missing: tuple[str, ...] = ()
    id_column: str = ""
    value_column: str = ""
    unit_column: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class TwinSettings:
    """A source of kind "twin": plays a city that has no live feed. `pressure_noise_m` is one standard deviation.

    `sends_from` = first day that it sends; before it, files marked simulated hold what it would have sent. None = `start`.
    """

    name: str
    seed: int
    sensors: int
    start: date
    mismatch: int
    pressure_noise_m: float
    sends_from: date | None = None


def split_ref(ref: str) -> tuple[str, str] | None:
    """ "kind:name" -> (kind, name); None if it is not of that form. A name may hold colons.

    >>> split_ref("pump:~@Pump-1")
    ('pump', '~@Pump-1')
    """
    kind, colon, name = ref.partition(":")
    return (kind, name) if colon and kind and name.strip() == name and name else None


def read_ref(ref: str, where: str, faults: Faults) -> tuple[str, str]:
    """Like split_ref, with a fault for a wrong form or an unknown kind."""
    parts = split_ref(ref)
    if parts is None:
        faults.add(
            "Not a thing.", where=where, got=repr(ref), allowed='"kind:name"', cure='Write for example "tank:T-3".'
        )
        return ("", "")
    check_kind(parts[0], where, faults)
    return parts


def read_sources(tables: Sequence[Table]) -> tuple[FileSettings | TwinSettings, ...]:
    """Every [[source]]; names are unique."""
    found: list[FileSettings | TwinSettings] = []
    for table in tables:
        kind = table.text("kind", allowed=("file", "twin"))
        if kind == "twin":
            source: FileSettings | TwinSettings = _read_twin(table)
        elif kind == "file":
            source = _read_file(table)
        else:
            continue
        if any(source.name == other.name for other in found):
            table.faults.add(
                "A name that is used twice.", where=table.key("name"), got=source.name, cure="Rename one source."
            )
        found.append(source)
        table.close()
    return tuple(found)


def _read_twin(table: Table) -> TwinSettings:
    start, sends_from = table.day("start"), table.optional_day("sends_from")
    if sends_from is not None and sends_from < start:
        table.faults.add(
            "A twin that sends before it starts.", where=table.key("sends_from"), got=sends_from, allowed=f"from {start} on",
            cure="Set sends_from to the day after the last day of the files.",
        )  # fmt: skip
    return TwinSettings(
        name=table.text("name", "twin"),
        seed=table.whole("seed"),
        sensors=table.whole("sensors", low=1, high=10_000),
        start=start,
        mismatch=table.whole("mismatch", 1, high=2),
        pressure_noise_m=table.number("pressure_noise_m", 0.25, low=0.0, high=100.0),
        sends_from=sends_from,
    )


def _read_file(table: Table) -> FileSettings:
    faults = table.faults
    layout = table.text("layout", "wide", allowed=("wide", "long"))
    delimiter = table.text("delimiter", ",")
    decimal = table.text("decimal", ".", allowed=(".", ","))
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        faults.add(
            "Not a delimiter.",
            where=table.key("delimiter"),
            got=repr(delimiter),
            allowed='one character, "," ";" "\\t"',
        )
    if delimiter == decimal:
        faults.add(
            "Delimiter and decimal sign are the same.", where=table.key("delimiter"), got=delimiter, cure='Use ";".'
        )
    series = tuple(_read_series(t, layout) for t in table.tables("series", required=True))
    labels = [s.label for s in series]
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        faults.add("A series that is named twice.", where=table.key("series"), got=label)
    long = layout == "long"
    return FileSettings(
        name=table.text("name", cure="Give the source a name of its own."),
        path=table.text("path", cure='Name the files: path = "flow/*.csv".'),
        time=_read_time(table),
        series=series,
        layout="long" if long else "wide",
        stamp="end" if table.text("stamp", "start", allowed=("start", "end")) == "end" else "start",
        encoding=read_encoding(table),
        delimiter=delimiter,
        decimal=decimal,
        skip_lines=table.whole("skip_lines", 0, high=1000),
        sheet=table.text("sheet", ""),
        missing=table.texts("missing"),
        id_column=table.text("id_column", cure="Name the column that says which series a row belongs to.")
        if long
        else "",
        value_column=table.text("value_column", cure="Name the column of the values.") if long else "",
        unit_column=table.text("unit_column", "") if long else "",
        simulated=table.yes("simulated", False),
    )


def read_delimiter(table: Table) -> tuple[str, str]:
    """Delimiter and decimal sign of a table, a fault where they cannot be."""
    delimiter, decimal = table.text("delimiter", ","), table.text("decimal", ".", allowed=(".", ","))
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n' or delimiter == decimal:
        table.faults.add(
            "Not a delimiter.", where=table.key("delimiter"), got=repr(delimiter),
            allowed='one character, "," ";" "\\t", not the decimal sign',
        )  # fmt: skip
    return delimiter, decimal


def read_encoding(table: Table) -> str:
    """The name of the encoding, "utf-8" where none is stated; a fault for one that cannot be read line by line."""
    text = table.text("encoding", "utf-8")
    try:
        name = codecs.lookup(text).name
    except LookupError:
        name = ""
    if name not in {codecs.lookup(e).name for e in ENCODINGS}:
        table.faults.add(
            "An encoding that cannot be read.", where=table.key("encoding"), got=text, allowed=", ".join(ENCODINGS),
            cure=nearest(text, ENCODINGS) or "Save the file as UTF-8.",
        )  # fmt: skip
        return "utf-8"
    return name


def _read_time(table: Table) -> TimeSettings:
    inner = table.table("time")
    if inner is None:
        return TimeSettings(("",), zone="UTC")
    columns = inner.texts("column") if isinstance(inner.data.get("column"), list) else (inner.text("column"),)
    form = inner.text("format", "")
    zone = inner.text("zone", "")
    offset_column = inner.text("utc_offset_column", "")
    in_text = inner.yes("offset_in_text", False)
    stated = sum(bool(x) for x in (zone, offset_column, in_text))
    if form.startswith("epoch"):
        if form not in ("epoch_s", "epoch_ms"):
            table.faults.add("An unknown format.", where=inner.key("format"), got=form, allowed="epoch_s, epoch_ms")
        if stated and zone != "UTC":
            table.faults.add(
                "Epoch numbers are UTC.", where=inner.path, cure="Remove zone, utc_offset_column and offset_in_text."
            )
        zone = "UTC"
    elif stated != 1:
        table.faults.add("The clock of the stamps is not stated exactly once.", where=inner.path, cure=_ZONE_CURE)
    if form and not form.startswith("epoch"):
        if "%" not in form:
            table.faults.add(
                "Not a time format.", where=inner.key("format"), got=form, cure='Write for example "%d/%m/%Y %H:%M".'
            )
        if in_text != ("%z" in form):
            table.faults.add(
                "The format and the stated clock disagree.", where=inner.key("format"), got=form, cure=_ZONE_CURE
            )
    check_zone(zone, inner.key("zone"), table.faults)
    inner.close()
    return TimeSettings(columns, form, zone, offset_column, in_text)


def check_zone(zone: str, where: str, faults: Faults) -> None:
    """A fault if `zone` is stated and not in the IANA time zone database."""
    if zone and zone not in available_timezones():
        faults.add(
            "An unknown time zone.", where=where, got=zone, allowed="an IANA name, for example Asia/Shanghai",
            cure=nearest(zone, available_timezones()),
        )  # fmt: skip


def _read_series(table: Table, layout: str) -> SeriesSettings:
    label = table.text("column" if layout == "wide" else "id")
    kind, name = read_ref(
        table.text("thing", cure='Write thing = "boundary:dma-1".') or "meter:x", table.key("thing"), table.faults
    )
    if layout == "long" and label == "*" and "{id}" not in name:
        table.faults.add(
            "Every id would be the same thing.", where=table.key("thing"), got=name, cure='Write "meter:{id}".'
        )
    observed = table.text("property", allowed=tuple(QUANTITIES))
    statistic = table.text("statistic", "instant", allowed=("instant", "mean", "total", "counter"))
    unit = table.text("unit", cure="State the unit of the column as the device sends it.")
    if observed in QUANTITIES and unit:
        try:
            carried_as(observed, statistic, unit)
        except InputError as fault:
            table.faults.catch(fault, where=table.key("unit"))
    rollover = table.optional_number("rollover", low=1e-9)
    if rollover is not None and statistic != "counter":
        table.faults.add(
            "Only a counter rolls over.", where=table.key("rollover"), got=statistic, cure='statistic = "counter"'
        )
    series = SeriesSettings(
        label=label,
        thing_kind=kind,
        thing_name=name,
        observed_property=observed,
        unit=unit,
        statistic=statistic,  # type: ignore[arg-type]
        step_s=table.whole("step_s", low=1, high=366 * 86400, cure="State the nominal interval in seconds."),
        rollover=rollover,
        highest=table.optional_number("highest", low=0.0),
        sensor=table.text("sensor", ""),
        noise_sd=table.optional_number("noise_sd", low=0.0),
    )
    table.close()
    return series


def carried_as(observed_property: str, statistic: str, unit: str) -> tuple[str, Literal["rate", "amount", "value"]]:
    """What `unit` measures and how the series is kept: ("volume", "rate") = amounts per interval kept as a mean rate.

    A total or a counter of volume makes a water_flow, one of energy a power; volume, energy and rainfall are kept as amounts per
    interval. Raises InputError for a unit that fits none of these.
    """
    if statistic in ("total", "counter"):
        counted = QUANTITIES[observed_property].accumulated
        if counted:
            conversion(unit, counted)
            return counted, "rate"
        if observed_property not in ("volume", "energy", "rainfall"):
            raise InputError(
                f"{observed_property} has no {statistic}.", got=statistic, allowed="instant, mean",
                cure="A total or counter belongs to water_flow, power, volume, energy or rainfall.",
            )  # fmt: skip
        conversion(unit, observed_property)
        return observed_property, "amount"
    conversion(unit, observed_property)
    return observed_property, "value"
