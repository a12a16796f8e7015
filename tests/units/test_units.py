"""Conversions at the border. Expected factors are written out by hand from the definitions of the units."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.errors import CityloopError, InputError
from cityloop.units import QUANTITIES, conversion, quantity, to_inside

GALLON_L = 231 * 2.54**3 / 1000  # 231 cubic inches
PSI_KPA = 0.45359237 * 9.80665 / 0.0254**2 / 1000
HEAD = 9.80665  # kPa per metre of water

FACTORS = [
    ("water_flow", "L/s", 1.0),
    ("water_flow", "l/s", 1.0),
    ("water_flow", "LPS", 1.0),
    ("water_flow", "L.s-1", 1.0),
    ("water_flow", "L s⁻¹", 1.0),
    ("water_flow", "m3/h", 1 / 3.6),
    ("water_flow", "m³/h", 1 / 3.6),
    ("water_flow", "㎥/h", 1 / 3.6),
    ("water_flow", "CMH", 1 / 3.6),
    ("water_flow", "立方米/小时", 1 / 3.6),
    ("water_flow", "吨/时", 1 / 3.6),
    ("water_flow", "t/h", 1 / 3.6),
    ("water_flow", "m3/d", 1 / 86.4),
    ("water_flow", "L/min", 1 / 60),
    ("water_flow", "ML/d", 1e6 / 86400),
    ("water_flow", "万m³/d", 1e7 / 86400),
    ("water_flow", "万吨/日", 1e7 / 86400),
    ("water_flow", "gpm", GALLON_L / 60),
    ("water_flow", "[gal_us]/min", GALLON_L / 60),
    ("water_flow", "MGD", GALLON_L * 1e6 / 86400),
    ("water_flow", "MG/D", GALLON_L * 1e6 / 86400),
    ("water_flow", "IMGD", 4.54609e6 / 86400),
    ("water_flow", "cfs", 0.3048**3 * 1000),
    ("water_pressure", "m", 1.0),
    ("water_pressure", "mH2O", 1.0),
    ("water_pressure", "m[H2O]", 1.0),
    ("water_pressure", "米", 1.0),
    ("water_pressure", "kPa", 1 / HEAD),
    ("water_pressure", "bar", 100 / HEAD),
    ("water_pressure", "MPa", 1000 / HEAD),
    ("water_pressure", "psi", PSI_KPA / HEAD),
    ("water_pressure", "psig", PSI_KPA / HEAD),
    ("water_pressure", "kgf/cm2", 10.0),
    ("water_pressure", "公斤", 10.0),
    ("water_pressure", "ft", 0.3048),
    ("water_level", "cm", 0.01),
    ("energy", "kW.h", 1.0),
    ("energy", "度", 1.0),
    ("energy", "MJ", 1 / 3.6),
    ("power", "hp", 0.3048 * 0.45359237 * 9.80665 * 550 / 1000),
    ("volume", "万m³", 1e4),
    ("volume", "kgal", GALLON_L),
    ("volume", "MG", GALLON_L * 1000),
    ("volume", "[ft_i]3", 0.3048**3),
    ("volume", "吨", 1.0),
    ("rainfall", "[in_i]", 25.4),
    ("relative_humidity", "1", 100.0),
    ("relative_humidity", "％", 1.0),
    ("wind_speed", "km/h", 1 / 3.6),
    ("wind_speed", "kn", 1852 / 3600),
    ("status", "", 1.0),
]


@pytest.mark.parametrize(("observed", "unit", "factor"), FACTORS)
def test_conversion_when_unit_is_spelt_as_people_do_then_factor_is_the_defined_one(observed, unit, factor):
    found = conversion(unit, observed)
    assert found.factor == pytest.approx(factor, rel=1e-9)
    assert found.offset == 0.0


@pytest.mark.parametrize("unit", ["°F", "degF", "F", "[degF]"])
def test_to_inside_when_fahrenheit_then_freezing_and_boiling_are_right(unit):
    assert to_inside([32.0, 212.0, -40.0], unit, "air_temperature") == pytest.approx([0.0, 100.0, -40.0], abs=1e-9)


def test_to_inside_when_kelvin_then_offset_is_applied():
    assert to_inside([273.15], "K", "air_temperature") == pytest.approx([0.0], abs=1e-9)


def test_to_inside_when_values_hold_nan_then_nan_stays_and_type_is_float64():
    found = to_inside([1, math.nan], "m3/h", "water_flow")
    assert found.dtype == np.float64
    assert math.isnan(found[1])


@pytest.mark.parametrize(
    ("observed", "unit", "meant"),
    [
        ("water_flow", "gpmm", "gpm"), ("water_flow", "L/S", "L/s"), ("water_flow", "M3/h", "m3/h"),
        ("water_pressure", "KPa", "kPa"), ("water_pressure", "mPa", "MPa"), ("water_pressure", "mpa", "MPa"),
        ("energy", "KWH", "kWh"), ("power", "KW", "kW"),
    ],
)  # fmt: skip
def test_conversion_when_unit_is_misspelt_then_the_error_suggests_and_nothing_is_guessed(observed, unit, meant):
    with pytest.raises(InputError) as caught:
        conversion(unit, observed)
    assert f"Did you mean '{meant}'?" in str(caught.value)
    assert unit in str(caught.value)


@pytest.mark.parametrize("unit", ["Nm3", "Nm³/h", "Sm3", "scfm", "标方/小时", "kNm3"])
def test_conversion_when_unit_is_a_standard_cubic_metre_then_it_is_refused_for_lack_of_a_temperature(unit):
    with pytest.raises(InputError, match="reference temperature"):
        conversion(unit, "volume")


@pytest.mark.parametrize(
    ("observed", "unit"),
    [
        ("water_flow", "kPa"), ("water_flow", "m3/hh"), ("water_flow", "1e9 m3/s"), ("water_flow", "m3/mh"), ("water_flow", "m3"), ("water_flow", ""), ("water_flow", "-L/s"), ("water_level", "ly"),
        ("volume", "mg"), ("power", "kVA"), ("air_temperature", "m"), ("water_flow", "9**9**9**9"),
        ("water_flow", "L**9999999"), ("water_flow", "__import__('os')"), ("energy", "x" * 10_000), ("power", "kWh"),
    ],
)  # fmt: skip
def test_conversion_when_unit_is_of_another_kind_then_it_is_refused(observed, unit):
    with pytest.raises(InputError):
        conversion(unit, observed)


def test_quantity_when_property_is_unknown_then_the_nearest_is_named():
    with pytest.raises(InputError, match="Did you mean 'water_flow'"):
        quantity("waterflow")


@pytest.mark.parametrize("observed", QUANTITIES)
def test_quantities_when_listed_then_inside_and_accepted_units_convert_and_titles_are_bilingual(observed):
    listed = QUANTITIES[observed]
    assert conversion(listed.unit, observed).factor == 1.0
    assert all(conversion(unit, observed).factor > 0 for unit in listed.accepted)
    assert listed.title.en
    assert any("一" <= letter <= "鿿" for letter in listed.title.zh)
    assert listed.accumulated == "" or listed.accumulated in QUANTITIES


def test_units_when_imported_then_pint_is_not_loaded_before_it_is_needed():
    import subprocess
    import sys

    code = "import sys, cityloop.units as u; u.conversion('L/s', 'water_flow'); sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(deadline=None)
@given(st.text(max_size=20), st.sampled_from(sorted(QUANTITIES)))
def test_conversion_when_unit_is_any_text_then_it_converts_or_raises_a_cityloop_error(unit, observed):
    try:
        found = conversion(unit, observed)
    except CityloopError:
        return
    assert found.factor > 0
    assert math.isfinite(found.offset)


_ATOMS = st.lists(
    st.sampled_from(["L", "s", "/", "m", "3", "**", "k", "W", "h", "gal", " ", ".", "d", "2", "^", "-", "%", "°"]),
    max_size=7,
)


@settings(deadline=None)
@given(_ATOMS.map("".join), st.sampled_from(sorted(QUANTITIES)))
def test_conversion_when_unit_is_made_of_pieces_of_units_then_it_converts_or_raises_a_cityloop_error(unit, observed):
    try:
        assert conversion(unit, observed).factor > 0
    except CityloopError:
        pass
