"""The accepted rows of an edited table as a section of city.toml: [[source]], [[positions]] or [[register]], as text to be seen first."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cityloop.errors import InputError
from cityloop.formats.mapping_sample import Sample
from cityloop.formats.mapping_table import Row, table_faults
from cityloop.settings.faults import nearest
from cityloop.units import QUANTITIES

__all__ = ["Section", "path_text", "section_of"]

_NUMBERS = ("skip_lines", "step_s", "rollover")
_SOURCE_KEYS = (
    "encoding",
    "delimiter",
    "decimal",
    "skip_lines",
    "sheet",
    "layout",
    "stamp",
    "missing",
    "id_column",
    "value_column",
    "unit_column",
)
_POSITION_KEYS = ("crs", "id_column", "thing", "x", "y", "encoding", "delimiter", "decimal", "skip_lines", "sheet")
_REGISTER_KEYS = ("id_column", "thing", "part_of", "encoding", "delimiter", "decimal", "skip_lines", "sheet")
_NEEDED = ("thing", "property", "unit", "statistic", "step_s")
_DEFAULTS = {"skip_lines": "0", "delimiter": ",", "decimal": ".", "layout": "wide", "encoding": "utf-8"}


@dataclass(frozen=True)
class Section:
    """`kind` = "source" | "positions" | "register", `name` of the source, `text` to append, `series` and `settings` how many were accepted."""

    kind: str
    name: str
    text: str
    series: int
    settings: int
    columns: tuple[str, ...]


def path_text(file: Path, folder: Path) -> str:
    """The path of the file as city.toml states it: relative to the city folder if it lies inside; signs of patterns escaped."""
    inside = file.resolve()
    if inside.is_relative_to(folder.resolve()):
        return glob.escape(inside.relative_to(folder.resolve()).as_posix())
    return glob.escape(inside.as_posix())


def section_of(rows: Sequence[Row], sample: Sample, *, path: str, where: str) -> Section:
    """The section of the accepted rows. Raises InputError naming every row that is open, incomplete or about no column.

    A setting with a value has to be decided either way, since leaving it out is a statement too: city.toml's default.
    """
    faults: list[str] = []
    settings: dict[str, str] = {}
    open_rows = [r for r in rows if r.part == "setting" and r.accepted is None and r["value"]]
    if open_rows:
        shown = ", ".join(r["column"] for r in open_rows)
        cure = "Write yes / 是 or no / 否 into the column accept of each."
        what = "Settings that are neither accepted nor refused."
        raise table_faults(where, [str(InputError(what, where=f"{where}:{open_rows[0].line}", got=shown, cure=cure))])
    for row in (r for r in rows if r.part == "setting" and r.accepted):
        if row["column"] in settings:
            faults.append(_fault("A setting that stands twice.", where, row, "column", ""))
        if row["value"]:
            settings[row["column"]] = row["value"]
        else:
            faults.append(_fault("Accepted without a value.", where, row, "value", row["candidates"]))
    series = [r for r in rows if r.accepted and r.part != "setting"]
    asked = {r["column"] for r in rows if r.part == "setting"}
    if "crs" in asked:
        section = _placed("positions", settings, sample, path, faults, where)
    elif "time.column" not in asked:
        section = _placed("register", settings, sample, path, faults, where)
    else:
        section = _source(settings, series, sample, path, faults, where)
    if faults:
        raise table_faults(where, faults)
    return section


def _fault(what: str, where: str, row: Row, key: str, allowed: str) -> str:
    got = f"{row['column']}: {row[key]}" if key != "column" else row["column"]
    return str(InputError(what, where=f"{where}:{row.line}", got=got, allowed=allowed))


def _source(
    settings: dict[str, str], series: Sequence[Row], sample: Sample, path: str, faults: list[str], where: str
) -> Section:  # fmt: skip
    if not series:
        faults.append(
            str(InputError("No series is accepted.", where=where, cure="Write yes / 是 into the column accept."))
        )
    name = settings.get("name", sample.path.stem)
    lines = ["[[source]]", 'kind = "file"', f"name = {quoted(name)}", f"path = {quoted(path)}"]
    for key in _SOURCE_KEYS:
        value = settings.get(key, "")
        if value and value != _DEFAULTS.get(key):
            lines.append(f"{key} = {_value(key, value)}")
    lines.append(f"time = {{ {_time(settings, sample, faults, where)} }}")
    long = settings.get("layout") == "long"
    lines.append("series = [")
    for row in series:
        lines.append(f"  {{ {_series(row, long, sample, faults, where)} }},")
    lines.append("]")
    columns = tuple(r["column"] for r in series)
    return Section("source", name, "\n".join(lines) + "\n", len(series), len(settings), columns)


def _time(settings: dict[str, str], sample: Sample, faults: list[str], where: str) -> str:
    stated = settings.get("time.column", "")
    names = sample.header.names
    columns = [stated] if stated in names else [c.strip() for c in stated.split(" + ")]
    for column in columns:
        if column not in names:
            _no_column(column, names, faults, f"{where} time.column")
    shown = quoted(columns[0]) if len(columns) == 1 else "[" + ", ".join(map(quoted, columns)) + "]"
    parts = [f"column = {shown}"]
    form = settings.get("time.format", "")
    if form and form != "ISO8601":
        parts.append(f"format = {quoted(form)}")
    elif not form:
        faults.append(
            str(InputError("No format of the time is accepted.", where=f"{where} time.format",
                           cure='Write it, for example %d/%m/%Y %H:%M, or ISO8601, and accept the row.'))
        )  # fmt: skip
    for key in ("zone", "utc_offset_column"):
        if value := settings.get(f"time.{key}", ""):
            parts.append(f"{key} = {quoted(value)}")
    if settings.get("time.offset_in_text", "").casefold() == "true":
        parts.append("offset_in_text = true")
    return ", ".join(parts)


def _series(row: Row, long: bool, sample: Sample, faults: list[str], where: str) -> str:
    """One entry of `series`; faults for what is missing or not known."""
    label = row["column"]
    if not long and sample.header.names.count(label) != 1:
        _no_column(label, sample.header.names, faults, f"{where}:{row.line}")
    if lacking := [k for k in _NEEDED if not row[k]]:
        faults.append(
            str(InputError("An accepted row that is incomplete.", where=f"{where}:{row.line}", got=f"{label}: {', '.join(lacking)} empty",
                           cure="Fill it in, from the candidates if one is right, or take back the acceptance."))
        )  # fmt: skip
    if row["property"] and row["property"] not in QUANTITIES:
        faults.append(
            str(InputError("Unknown observed property.", where=f"{where}:{row.line}", got=row["property"],
                           allowed=", ".join(QUANTITIES), cure=nearest(row["property"], QUANTITIES)))
        )  # fmt: skip
    parts = [f"{'id' if long else 'column'} = {quoted(label)}"]
    parts += [f"{key} = {quoted(row[key])}" for key in ("thing", "property", "unit", "statistic")]
    for key in ("step_s", "rollover"):
        if row[key]:
            parts.append(f"{key} = {_number(row, key, faults, where)}")
    return ", ".join(parts)


def _number(row: Row, key: str, faults: list[str], where: str) -> str:
    try:
        number = float(row[key].replace(",", "").replace(" ", ""))
    except ValueError:
        number = float("nan")
    if not number > 0 or number == float("inf") or (key == "step_s" and number % 1):
        allowed = "seconds, a whole number" if key == "step_s" else "a number above 0"
        faults.append(_fault(f"Not a {key}.", where, row, key, allowed))
        return "1"
    return str(int(number)) if number % 1 == 0 else repr(number)


def _no_column(column: str, names: Sequence[str], faults: list[str], where: str) -> None:
    what = (
        "A column that stands twice in the file."
        if names.count(column) > 1
        else "A column that the file does not have."
    )
    faults.append(str(InputError(what, where=where, got=column or "empty", cure=nearest(column, names))))


def _placed(
    kind: str, settings: dict[str, str], sample: Sample, path: str, faults: list[str], where: str
) -> Section:  # fmt: skip
    """[[positions]] or [[register]]: keys with a value, and for a register what its columns say."""
    names = sample.header.names
    needed, keys = (("crs", "id_column", "thing", "x", "y"), _POSITION_KEYS) if kind == "positions" else (
        ("id_column", "thing"), _REGISTER_KEYS
    )  # fmt: skip
    said = {k: v for k, v in settings.items() if k.partition(".")[0] in ("numbers", "texts")}
    for key in needed:
        if not settings.get(key):
            cure = "Write its value and yes / 是 into the column accept."
            faults.append(str(InputError("A needed setting is not accepted.", where=f"{where} {key}", cure=cure)))
    for key in ("id_column", "x", "y", "part_of", *said):
        if settings.get(key, names[0]) not in names:
            _no_column(settings[key], names, faults, f"{where} {key}")
    lines = [f"[[{kind}]]", f"path = {quoted(path)}"]
    for key in keys:
        value = settings.get(key, "")
        if value and value != _DEFAULTS.get(key):
            lines.append(f"{key} = {_value(key, value)}")
    for part in ("numbers", "texts"):
        own = [f"{k.partition('.')[2]} = {quoted(v)}" for k, v in said.items() if k.startswith(f"{part}.")]
        if own:
            lines.append(f"{part} = {{ {', '.join(own)} }}")
    columns = tuple(settings.get(k, "") for k in ("id_column", "x", "y"))
    return Section(kind, path, "\n".join(lines) + "\n", 0, len(settings), columns)


def _value(key: str, value: str) -> str:
    if key == "missing":
        return "[" + ", ".join(quoted(v.strip()) for v in value.split(" | ") if v.strip()) + "]"
    if key in _NUMBERS and value.isdigit():
        return value
    if key == "delimiter" and value == "\\t":
        return '"\\t"'
    return quoted(value)


def quoted(text: str) -> str:
    """A basic string of TOML."""
    escapes = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    return '"' + "".join(escapes.get(c, f"\\u{ord(c):04x}" if c < " " or c == "\x7f" else c) for c in text) + '"'
