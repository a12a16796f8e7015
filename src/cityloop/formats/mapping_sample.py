"""A bounded sample of a table whose form is not stated: encoding, delimiter, header rows and rows from all over the file."""

import csv
import io
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cityloop.errors import InputError
from cityloop.formats.mapping_header import Header, find_header
from cityloop.formats.mapping_proposal import filled
from cityloop.i18n import Pair

__all__ = ["MOST_COLUMNS", "Sample", "sample_table"]

WHOLE_BYTES = 24 << 20
"""A file up to this size is read as a whole; of a larger one the beginning and parts spread over the rest."""
MOST_CELLS = 3_000_000
MOST_COLUMNS = 20_000
MOST_UNPACKED = 600 << 20
"""Of a workbook: one cell in memory takes some ten times its place in the file."""
_HEAD = 256 << 10
_PARTS = 8
_PROBES, _PROBE_BYTES = 1500, 12 << 10
"""Places looked at in a long table, where every series may stand in a stretch of its own."""
_MAGIC = (
    (b"%PDF", "PDF"), (b"\x1f\x8b", "gzip"), (b"Rar!", "RAR"), (b"7z\xbc\xaf", "7z"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"),
    (b"SQLite format 3", "SQLite"), (b"\x7fELF", "ELF"), (b"MZ", "EXE"),
)  # fmt: skip
_COMMON = ("时", "日", "水", "压", "量", "流", "编号", "站", "区", "泵", "名", "点", "³", "℃", "²")
"""What a table in Chinese is likely to hold; in another double-byte encoding read as GB18030 hardly any stands."""
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
TEXTS = {
    "part": Pair(
        "{mb} MB; {read} MB of it were read, from the beginning and from places all over the file",
        "文件 {mb} MB，读取了其中 {read} MB（开头及分布于全文件的若干处）",
    ),
    "utf16": Pair(
        "the file is UTF-16, which a source cannot read: save it as CSV in UTF-8 before it is taken",
        "文件为 UTF-16 编码，数据来源无法读取：收录前请另存为 UTF-8 编码的 CSV",
    ),
    "formulas": Pair(
        "the sheet holds formulas without stored results; open it in a spreadsheet program, recalculate and save it",
        "工作表中的公式没有保存计算结果：请在表格软件中打开、重新计算并保存",
    ),
    "sheets": Pair("other sheets of the workbook: {names}", "工作簿中的其他工作表：{names}"),
    "lost": Pair("{n} sampled row(s) with another number of cells than the header were passed over",
                 "抽样中有 {n} 行的列数与表头不符，已略过"),
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """`columns` = text arrays (n,) beside `header.names`; `part` (n,) numbers the stretches of neighbouring rows.

    `sure` = confidence in the encoding; `rows` = n; `whole` = every row was read; `dates` = cells are dates, not text.
    """

    path: Path
    form: str
    header: Header
    columns: tuple[pa.Array, ...]
    part: npt.NDArray[np.int64]
    whole: bool
    encoding: str = ""
    sure: float = 1.0
    delimiter: str = ""
    sheet: str = ""
    notes: tuple[Pair, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.part)


def sample_table(path: Path, *, sheet: str = "") -> Sample:
    """The sample of a CSV, XLSX, XLS, ODS or Parquet file. Raises InputError for what is no table."""
    try:
        if not path.is_file():
            raise InputError("No such file.", where=str(path), cure="Name a table: CSV, XLSX or Parquet.")
        with path.open("rb") as file:
            begin = file.read(16)
        if not begin:
            raise InputError("The file is empty.", where=str(path), cure="Export it again.")
        suffix = path.suffix.lower()
        _refuse_magic(path, begin, suffix)
        if suffix in (".xlsx", ".xlsm", ".xls", ".ods"):
            return _sheet(path, sheet)
        if suffix in (".parquet", ".pq"):
            return _parquet(path)
        if suffix in (".csv", ".txt", ".tsv"):
            return _text(path)
    except OSError as fault:
        raise InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)) from fault
    raise InputError(
        "A file of a form that is not read.", where=str(path), got=suffix or "no suffix",
        allowed=".csv .txt .tsv .parquet .xlsx .xls .ods", cure="Save it as CSV or XLSX.",
    )  # fmt: skip


def _refuse_magic(path: Path, begin: bytes, suffix: str) -> None:
    """What a file is by its first bytes, where its name says otherwise."""
    cure = "Export the table itself as CSV or XLSX."
    for magic, name in _MAGIC:
        if begin.startswith(magic):
            raise InputError("The file is not what its name says.", where=str(path), got=name, cure=cure)
    if begin.startswith(_OLE) and suffix != ".xls":
        raise InputError(
            "The workbook is protected by a password, or is an old XLS under another name.", where=str(path),
            cure="Save it without a password, as XLSX.",
        )  # fmt: skip
    if begin.startswith(_ZIP) and suffix in (".csv", ".txt", ".tsv"):
        raise InputError(
            "The file is not what its name says.",
            where=str(path),
            got="XLSX or ZIP",
            cure="Give it its own suffix, .xlsx.",
        )
    if suffix in (".xlsx", ".xlsm", ".ods") and not begin.startswith(_ZIP):
        raise InputError("Not a workbook that can be read.", where=str(path), got=ascii(begin[:8]), cure=cure)


# --- text ----------------------------------------------------------------------------------------------------------
def _text(path: Path) -> Sample:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, size // 2))
        middle = file.read(_HEAD)
    if b"\r" in head and b"\n" not in head:
        raise InputError(
            "Line ends are bare carriage returns.", where=str(path), cure="Save it with LF or CRLF line ends."
        )
    encoding, sure = _encoding(path, head, middle, whole=size <= _HEAD)
    delimiter, rows = _delimited(_decoded(head, encoding, size > len(head)))
    header = find_header([row for _, row in rows], [line for line, _ in rows], str(path))
    if len(header.names) > MOST_COLUMNS:
        raise InputError(
            "More columns than are read.", where=str(path), got=f"{len(header.names):,}", allowed=f"{MOST_COLUMNS:,}"
        )
    if encoding.startswith("utf-16"):
        data = _head_of(path, WHOLE_BYTES).decode(encoding, "replace").encode()
        parts, read = [_after(data, header.first_line)], size
        codec = "utf-8"
    else:
        parts, read = _stretches(path, size, header)
        codec = encoding
    columns, part, lost = _parsed(parts, codec, delimiter, header)
    notes = []
    if read < size:
        notes.append(filled(TEXTS["part"], mb=f"{size / 1e6:,.0f}", read=f"{read / 1e6:,.0f}"))
    if encoding.startswith("utf-16"):
        notes.append(TEXTS["utf16"])
    if lost:
        notes.append(filled(TEXTS["lost"], n=lost))
    return Sample(
        path, "csv", header, columns, part, read >= size, encoding=encoding, sure=sure, delimiter=delimiter,
        notes=tuple(notes),
    )  # fmt: skip


def _head_of(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _encoding(path: Path, head: bytes, middle: bytes, *, whole: bool) -> tuple[str, float]:
    """The encoding of a text and how sure it is. Raises InputError for a binary file."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return name, 1.0
    nul = np.flatnonzero(np.frombuffer(head[:4096], np.uint8) == 0)
    if len(nul) > 0.3 * len(head[:4096]) and len(set((nul % 2).tolist())) == 1:
        return ("utf-16-le" if nul[0] % 2 else "utf-16-be"), 0.9
    control = sum(b < 32 and b not in b"\t\r\n\f" for b in head)
    if len(nul) or control > 0.02 * len(head):
        raise InputError("The file is binary, not a table.", where=str(path), cure="Export it as CSV or XLSX.")
    texts = (_at_lines(head, begin=False, end=not whole), _at_lines(middle, begin=True, end=True))
    if all(t.isascii() for t in texts):
        return "utf-8", 0.99
    for name in ("utf-8", "gb18030"):
        try:
            found = "".join(t.decode(name) for t in texts)
        except UnicodeDecodeError:
            continue
        if name == "utf-8":
            return name, 0.99
        if _alone(texts[0] + texts[1]) < 0.5:
            known = any(word in found for word in _COMMON)
            return name, 0.97 if known else 0.6
    return "cp1252", 0.6


def _at_lines(data: bytes, *, begin: bool, end: bool) -> bytes:
    """Without the torn lines at its ends."""
    first = data.find(b"\n") + 1 if begin else 0
    last = data.rfind(b"\n") + 1 if end else len(data)
    return data[first : last or len(data)]


def _alone(data: bytes) -> float:
    """The share of high bytes without a high neighbour: in a double-byte encoding there are few, in a single-byte one many."""
    high = np.frombuffer(data, np.uint8) >= 128
    near = np.concatenate((high[1:], [False])) | np.concatenate(([False], high[:-1]))
    return float((high & ~near).sum() / max(high.sum(), 1))


def _decoded(head: bytes, encoding: str, torn: bool) -> str:
    if encoding.startswith("utf-16"):
        return head[: len(head) // 2 * 2].decode(encoding, "replace")
    return _at_lines(head, begin=False, end=torn).decode(encoding, "replace")


def _delimited(text: str) -> tuple[str, list[tuple[int, list[str]]]]:
    """The delimiter by which most lines have the same number of cells, and the first lines with their numbers from 0."""
    lines = text.splitlines()[:120]
    best: tuple[float, str] = (-1.0, ",")
    for sign in (",", "\t", ";", "|"):
        widths = [len(row) for row in csv.reader([ln for ln in lines if ln.strip()], delimiter=sign)]
        usual = max(set(widths), key=widths.count, default=1)
        if usual > 1 and (score := widths.count(usual) / len(widths) * (1 + usual) ** 0.25) > best[0]:
            best = score, sign
    rows = [(n, next(csv.reader([ln], delimiter=best[1]), [])) for n, ln in enumerate(lines)]
    return best[1], rows


def _stretches(path: Path, size: int, header: Header) -> tuple[list[bytes], int]:
    """Whole lines: all of a small file; of a large one its beginning and parts from all over it. Bytes read beside them."""
    with path.open("rb") as file:
        for _ in range(header.first_line):
            file.readline(16 << 20)
        start = file.tell()
        if size - start <= WHOLE_BYTES:
            return [file.read()], size
        narrow = len(header.names) <= 8  # perhaps long: every id may stand in a stretch of its own
        places, length = (_PROBES, _PROBE_BYTES) if narrow else (_PARTS, 2 << 20)
        begin = WHOLE_BYTES // (96 if narrow else 6)
        places = max(2, min(places, (size - start - begin) // (2 * length)))
        parts = [_at_lines(file.read(begin), begin=False, end=True)]
        for place in np.linspace(start + begin, size - length, places).astype(np.int64).tolist():
            file.seek(place)
            parts.append(_at_lines(file.read(length), begin=True, end=place + length < size))
    return parts, sum(map(len, parts))


def _after(data: bytes, lines: int) -> bytes:
    """Without the first lines."""
    at = 0
    for _ in range(lines):
        at = data.find(b"\n", at) + 1
    return data[at:]


def _parsed(
    parts: list[bytes], encoding: str, delimiter: str, header: Header
) -> tuple[tuple[pa.Array, ...], npt.NDArray[np.int64], int]:
    """Columns as text, the number of the stretch of every row, and how many rows did not fit."""
    from pyarrow import csv as arrow_csv

    width = len(header.names)
    room = max(50, MOST_CELLS // width // len(parts))
    lines: list[bytes] = []
    numbers: list[int] = []
    for number, part in enumerate(parts):
        kept = [ln for ln in part.split(b"\n", room)[:room] if ln.strip(b" \t\r" + delimiter.encode())]
        lines += kept
        numbers += [number] * len(kept)
    if not lines:
        return tuple(pa.array([], pa.string()) for _ in header.names), np.zeros(0, np.int64), 0
    data = b"\n".join(ln.rstrip(b"\r") for ln in lines) + b"\n"
    if encoding not in ("utf-8", "utf-8-sig"):
        data = data.decode(encoding, "replace").encode()
    wrong: list[int] = []

    def note(row: "arrow_csv.InvalidRow") -> str:
        wrong.append(int(row.number or 1) - 1)
        return "skip"

    names = [str(i) for i in range(width)]
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data) + 1),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False,
                check_utf8=False,
            ),
        )  # fmt: skip
    except pa.ArrowInvalid as fault:
        raise InputError("The table is not CSV.", where="", got=str(fault)[:200]) from fault
    part_of = np.delete(np.asarray(numbers, np.int64), wrong)
    columns = tuple(c.combine_chunks() if c.num_chunks != 1 else c.chunk(0) for c in table.columns)
    return columns, part_of[: table.num_rows], len(wrong)


# --- workbooks and Parquet -----------------------------------------------------------------------------------------
def _sheet(path: Path, wanted: str) -> Sample:
    import python_calamine as calamine

    formulas = _unpacked(path)
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        names = [a.name for a in book.sheets_metadata if a.typ == calamine.SheetTypeEnum.WorkSheet]
        if wanted and wanted not in names:
            raise InputError("No sheet of this name.", where=str(path), got=wanted, allowed=", ".join(names))
        pages = {n: book.get_sheet_by_name(n) for n in ([wanted] if wanted else names[:8])}
        name = wanted or max(pages, key=lambda n: pages[n].height * pages[n].width)
        cells = pages[name].to_python(skip_empty_area=False)
    except calamine.PasswordError as fault:
        raise InputError(
            "The workbook is protected by a password.", where=str(path), cure="Save it without one."
        ) from fault
    except (calamine.CalamineError, ValueError, IndexError) as fault:
        raise InputError("Not a workbook that can be read.", where=str(path), got=str(fault)[:200]) from fault
    notes = []
    if others := [n for n in names if n != name]:
        notes.append(filled(TEXTS["sheets"], names=", ".join(others[:10])))
    if formulas and not any(c != "" for row in cells[1:] for c in row):
        raise InputError(
            "The sheet holds formulas without stored results.", where=str(path),
            cure="Open it in a spreadsheet program, recalculate and save it.",
        )  # fmt: skip
    first = [[_cell(c) for c in row] for row in cells[:120]]
    header = find_header(first, list(range(len(first))), f"{path} {name}")
    room = max(50, MOST_CELLS // max(1, len(header.names)))
    body = cells[header.first_line :]
    stretches = [body] if len(body) <= room else [body[: room // 2], body[-room // 2 :]]
    rows = [(k, [_cell(c) for c in row]) for k, s in enumerate(stretches) for row in s if any(c != "" for c in row)]
    if formulas and rows and sum(c == "" for _, r in rows for c in r) > 0.3 * len(rows) * len(header.names):
        notes.append(TEXTS["formulas"])
    columns = tuple(
        pa.array([r[i] if i < len(r) else "" for _, r in rows], pa.string()) for i in range(len(header.names))
    )
    part = np.array([k for k, _ in rows], np.int64)
    return Sample(
        path, "sheet", header, columns, part, len(stretches) == 1, sheet=name if others else "", notes=tuple(notes)
    )


def _unpacked(path: Path) -> bool:
    """Whether an XLSX holds formulas. Raises InputError for one that unpacks to more than is read."""
    if path.suffix.lower() == ".xls":
        return False
    try:
        with zipfile.ZipFile(path) as packed:
            inside = packed.infolist()
            size = sum(i.file_size for i in inside)
            if size > MOST_UNPACKED:
                raise InputError(
                    "A workbook larger than is read.", where=str(path), got=f"{size / 1e6:,.0f} MB",
                    allowed=f"{MOST_UNPACKED / 1e6:,.0f} MB", cure="Save it as CSV.",
                )  # fmt: skip
            for sheet in (i for i in inside if i.filename.startswith("xl/worksheets/")):
                with packed.open(sheet) as file:
                    if b"<f>" in (begin := file.read(1 << 20)) or b"<f " in begin:
                        return True
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as fault:
        raise InputError("Not a workbook that can be read.", where=str(path), got=str(fault)[:200]) from fault
    return False


def _cell(cell: Any) -> str:
    """A cell as the product reads it from a workbook: dates in ISO 8601, numbers with a point."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell).strip()


def _parquet(path: Path) -> Sample:
    from cityloop.formats.tables import ParquetTable

    table = ParquetTable(path)
    names = tuple(table.header)
    room = max(50, MOST_CELLS // max(1, len(names)))
    groups = table.file.num_row_groups
    chosen = sorted(set(np.linspace(0, groups - 1, min(groups, _PARTS)).astype(int).tolist())) if groups else []
    arrays: list[list[pa.Array]] = [[] for _ in names]
    part: list[int] = []
    try:
        for number, group in enumerate(chosen):
            batch = table.file.read_row_group(group).slice(0, room // len(chosen))
            for i, column in enumerate(batch.columns):
                arrays[i].append(column.combine_chunks().cast(pa.string()).fill_null(""))
            part += [number] * batch.num_rows
    except (pa.ArrowException, OSError) as fault:
        raise InputError("A damaged Parquet file.", where=str(path), got=str(fault)[:200]) from fault
    columns = tuple(pa.chunked_array(a, pa.string()).combine_chunks() for a in arrays)
    header = Header(names, tuple(() for _ in names), 0, 1, 0)
    whole = table.file.metadata.num_rows == len(part)
    return Sample(path, "parquet", header, columns, np.array(part, np.int64), whole)
