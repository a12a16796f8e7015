"""What a job has finished, in one small JSON file that is replaced as a whole or not at all."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cityloop.errors import StoreError

__all__ = ["JobState"]

FORM = 1


class JobState:
    """The finished steps of one job and what each of them noted (JSON values).

    `key` says which job with which options this is; a file with another key belongs to another job.
    """

    def __init__(self, path: Path, key: Mapping[str, Any], finished: Mapping[str, Any] | None = None) -> None:
        self.path, self.key = path, dict(key)
        self.finished: dict[str, Any] = dict(finished or {})

    @classmethod
    def read(cls, path: Path) -> "JobState | None":
        """The state in a file; None if there is no file. Raises StoreError for one that cannot be read."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as fault:
            raise StoreError("The state of a job cannot be read.", where=str(path), got=str(fault)) from fault
        known = isinstance(found, dict) and found.get("form") == FORM
        if not known or not isinstance(found.get("key"), dict) or not isinstance(found.get("finished"), dict):
            raise StoreError("The state of a job has an unknown form.", where=str(path), allowed=f"form {FORM}")
        return cls(path, found["key"], found["finished"])

    def finish(self, step: str, noted: Any) -> None:
        """Remember a finished step; on disk when this returns."""
        self.finished[step] = noted
        self.write()

    def write(self) -> None:
        """Replace the file atomically. Raises StoreError if the folder cannot be written."""
        text = json.dumps(
            {"form": FORM, "key": self.key, "finished": self.finished}, ensure_ascii=False, indent=1, sort_keys=True
        )
        draft = ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(prefix=self.path.name, dir=self.path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
            _sync_folder(self.path.parent)
        except OSError as fault:
            if draft:
                Path(draft).unlink(missing_ok=True)
            raise StoreError(
                "The state of a job cannot be written.", where=str(self.path), got=fault.strerror,
                cure="Make room on the disk, or choose a folder that can be written.",
            ) from fault  # fmt: skip


def _sync_folder(folder: Path) -> None:
    """A renamed file survives a power cut only when its folder was synced too; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
