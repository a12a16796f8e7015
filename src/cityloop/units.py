"""One unit per quantity inside; conversion happens once, at the border.

Units are read in UCUM spelling (Unified Code for Units of Measure, 2.1) and as people write them. What is not understood
is refused with a suggestion, never guessed. Water is taken at 1000 kg/m3 and standard gravity (1 m of head = 9.80665 kPa;
1 t = 1 m3), the convention of pressure and volume meters on water networks.

>>> to_inside([9.0, 18.0], "m3/h", "water_flow").round(6).tolist()
[2.5, 5.0]
"""

import difflib
import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cityloop.errors import InputError
from cityloop.i18n import Pair

if TYPE_CHECKING:
    import pint

__all__ = ["QUANTITIES", "Conversion", "Quantity", "conversion", "quantity", "to_inside"]

HEAD_KPA_PER_M = 9.80665
"""Head of water: standard gravity 9.80665 m/s2 (CGPM 1901) x 1000 kg/m3."""
WATER_KG_PER_M3 = 1000.0
PLAUSIBLE = (1.5e-7, 1e7)
"""One unit at the border is worth this many inside: keeps slips by whole powers of ten out."""


@dataclass(frozen=True)
class Quantity:
    """An observed property: its one unit inside, and what a register of it counts (`water_flow` counts `volume`)."""

    name: str
    unit: str
    expression: str
    title: Pair
    accepted: tuple[str, ...]
    accumulated: str = ""


@dataclass(frozen=True)
class Conversion:
    """inside = border * factor + offset."""

    factor: float
    offset: float

    def apply(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Values in the inside unit; NaN stays NaN."""
        return np.asarray(values, dtype=np.float64) * self.factor + self.offset


_FLOWS = ("L/s", "m3/h", "m3/s", "m3/d", "L/min", "gpm", "MGD", "cfs", "ML/d", "万m3/d", "t/h")
_PRESSURES = ("m", "kPa", "MPa", "bar", "mbar", "psi", "mH2O", "ft", "kgf/cm2")
_LENGTHS = ("m", "mm", "cm", "ft", "in")
_ENERGIES = ("kWh", "Wh", "MWh", "MJ", "GJ", "kJ")
_POWERS = ("kW", "W", "MW", "hp")
_VOLUMES = ("m3", "L", "ML", "gal", "kgal", "ft3", "万m3", "t")
_TABLE = (
    Quantity("water_flow", "L/s", "liter/second", Pair("Water flow", "水流量"), _FLOWS, "volume"),
    Quantity("water_pressure", "m", "kilopascal", Pair("Water pressure", "水压"), _PRESSURES),
    Quantity("water_level", "m", "meter", Pair("Water level", "水位"), _LENGTHS),
    Quantity("energy", "kWh", "kilowatt_hour", Pair("Energy", "电量"), _ENERGIES),
    Quantity("power", "kW", "kilowatt", Pair("Power", "功率"), _POWERS, "energy"),
    Quantity("volume", "m3", "meter**3", Pair("Volume", "水量"), _VOLUMES),
    Quantity(
        "air_temperature", "degC", "degree_Celsius", Pair("Air temperature", "气温"), ("degC", "degF", "K", "°C", "°F")
    ),
    Quantity("rainfall", "mm", "millimeter", Pair("Rainfall", "降雨量"), ("mm", "cm", "in")),
    Quantity("relative_humidity", "%", "percent", Pair("Relative humidity", "相对湿度"), ("%", "1")),
    Quantity("wind_speed", "m/s", "meter/second", Pair("Wind speed", "风速"), ("m/s", "km/h", "mph", "kn")),
    Quantity("status", "1", "dimensionless", Pair("Status", "状态"), ("1",)),
)
QUANTITIES: Mapping[str, Quantity] = MappingProxyType({q.name: q for q in _TABLE})

# Whole spellings, compared without regard to case: abbreviations that no grammar of units explains.
_WHOLE = {
    "lps": "liter/second", "lpm": "liter/minute", "cmh": "meter**3/hour", "cmd": "meter**3/day", "cms": "meter**3/second",
    "mld": "megaliter/day", "gpm": "gallon/minute", "gpd": "gallon/day", "gph": "gallon/hour", "mgd": "megagallon/day",
    "imgd": "1e6*imperial_gallon/day", "cfs": "foot**3/second", "cfm": "foot**3/minute", "afd": "acre*foot/day",
    "mwc": "meter_H2O", "mca": "meter_H2O", "mws": "meter_H2O", "kgal": "kilogallon", "mgal": "megagallon",
    "mg": "megagallon", "mph": "mile/hour", "kmh": "kilometer/hour", "mps": "meter/second", "kt": "knot", "kn": "knot",
    "": "dimensionless", "1": "dimensionless", "pct": "percent", "%rh": "percent", "celsius": "degree_Celsius",
    "c": "degree_Celsius", "f": "degree_Fahrenheit", "degc": "degree_Celsius", "degf": "degree_Fahrenheit",
    "psig": "psi", "barg": "bar", "kg/cm2": "kilogram_force/centimeter**2",
    "cel": "degree_Celsius", "[degf]": "degree_Fahrenheit", "°c": "degree_Celsius", "°f": "degree_Fahrenheit",
    "摄氏度": "degree_Celsius", "公斤": "kilogram_force/centimeter**2", "度": "kilowatt_hour", "兆帕": "megapascal",
}  # fmt: skip
# Parts of a spelling: UCUM's bracketed codes, Chinese words, plural and long forms. Longest first.
_PARTS = (
    ("m[H2O]", "meter_H2O"), ("[in_i'H2O]", "inch_H2O"), ("[gal_us]", "gallon"), ("[gal_br]", "imperial_gallon"),
    ("[psi]", "psi"), ("[ft_i]", "foot"), ("[in_i]", "inch"), ("[mi_i]", "mile"), ("[cft_i]", "foot**3"),
    ("[kn_i]", "knot"), ("[acr_us]", "acre"), ("[HP]", "horsepower"), ("kW.h", "kilowatt_hour"), ("W.h", "watt_hour"),
    ("千瓦时", "kilowatt_hour"), ("千瓦", "kilowatt"), ("立方米", "meter**3"), ("千帕", "kilopascal"),
    ("米水柱", "meter_H2O"), ("m水柱", "meter_H2O"), ("mH2O", "meter_H2O"), ("kgf/cm2", "kilogram_force/centimeter**2"), ("毫米", "millimeter"),
    ("小时", "hour"), ("时", "hour"), ("日", "day"), ("天", "day"), ("秒", "second"), ("分钟", "minute"), ("分", "minute"),
    ("年", "year"), ("吨", "metric_ton"), ("升", "liter"), ("方", "meter**3"), ("米", "meter"), ("万", "1e4*"),
)  # fmt: skip
_KNOWN = frozenset([
    "second", "minute", "hour", "day", "week", "month", "year",
    "milliliter", "centiliter", "deciliter", "liter", "hectoliter", "kiloliter", "megaliter", "gallon", "kilogallon",
    "megagallon", "imperial_gallon", "acre", "inch", "foot", "yard", "mile", "millimeter", "centimeter", "decimeter", "meter",
    "hectometer", "kilometer", "kilogram", "metric_ton", "pascal", "hectopascal", "kilopascal", "megapascal", "bar", "millibar",
    "decibar", "pound_force_per_square_inch", "meter_H2O", "centimeter_H2O", "inch_H2O", "foot_H2O", "inch_Hg", "millimeter_Hg",
    "atmosphere", "technical_atmosphere", "force_kilogram", "newton", "watt_hour", "kilowatt_hour", "megawatt_hour",
    "gigawatt_hour", "joule", "kilojoule", "megajoule", "gigajoule", "watt", "kilowatt", "megawatt", "gigawatt", "horsepower",
    "metric_horsepower", "british_thermal_unit", "degree_Celsius", "degree_Fahrenheit", "kelvin", "percent", "knot",
])  # fmt: skip
"""What units are written in around water: no grammar's chance finds such as hecto-hours ("hh") or light-years ("ly")."""
_POWER = r"\*\*(?!\s*-?[1-4](?![0-9.])(?!\s*\*\*))"
"""Any power but one small whole one: 9**9**9 would keep a computer busy for ever."""
_STANDARD_GAS = re.compile(
    r"^(k|1000|万)?(nm3|sm3|stm3|scm|scf|scfm|scfh|ncm|nl|nm\^3|标方|标准立方米|标立方米)([/·* .a-z一-鿿].*)?$"
)


@functools.cache
def _registry() -> "pint.UnitRegistry[float]":
    import pint

    return pint.UnitRegistry(cache_folder=None)


def quantity(observed_property: str) -> Quantity:
    """The Quantity of an observed property; raises InputError naming the nearest one."""
    try:
        return QUANTITIES[observed_property]
    except KeyError:
        near = difflib.get_close_matches(observed_property, QUANTITIES, n=1)
        cure = f"Did you mean '{near[0]}'?" if near else "Choose one of the allowed ones."
        raise InputError(
            "Unknown observed property.", got=observed_property, allowed=", ".join(QUANTITIES), cure=cure
        ) from None


def to_inside(values: npt.ArrayLike, unit: str, observed_property: str) -> npt.NDArray[np.float64]:
    """Values given in `unit` as float64 in the inside unit of `observed_property`; raises InputError.

    >>> to_inside([32.0, 212.0], "°F", "air_temperature").round(6).tolist()
    [0.0, 100.0]
    """
    return conversion(unit, observed_property).apply(values)


@functools.lru_cache(maxsize=1024)
def conversion(unit: str, observed_property: str) -> Conversion:
    """How a unit at the border becomes the inside unit; raises InputError with the nearest accepted spelling."""
    inside = quantity(observed_property)
    if unit == inside.unit:
        return Conversion(1.0, 0.0)
    text = unicodedata.normalize("NFKC", unit).replace("\N{MINUS SIGN}", "-").strip()
    if _STANDARD_GAS.match(text.casefold().replace("**", "").replace("^", "")):
        raise InputError(
            "A standard cubic metre is an amount of gas, known only with its reference temperature and pressure "
            "(0 °C, 15 °C and 20 °C are all in use).",
            got=unit, allowed=", ".join(inside.accepted), cure="State the volume at meter conditions, or convert it first.",
        )  # fmt: skip
    import pint

    registry = _registry()
    try:
        parsed = registry.Quantity(1.0, "dimensionless") if text in ("", "1") else _parse(registry, text)
        if strange := {name for name, _ in parsed.unit_items()} - _KNOWN:
            raise ValueError(f"{', '.join(sorted(strange))} is not a unit used around water")
        found = _convert(registry, parsed, inside)
    except (
        pint.errors.PintError,
        AttributeError,
        AssertionError,
        ValueError,
        TypeError,
        ArithmeticError,
        SyntaxError,
    ) as fault:
        raise InputError(
            f"'{unit}' is not a unit of {inside.name}.",
            got=unit, allowed=", ".join(inside.accepted), cure=_suggestion(text, inside),
        ) from fault  # fmt: skip
    if not PLAUSIBLE[0] <= found.factor <= PLAUSIBLE[1]:
        raise InputError(
            f"'{unit}' is too small or too large to be meant for {inside.name} (1 {unit} = {found.factor:g} {inside.unit}).",
            got=unit, allowed=", ".join(inside.accepted), cure=_suggestion(text, inside),
        )  # fmt: skip
    return found


def _parse(registry: "pint.UnitRegistry[float]", text: str) -> "pint.Quantity[float]":
    """A cleaned spelling as a pint quantity of magnitude 1 (or 1e4 for 万)."""
    whole = _WHOLE.get(text.casefold())
    # "mg" is megagallon only beside a time ("MG/D"); case decides between mega and milli everywhere else.
    expression = whole if whole is not None and text != "mg" else text
    if whole is None:
        expression = re.sub(r"^MG/[Dd](ay)?$", "megagallon/day", expression)
        for spelling, meaning in _PARTS:
            expression = expression.replace(spelling, f" {meaning} ")
        expression = re.sub(r"\s*[.·\s]?\s*\b(s|min|h|d)-1$", r"/\1", expression)
        expression = re.sub(r"(?<=[A-Za-z])\s*\^?([23])(?![0-9A-Za-z])", r"**\1", expression)
        expression = re.sub(r"(?<=[A-Za-z])[.·](?=[A-Za-z])", "*", expression).replace("* /", "/")
        expression = re.sub(r"\*\s+(?=[A-Za-z])", "*", expression)
    if len(text) > 40 or re.search(r"[^A-Za-z0-9_*/.°%\s\-]", expression) or re.search(_POWER, expression):
        raise ValueError(f"{text[:40]!r} is not the form of a unit")
    if "degree_" in expression or expression in ("K", "kelvin"):
        return registry.Quantity(1.0, expression.strip())
    parsed = registry.parse_expression(expression.strip(), case_sensitive=True)
    if not isinstance(parsed, registry.Quantity):
        raise TypeError(f"{text!r} is a bare number")
    return parsed


def _convert(registry: "pint.UnitRegistry[float]", parsed: "pint.Quantity[float]", inside: Quantity) -> Conversion:
    """Factor and offset; head from pressure and volume from mass of water where the quantity allows it."""
    if inside.name == "air_temperature":
        zero = float(registry.Quantity(0.0, parsed.units).to("degree_Celsius").magnitude)
        hundred = float(registry.Quantity(100.0, parsed.units).to("degree_Celsius").magnitude)
        return Conversion(round((hundred - zero) / 100.0, 12), round(zero, 12))
    if inside.name == "water_pressure":
        if parsed.check("[length]"):
            return Conversion(float(parsed.to("meter").magnitude), 0.0)
        return Conversion(float(parsed.to("kilopascal").magnitude) / HEAD_KPA_PER_M, 0.0)
    if inside.name in ("water_flow", "volume") and (parsed.check("[mass]") or parsed.check("[mass]/[time]")):
        parsed = parsed / registry.Quantity(WATER_KG_PER_M3, "kilogram/meter**3")
    return Conversion(float(parsed.to(inside.expression).magnitude), 0.0)


def _suggestion(text: str, inside: Quantity) -> str:
    same = [s for s in inside.accepted if s.casefold() == text.casefold()]
    near = same or difflib.get_close_matches(text, inside.accepted, n=1, cutoff=0.5)
    near = near or difflib.get_close_matches(text.casefold(), [s.casefold() for s in inside.accepted], n=1, cutoff=0.5)
    return (
        f"Did you mean '{near[0]}'?" if near else f"State a unit of {inside.name}, for example '{inside.accepted[0]}'."
    )
