"""Tables on disk as chunks of columns: CSV, Parquet and XLSX, told apart by their suffix, each row with its place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.errors import InputError
from cityloop.settings.faults import nearest

__all__ = ["Chunk", "Mark", "Refused", "Table", "open_table", "require_columns", "text_column"]


class Mark(NamedTuple):
    """The next unread place: byte offset of a CSV or row number elsewhere, and the number of its line (from 1)."""

    offset: int
    line: int


@dataclass(frozen=True)
class Refused:
    """A row or cell that cannot be taken: its line, what it said, why (`code` is a key of rows.REASONS)."""

    line: int
    raw: str
    code: str
    detail: str


@dataclass(frozen=True)
class Chunk:
    """Some rows: columns by name (string, timestamp or number), `lines` (n,) the place of each in the file.

    `whole` is false if the last line has no end yet; `offset_of` and `raw` take a line number of this chunk.
    """

    columns: Mapping[str, pa.Array]
    lines: npt.NDArray[np.int64]
    refused: tuple[Refused, ...]
    start: Mark
    end: Mark
    offset_of: Callable[[int], int]
    raw: Callable[[int], str]
    whole: bool = True


class Table(Protocol):
    """A table file. `appendable` = lines may be added at its end and only those be read."""

    path: Path
    header: list[str]
    appendable: bool

    def chunks(self, columns: Sequence[str], *, start: Mark | None, rows: int) -> Iterator[Chunk]:
        """The rows from `start` on, at most `rows` at once."""
        ...


def open_table(
    path: Path, *, encoding: str, delimiter: str, skip_lines: int, sheet: str, decimal: str, time_format: str
) -> Table:
    """Open a table by its suffix; raises InputError for a suffix, file or sheet that cannot be read."""
    suffix = path.suffix.lower()
    try:
        if suffix in (".csv", ".txt", ".tsv"):
            from cityloop.formats.csv_table import CsvTable

            return CsvTable(path, encoding=encoding, delimiter=delimiter, skip_lines=skip_lines)
        if suffix in (".parquet", ".pq"):
            return ParquetTable(path)
        if suffix in (".xlsx", ".xls", ".xlsm", ".ods"):
            return SheetTable(path, sheet=sheet, skip_lines=skip_lines, decimal=decimal, time_format=time_format)
    except OSError as fault:
        raise InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)) from fault
    raise InputError(
        "A file of a form that is not read.",
        where=str(path),
        got=suffix or "no suffix",
        allowed=".csv .txt .tsv .parquet .xlsx .xls .ods",
    )


def require_columns(table: Table, columns: Sequence[str]) -> None:
    """Raise InputError naming every column that is missing or stands twice, and the columns found."""
    missing = [c for c in columns if table.header.count(c) == 0]
    doubled = [c for c in columns if table.header.count(c) > 1]
    if missing or doubled:
        hints = _other_delimiter(table.header) or " ".join(filter(None, (nearest(c, table.header) for c in missing)))
        what = [f"missing: {', '.join(missing)}"] if missing else []
        what += [f"more than once: {', '.join(doubled)}"] if doubled else []
        raise InputError(
            f"Columns {'; '.join(what)}.", where=str(table.path), got=", ".join(table.header)[:1000] or "no columns",
            cure=hints or "Correct the column names in city.toml, or delimiter and skip_lines.",
        )  # fmt: skip


def _other_delimiter(header: Sequence[str]) -> str:
    """What to write in city.toml where a header of one cell is plainly several."""
    found = [sign for sign in (";", "\t", "|", ",") if len(header) == 1 and sign in header[0]]
    shown = "\\t" if found[:1] == ["\t"] else "".join(found[:1])
    return f'The header is one cell; state delimiter = "{shown}"' if found else ""


def text_column(column: pa.ChunkedArray) -> pa.Array:
    """One column as a single array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


class ParquetTable:
    """A Parquet file; only the columns asked for are read, row group by row group."""

    appendable = False

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        try:
            self.file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as fault:
            raise InputError("Not a Parquet file.", where=str(path), got=str(fault)[:200]) from fault
        self.header = list(self.file.schema_arrow.names)

    def chunks(self, columns: Sequence[str], *, start: Mark | None, rows: int) -> Iterator[Chunk]:
        """Row numbers are lines, from 1."""
        done = start.offset if start else 0
        first_group, passed = 0, 0
        while first_group < self.file.num_row_groups:
            size = self.file.metadata.row_group(first_group).num_rows
            if passed + size > done:
                break
            passed, first_group = passed + size, first_group + 1
        groups = list(range(first_group, self.file.num_row_groups))
        skip = done - passed
        try:
            for batch in (
                self.file.iter_batches(rows, row_groups=groups, columns=list(columns), use_threads=False)
                if groups
                else ()
            ):
                part = batch.slice(min(skip, batch.num_rows))
                skip -= batch.num_rows - part.num_rows
                if part.num_rows:
                    yield self._chunk(part, columns, done)
                    done += part.num_rows
        except (pa.ArrowException, OSError) as fault:
            raise InputError(
                "A damaged Parquet file.", where=f"{self.path}:{done + 1}", got=str(fault)[:200]
            ) from fault

    def _chunk(self, batch: pa.RecordBatch, columns: Sequence[str], done: int) -> Chunk:
        found = {name: self._plain(batch.column(batch.schema.get_field_index(name)), name) for name in columns}
        lines = np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64)

        def raw(line: int) -> str:
            return ",".join(str(found[name][line - done - 1].as_py()) for name in columns)

        end = Mark(done + batch.num_rows, done + batch.num_rows + 1)
        return Chunk(found, lines, (), Mark(done, done + 1), end, lambda line: line - 1, raw)

    def _plain(self, array: pa.Array, name: str) -> pa.Array:
        """As text, timestamp or number; raises InputError for lists and other shapes."""
        kind = array.type
        if pa.types.is_dictionary(kind):
            array = array.dictionary_decode()
            kind = array.type
        if pa.types.is_timestamp(kind):
            return array.cast(pa.timestamp("us", kind.tz), safe=False)
        if pa.types.is_date(kind):
            return array.cast(pa.timestamp("us"))
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return array
        if pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
            return array.cast(pa.float64(), safe=False)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
            return array.cast(pa.string()).fill_null("")
        raise InputError("A column of a type that is not read.", where=f"{self.path} {name}", got=str(kind))


class SheetTable:
    """One sheet of a workbook, its cells as text: dates in `time_format` or ISO 8601, numbers with `decimal`."""

    appendable = False

    def __init__(self, path: Path, *, sheet: str, skip_lines: int, decimal: str, time_format: str) -> None:
        import python_calamine as calamine

        self.path, self.decimal, self.time_format = path, decimal, time_format
        try:
            book = calamine.CalamineWorkbook.from_path(path)
            if sheet and sheet not in book.sheet_names:
                raise InputError(
                    "No sheet of this name.", where=str(path), got=sheet, allowed=", ".join(book.sheet_names),
                    cure=nearest(sheet, book.sheet_names),
                )  # fmt: skip
            page = book.get_sheet_by_name(sheet) if sheet else book.get_sheet_by_index(0)
            cells: list[list[Any]] = page.to_python(skip_empty_area=False)
        except calamine.CalamineError as fault:
            raise InputError("Not a workbook that can be read.", where=str(path), got=str(fault)[:200]) from fault
        self.header = [self._text(c).strip() for c in cells[skip_lines]] if len(cells) > skip_lines else []
        self.rows, self.skipped = cells[skip_lines + 1 :], skip_lines + 1

    def chunks(self, columns: Sequence[str], *, start: Mark | None, rows: int) -> Iterator[Chunk]:
        """Row numbers are those of the sheet. Rows without any value are skipped."""
        done = start.offset if start else 0
        indices = [self.header.index(c) for c in columns]
        while done < len(self.rows):
            part = self.rows[done : done + rows]
            numbers = [n for n, row in enumerate(part, self.skipped + done + 1) if any(c != "" for c in row)]
            first = self.skipped + done + 1
            found = {
                name: pa.array([self._text(part[n - first][i]) for n in numbers], pa.string())
                for name, i in zip(columns, indices, strict=True)
            }

            def raw(line: int) -> str:
                return ",".join(self._text(c) for c in self.rows[line - self.skipped - 1])

            end = Mark(done + len(part), first + len(part))
            yield Chunk(
                found, np.asarray(numbers, dtype=np.int64), (), Mark(done, first), end,
                lambda line: line - self.skipped - 1, raw,
            )  # fmt: skip
            done += len(part)

    def _text(self, cell: Any) -> str:
        if isinstance(cell, datetime):
            return cell.strftime(self.time_format) if self.time_format.startswith("%") else cell.isoformat(sep=" ")
        if isinstance(cell, float):
            plain = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
            return plain.replace(".", self.decimal)
        return str(cell)
