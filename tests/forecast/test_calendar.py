"""The wall clock, through both clock changes, and the days on which people behave differently."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.forecast.calendar import DaysOff, blocks, calendar, days_off, wall_hours
from cityloop.forecast.features import clipped, median

ROME = ZoneInfo("Europe/Rome")


def hours_from(start: datetime, count: int):
    first = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "us")
    return first + np.arange(count) * np.timedelta64(3_600_000_000, "us")


def test_wall_hours_when_clocks_change_then_an_hour_comes_twice_or_not_at_all():
    autumn = wall_hours(hours_from(datetime(2021, 10, 31, tzinfo=ROME), 25), "Europe/Rome") % 24
    spring = wall_hours(hours_from(datetime(2022, 3, 27, tzinfo=ROME), 23), "Europe/Rome") % 24
    assert autumn.tolist() == [0, 1, 2, 2, *range(3, 24)]
    assert spring.tolist() == [0, 1, *range(3, 24)]


@pytest.mark.parametrize("zone, first", [("Asia/Kolkata", 5), ("Asia/Shanghai", 8), ("America/St_Johns", 20)])
def test_wall_hours_when_the_zone_has_half_hours_then_the_hour_that_has_begun_counts(zone, first):
    assert (wall_hours(hours_from(datetime(2022, 1, 1, tzinfo=UTC), 1), zone) % 24).tolist() == [first]


def test_blocks_when_they_begin_at_any_hour_then_the_last_row_ends_them():
    start = datetime(2021, 10, 29, tzinfo=ROME)
    count = int((datetime(2021, 11, 1, 15, tzinfo=ROME).astimezone(UTC) - start.astimezone(UTC)) / timedelta(hours=1))
    hours = wall_hours(hours_from(start, count), "Europe/Rome")
    values = np.arange(count, dtype=float)[:, None]
    found = blocks(values, hours, start=int(hours[-1]) + 1, before=4)
    assert found.shape == (1, 4, 24)
    assert found[0, -1, -1] == count - 1  # 14:00 of 1 November
    assert np.isnan(found[0, 0]).sum() == 9  # the first block begins on 28 October at 15:00, the rows nine hours later
    doubled = found[0, 2, 11]  # 2:00 on 31 October, the block that began on 30 October at 15:00
    assert doubled == np.mean([50, 51])


def test_calendar_when_a_country_has_a_holiday_then_it_counts_as_a_sunday_and_its_neighbours_know():
    start = int((date(2022, 4, 25) - date(1970, 1, 1)).days) * 24
    known = days_off("IT", date(2022, 4, 1), date(2022, 5, 1))
    found = calendar(start, before=2, after=3, known=known)
    assert found.kind[:, 0].tolist() == [5, 6, 6, 1, 2]
    assert found.group[:, 0].tolist() == [1, 2, 2, 0, 0]
    assert (found.off[:, 0].tolist(), found.off_before[:, 0].tolist()) == ([0, 0, 1, 0, 0], [0, 0, 0, 1, 0])
    assert found.off_after[:, 0].tolist() == [0, 1, 0, 0, 0]


def test_calendar_when_a_sunday_is_worked_for_a_bridge_day_then_it_counts_as_a_workday():
    known = days_off("CN", date(2025, 1, 1), date(2025, 2, 28))
    assert known is not None and date(2025, 1, 26) in known.worked and date(2025, 1, 29) in known.off
    start = int((date(2025, 1, 26) - date(1970, 1, 1)).days) * 24
    assert calendar(start, before=0, after=1, known=known).group[0, 0] == 0


def test_calendar_when_a_block_crosses_midnight_then_each_hour_has_its_own_day():
    start = int((date(2022, 6, 4) - date(1970, 1, 1)).days) * 24 - 6  # Friday 18:00
    found = calendar(start, before=0, after=1, known=DaysOff(frozenset(), frozenset()))
    assert found.weekday[0].tolist() == [4] * 6 + [5] * 18
    assert found.hour[0].tolist() == [*range(18, 24), *range(18)]


def test_days_off_when_the_country_is_not_known_then_none():
    assert days_off("XX", date(2022, 1, 1), date(2022, 1, 1)) is None


def test_median_when_values_are_missing_then_of_what_is_there():
    values = np.array([[3.0, np.nan, 1.0, 2.0], [4.0, np.nan, np.nan, 1.0], [np.nan] * 4])
    assert median(values, 1)[:2].tolist() == [2.0, 2.5]
    assert np.isnan(median(values, 1)[2])


def test_clipped_when_an_hour_sticks_out_then_it_alone_is_brought_back_and_nothing_before_it_changes():
    rng = np.random.default_rng(1)
    demand = 10 + rng.standard_normal((2, 90, 24))
    spiked = demand.copy()
    spiked[0, 80, 5] = 500.0
    quiet, found = clipped(demand), clipped(spiked)
    np.testing.assert_array_equal(quiet, demand)
    assert 10 < found[0, 80, 5] < 30
    np.testing.assert_array_equal(found[:, :80], demand[:, :80])
    np.testing.assert_array_equal(found[1], demand[1])
