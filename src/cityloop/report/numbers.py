"""Numbers for people: rounding by what is known, units and money in both languages."""

import math
import re

from cityloop.i18n import Pair

__all__ = [
    "CURRENCIES", "PER", "UNITS", "decimals_of", "in_wan", "money_unit", "shown", "significant", "unit_text",
]  # fmt: skip

#: Units inside -> as written after a number. A unit that is missing here is written as it is.
UNITS = {
    "1": Pair("", ""),
    "m3": Pair("m³", "m³"),
    "m3/day": Pair("m³/d", "m³/d"),
    "m3/year": Pair("m³ a year", "m³/年"),
    "L/s": Pair("L/s", "L/s"),
    "l/person/h": Pair("l per person and hour", "升/（人·时）"),
    "L/d": Pair("L/d", "L/d"),
    "day": Pair("days", "天"),
    "days": Pair("days", "天"),
    "h": Pair("h", "小时"),
    "year": Pair("years", "年"),
    "week": Pair("weeks", "周"),
    "crew-day": Pair("crew-days", "班组·天"),
    "crew-week": Pair("crew-weeks", "班组·周"),
    "repair": Pair("repairs", "处"),
    "sensor": Pair("sensors", "个"),
    "km/day": Pair("km a day", "km/天"),
    "L/(connection d)": Pair("L per connection and day", "L/（处·天）"),
    "m3/(km d)": Pair("m³ per km and day", "m³/（km·天）"),
    "h/day": Pair("h a day", "小时/天"),
    "people": Pair("people", "人"),
    "connection": Pair("connections", "户"),
    "degC": Pair("°C", "°C"),
    "1/(100 km a)": Pair("breaks per 100 km and year", "次/（百公里·年）"),
    "break/a": Pair("breaks a year", "次/年"),
    "check": Pair("checks", "次"),
    "household": Pair("households", "户"),
    "kWh/year": Pair("kWh a year", "kWh/年"),
    "kWh/m3": Pair("kWh/m³", "kWh/m³"),
    "place": Pair("places", "处"),
    "kW month/year": Pair("kW and months a year", "kW·月/年"),
    "pump": Pair("pumps", "台"),
    "% of the pump energy bill": Pair("% of the pump energy bill", "%（占泵送电费）"),
    "kg/year": Pair("kg a year", "kg/年"),
}
#: One of a unit, after a price.
PER = {
    "pump": Pair("pump", "台"),
    "place": Pair("place", "处"),
    "repair": Pair("repair", "处"),
    "sensor": Pair("sensor", "个"),
}
CURRENCIES = {
    "USD": "美元",
    "EUR": "欧元",
    "CNY": "元",
    "GBP": "英镑",
    "JPY": "日元",
    "HKD": "港元",
}

#: Money of one price year, as the loop writes it: "USD (2026)" or "USD of 2026".
_PRICED = re.compile(r"([A-Z]{3}) (?:of |\()(\d{4})\)?")


def decimals_of(half_width: float) -> int:
    """Decimals that keep two digits of a half-width; negative = tens, hundreds.

    >>> decimals_of(1.1), decimals_of(0.04), decimals_of(4300)
    (1, 3, -2)
    """
    if not math.isfinite(half_width) or half_width <= 0:
        return 1
    return max(-9, min(6, 1 - math.floor(math.log10(half_width))))


def significant(value: float, digits: int = 3) -> int:
    """Decimals that keep so many digits of a value.

    >>> significant(64.83), significant(0.0123, 2), significant(0.0)
    (1, 3, 0)
    """
    if not math.isfinite(value) or value == 0:
        return 0
    return max(-9, min(6, digits - 1 - math.floor(math.log10(abs(value)))))


def shown(value: float, decimals: int) -> str:
    """A rounded number with thousands separated; a true minus sign; no minus before a rounded zero.

    >>> shown(-1234.56, 1), shown(1234.5, -2), shown(-0.01, 1)
    ('−1,234.6', '1,200', '0.0')
    """
    rounded = round(value, decimals)
    text = f"{abs(rounded):,.{max(decimals, 0)}f}"
    return f"−{text}" if rounded < 0 else text


def unit_text(unit: str) -> Pair:
    """A unit in both languages; `USD/year` and `USD/km` keep what they are per."""
    if unit in UNITS:
        return UNITS[unit]
    priced = _PRICED.fullmatch(unit)
    if priced and priced[1] in CURRENCIES:
        return Pair(unit, f"{CURRENCIES[priced[1]]}（{priced[2]} 年价）")
    head, _, per = unit.partition("/")
    if head in CURRENCIES and per:
        below = UNITS.get(per, Pair(per, per))
        return Pair(f"{head}/{per}", f"{CURRENCIES[head]}/{below.zh}")
    if head in CURRENCIES:
        return Pair(head, CURRENCIES[head])
    text = unit.replace("m3", "m³").replace("m2", "m²")
    return Pair(text, text)


def money_unit(currency: str, largest: float) -> tuple[Pair, tuple[float, float]]:
    """How an amount is written: unit and scale for (en, zh); 万元 for yuan from ten thousand on."""
    if currency == "CNY" and abs(largest) >= 1e4:
        return Pair("CNY", "万元"), (1.0, 1e-4)
    return Pair(currency, CURRENCIES.get(currency, currency)), (1.0, 1.0)


#: Units that Chinese companies count in ten thousands from ten thousand on.
_IN_WAN = ("m3", "m3/day", "m3/year", "kWh", "kWh/year", "people")


def in_wan(unit: str, largest: float) -> tuple[Pair, tuple[float, float]]:
    """Unit and scale for (en, zh) of a quantity whose largest value is given: 万m³/d, 万kWh, 万元/年 in Chinese.

    >>> in_wan("m3/year", 186_000)[0].zh, in_wan("m3/day", 449)[0].zh
    ('万m³/年', 'm³/d')
    """
    written = unit_text(unit)
    if unit in _IN_WAN and abs(largest) >= 1e4:
        return Pair(written.en, f"万{written.zh}"), (1.0, 1e-4)
    return written, (1.0, 1.0)
