"""A leak, a burst that runs, the season and the meter, told apart in a city of six metered zones."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.leaks.sudden import sudden_rise
from cityloop.records import Datastream, Thing, record_id

DAYS, ZONES = 84, 6
BEGIN = datetime(2025, 1, 5, 23, tzinfo=UTC)


@pytest.fixture
def zones(memory_view):
    """Six zones over twelve weeks; `change(flows, hours)` bends their flows."""

    def build(change=None, days=DAYS, zones=ZONES, records=()):
        rng, hours = np.random.default_rng(5), days * 24
        hour = np.arange(hours) % 24
        shape = 0.4 + 0.9 * np.exp(-(((hour - 8) / 3.0) ** 2)) + np.exp(-(((hour - 19) / 3.5) ** 2))
        flows = [
            6.0 * (z + 1) * (shape * np.repeat(np.exp(rng.normal(0, 0.03, days)), 24) + 0.3)
            * np.exp(rng.normal(0, 0.04, hours))
            for z in range(zones)
        ]  # fmt: skip
        if change:
            change(flows, np.arange(hours))
        things, streams = [], {}
        for z, flow in enumerate(flows):
            thing = Thing(id=zone(z), kind="boundary", name=f"zone-{z}")
            id = record_id("square", "datastream", f"flow-{z}")
            things += [
                thing,
                Datastream(
                    id=id, name=f"flow-{z}", thing=thing.id, sensor="", observed_property="water_flow", unit="L/s",
                    statistic="mean", step_s=3600,
                ),
            ]  # fmt: skip
            streams[id] = flow
        return memory_view((*things, *records), streams, BEGIN + timedelta(days=days))

    return build


def zone(number):
    return record_id("square", "thing", "boundary", f"zone-{number}")


def found(view):
    """Kind (with the fault) and zone of every problem of the night flow or a meter."""
    kinds = ("burst", "growing_leakage", "failing_sensor", "unexplained_fall", "boundary_change")
    problems = [p for p in domain.problems(view, None) if p.kind in kinds]
    return {(str(p.details.get("fault", p.kind)), p.boundary) for p in problems}


def test_zones_when_nothing_happens_then_nothing_is_found(zones):
    assert found(zones()) == set()


def test_rise_when_one_zone_leaks_then_it_is_a_leak_there(zones):
    def leak(flows, hours):
        flows[2][hours >= 60 * 24] += 6.0

    (what,) = found(zones(leak))
    assert what in {("burst", zone(2)), ("growing_leakage", zone(2))}


def test_rise_when_all_zones_share_it_then_it_is_the_season(zones):
    def summer(flows, hours):
        for z, flow in enumerate(flows):
            flow *= 1 + (0.25 + 0.02 * z) * np.clip((hours - 50 * 24) / (14 * 24), 0, 1)

    assert found(zones(summer)) == set()
    assert found(zones(summer, zones=3))  # too few others to ask: it is told


def test_flow_when_it_changes_by_one_share_at_all_hours_then_the_meter_is_named(zones):
    for factor, kind in ((0.6, "under_registering"), (1.6, "over_registering")):

        def meter(flows, hours, factor=factor):
            flows[3][hours >= 50 * 24] *= factor

        assert found(zones(meter)) == {(kind, zone(3))}


def test_leak_when_it_is_known_then_it_stands_though_the_others_rise_as_well(zones):
    def leak(flows, hours):
        flows[2][hours >= 40 * 24] += 5.0

    def both(flows, hours):
        leak(flows, hours)
        for z, flow in enumerate(flows):
            flow *= 1 + 0.3 * z * np.clip((hours - 60 * 24) / (14 * 24), 0, 1)

    known = [p for p in domain.problems(zones(leak, days=55), None) if p.boundary == zone(2)]
    assert len(known) == 1
    assert zone(2) not in {z for _, z in found(zones(both))}
    assert zone(2) in {z for _, z in found(zones(both, records=tuple(known)))}


@pytest.mark.parametrize(("began", "ended", "seen"), [(79 * 24 + 12, 10**6, True), (79 * 24 + 2, 79 * 24 + 12, False)])
def test_burst_when_it_runs_now_then_it_is_found_the_same_day_and_not_when_it_has_ended(zones, began, ended, seen):
    def burst(flows, hours):
        flows[1][(hours >= began) & (hours < ended)] += 12.0

    view = zones(burst, days=80)
    assert found(view) == ({("burst", zone(1))} if seen else set())
    if seen:
        (problem,) = [p for p in domain.problems(view, None) if p.boundary == zone(1)]
        assert problem.gap.low <= 12.0 <= problem.gap.high


def test_sudden_rise_when_the_weeks_before_had_as_much_then_it_is_usual():
    rng, hours = np.random.default_rng(3), 56 * 24
    times = np.datetime64("2025-01-05T23:00", "us") + np.arange(hours) * np.timedelta64(1, "h").astype("m8[us]")
    flow = 10 + rng.normal(0, 0.3, hours)
    flow[-8:] += 8.0
    assert sudden_rise(times, flow, "Europe/Berlin").rise == pytest.approx(8.0, abs=0.5)
    flow[500:508] += 8.0  # a fire, a flushing: such hours have been before
    assert sudden_rise(times, flow, "Europe/Berlin") is None
    assert sudden_rise(times[:200], flow[-200:], "Europe/Berlin") is None
