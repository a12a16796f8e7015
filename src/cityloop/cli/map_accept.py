"""The accepted rows of an edited proposal: checked, read on trial, shown, and appended to city.toml when that is asked for."""

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.formats.mapping_section import Section
    from cityloop.settings import CitySettings

__all__ = ["accept"]

FILE = "city.toml"


@dataclass(frozen=True)
class _Trial:
    """What reading the file as accepted gives: rows taken, refused by reason (key of formats.rows.REASONS), new things."""

    rows: int
    refused: Mapping[str, int] = field(default_factory=dict)
    new_things: tuple[str, ...] = ()


def accept(file: Path, city: Path | None, table: Path, *, write: bool, sheet: str, as_json: bool) -> None:
    """Show the section that the table's accepted rows make; append it to city.toml with `write`."""
    from cityloop.cli.screen import quiet_stdout

    with quiet_stdout():
        from cityloop.errors import InputError
        from cityloop.formats.mapping_sample import sample_table
        from cityloop.formats.mapping_section import path_text, section_of
        from cityloop.formats.mapping_table import read_table
        from cityloop.settings import load_city
        from cityloop.settings.city_file import read_city_text

        if city is None:
            raise InputError("A table is accepted for a city.", where="--table", cure="Name it: --city CITY.")
        settings = load_city(city)
        rows = read_table(table)
        stated_sheet = sheet or next((r["value"] for r in rows if r.part == "setting" and r["column"] == "sheet"), "")
        sample = sample_table(file, sheet=stated_sheet)
        section = section_of(rows, sample, path=path_text(file, city), where=str(table))
        _refuse_twice(settings, section, file)
        before = (city / FILE).read_bytes()
        text = _appended(before.decode("utf-8-sig"), section.text)
        after = read_city_text(text, city)
        trial = _tried(after, section)
        backup = _write(city / FILE, before, text) if write else None
    unused = sum(not r.accepted for r in rows)
    if as_json:
        _document(section, trial, unused, city, backup)
    else:
        _tell(section, trial, unused, city, backup)


def _appended(before: str, section: str) -> str:
    return f"{before.rstrip()}\n\n{section}"


def _refuse_twice(settings: "CitySettings", section: "Section", file: Path) -> None:
    """A file that city.toml reads already would be taken twice."""
    from cityloop.errors import InputError

    for source in settings.files if section.kind == "source" else ():
        paths = [source.path] if Path(source.path).is_absolute() else [str(settings.folder / source.path)]
        same = any(file.resolve() == found for path in paths for found in _matches(path))
        columns = [s.label for s in source.series if s.label in section.columns]
        if same and columns:
            raise InputError(
                "city.toml reads these columns already.", where=f"source {source.name}", got=", ".join(columns[:5]),
                cure="Take the rows out of the table, or change that source by hand.",
            )  # fmt: skip


def _matches(path: str) -> list[Path]:
    import glob

    return [Path(p).resolve() for p in glob.glob(path)]


def _tried(settings: "CitySettings", section: "Section") -> _Trial:
    """The first rows read as stated, into nowhere. Raises InputError where none can be taken."""
    from cityloop.errors import InputError

    if section.kind == "positions":
        from cityloop.formats.positions import read_positions_table

        found = read_positions_table(settings.positions[-1], settings.folder)
        if found.faults:
            raise found.faults[0]
        return _Trial(len(found.things))
    if section.kind == "register":
        from cityloop.formats.thing_registers import read_register

        register = read_register(settings.registers[-1], settings.folder, settings.boundaries)
        if register.faults:
            raise register.faults[0]
        return _Trial(len(register.rows))
    from cityloop.cli.map import place_of
    from cityloop.sources.files import FileSource

    stated = settings.files[-1]
    source = FileSource(stated, folder=settings.folder, city=settings.id)
    arrival = next(iter(source.arrivals(cursors={}, until=datetime.now(UTC))), None)
    refused = Counter(r.reason.partition(":")[0] for r in (arrival.rejected if arrival else ()))
    rows = arrival.batch.num_rows if arrival else 0
    if not rows:
        first = next((f"{r.position}: {r.reason}" for r in (arrival.rejected if arrival else ())), "no row")
        raise InputError(
            "Read as the table says, the file gives no reading.", where=stated.path, got=first,
            cure="Correct the settings of the table: format of the time, zone, decimal sign, encoding.",
        )  # fmt: skip
    before = {t.ref for t in place_of(_without(settings, section)).things}
    fresh = dict.fromkeys(f"{s.thing_kind}:{s.thing_name}" for s in stated.series)
    return _Trial(rows, refused, tuple(ref for ref in fresh if ref not in before))


def _without(settings: "CitySettings", section: "Section") -> "CitySettings":
    from dataclasses import replace

    return replace(settings, sources=settings.sources[:-1])


def _write(path: Path, before: bytes, text: str) -> Path:
    """Replace city.toml in one step; the former bytes stay beside it. Raises InputError where that fails or it changed."""
    from cityloop.errors import InputError

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup = path.with_name(f"{path.name}.{stamp}.bak")
    temporary = ""
    try:
        if path.read_bytes() != before:
            raise InputError("city.toml was changed meanwhile.", where=str(path), cure="Run the command again.")
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777)
        with backup.open("xb") as kept:
            kept.write(before)
            kept.flush()
            os.fsync(kept.fileno())
        os.replace(temporary, path)
        temporary = ""
    except FileExistsError as fault:
        raise InputError("The backup exists already.", where=str(backup), cure="Run the command again.") from fault
    except OSError as fault:
        raise InputError("city.toml cannot be written.", where=str(path), got=fault.strerror or str(fault)) from fault
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    return backup


def _document(section: "Section", trial: _Trial, unused: int, city: Path, backup: Path | None) -> None:
    from cityloop.cli.screen import print_json

    print_json(
        {
            "city": str(city), "kind": section.kind, "name": section.name, "series": section.series, "settings": section.settings,
            "not_used": unused, "rows": trial.rows, "refused": dict(trial.refused), "new_things": trial.new_things,
            "text": section.text, "written": backup is not None, "backup": str(backup) if backup else None,
        }
    )  # fmt: skip


def _tell(section: "Section", trial: _Trial, unused: int, city: Path, backup: Path | None) -> None:
    from cityloop.cli.language import say
    from cityloop.cli.map import TEXTS
    from cityloop.cli.screen import print_lines
    from cityloop.formats.rows import REASONS

    print_lines(say(TEXTS["accepted"], series=section.series, settings=section.settings, open=unused))
    if section.kind != "source":
        print_lines(say(TEXTS["placed"], rows=f"{trial.rows:,}"))
    else:
        refused = sum(trial.refused.values())
        print_lines(say(TEXTS["tried"], rows=f"{trial.rows:,}", refused=f"{refused:,}"))
        reasons: Any = REASONS
        for code, n in sorted(trial.refused.items(), key=lambda p: -p[1]):
            print_lines(say(TEXTS["refused"], n=f"{n:,}", reason=say(reasons.get(code, Pair(code, code)))))
    if trial.new_things:
        print_lines(say(TEXTS["new_things"], names=", ".join(trial.new_things[:20])))
    print_lines("", say(TEXTS["show"], path=city / FILE), "", *section.text.splitlines(), "")
    if backup is None:
        print_lines(say(TEXTS["not_written"]))
    else:
        print_lines(say(TEXTS["appended"], path=city / FILE, backup=backup), say(TEXTS["doctor"], city=city))
