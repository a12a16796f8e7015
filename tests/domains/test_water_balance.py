"""The demand balance of a boundary and the daily series made from it."""

from datetime import timedelta

import numpy as np
import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.balance import boundaries, find_meters, hourly_balance
from cityloop.errors import RecordError


def test_balance_when_a_tank_hides_the_night_then_demand_is_recovered(square):
    city = square(days=21)
    view, _ = city.build()
    meters = find_meters(view, boundaries(view)[0])
    _times, balance = hourly_balance(view, meters, start=view.now - timedelta(days=21), end=view.now)
    inflow = view.streams[meters.inflow[0].id]
    hour = (np.arange(len(balance))) % 24
    night = (hour >= 1) & (hour < 5)
    # the pump runs evenly, the people do not: 20 L/s * shape(3 h) is a good third of the mean
    assert np.nanmean(inflow[night]) == pytest.approx(np.nanmean(inflow), rel=0.02)
    expected_night = 20.0 * np.mean(
        [0.4 + 0.9 * np.exp(-(((h - 8) / 3) ** 2)) + np.exp(-(((h - 19) / 3.5) ** 2)) for h in (1, 2, 3, 4)]
    )
    assert np.nanmean(balance[night]) == pytest.approx(expected_night, rel=0.03)


def test_balance_when_a_level_is_missing_for_two_hours_then_volume_over_the_gap_stays(square, stream_id):
    view, _ = square(days=10).build()
    meters = find_meters(view, boundaries(view)[0])
    _, whole = hourly_balance(view, meters, start=view.now - timedelta(days=10), end=view.now)
    level = view.streams[stream_id("level")].copy()
    level[50:52] = np.nan
    _, holed = hourly_balance(
        view.with_(streams={**view.streams, stream_id("level"): level}), meters,
        start=view.now - timedelta(days=10), end=view.now,
    )  # fmt: skip
    assert np.isfinite(holed[45:55]).all()
    assert holed[49:52].sum() == pytest.approx(whole[49:52].sum())
    assert not np.allclose(holed[49:52], whole[49:52])


def test_balance_when_a_tank_has_no_level_meter_then_it_is_named_as_missing(square):
    view, _ = square(days=10).build()
    without = view.with_(things=tuple(t for t in view.things if getattr(t, "name", "") != "level"))
    assert find_meters(without, boundaries(without)[0]).missing == ("tank T has no level meter",)


def test_series_when_asked_for_night_flow_then_covariates_are_free_of_a_leak(square):
    still, _ = square(days=40, noise_m=0.0).build()
    leaking, _ = square(days=40, noise_m=0.0, leaks=[(20, 20, 5.0, 0.0)]).build()
    zone = boundaries(still)[0].id
    start = still.now - timedelta(days=40)
    before = domain.series(still, "night_flow", zone, start=start, end=still.now)
    after = domain.series(leaking, "night_flow", zone, start=start, end=still.now)
    late = slice(22, 39)
    assert np.nanmean(after.y[late] - before.y[late]) == pytest.approx(5.0, abs=0.15)
    shift = np.nanmean(after.covariates["day_minus_night"][late] - before.covariates["day_minus_night"][late])
    assert abs(shift) < 0.25
    assert "controls" not in before.covariates and before.simulated and before.unit == "L/s"


def test_series_when_the_end_moves_then_earlier_days_do_not_change(square):
    view, _ = square(days=40).build()
    zone, start = boundaries(view)[0].id, view.now - timedelta(days=40)
    short = domain.series(view, "night_flow", zone, start=start, end=view.now - timedelta(days=10))
    long = domain.series(view, "night_flow", zone, start=start, end=view.now)
    assert np.array_equal(short.y[:29], long.y[:29])


def test_series_when_the_indicator_is_unknown_then_the_error_names_the_known_ones(square):
    view, _ = square(days=10).build()
    with pytest.raises(RecordError, match="night_flow, demand, service_pressure"):
        domain.series(view, "nightflow", boundaries(view)[0].id, start=view.now - timedelta(days=9), end=view.now)


def test_service_pressure_when_one_logger_is_low_then_its_lowest_hour_counts(square, stream_id):
    view, _ = square(days=10).build()
    low = view.streams[stream_id("p35")].copy()
    low[24 * 4 + 13] = 7.5
    view = view.with_(streams={**view.streams, stream_id("p35"): low})
    found = domain.series(
        view, "service_pressure", boundaries(view)[0].id, start=view.now - timedelta(days=10), end=view.now
    )
    assert found.y[4] == 7.5 and found.y[5] > 20
