"""Civil days and local hours, held against Python's own conversion."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.domains.water.localtime import civil_days, local_hours


@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Asia/Shanghai", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
)
def test_local_hours_when_years_and_clocks_change_then_are_those_of_the_time_zone_database(zone):
    moments = [datetime(2011, 12, 20, tzinfo=UTC) + timedelta(hours=7 * i) for i in range(1800)]
    times = np.array([m.replace(tzinfo=None) for m in moments], dtype="datetime64[us]")
    local = [m.astimezone(ZoneInfo(zone)) for m in moments]
    days, hours = local_hours(times, zone)
    assert days.astype(object).tolist() == [t.date() for t in local]
    assert hours.tolist() == [t.hour for t in local]


def test_civil_days_when_minutes_and_repeats_then_each_time_has_the_day_of_its_hour():
    times = np.array(["2025-03-01T16:59", "2025-03-01T15:01", "2025-03-01T16:00"], dtype="datetime64[us]")
    assert civil_days(times, "Asia/Shanghai").astype(str).tolist() == ["2025-03-02", "2025-03-01", "2025-03-02"]


def test_local_hours_when_there_are_no_times_then_are_empty():
    days, hours = local_hours(np.empty(0, dtype="datetime64[us]"), "UTC")
    assert (len(days), len(hours)) == (0, 0)
