"""Pilots: cities that ship inside the package as plain data, copied to a folder of the user's before they are played."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from cityloop.errors import InputError, StoreError
from cityloop.settings import load_city, nearest

__all__ = ["copy_pilot", "pilot_digest", "pilot_folder", "pilot_names"]

_SENSORS = re.compile(r"^(\s*sensors\s*=\s*)\d+", re.MULTILINE)


def pilot_names() -> tuple[str, ...]:
    """Names of the pilots in the package."""
    folder = files("cityloop") / "cities"
    return tuple(sorted(f.name for f in folder.iterdir() if f.is_dir() and (f / "city.toml").is_file()))


@contextmanager
def pilot_folder(name: str) -> Iterator[Path]:
    """The folder of a pilot in the package, to be read only. Raises InputError for a name that is none."""
    known = pilot_names()
    if name not in known:
        raise InputError(
            "No such pilot.", got=name, allowed=", ".join(known),
            cure=nearest(name, known) or "Name one of them; a city of your own is run by: cityloop turn CITY.",
        )  # fmt: skip
    with as_file(files("cityloop") / "cities" / name) as folder:
        yield folder


def pilot_digest(folder: Path) -> str:
    """sha256 of every file of a pilot with its name."""
    digest = hashlib.sha256()
    for path in _definition_files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _definition_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


@contextmanager
def copy_pilot(source: Path, target: Path, *, sensors: int | None) -> Iterator[Path]:
    """Copy a pilot to `target`, whole or not at all: the block may add to the draft before it gets its name.

    `sensors` replaces the number of loggers of its twin. Raises InputError where `target` cannot be made.
    """
    draft: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
        for path in _definition_files(source):
            place = draft / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        if sensors is not None:
            _set_sensors(draft, sensors)
        draft.chmod(0o755)
        yield draft
        os.rename(draft, target)
    except OSError as fault:
        raise StoreError(
            "The folder of the demo cannot be made.", where=str(target), got=fault.strerror or str(fault),
            cure="Choose a folder that can be written: --out DIR.",
        ) from fault  # fmt: skip
    finally:
        if draft is not None and draft.exists():
            shutil.rmtree(draft, ignore_errors=True)


def _set_sensors(folder: Path, sensors: int) -> None:
    path = folder / "city.toml"
    text, count = _SENSORS.subn(rf"\g<1>{sensors}", path.read_text(encoding="utf-8"))
    twin = None
    if count == 1:
        path.write_text(text, encoding="utf-8", newline="\n")
        twin = load_city(folder).twin
    if twin is None or twin.sensors != sensors:
        raise InputError("This pilot has no number of sensors to set.", where=str(path), cure="Leave out --sensors.")
