"""One process owns a city: a lock held by the operating system, so a killed owner leaves none behind."""

import json
import os
import sys
from pathlib import Path
from typing import IO

from cityloop.errors import CityLocked
from cityloop.store.faults import store_faults

__all__ = ["DataLock"]

_FAR = 1 << 30
"""Where Windows locks one byte: beyond the text, so that others can still read who owns the city."""


class DataLock:
    """The lock file of a data folder, with the owner's pid and address in it. Raises CityLocked if it is taken."""

    def __init__(self, folder: Path, *, address: str = "") -> None:
        self.path = folder / "lock"
        self._file: IO[str] | None = None
        with store_faults("taking the lock of the city", self.path):
            file = open(self.path, "a+", encoding="utf-8")  # noqa: SIM115 - held for the life of the store
            try:
                if not _lock(file):
                    raise _locked(self.path)
                file.seek(0)
                file.truncate()
                json.dump({"pid": os.getpid(), "address": address}, file)
                file.flush()
            except BaseException:
                file.close()
                raise
            self._file = file

    def release(self) -> None:
        """Give the folder free; the file stays, empty of meaning without the operating system's lock."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> bool:
        try:
            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _locked(path: Path) -> CityLocked:
    """Who owns it, as far as the file says."""
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        pid, address = int(owner["pid"]), str(owner["address"])
    except (OSError, ValueError, KeyError, TypeError):
        pid, address = 0, ""
    who = f"process {pid}" if pid else "another process"
    return CityLocked(
        "Another process owns this city.", where=str(path.parent),
        got=f"{who} at {address}" if address else who,
        cure=f"Wait until {who} ends or end it" + (f", or talk to it at {address}." if address else "."),
    )  # fmt: skip
