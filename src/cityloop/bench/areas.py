"""The folder of measured areas that benches read: inflow_hourly.csv, weather_hourly.csv, dma_properties.csv."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cityloop.bench.memory_view import MemoryView, read_sources
from cityloop.contracts import Policy
from cityloop.errors import InputError
from cityloop.records import Statistic, Thing, record_id
from cityloop.settings import FileSettings, SeriesSettings, TimeSettings

__all__ = ["ZONE", "area_columns", "area_titles", "hourly_table", "measured_city"]

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


def measured_city(folder: Path, city: str, policy: Policy) -> tuple[MemoryView, list[Thing]]:
    """A view over everything in a folder of measured areas, read through the product's own border, and its areas.

    The view stands at the end of the series. Raises InputError where the table of inflows is absent.
    """
    from cityloop.sources.files import FileSource

    columns = area_columns(folder / "inflow_hourly.csv")
    settings = [
        hourly_table("inflow", folder / "inflow_hourly.csv", dict.fromkeys(columns, ("water_flow", "L/s", "mean")))
    ]
    if (folder / "weather_hourly.csv").is_file():
        settings.append(
            hourly_table(
                "weather", folder / "weather_hourly.csv", {"air_temperature_c": ("air_temperature", "°C", "instant")}
            )
        )
    origin, streams, records = read_sources(
        [FileSource(s, folder=folder, city=city) for s in settings], until=datetime(9999, 1, 1, tzinfo=UTC)
    )
    places = [Thing(id=record_id(city, "thing", "boundary", c), kind="boundary", name=c) for c in columns]
    end = origin + timedelta(hours=max(len(v) for v in streams.values()))
    view = MemoryView(
        city=city, timezone=ZONE, now=end, policy=policy, origin=origin, streams=streams, things=(*records, *places)
    )
    return view, places
