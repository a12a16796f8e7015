"""The time-of-use tariff of [[policy.tariff]]: which band holds when, and what is refused."""

import pytest

from cityloop.errors import SettingsError
from cityloop.settings import example_city_toml, load_city
from cityloop.settings.tariff import band_at


def band(name: str, price: float, **more: object) -> str:
    lines = [f'band = "{name}"', f"price = {price}", 'source = "test"', 'status = "assumed"']
    return "\n[[policy.tariff]]\n" + "\n".join([*lines, *(f"{k} = {v}" for k, v in more.items())]) + "\n"


def load(folder, text):
    (folder / "city.toml").write_text(example_city_toml() + text, encoding="utf-8")
    return load_city(folder)


def test_tariff_when_bands_overlap_then_the_first_that_fits_an_hour_holds(tmp_path):
    text = (
        band("sharp", 1.2, hours="[[19, 21]]", months="[7, 8]")
        + band("valley", 0.3, hours="[[23, 7]]")
        + band("peak", 1.0, hours="[[8, 11], [17, 22]]", weekdays="[1, 2, 3, 4, 5]")
        + band("flat", 0.6)
    )
    tariff = load(tmp_path, text).policy.tariff
    found = [
        band_at(tariff, *at).band
        for at in ((7, 1, 20), (6, 1, 20), (6, 6, 20), (1, 3, 23), (1, 3, 6), (1, 3, 7), (1, 3, 11), (1, 3, 10))
    ]
    assert found == ["sharp", "peak", "flat", "valley", "valley", "flat", "flat", "peak"]


def test_tariff_when_there_is_none_then_it_is_empty(tmp_path):
    assert load(tmp_path, "").policy.tariff == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (band("valley", 0.3, hours="[[23, 7]]"), "month 1, weekday 1, 7 h"),
        (band("flat", 0.6, months="[1, 2]"), "month 3, weekday 1, 0 h"),
        (band("night", 0.3), "An unknown value"),
        (band("flat", -0.1), "out of its range"),
        (band("flat", 0.6, hours="[[7, 7]]"), "pairs of whole hours"),
        (band("flat", 0.6, hours="[7, 9]"), "pairs of whole hours"),
        (band("flat", 0.6, months="[13]"), "whole numbers from 1 to 12"),
        (band("flat", 0.6, seasons="[1]"), "An unknown key"),
    ],
)
def test_tariff_when_it_is_wrong_then_the_fault_is_named_with_its_place(tmp_path, text, said):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert any(said in fault and "policy.tariff" in fault for fault in caught.value.faults), caught.value.faults
