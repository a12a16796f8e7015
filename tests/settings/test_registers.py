"""[[register]] and sends_from of city.toml."""

from datetime import date

import pytest

from cityloop.errors import SettingsError
from cityloop.settings import RegisterSettings, example_city_toml, load_city

REGISTER = """
[[register]]
path = "pipes.csv"
id_column = "pipe"
thing = "pipe:{id}"
part_of = "area"
numbers = { year = "laid in", breaks = "breaks" }
texts = { material = "material" }
"""
TWIN = """
[[model]]
engine = "epanet"
file = "wntr:ky4"

[[source]]
kind = "twin"
seed = 1
sensors = 2
start = 2026-04-06
sends_from = %s
"""


def _load(folder, extra: str):
    (folder / "city.toml").write_text(
        example_city_toml().replace("[policy]", extra + "\n[policy]", 1), encoding="utf-8"
    )
    return load_city(folder)


def test_register_when_stated_then_its_columns_are_known(tmp_path):
    (found,) = _load(tmp_path, REGISTER).registers
    assert found == RegisterSettings(
        path="pipes.csv", id_column="pipe", thing="pipe:{id}", part_of="area",
        numbers={"year": "laid in", "breaks": "breaks"}, texts={"material": "material"},
    )  # fmt: skip
    assert found.columns == ("pipe", "area", "laid in", "breaks", "material")


@pytest.mark.parametrize(
    "old, new, said",
    [
        ('thing = "pipe:{id}"', 'thing = "pipe:P1"', "Every row would be the same thing."),
        ('part_of = "area"', 'part_off = "area"', "An unknown key."),
        ('texts = { material = "material" }', 'texts = { year = "other" }', "A property that is both."),
        ('numbers = { year = "laid in", breaks = "breaks" }', "numbers = { year = 3 }", "A value of the wrong type."),
    ],
)
def test_register_when_wrong_then_the_fault_is_named(tmp_path, old, new, said):
    with pytest.raises(SettingsError, match=said):
        _load(tmp_path, REGISTER.replace(old, new))


def test_twin_when_it_sends_before_it_starts_then_that_is_a_fault(tmp_path):
    assert _load(tmp_path, TWIN % "2026-06-29").twin.sends_from == date(2026, 6, 29)
    with pytest.raises(SettingsError, match="sends before it starts"):
        _load(tmp_path, TWIN % "2026-04-05")
