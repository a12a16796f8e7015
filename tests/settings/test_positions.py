"""[[positions]] of city.toml: what is read, and that every fault is named at once."""

import pytest

from cityloop.errors import SettingsError
from cityloop.settings import PositionSettings, load_city

GOOD = '\n[[positions]]\npath = "loggers.csv"\ncrs = "BD-09"\nid_column = "id"\nx = "lon"\ny = "lat"\n'


def faults(folder) -> str:
    with pytest.raises(SettingsError) as caught:
        load_city(folder)
    return "\n".join(caught.value.faults)


def test_positions_when_stated_then_read_and_none_where_not(write_city):
    assert load_city(write_city()).positions == ()
    found = load_city(
        write_city(more=GOOD + GOOD.replace("loggers.csv", "m.xlsx") + 'thing = "meter:{id}"\n')
    ).positions
    assert found[0] == PositionSettings("loggers.csv", "BD-09", "id", "lon", "lat")
    assert (found[1].path, found[1].thing) == ("m.xlsx", "meter:{id}")


def test_positions_when_faulty_then_every_fault_is_named(write_city):
    said = faults(
        write_city(
            more='\n[[positions]]\ncrs = "WGS84"\nx = "a"\ny = "a"\nthing = "meter:M-1"\nencoding = "utf-9"\n'
            'delimiter = "."\nlat = "b"\nskip_lines = -1\n'
        )
    )
    for part in (
        "positions[1].path", "positions[1].id_column", "positions[1].crs", "same column", 'Write "meter:{id}"',
        "positions[1].encoding", "Not a delimiter", "An unknown key. Where: positions[1].lat", "positions[1].skip_lines",
    ):  # fmt: skip
        assert part in said


def test_positions_when_the_system_is_not_stated_then_it_is_never_guessed(write_city):
    assert "never guessed" in faults(write_city(more=GOOD.replace('crs = "BD-09"\n', "")))


def test_positions_when_the_kind_is_a_slip_of_the_pen_then_the_cure_names_it(write_city):
    assert "'junction'" in faults(write_city(more=GOOD + 'thing = "juncton:{id}"\n'))
