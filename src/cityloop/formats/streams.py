"""What a series of a file is in the records: its datastream and its sensor, the same whoever sends its values."""

from cityloop.records import Datastream, Sensor, Statistic, record_id
from cityloop.settings.source_settings import FileSettings, SeriesSettings, carried_as
from cityloop.units import QUANTITIES

__all__ = ["datastream_of", "sensor_of"]


def datastream_of(city: str, source: FileSettings, series: SeriesSettings) -> Datastream:
    """The datastream of one series, named after its source and its column."""
    name = f"{source.name}/{series.label}"
    _, kept = carried_as(series.observed_property, series.statistic, series.unit)
    statistics: dict[str, Statistic] = {"rate": "mean", "amount": "total", "value": series.statistic}
    return Datastream(
        id=record_id(city, "datastream", name),
        simulated=source.simulated,
        name=name,
        thing=record_id(city, "thing", series.thing_kind, series.thing_name),
        sensor=sensor_of(city, source, series).id,
        observed_property=series.observed_property,
        unit=QUANTITIES[series.observed_property].unit,
        statistic=statistics[kept],
        step_s=series.step_s,
        declared_unit=series.unit,
        source=source.name,
    )


def sensor_of(city: str, source: FileSettings, series: SeriesSettings) -> Sensor:
    """The device behind a series: as city.toml names it, else named like the datastream."""
    name = series.sensor or f"{source.name}/{series.label}"
    return Sensor(
        id=record_id(city, "sensor", name), simulated=source.simulated, name=name,
        thing=record_id(city, "thing", series.thing_kind, series.thing_name), noise_sd=series.noise_sd,
    )  # fmt: skip
