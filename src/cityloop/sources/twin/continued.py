"""The twin goes on where files end: what it sends of a series that a file began keeps that file's datastream and sensor."""

from collections.abc import Sequence
from dataclasses import replace

from cityloop.errors import InputError
from cityloop.formats.streams import datastream_of, sensor_of
from cityloop.records import Datastream, Sensor
from cityloop.settings import CitySettings, FileSettings
from cityloop.sources.twin.sensors import Meter

__all__ = ["continued"]


def continued(meters: Sequence[Meter], city: CitySettings) -> tuple[Meter, ...]:
    """The meters, each under the datastream of the file's series about the same thing and quantity, where there is one.

    Raises InputError where that file is not marked simulated (what is played never goes on under what was measured), or
    where its series is of another step or statistic.
    """
    begun: dict[tuple[str, str], tuple[Datastream, Sensor, FileSettings]] = {}
    for source in city.files:
        for series in source.series:
            stream = datastream_of(city.id, source, series)
            begun.setdefault(
                (stream.thing, stream.observed_property), (stream, sensor_of(city.id, source, series), source)
            )
    found = []
    for meter in meters:
        own = meter.datastream
        if (own.thing, own.observed_property) not in begun:
            found.append(meter)
            continue
        stream, sensor, source = begun[own.thing, own.observed_property]
        if not source.simulated:
            raise InputError(
                "The twin may not go on with a file of measurements.", where=f"city.toml source {source.name}",
                got=stream.name, allowed="simulated = true",
                cure="Take the twin out; or, if the file was simulated, say so.",
            )  # fmt: skip
        if (stream.step_s, stream.statistic) != (own.step_s, own.statistic):
            raise InputError(
                "The twin cannot go on with this series.", where=f"city.toml source {source.name}",
                got=f"{stream.name}: {stream.statistic}, {stream.step_s} s", allowed=f"{own.statistic}, {own.step_s} s",
            )  # fmt: skip
        found.append(replace(meter, datastream=stream, sensor=sensor))
    return tuple(found)
