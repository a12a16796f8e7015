"""Low and excess pressure from the loggers: when it is raised, when it is a sensor or a leak, and the N1 law by hand."""

from datetime import timedelta

import msgspec
import numpy as np
import pytest

from cityloop.contracts import NormRule
from cityloop.domains.water import domain
from cityloop.domains.water.pressure.favad import local_exponent, night_leakage, reduction
from cityloop.i18n import Pair
from cityloop.records import Datastream, Estimate, Thing


def rule(key, limit, unit="m", world="cn"):
    return NormRule(world, key, Pair("p", "压"), "", limit, unit, "a rule", "2026", "confirmed")


@pytest.fixture
def seen(square, stream_id):
    """Builds a view; `limit` is the norm's service pressure, `change` acts on {logger: hourly values}."""

    def build(*, limit=14.3, change=None, valve=False, rules=None, drop=(), **how):
        view, _ = square(noise_m=0.05, **how).build()
        streams = dict(view.streams)
        if change:
            loggers = {s.name: streams[s.id].copy() for s in view.records(Datastream) if s.name.startswith("p")}
            change(loggers)
            streams |= {stream_id(name): values for name, values in loggers.items()}
        things = view.things
        if valve:
            things += (Thing(id="v", kind="valve", name="V", properties={"valve_type": "PRV", "setting": 40.0}),)
        things = tuple(
            msgspec.structs.replace(t, properties={"base_demand_l_per_s": 0.0}) if getattr(t, "name", "") in drop else t
            for t in things
        )
        view = view.with_(streams=streams, things=things)
        known = {"service_pressure": rule("service_pressure", limit)} if rules is None else rules
        view.norm = lambda key, world=None: known.get(key)
        return view

    return build


def kinds(view):
    return sorted(p.kind for p in domain.problems(view, None))


def pressure_problem(view, kind="low_pressure"):
    return next(p for p in domain.problems(view, None) if p.kind == kind)


def fall(by, day=0, loggers=None):
    def change(streams):
        for name in loggers or streams:
            streams[name][day * 24 :] -= by

    return change


# --- too low -----------------------------------------------------------------------------------------------------
def test_low_pressure_when_the_limit_is_missed_every_day_then_gap_below_zero_and_no_cost(seen):
    view = seen(limit=50.0)
    found = pressure_problem(view)
    lowest = np.min([v.reshape(-1, 24).min(axis=1) for k, v in view.streams.items() if len(v)], axis=0)
    loggers = [s for s in view.records(Datastream) if s.name.startswith("p")]
    lowest = np.min([view.streams[s.id].reshape(-1, 24).min(axis=1) for s in loggers], axis=0)[-14:]
    assert found.observed.value == pytest.approx(lowest.mean()) and found.expected.value == 50.0
    assert found.gap.value == pytest.approx(lowest.mean() - 50) and found.gap.low < found.gap.value < found.gap.high < 0
    assert found.indicator == "service_pressure" and found.onset is None and found.cost_per_year is None
    assert found.details["norm_world"] == "cn" and found.details["loggers_below"] == 10
    means = {s.thing: view.streams[s.id].reshape(-1, 24).min(axis=1)[-14:].mean() for s in loggers}
    assert found.best_place == min(means, key=means.get)
    assert any("no price" in n.lower() or "No yearly cost" in n for n in found.notes)


@pytest.mark.parametrize(
    "rules",
    [{}, {"service_pressure": rule("service_pressure", None)}, {"service_pressure": rule("x", 500.0, unit="kPa")}],
)
def test_low_pressure_when_the_norm_has_no_limit_in_metres_then_none(seen, rules):
    assert kinds(seen(rules=rules)) == []


def test_low_pressure_when_the_limit_is_kept_then_none(seen):
    assert kinds(seen(limit=14.3)) == []


def test_low_pressure_when_few_days_are_low_then_none(seen):
    def change(streams):
        for values in streams.values():
            values[-24 * 4 : -24] -= 25.0

    assert "low_pressure" not in kinds(seen(limit=20.0, change=change))


def test_low_pressure_when_all_loggers_fell_one_day_then_onset_and_no_sensor_is_blamed(seen):
    view = seen(limit=30.0, change=fall(15.0, day=45, loggers=["p2", "p5", "p9", "p14"]))
    (found,) = domain.problems(view, None)
    assert found.kind == "low_pressure" and found.details["loggers_below"] == 4
    assert abs((found.onset - view.origin.date()).days - 46) <= 1  # the city's day begins one hour after midnight UTC


def test_low_pressure_when_a_single_logger_jumped_then_it_is_the_sensor(seen):
    view = seen(limit=30.0, change=fall(15.0, day=45, loggers=["p9"]))
    (found,) = domain.problems(view, None)
    assert found.kind == "failing_sensor"


def test_low_pressure_when_a_person_says_the_logger_is_right_then_it_is_believed(seen):
    view = seen(limit=30.0, change=fall(15.0, day=45, loggers=["p9"]))
    (sensor,) = domain.problems(view, None)
    judged = view.with_(things=(*view.things, msgspec.structs.replace(sensor, status="dismissed")))
    judged.norm = view.norm
    found = pressure_problem(judged)
    assert found.details["loggers_below"] == 1 and any("single logger" in n for n in found.notes)


def test_low_pressure_when_a_burst_brought_it_then_only_the_burst(seen):
    calm = pressure_problem(seen(limit=99.0)).observed.value
    burst = seen(limit=99.0, leaks=[(21, 40, 60.0, 0.0)])
    low = pressure_problem(burst).observed.value
    assert calm - low > 2.0
    view = seen(limit=(calm + low) / 2, leaks=[(21, 40, 60.0, 0.0)])
    assert "burst" in kinds(view) and "low_pressure" not in kinds(view)


def test_low_pressure_when_nobody_draws_water_there_then_it_does_not_count(seen):
    low = fall(20.0, loggers=["p35"])
    assert kinds(seen(limit=30.0, change=low)) == ["low_pressure"]
    view = seen(limit=30.0, change=low, drop=("J-35",))
    assert kinds(view) == []
    series = domain.series(
        view, "service_pressure", pressure_zone(view), start=view.now - timedelta(days=9), end=view.now
    )
    assert series.better == "higher" and np.nanmin(series.y) > 30


def pressure_zone(view):
    return next(t.id for t in view.records(Thing) if t.kind == "boundary")


# --- too high ----------------------------------------------------------------------------------------------------
def test_excess_when_every_logger_has_metres_to_spare_then_leakage_by_the_n1_law(seen):
    view = seen(limit=14.3, valve=True)
    (found,) = domain.problems(view, None)
    d = found.details
    assert found.kind == "excess_pressure" and found.indicator == "night_flow" and d["floor_m"] == 14.3
    assert d["excess_m"] == pytest.approx(d["lowest_pressure_m"] - 14.3) and d["excess_m"] > 5
    mean = d["mean_pressure_by_night_m"]
    by_hand = 0.5 * found.observed.value * (1 - ((mean - d["excess_m"]) / mean) ** 1.14)
    assert found.gap.value == pytest.approx(by_hand, rel=1e-6)
    assert 0 < found.gap.low < found.gap.value < found.gap.high < found.observed.value
    assert found.cost_per_year.value == pytest.approx(found.gap.value * 31_536 * 0.3)


def test_excess_when_no_valve_could_take_it_away_then_none(seen):
    assert kinds(seen(limit=14.3)) == []


@pytest.mark.parametrize(("lowest", "normal", "raised"), [(14.1, 24.6, False), (14.3, 10.0, True), (None, 14.0, True)])
def test_excess_when_the_normal_pressure_asks_for_more_then_the_higher_counts(seen, lowest, normal, raised):
    rules = {
        "service_pressure": rule("service_pressure", lowest),
        "service_pressure_normal": rule("service_pressure_normal", normal),
    }
    view = seen(rules=rules, valve=True, change=fall(15.0))  # about 25 m are left
    assert ("excess_pressure" in kinds(view)) is raised


def test_leakage_when_the_population_is_known_then_night_flow_less_its_use(seen):
    view = seen(rules={"legitimate_night_use": rule("legitimate_night_use", 0.6, unit="l/person/h")})
    flow = Estimate(value=10.0, low=9.5, high=10.5, level=0.9, unit="L/s")
    place = Thing(id="b", kind="boundary", name="b", properties={"population": 24_000.0})
    value, draws, how = night_leakage(view, place, flow, domain.priors)
    assert value == pytest.approx(10 - 24_000 * 0.6 / 3600) and how == "population"
    assert draws.min() >= 0 and np.quantile(draws, 0.05) < value < np.quantile(draws, 0.95)
    value, draws, how = night_leakage(view, msgspec.structs.replace(place, properties={}), flow, domain.priors)
    assert value == pytest.approx(5.0) and how == "share"
    assert np.quantile(draws, [0.05, 0.95]) == pytest.approx([2.0, 8.5], rel=0.15)


def test_reduction_when_one_place_then_the_law_by_hand():
    before, after = np.array([[50.0]]), np.array([[40.0]])
    assert reduction(before, after, np.ones(1), np.array([0.5, 1.0, 1.5])) == pytest.approx(
        [1 - 0.8**0.5, 0.2, 1 - 0.8**1.5]
    )


def test_reduction_when_two_places_and_two_hours_then_weighted_sums_by_hand():
    before, after = np.array([[50.0, 30.0], [60.0, 30.0]]), np.array([[40.0, 30.0], [40.0, 30.0]])
    weights = np.array([2.0, 1.0])
    by_hand = (2 * (110 - 80)) / (2 * 110 + 60)
    assert reduction(before, after, weights, 1.0)[0] == pytest.approx(by_hand)
    night = before[:1]  # leakage known by night: 2 * 50 + 30
    assert reduction(before, after, weights, 1.0, night)[0] == pytest.approx(2 * 30 / 2 / 130)


def test_local_exponent_when_openings_grow_then_between_one_half_and_three_halves():
    assert local_exponent(0.0) == 0.5 and local_exponent(1.0) == 1.0
    assert local_exponent(1e9) == pytest.approx(1.5)
