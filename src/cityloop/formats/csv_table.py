"""CSV read in pieces of bounded size: every line keeps its number, and reading can go on from any line."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.errors import InputError
from cityloop.formats.tables import Chunk, Mark, Refused, text_column

__all__ = ["CsvTable"]

Ints = npt.NDArray[np.int64]
_BLOCK_BYTES = 4 << 20
_LONGEST_LINE = 16 << 20


class CsvTable:
    """One CSV file. A value may be quoted but never runs over a line end; a line that does is refused by its number."""

    appendable = True

    def __init__(self, path: Path, *, encoding: str, delimiter: str, skip_lines: int) -> None:
        self.path, self.encoding, self.delimiter = path, codecs.lookup(encoding).name, delimiter
        self._blank = " \t\r" + delimiter
        self._utf8 = self.encoding in ("utf-8", "utf-8-sig", "ascii")
        with path.open("rb") as file:
            skipped = [file.readline(_LONGEST_LINE) for _ in range(skip_lines)]
            raw = file.readline(_LONGEST_LINE)
            self.first = Mark(file.tell(), len(skipped) + 2)
        if raw.startswith(codecs.BOM_UTF8) and self._utf8:
            raw = raw[len(codecs.BOM_UTF8) :]
        self.header = self._read_header(raw, len(skipped) + 1)

    def _read_header(self, raw: bytes, line: int) -> list[str]:
        where = f"{self.path}:{line}"
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in raw:
            raise InputError("The file is UTF-16 or binary.", where=where, cure="Save it as CSV in UTF-8.")
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError as fault:
            raise InputError(
                f"The header is not {self.encoding}.", where=where, got=ascii(raw[:60]), cure=encoding_cure(raw)
            ) from fault
        if len(raw) >= _LONGEST_LINE:
            raise InputError("The file has no line ends.", where=where, cure="Save it with LF or CRLF line ends.")
        if "\r" in text.strip("\r\n"):
            raise InputError(
                "Line ends are bare carriage returns.", where=where, cure="Save it with LF or CRLF line ends."
            )
        try:
            rows = list(csv.reader([text], delimiter=self.delimiter, strict=True))
        except csv.Error as fault:
            raise InputError("The header is not CSV.", where=where, got=text.strip()[:200]) from fault
        return [cell.strip() for cell in rows[0]] if rows else []

    def chunks(self, columns: Sequence[str], *, start: Mark | None, rows: int) -> Iterator[Chunk]:
        """The lines from `start` on in chunks of at most `rows` lines."""
        mark = start or self.first
        indices = [self.header.index(c) for c in columns]
        with self.path.open("rb") as file:
            file.seek(mark.offset)
            rest = b""
            while True:
                block = file.read(_BLOCK_BYTES)
                data = rest + block
                cut = len(data) if not block else data.rfind(b"\n") + 1
                if block and cut == 0:
                    if len(data) > _LONGEST_LINE:
                        raise InputError(
                            "A line without end.", where=f"{self.path}:{mark.line}", got=f"{len(data)} bytes"
                        )
                    rest = data
                    continue
                rest = data[cut:]
                for piece in _pieces(data[:cut], rows):
                    chunk = self._chunk(piece, mark, columns, indices)
                    mark = chunk.end
                    yield chunk
                if not block:
                    return

    def _chunk(self, data: bytes, start: Mark, columns: Sequence[str], indices: list[int]) -> Chunk:
        whole = data.endswith(b"\n")
        lines = data.split(b"\n")
        if whole:
            lines.pop()
        numbers = np.arange(start.line, start.line + len(lines), dtype=np.int64)
        refused: list[Refused] = []
        good, kept = self._plain(data, lines, numbers, refused)
        table, kept = self._parse(good, kept, indices, refused)
        ends = np.cumsum([len(line) + 1 for line in lines])

        def offset_of(line: int) -> int:
            index = line - start.line
            return start.offset if index <= 0 else start.offset + int(ends[index - 1])

        def raw(line: int) -> str:
            return lines[line - start.line].rstrip(b"\r").decode(self.encoding, "backslashreplace")

        end = Mark(start.offset + len(data), start.line + len(lines))
        found = {name: text_column(table.column(str(i))) for name, i in zip(columns, indices, strict=True)}
        return Chunk(found, kept, tuple(refused), start, end, offset_of, raw, whole)

    def _plain(self, data: bytes, lines: list[bytes], numbers: Ints, refused: list[Refused]) -> tuple[bytes, Ints]:
        """The lines that can be parsed, as UTF-8, and their numbers; undecodable, unclosed and blank ones taken out."""
        if (
            data.count(b"\r") == data.count(b"\r\n")
            and b'"' not in data
            and b"\n\n" not in data
            and b"\n\r\n" not in data
        ):
            plain = self._transcode(data)
            if plain is not None and not data.startswith((b"\n", b"\r")):
                return plain, numbers
        good: list[bytes] = []
        kept: list[int] = []
        for number, line in zip(numbers.tolist(), lines, strict=True):
            body = line.removesuffix(b"\r")
            plain = self._transcode(body)
            if not body.strip(self._blank.encode()):
                continue
            if plain is None:
                text = f"the line is not {self.encoding}; {encoding_cure(body)}"
                refused.append(Refused(number, body.decode(self.encoding, "backslashreplace"), "encoding", text))
            elif b"\r" in body or self._runs_over(plain):
                text = "a quote is not closed, or a carriage return stands inside the line"
                refused.append(Refused(number, body.decode(self.encoding), "quote", text))
            else:
                good.append(plain)
                kept.append(number)
        return b"\n".join(good) + b"\n" if good else b"", np.asarray(kept, dtype=np.int64)

    def _runs_over(self, line: bytes) -> bool:
        """Whether a quote is still open at the end of a line (UTF-8): a quote opens at the start of a cell only (`1",",2`)."""
        if b'"' not in line:
            return False
        try:
            return len(list(csv.reader([line.decode() + "\n", "\n"], delimiter=self.delimiter))) < 2
        except csv.Error:  # a cell longer than the reader takes
            return line.count(b'"') % 2 == 1

    def _transcode(self, data: bytes) -> bytes | None:
        try:
            text = data.decode(self.encoding)
        except UnicodeDecodeError:
            return None
        return data if self._utf8 else text.encode()

    def _parse(self, data: bytes, numbers: Ints, indices: list[int], refused: list[Refused]) -> tuple[pa.Table, Ints]:
        """Columns as text; rows with a wrong number of cells taken out."""
        from pyarrow import csv as arrow_csv

        names = [str(i) for i in range(len(self.header))]
        wanted = list(dict.fromkeys(str(i) for i in indices))
        if not data:
            return pa.table({name: pa.array([], pa.string()) for name in wanted}), numbers
        wrong: list[int] = []

        def note(row: "arrow_csv.InvalidRow") -> str:
            wrong.append(row.number - 1)
            if row.text.strip(self._blank):
                text = f"{row.actual_columns} cells where the header has {row.expected_columns}"
                refused.append(Refused(int(numbers[row.number - 1]), row.text, "cells", text))
            return "skip"

        if data.startswith(codecs.BOM_UTF8):
            data = codecs.BOM_UTF8 + data  # the reader takes one away; inside a file it is part of a cell
        table = arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data) + 1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.delimiter, quote_char='"', ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in wanted}, include_columns=wanted, null_values=[],
                strings_can_be_null=False,
            ),
        )  # fmt: skip
        return table, np.delete(numbers, wrong)


def encoding_cure(raw: bytes) -> str:
    """What to write in city.toml, tried on the bytes themselves."""
    for name in ("utf-8", "gb18030"):
        try:
            raw.decode(name)
        except UnicodeDecodeError:
            continue
        return f'it reads as {name}: state encoding = "{name}"'
    return 'state its encoding, for example encoding = "cp1252"'


def _pieces(data: bytes, rows: int) -> Iterator[bytes]:
    """`data` cut into pieces of at most `rows` lines."""
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1
    start = 0
    for index in range(rows - 1, len(ends), rows):
        yield data[start : ends[index]]
        start = int(ends[index])
    if start < len(data):
        yield data[start:]
