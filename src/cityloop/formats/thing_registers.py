"""Registers of things: what a table says of each (year laid, material, the area it lies in), added to its record.

A row about an element that no model has is left out: a register is larger than a model. Of a kind that no model draws
(buildings), every row is a Thing of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cityloop.errors import InputError, SettingsError
from cityloop.formats.numbers import read_numbers
from cityloop.formats.positions import MOST_ROWS, cell_texts
from cityloop.formats.tables import open_table, require_columns
from cityloop.records import Record, Relation, Thing, record_id
from cityloop.settings import BoundarySettings, CitySettings, RegisterSettings
from cityloop.settings.source_settings import split_ref

__all__ = ["Register", "Row", "read_register", "register_files", "register_records"]

_SHOWN = 5
Value = float | str


@dataclass(frozen=True)
class Row:
    """What one row says of the thing (kind, name); `part_of` = id of a boundary, "" where none is said."""

    thing: tuple[str, str]
    properties: Mapping[str, Value]
    part_of: str


@dataclass
class Register:
    """The rows of one table and every fault found in it."""

    rows: list[Row] = field(default_factory=list)
    faults: list[InputError] = field(default_factory=list)


def register_files(settings: CitySettings) -> tuple[Path, ...]:
    """The registers that exist: a change in one changes the definition of the city."""
    paths = [settings.folder / r.path for r in settings.registers]
    return tuple(p for p in paths if p.is_file())


def read_register(settings: RegisterSettings, folder: Path, boundaries: tuple[BoundarySettings, ...]) -> Register:
    """One register with its faults; a file that cannot be read at all is a fault too, never an exception."""
    path, found = folder / settings.path, Register()
    try:
        if not path.is_file():
            raise InputError(
                "A register that does not exist.", where="city.toml register.path", got=str(path),
                cure="Correct the path; it is relative to the city folder.",
            )  # fmt: skip
        _read(settings, path, boundaries, found)
    except InputError as fault:
        found.faults.append(fault)
    except OSError as fault:
        found.faults.append(InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)))
    return found


def _read(settings: RegisterSettings, path: Path, boundaries: tuple[BoundarySettings, ...], found: Register) -> None:
    table = open_table(
        path, encoding=settings.encoding, delimiter=settings.delimiter, skip_lines=settings.skip_lines,
        sheet=settings.sheet, decimal=settings.decimal, time_format="",
    )  # fmt: skip
    require_columns(table, settings.columns)
    places = {word: b.id for b in boundaries for word in (b.id, b.name.en, b.name.zh)}
    wrong: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], int] = {}
    for chunk in table.chunks(settings.columns, start=None, rows=50_000):
        for row in chunk.refused:
            wrong.setdefault(("Rows that cannot be read.", ""), []).append(f"{row.line}: {row.detail}")
        texts = {name: cell_texts(chunk.columns[name]) for name in settings.columns}
        numbers = {
            name: read_numbers(chunk.columns[column], settings.decimal, ()) for name, column in settings.numbers.items()
        }
        for k, line in enumerate(chunk.lines.tolist()):
            ref = split_ref(settings.thing.replace("{id}", texts[settings.id_column][k]))
            if not texts[settings.id_column][k] or ref is None:
                wrong.setdefault(("Rows that name no thing.", ""), []).append(str(line))
                continue
            if ref in first:
                wrong.setdefault(("Things that stand there twice.", ""), []).append(
                    f"{line}: {ref[1]}, line {first[ref]}"
                )
                continue
            first[ref] = line
            properties: dict[str, Value] = {}
            for name, read in numbers.items():
                if read.refused[k]:
                    column = settings.numbers[name]
                    wrong.setdefault((f"Cells of {column} that are not numbers.", ""), []).append(
                        f"{line}: {texts[column][k]}"
                    )
                elif not read.empty[k]:
                    properties[name] = float(read.values[k])
            properties |= {name: texts[column][k] for name, column in settings.texts.items() if texts[column][k]}
            area = texts[settings.part_of][k] if settings.part_of else ""
            if area and area not in places:
                allowed = ", ".join(b.id for b in boundaries)
                wrong.setdefault(("Rows in an unknown boundary.", allowed), []).append(f"{line}: {area}")
            found.rows.append(Row(ref, properties, places.get(area, "")))
            if len(found.rows) > MOST_ROWS:
                raise InputError("More rows than are read.", where=str(path), allowed=f"{MOST_ROWS:,}")
    for (what, allowed), rows in wrong.items():
        more = f" (+{len(rows) - _SHOWN})" if len(rows) > _SHOWN else ""
        found.faults.append(InputError(what, where=str(path), got="; ".join(rows[:_SHOWN]) + more, allowed=allowed))


def register_records(settings: CitySettings, things: Mapping[str, Record]) -> dict[str, Record]:
    """The Things of every register by record id, beside `things`, which models and boundaries describe.

    A property that the model states itself stays as the model has it. Raises SettingsError naming every fault.
    """
    city, found = settings.id, dict[str, Record]()
    drawn = {t.kind for t in things.values() if isinstance(t, Thing) and t.location}
    registers = [read_register(r, settings.folder, settings.boundaries) for r in settings.registers]
    if faults := [str(fault) for register in registers for fault in register.faults]:
        raise SettingsError(str(settings.folder / "city.toml"), faults)
    for stated, row in ((s, row) for s, r in zip(settings.registers, registers, strict=True) for row in r.rows):
        kind, name = row.thing
        id = record_id(city, "thing", kind, name)
        old = found.get(id, things.get(id))
        if old is None and kind in drawn:
            continue
        thing = old if isinstance(old, Thing) else Thing(id=id, kind=kind, name=name)
        relations = thing.relations
        if row.part_of:
            relations += (Relation(kind="part_of", thing=record_id(city, "thing", "boundary", row.part_of)),)
        found[id] = msgspec.structs.replace(
            thing, simulated=thing.simulated or stated.simulated, relations=relations,
            properties={**row.properties, **thing.properties},
        )  # fmt: skip
    return found
