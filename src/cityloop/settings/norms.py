"""Norm tables: `norms/<world>/<domain>.csv`, one rule a row, each with its source and status."""

import csv
import io
import math
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cityloop.contracts import NormRule
from cityloop.errors import InputError
from cityloop.i18n import Pair
from cityloop.settings.faults import Faults, nearest

__all__ = ["COLUMNS", "WORLDS", "load_norms", "world_of"]

WORLDS = ("cn", "us", "eu")
COLUMNS = (
    "key", "title_en", "title_zh", "formula", "limit", "unit", "source", "date", "status", "reason_absent",
)  # fmt: skip
_NORM_STATUSES = ("confirmed", "unconfirmed")
#: Member states of the European Union (ISO 3166-1 alpha-2), where directives bind.
_EU = frozenset([
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR",
    "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL",
    "PL", "PT", "RO", "SK", "SI", "ES", "SE",
])  # fmt: skip


def world_of(country: str) -> str:
    """The rule world of a country code or of a world's own name; raises InputError.

    >>> world_of("IT"), world_of("cn")
    ('eu', 'cn')
    """
    if country.lower() in WORLDS:
        return country.lower()
    if country.upper() in _EU:
        return "eu"
    raise InputError(
        "No norm table for this country.", got=country, allowed=f"{', '.join(WORLDS)} or an EU member's code",
        cure=nearest(country, WORLDS) or "Name the rule world to apply in [policy] binding_norm.",
    )  # fmt: skip


def load_norms(country: str, *, folder: Path | None = None) -> Mapping[str, NormRule]:
    """Every rule of one world by key, from all its domain tables; all faults are raised at once as SettingsError.

    `folder` replaces the tables that come with Cityloop. A world without a folder raises InputError.
    """
    world = world_of(country)
    root: Traversable = (folder if folder is not None else files("cityloop") / "norms") / world
    if not root.is_dir():
        raise InputError("The norm tables of this world are missing.", where=str(root), got=world)
    faults = Faults(f"norms/{world}")
    rules: dict[str, NormRule] = {}
    for table in sorted((t for t in root.iterdir() if t.name.endswith(".csv")), key=lambda t: t.name):
        _read_table(table, world, rules, faults)
    faults.done()
    return rules


def _read_table(table: Traversable, world: str, rules: dict[str, NormRule], faults: Faults) -> None:
    try:
        text = table.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        faults.add("Not readable as UTF-8.", where=table.name, got=str(fault), cure="Save the table as UTF-8.")
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        faults.add(
            "Wrong columns.", where=f"{table.name}:1", got=",".join(reader.fieldnames or ()), allowed=",".join(COLUMNS)
        )
        return
    try:
        for row in reader:
            _read_row(row, f"{table.name}:{reader.line_num}", world, rules, faults)
    except csv.Error as fault:
        faults.add("Not a CSV row.", where=f"{table.name}:{reader.line_num}", got=str(fault))


def _read_row(row: Mapping[str, str], where: str, world: str, rules: dict[str, NormRule], faults: Faults) -> None:
    if None in row or None in row.values():
        faults.add(
            "A row with too many or too few cells.", where=where, allowed=f"{len(COLUMNS)} cells", cure="Quote commas."
        )
        return
    cells = {name: value.strip() for name, value in row.items()}
    due = ("key", "title_en", "title_zh") + (("source",) if cells["limit"] or cells["formula"] else ())
    for name in due:
        if not cells[name]:
            faults.add("An empty cell.", where=f"{where} {name}", cure=f"Fill in the {name}.")
    if cells["status"] not in _NORM_STATUSES:
        faults.add(
            "An unknown status.", where=f"{where} status", got=cells["status"], allowed=", ".join(_NORM_STATUSES),
            cure=nearest(cells["status"], _NORM_STATUSES),
        )  # fmt: skip
    limit: float | None = None
    if cells["limit"]:
        try:
            limit = float(cells["limit"])
        except ValueError:
            limit = math.nan
        if not math.isfinite(limit):
            faults.add("A limit that is not a number.", where=f"{where} limit", got=cells["limit"])
    elif not cells["formula"] and not cells["reason_absent"]:
        faults.add("A rule without limit and formula.", where=where, cure="Say in reason_absent why there is neither.")
    if cells["key"] in rules:
        faults.add("A key that is used twice.", where=f"{where} key", got=cells["key"])
    rules[cells["key"]] = NormRule(
        world, cells["key"], Pair(cells["title_en"], cells["title_zh"]), cells["formula"], limit, cells["unit"],
        cells["source"], cells["date"], "confirmed" if cells["status"] == "confirmed" else "unconfirmed",
        cells["reason_absent"], where.partition(".")[0],
    )  # fmt: skip
