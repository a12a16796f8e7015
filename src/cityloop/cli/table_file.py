"""A table that a verb writes: the file is there whole or not at all."""

import csv
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cityloop.cli.language import say
from cityloop.errors import StoreError
from cityloop.i18n import Pair

__all__ = ["TEXTS", "write_table"]

TEXTS = {
    "no_file": Pair("The table cannot be written.", "结果表无法写入。"),
    "no_file_cure": Pair("Name another file with --out.", "请用 --out 指定其他文件。"),
}


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> None:
    """Write a CSV with a header beside its place, then put it there. Raises StoreError where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding=encoding, newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(columns)
            table.writerows(rows)
        part.replace(path)
    except OSError as fault:
        with suppress(OSError):
            part.unlink()
        raise StoreError(
            say(TEXTS["no_file"]), where=str(path), got=fault.strerror or str(fault), cure=say(TEXTS["no_file_cure"])
        ) from fault
