"""Each [[register]] of city.toml: a table of what is known about things that no model says, one row per thing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cityloop.settings.faults import Table
from cityloop.settings.source_settings import read_delimiter, read_encoding, read_ref

__all__ = ["RegisterSettings", "read_registers"]


@dataclass(frozen=True)
class RegisterSettings:
    """One table. `numbers` and `texts` name the property and the column it stands in; `part_of` the column with the id of
    the boundary that the thing lies in ("" = not stated). `thing` is "kind:name" with `{id}` for what stands in `id_column`.
    `simulated` marks the things that it says something of.
    """

    path: str
    id_column: str
    thing: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    part_of: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    skip_lines: int = 0
    sheet: str = ""
    simulated: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        named = (self.id_column, self.part_of, *self.numbers.values(), *self.texts.values())
        return tuple(dict.fromkeys(c for c in named if c))


def read_registers(tables: Sequence[Table]) -> tuple[RegisterSettings, ...]:
    """Every [[register]]."""
    return tuple(_read(table) for table in tables)


def _read(table: Table) -> RegisterSettings:
    thing = table.text("thing", cure='Write thing = "pipe:{id}".')
    if thing and "{id}" not in thing:
        table.faults.add(
            "Every row would be the same thing.", where=table.key("thing"), got=thing, cure='Write "pipe:{id}".'
        )
    elif thing:
        read_ref(thing, table.key("thing"), table.faults)
    delimiter, decimal = read_delimiter(table)
    found = RegisterSettings(
        path=table.text("path", cure='Name the file: path = "pipes.csv".'),
        id_column=table.text("id_column", cure="Name the column that says which thing a row is about."),
        thing=thing,
        numbers=table.named_texts("numbers"),
        texts=table.named_texts("texts"),
        part_of=table.text("part_of", ""),
        encoding=read_encoding(table),
        delimiter=delimiter,
        decimal=decimal,
        skip_lines=table.whole("skip_lines", 0, high=1000),
        sheet=table.text("sheet", ""),
        simulated=table.yes("simulated", False),
    )
    if twice := sorted(set(found.numbers) & set(found.texts)):
        table.faults.add("A property that is both.", where=table.path, got=", ".join(twice), allowed="numbers or texts")
    if not (found.numbers or found.texts or found.part_of):
        table.faults.add(
            "A register that says nothing.", where=table.path, cure="Name its columns: numbers, texts or part_of."
        )
    table.close()
    return found
