"""`[[policy.tariff]]`: what a kilowatt-hour costs by hour, month and weekday. Every hour of every day must have a price."""

from cityloop.contracts import TariffBand
from cityloop.settings.faults import STATUSES, Faults, Table

__all__ = ["BANDS", "band_at", "read_tariff"]

BANDS = ("peak", "flat", "valley", "sharp", "deep_valley")


def band_at(tariff: tuple[TariffBand, ...], month: int, weekday: int, hour: int) -> TariffBand | None:
    """The first band that fits a local hour (month 1 to 12, weekday 1 Monday to 7); None where none does.

    >>> night = TariffBand("valley", ((23, 7),), 0.3, "test", "assumed")
    >>> band_at((night,), 1, 1, 2).band, band_at((night,), 1, 1, 12)
    ('valley', None)
    """
    return next((b for b in tariff if _fits(b, month, weekday, hour)), None)


def _fits(band: TariffBand, month: int, weekday: int, hour: int) -> bool:
    if (band.months and month not in band.months) or (band.weekdays and weekday not in band.weekdays):
        return False
    return not band.hours or any((hour - a) % 24 < ((b - a) % 24 or 24) for a, b in band.hours)


def read_tariff(table: Table) -> tuple[TariffBand, ...]:
    """The bands of a policy in the order of the file; a fault names the first hour without a price."""
    path = table.key("tariff")
    bands = tuple(_read_band(t) for t in table.tables("tariff"))
    if bands and (gap := _uncovered(bands)):
        table.faults.add(
            "An hour without a price of electricity.", where=path, got=gap,
            cure="Add a band without hours, months and weekdays at the end: it holds wherever none before it does.",
        )  # fmt: skip
    return bands


def _uncovered(bands: tuple[TariffBand, ...]) -> str:
    """The first hour of a year that no band fits, in words."""
    for month in range(1, 13):
        for weekday in range(1, 8):
            for hour in range(24):
                if band_at(bands, month, weekday, hour) is None:
                    return f"month {month}, weekday {weekday}, {hour} h"
    return ""


def _read_band(table: Table) -> TariffBand:
    band = TariffBand(
        table.text("band", allowed=BANDS, cure='Name the band, for example "valley".'),
        _hours(table),
        table.number("price", low=0.0, cure="Give the price of a kilowatt-hour."),
        table.text("source", cure="Say where the price comes from."),
        table.text("status", allowed=STATUSES),
        _numbers(table, "months", 1, 12),
        _numbers(table, "weekdays", 1, 7),
    )
    table.close()
    return band


def _hours(table: Table) -> tuple[tuple[int, int], ...]:
    """Pairs [from, to) of local hours; [23, 7] goes over midnight."""
    value = table.data.get("hours", [])
    table.asked.add("hours")
    fits = isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(_whole(h, 0, 24) for h in pair) and pair[0] != pair[1]
        for pair in value
    )
    if not fits:
        _wrong(table.faults, table.key("hours"), value, "pairs of whole hours from 0 to 24, [[22, 6], [12, 14]]")
        return ()
    return tuple((first % 24, last % 24) for first, last in value)


def _numbers(table: Table, name: str, low: int, high: int) -> tuple[int, ...]:
    value = table.data.get(name, [])
    table.asked.add(name)
    if not isinstance(value, list) or not all(_whole(v, low, high) for v in value):
        _wrong(table.faults, table.key(name), value, f"whole numbers from {low} to {high}")
        return ()
    return tuple(value)


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _wrong(faults: Faults, where: str, got: object, allowed: str) -> None:
    faults.add("A value of the wrong type.", where=where, got=repr(got), allowed=allowed)
