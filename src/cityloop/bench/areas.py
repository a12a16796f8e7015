"""The folder of measured areas that benches read: inflow_hourly.csv, weather_hourly.csv, dma_properties.csv."""

import csv
from collections.abc import Mapping
from pathlib import Path

from cityloop.errors import InputError
from cityloop.records import Statistic
from cityloop.settings import FileSettings, SeriesSettings, TimeSettings

__all__ = ["ZONE", "area_columns", "area_titles", "hourly_table"]

ZONE = "Europe/Rome"
_PREFIX = "dma_"


def area_columns(path: Path) -> list[str]:
    """Columns of the inflow table that are areas. Raises InputError where there is no table or no area."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file), [])
    except OSError as fault:
        raise InputError(
            "The bench finds no table of inflows.", where=str(path), got=fault.strerror,
            cure="Name a folder with inflow_hourly.csv, weather_hourly.csv and dma_properties.csv.",
        ) from fault  # fmt: skip
    found = [c for c in header if c.startswith(_PREFIX)]
    if not found:
        raise InputError(
            "No area in the table.", where=str(path), got=", ".join(header), allowed=f"columns {_PREFIX}1, ..."
        )
    return found


def area_titles(path: Path) -> dict[str, str]:
    """Column -> description of an area; empty without the file."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{_PREFIX}{row['dma']}": f"{row['dma']} {row['description']}" for row in csv.DictReader(file)}


def hourly_table(name: str, path: Path, columns: Mapping[str, tuple[str, str, Statistic]]) -> FileSettings:
    """A file source over a wide hourly table with local stamps and their offset; column -> (property, unit, statistic).

    A flow belongs to the boundary that its column names, anything else to a station.
    """
    return FileSettings(
        name=name,
        path=str(path.resolve()),
        time=TimeSettings(("datetime_local",), "%Y-%m-%d %H:%M", utc_offset_column="utc_offset_hours"),
        series=tuple(
            SeriesSettings(
                label=column,
                thing_kind="boundary" if observed == "water_flow" else "station",
                thing_name=column,
                observed_property=observed,
                unit=unit,
                statistic=statistic,
                step_s=3600,
            )
            for column, (observed, unit, statistic) in columns.items()
        ),
    )
