"""Cumulative registers as flows: roll-over, replacement, gaps, files that follow one another."""

import pytest

from cityloop.records import Quality

HOURS = "2026-01-30 {:02d}:00,{}"


@pytest.fixture
def register(reader):
    return reader.series("a", statistic="counter", unit="m3", rollover=1000.0)


def rows(*readings, start=0):
    return ["time,a", *(HOURS.format(h, v) for h, v in enumerate(readings, start) if v is not None)]


def test_arrivals_when_a_register_counts_then_mean_flow_stands_at_the_start_of_each_interval(register, utc):
    register.write("f.csv", *rows(100, 136, 136, 208))
    got = register.read()
    assert got.values == {
        "a": {utc(2026, 1, 30): pytest.approx(10.0), utc(2026, 1, 30, 1): 0.0, utc(2026, 1, 30, 2): pytest.approx(20.0)}
    }
    stream = got.datastreams["a"]
    assert (stream.statistic, stream.unit, stream.rollover, stream.declared_unit) == ("mean", "L/s", None, "m3")


def test_arrivals_when_a_register_rolls_over_then_its_size_is_added(register, utc):
    register.write("f.csv", *rows(982, 18, 54))
    got = register.read()
    assert got.values["a"] == {utc(2026, 1, 30): pytest.approx(10.0), utc(2026, 1, 30, 1): pytest.approx(10.0)}
    assert got.rejected == []


@pytest.mark.parametrize("readings", [(600, 0, 36), (982, 500, 536), (200, 150, 186)])
def test_arrivals_when_a_register_falls_without_rolling_over_then_a_new_segment_starts_and_it_is_noted(
    register, utc, readings
):
    register.write("f.csv", *rows(*readings))
    got = register.read()
    assert got.values["a"] == {utc(2026, 1, 30, 1): pytest.approx(10.0)}
    assert got.reasons() == [("f.csv:3", "replaced")]
    assert f"from {readings[0]} to {readings[1]}" in got.rejected[0].reason


def test_arrivals_when_register_size_is_not_stated_then_no_fall_is_a_roll_over(register):
    register.series("a", statistic="counter", unit="m3", rollover=None).write("f.csv", *rows(982, 18, 54))
    assert register.read().reasons() == [("f.csv:3", "replaced")]


def test_arrivals_when_a_step_is_beyond_the_highest_flow_then_the_meter_was_replaced(register, utc):
    register.series("a", highest=50.0).write("f.csv", *rows(100, 900, 936))
    got = register.read()
    assert got.values["a"] == {utc(2026, 1, 30, 1): pytest.approx(10.0)}
    assert got.reasons() == [("f.csv:3", "replaced")]


def test_arrivals_when_readings_are_missing_then_the_long_interval_keeps_its_mean_and_is_marked_estimated(
    register, utc
):
    register.write("f.csv", *rows(100, None, None, 208, 244))
    got = register.read()
    assert got.values["a"] == {utc(2026, 1, 30): pytest.approx(10.0), utc(2026, 1, 30, 3): pytest.approx(10.0)}
    assert got.quality["a"] == {utc(2026, 1, 30): Quality.ESTIMATED, utc(2026, 1, 30, 3): Quality.GOOD}


def test_arrivals_when_readings_lie_outside_the_register_then_they_are_refused(register, utc):
    register.write("f.csv", *rows(100, 1000.5, -1, 208))
    got = register.read()
    assert got.reasons() == [("f.csv:3", "register"), ("f.csv:4", "register")]
    assert list(got.values["a"]) == [utc(2026, 1, 30)]


def test_arrivals_when_rows_are_out_of_order_or_repeated_then_differences_are_those_of_the_sorted_readings(
    register, utc
):
    lines = rows(100, 136, 172, 208)
    register.write("f.csv", lines[0], lines[3], lines[1], lines[2], lines[4], lines[2])
    got = register.read()
    assert got.values["a"] == {utc(2026, 1, 30, h): pytest.approx(10.0) for h in range(3)}
    assert got.counts["identical"] == 1


@pytest.mark.parametrize("size", [1, 2, 3, 200_000])
def test_arrivals_when_a_register_goes_on_in_the_next_file_or_piece_then_no_interval_is_lost(
    register, utc, monkeypatch, size
):
    monkeypatch.setattr("cityloop.sources.files.ROWS_PER_ARRIVAL", size)
    register.write("2026-01.csv", *rows(100, 136, 172))
    register.write("2026-02.csv", *rows(208, 244, start=3))
    assert register.read().values["a"] == {utc(2026, 1, 30, h): pytest.approx(10.0) for h in range(4)}


def test_arrivals_when_a_register_goes_on_in_a_later_call_then_the_cursor_knows_the_last_reading(register, utc):
    path = register.write("f.csv", *rows(100, 136))
    first = register.read()
    with path.open("a") as file:
        file.write(HOURS.format(2, 208) + "\n")
    second = register.read(cursor=first.cursor)
    assert second.values["a"] == {utc(2026, 1, 30, 1): pytest.approx(20.0)}


def test_arrivals_when_a_file_was_corrected_then_its_intervals_are_sent_again_and_right(register, utc):
    register.write("f.csv", *rows(100, 136, 172))
    first = register.read()
    register.write("f.csv", *rows(100, 118, 172))
    second = register.read(cursor=first.cursor)
    assert second.values["a"] == {utc(2026, 1, 30): pytest.approx(5.0), utc(2026, 1, 30, 1): pytest.approx(15.0)}


def test_arrivals_when_an_energy_register_is_declared_as_power_or_energy_then_mean_power_or_amounts_come_out(
    register, utc
):
    register.series("a", observed_property="power", unit="kWh").write("f.csv", *rows(10, 12.5))
    got = register.read()
    assert (got.values["a"], got.datastreams["a"].statistic) == ({utc(2026, 1, 30): pytest.approx(2.5)}, "mean")
    register.series("a", observed_property="energy", unit="MWh")
    got = register.read()
    assert (got.values["a"], got.datastreams["a"].statistic) == ({utc(2026, 1, 30): pytest.approx(2500.0)}, "total")
