"""Tables of where devices stand, read with every fault named; coordinates are kept exactly as given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.errors import InputError, SettingsError
from cityloop.formats.datums import in_area
from cityloop.formats.numbers import Numbers, read_numbers
from cityloop.formats.tables import open_table, require_columns
from cityloop.records import Location, Record, Thing, record_id
from cityloop.settings import CitySettings, PositionSettings
from cityloop.settings.source_settings import split_ref

__all__ = ["MOST_ROWS", "Positions", "cell_texts", "position_files", "position_records", "read_positions_table"]

MOST_ROWS = 200_000
"""Devices of the largest utilities; a table with more is one of readings, not of devices."""
_SHOWN = 5

Rows = list[tuple[int, str]]
"""Lines of a table and what stands there."""


@dataclass(frozen=True)
class Positions:
    """One table: `things` (n,) as (kind, name), `x`, `y` (n,) as given in `settings.crs`, and every fault found in it."""

    settings: PositionSettings
    things: tuple[tuple[str, str], ...]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    faults: tuple[InputError, ...]


class _Faulty:
    """Faulty rows by what is wrong with them, each kind told once with its first lines."""

    def __init__(self, path: Path) -> None:
        self.path, self.kinds = path, dict[tuple[str, str, str], Rows]()

    def add(self, what: str, line: int, got: str, *, allowed: str = "", cure: str = "") -> None:
        self.kinds.setdefault((what, allowed, cure), []).append((line, got))

    def errors(self) -> list[InputError]:
        found = []
        for (what, allowed, cure), rows in self.kinds.items():
            more = f" (+{len(rows) - _SHOWN})" if len(rows) > _SHOWN else ""
            where = f"{self.path}: " + ", ".join(str(line) for line, _ in rows[:_SHOWN]) + more
            got = "; ".join(text[:80] for _, text in rows[:_SHOWN])
            found.append(InputError(what, where=where, got=got, allowed=allowed, cure=cure))
        return found


def read_positions_table(settings: PositionSettings, folder: Path) -> Positions:
    """The positions of one table and its faults; a file that cannot be read at all is a fault too, never an exception."""
    path = folder / settings.path
    none = np.zeros(0)
    try:
        if not path.is_file():
            raise InputError(
                "A table of positions that does not exist.", where="city.toml positions.path", got=str(path),
                cure="Correct the path; it is relative to the city folder.",
            )  # fmt: skip
        return _read(settings, path)
    except InputError as fault:
        return Positions(settings, (), none, none, (fault,))
    except OSError as fault:
        unread = InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault))
        return Positions(settings, (), none, none, (unread,))


def _read(settings: PositionSettings, path: Path) -> Positions:
    """Good rows in their order; rows that are faulty stand in `faults` only."""
    table = open_table(
        path, encoding=settings.encoding, delimiter=settings.delimiter, skip_lines=settings.skip_lines,
        sheet=settings.sheet, decimal=settings.decimal, time_format="",
    )  # fmt: skip
    columns = (settings.id_column, settings.x, settings.y)
    require_columns(table, columns)
    wrong, errors = _Faulty(path), list[InputError]()
    first: dict[tuple[str, str], tuple[int, float, float]] = {}
    seen = 0
    for chunk in table.chunks(columns, start=None, rows=50_000):
        for row in chunk.refused:
            wrong.add("Rows that cannot be read.", row.line, row.detail)
        seen += len(chunk.lines)
        if seen > MOST_ROWS:
            errors.append(
                InputError(
                    "More positions than are read.", where=str(path), got=f"more than {MOST_ROWS:,}",
                    allowed=f"{MOST_ROWS:,}", cure="Name a table with one row per device.",
                )
            )  # fmt: skip
            break
        ids = cell_texts(chunk.columns[settings.id_column])
        x, y = (read_numbers(chunk.columns[c], settings.decimal, ()) for c in (settings.x, settings.y))
        _take(settings, ids, x, y, chunk.lines.tolist(), chunk.raw, first, wrong)
    lines = np.array([row[0] for row in first.values()], dtype=np.int64)
    xs, ys = (np.array([row[k] for row in first.values()], dtype=np.float64) for k in (1, 2))
    good = _placed(settings, lines, xs, ys, wrong)
    things = tuple(ref for ref, is_good in zip(first, good, strict=True) if is_good)
    return Positions(settings, things, xs[good], ys[good], (*errors, *wrong.errors()))


def cell_texts(column: pa.Array) -> list[str]:
    """Ids as text; a whole number of a Parquet column without its ".0"."""
    found = []
    for cell in column.to_pylist():
        whole = isinstance(cell, float) and cell.is_integer()
        found.append("" if cell is None else str(int(cell) if whole else cell).strip())
    return found


def _take(
    settings: PositionSettings, ids: list[str], x: Numbers, y: Numbers, lines: list[int], raw: Callable[[int], str],
    first: dict[tuple[str, str], tuple[int, float, float]], wrong: _Faulty,
) -> None:  # fmt: skip
    """Rows of one chunk into `first`; what is wrong with the others into `wrong`."""
    for k, (id, line) in enumerate(zip(ids, lines, strict=True)):
        ref = split_ref(settings.thing.replace("{id}", id)) if id else None
        at = float(x.values[k]), float(y.values[k])
        if ref is None:
            wrong.add(
                "Rows that name no thing.", line, repr(id), allowed='"kind:name"',
                cure='Write thing = "meter:{id}" in city.toml, or kind:name in the column.',
            )  # fmt: skip
        elif x.empty[k] or y.empty[k]:
            wrong.add("Positions without a coordinate.", line, raw(line), cure="Complete the row or take it out.")
        elif x.refused[k] or y.refused[k]:
            wrong.add("Coordinates that are not numbers.", line, raw(line), cure="Write plain decimal numbers.")
        elif ref in first and first[ref][1:] != at:
            wrong.add(
                "Things with two positions.", line, f"{ref[0]}:{ref[1]}, line {first[ref][0]}",
                cure="Keep one row per thing.",
            )  # fmt: skip
        else:
            first.setdefault(ref, (line, *at))


def _placed(
    settings: PositionSettings, lines: npt.NDArray[np.int64], x: npt.NDArray[np.float64], y: npt.NDArray[np.float64],
    wrong: _Faulty,
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Which positions lie where their system is made for; swapped columns are told from other faults."""
    if not len(x):
        return np.zeros(0, dtype=bool)
    good = in_area(settings.crs, x, y)
    turned = in_area(settings.crs, y, x) & ~good
    for k in np.flatnonzero(~good):
        got = f"{settings.x} {x[k]:.12g}, {settings.y} {y[k]:.12g}"
        if turned[k]:
            wrong.add(
                "x and y look swapped.", int(lines[k]), got, allowed="x = easting or longitude, y = northing or latitude",
                cure=f'Write x = "{settings.y}", y = "{settings.x}" in city.toml.',
            )  # fmt: skip
        else:
            wrong.add(
                "Positions outside the area of their system.", int(lines[k]), got, allowed=settings.crs,
                cure="Correct crs in [[positions]], or these rows.",
            )  # fmt: skip
    return good


def position_files(settings: CitySettings) -> tuple[Path, ...]:
    """The tables of positions that exist: a change in one changes the definition of the city."""
    paths = [settings.folder / p.path for p in settings.positions]
    return tuple(p for p in paths if p.is_file())


def position_records(settings: CitySettings, things: Mapping[str, Record]) -> dict[str, Record]:
    """The Things of every table with their Locations, by record id, beside `things`, which models and boundaries describe.

    A Thing that a model draws stays where the model has it and names the measured place in `measured_location`; an element
    that no model has is left out. Raises SettingsError naming every fault of every table.
    """
    city, found = settings.id, dict[str, Record]()
    drawn = {t.kind for t in things.values() if isinstance(t, Thing) and t.location}
    tables = [read_positions_table(stated, settings.folder) for stated in settings.positions]
    if faults := [str(fault) for table in tables for fault in table.faults]:
        raise SettingsError(str(settings.folder / "city.toml"), faults)
    for table in tables:
        for (kind, name), x, y in zip(table.things, table.x.tolist(), table.y.tolist(), strict=True):
            id = record_id(city, "thing", kind, name)
            old = found.get(id, things.get(id))
            if old is None and kind in drawn:
                continue
            place = Location(
                id=record_id(city, "location", "measured", kind, name), name=name, crs=table.settings.crs, geometry="point",
                coordinates=((x, y),),
            )  # fmt: skip
            found[place.id] = place
            found[id] = _located(old if isinstance(old, Thing) else Thing(id=id, kind=kind, name=name), place.id)
    return found


def _located(thing: Thing, place: str) -> Thing:
    import msgspec

    if thing.location in ("", place):
        return msgspec.structs.replace(thing, location=place)
    return msgspec.structs.replace(thing, properties={**thing.properties, "measured_location": place})
