"""Each [[positions]] of city.toml: a table that says where devices stand, in a system of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from cityloop.errors import InputError
from cityloop.settings.crs import describe_crs
from cityloop.settings.faults import Table
from cityloop.settings.source_settings import read_delimiter, read_encoding, read_ref

__all__ = ["PositionSettings", "read_positions"]


@dataclass(frozen=True)
class PositionSettings:
    """One table of positions. `path` is absolute, or relative to the city folder; `x` is the column of easting or longitude,
    `y` of northing or latitude, both in `crs`. `thing` is "kind:name" with `{id}` for what stands in `id_column`.
    """

    path: str
    crs: str
    id_column: str
    x: str
    y: str
    thing: str = "{id}"
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    skip_lines: int = 0
    sheet: str = ""


def read_positions(tables: Sequence[Table]) -> tuple[PositionSettings, ...]:
    """Every [[positions]]."""
    return tuple(_read(table) for table in tables)


def _read(table: Table) -> PositionSettings:
    cure = 'State the system of these coordinates, for example crs = "EPSG:4326"; it is never guessed.'
    crs = table.text("crs", cure=cure)
    if crs:
        try:
            describe_crs(crs)
        except InputError as fault:
            table.faults.catch(fault, where=table.key("crs"))
    thing = table.text("thing", "{id}")
    if "{id}" not in thing:
        table.faults.add(
            "Every row would be the same thing.", where=table.key("thing"), got=thing, cure='Write "meter:{id}".'
        )
    elif thing != "{id}":
        read_ref(thing, table.key("thing"), table.faults)
    delimiter, decimal = read_delimiter(table)
    found = PositionSettings(
        path=table.text("path", cure='Name the file: path = "loggers.csv".'),
        crs=crs,
        id_column=table.text("id_column", cure="Name the column that says which thing a row is about."),
        x=table.text("x", cure="Name the column of the easting or longitude."),
        y=table.text("y", cure="Name the column of the northing or latitude."),
        thing=thing,
        encoding=read_encoding(table),
        delimiter=delimiter,
        decimal=decimal,
        skip_lines=table.whole("skip_lines", 0, high=1000),
        sheet=table.text("sheet", ""),
    )
    if found.x == found.y != "":
        table.faults.add("x and y are the same column.", where=table.key("y"), got=found.y, cure="Correct one of them.")
    table.close()
    return found
