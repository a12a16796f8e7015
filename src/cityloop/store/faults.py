"""What the databases and the disk can refuse, said as a StoreError with its cure."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from cityloop.errors import CityloopError, StoreError, StoreFull, StoreVersion

__all__ = ["store_faults"]

_FULL = ("no space left", "disk is full", "file too large", "could not write all bytes", "disk quota", "out of disk")
_FORBIDDEN = ("permission denied", "read-only", "readonly", "attempt to write a readonly")
_OTHER_VERSION = ("trying to read a database file with version", "storage version", "newer version of duckdb")
_BROKEN = ("not a database", "not a valid duckdb", "malformed", "corrupt", "checksum")


@contextmanager
def store_faults(doing: str, where: Path) -> Iterator[None]:
    """Turn faults of DuckDB, SQLite and the disk inside the block into a StoreError about `doing` at `where`.

    Nothing of the interrupted transaction is kept by the databases; what was acknowledged before stays.
    """
    try:
        yield
    except CityloopError:
        raise
    except (duckdb.Error, sqlite3.Error, OSError, MemoryError) as fault:
        raise _explained(doing, where, fault) from fault


def _explained(doing: str, where: Path, fault: Exception) -> StoreError:
    said = str(fault).strip() or type(fault).__name__
    got, low = said.splitlines()[0][:300], said.lower()
    number = fault.errno if isinstance(fault, OSError) else None
    what = f"The city's data could not be kept or read while {doing}."
    if number in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) or any(word in low for word in _FULL):
        return StoreFull(
            f"No room left while {doing}; everything acknowledged before is safe.", where=str(where), got=got,
            cure="Free space on this disk and start the command again; it goes on where it stopped.",
        )  # fmt: skip
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) or any(word in low for word in _FORBIDDEN):
        return StoreError(
            f"The data folder may not be written while {doing}.", where=str(where), got=got,
            cure="Give this user write access to the folder, or copy the city to a folder that can be written.",
        )  # fmt: skip
    if number in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return StoreError(
            "The data folder is not a folder.", where=str(where), got=got,
            cure="Move the file that stands in its place, or name another folder.",
        )  # fmt: skip
    if any(word in low for word in _OTHER_VERSION):
        return StoreVersion(
            "The data folder was written by a newer database.", where=str(where), got=got,
            cure="Update Cityloop, or restore an export made by the newer one into this version's format.",
        )  # fmt: skip
    if any(word in low for word in _BROKEN):
        return StoreError(
            "A database file is not readable.", where=str(where), got=got,
            cure="Keep the folder as it is (never delete a .wal file: it holds acknowledged rows) and restore the last "
            "export into another folder.",
        )  # fmt: skip
    if isinstance(fault, (duckdb.FatalException, duckdb.InternalException)) or "invalidated" in low:
        return StoreError(
            what, where=str(where), got=got,
            cure="Start the command again: the database must be opened anew. Everything acknowledged is safe.",
        )  # fmt: skip
    if isinstance(fault, MemoryError | duckdb.OutOfMemoryException):
        return StoreError(what, where=str(where), got=got, cure="Close other programs or read a shorter period.")
    return StoreError(what, where=str(where), got=got, cure="Look at the disk and its messages, then start again.")
