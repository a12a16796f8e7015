"""The twin on a small made-up network: determinism, resume, works, mismatch, sensors, secrecy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cityloop.contracts import Element, Floats, Output
from cityloop.errors import Forbidden, InputError
from cityloop.i18n import Pair
from cityloop.records import Change, record_id, to_json
from cityloop.settings import TwinSettings
from cityloop.sources.twin import Failure, FinishedWork, Leak, Scenario, Twin
from cityloop.sources.twin.mismatch import PARTS
from cityloop.sources.twin.network import TwinNetwork
from cityloop.sources.twin.placement import place_sensors
from cityloop.sources.twin.scenario import draw_scenario

CITY, SIDE = "grid", 6
START = datetime(2026, 4, 6, 4, tzinfo=UTC)  # midnight in Louisville
TANK_AREA_M2 = 300.0


class Grid:
    """A square of junctions fed by a tank; a pump fills the tank at a constant rate. Heads fall linearly with flow."""

    def __init__(self) -> None:
        self.names = [f"J{i}" for i in range(SIDE**2)]
        self.pairs = [
            (a, b)
            for a in range(SIDE**2)
            for b in range(a + 1, SIDE**2)
            if abs(a // SIDE - b // SIDE) + abs(a % SIDE - b % SIDE) == 1
        ]
        self.pipes = [f"P{i}" for i in range(len(self.pairs))]
        self.runs: list[int] = []
        self.asked: list[Sequence[Change]] = []

    def elements(self) -> tuple[Element, ...]:
        nodes = [Element("junction", n, ((0.0, 0.0),), {"elevation_m": 10.0}) for n in self.names]
        links = [
            Element("pipe", p, (), {"length_m": 100.0, "diameter_mm": 150.0}, (self.names[a], self.names[b]))
            for p, (a, b) in zip(self.pipes, self.pairs, strict=True)
        ]
        return (
            Element("network", "network", (), {}), *nodes,
            Element("tank", "T", (), {"area_m2": TANK_AREA_M2, "max_level_m": 40.0}),
            Element("reservoir", "R", (), {}), *links, Element("pipe", "main", (), {"length_m": 50.0}, ("T", "J0")),
            Element("pump", "pump", (), {}, ("R", "T")),
        )  # fmt: skip

    def inverse(self, changes: Sequence[Change]) -> Floats:
        factor = {c.thing: c.value**2.63 for c in changes if c.property == "diameter_factor"}
        factor |= {c.thing: 1e-6 for c in changes if c.property == "status" and c.value == 0}
        laplace = np.zeros((SIDE**2, SIDE**2))
        laplace[0, 0] = 40.0
        for p, (a, b) in zip(self.pipes, self.pairs, strict=True):
            g = 20.0 * factor.get(p, 1.0)
            laplace[a, a] += g
            laplace[b, b] += g
            laplace[a, b] -= g
            laplace[b, a] -= g
        return np.linalg.inv(laplace)

    def run(
        self, changes: Sequence[Change], *, start: datetime, steps: int, step_s: int, drivers: Mapping[Output, Floats],
        outputs: Sequence[Output], progress: Any = None,
    ) -> Floats:  # fmt: skip
        self.runs.append(steps)
        self.asked.append(changes)
        hours = np.arange(steps) % 24
        profile = 1.0 - 0.8 * np.cos(2 * np.pi * (hours - 3) / 24)
        demand = np.stack([drivers.get((n, "demand_l_per_s"), profile * 0.5) for n in self.names], axis=1)
        elevation = {c.thing: c.value for c in changes if c.property == "elevation_offset_m"}
        coefficient = np.zeros((steps, SIDE**2))
        for c in changes:
            if c.property == "leak_coefficient":
                assert c.start is not None
                begin = max(0, round((c.start - start) / timedelta(hours=1)))
                coefficient[begin:, self.names.index(c.thing)] += c.value
        assert (coefficient >= 0).all()
        inverse = self.inverse(changes)
        ground = np.array([10.0 + elevation.get(n, 0.0) for n in self.names])
        pump = 20.0 * next((c.value for c in changes if c.property == "power_factor"), 1.0)
        level, out = 30.0, {o: np.zeros(steps) for o in outputs}
        heads, leaks, levels = np.zeros((steps, SIDE**2)), np.zeros((steps, SIDE**2)), np.zeros(steps)
        for i in range(steps):
            levels[i] = level
            heads[i] = 50.0 + level - inverse @ demand[i]
            leaks[i] = coefficient[i] * np.sqrt(np.maximum(heads[i] - ground, 0.0))
            heads[i] -= inverse @ leaks[i]
            level += (pump - demand[i].sum() - leaks[i].sum()) * 3.6 / TANK_AREA_M2 + 0.1 * (30.0 - level)
        whole = {
            ("network", "demand_l_per_s"): demand.sum(axis=1), ("T", "level_m"): levels,
            ("pump", "flow_l_per_s"): np.full(steps, pump), ("pump", "power_kw"): np.full(steps, 15.0),
            ("pump", "status"): np.ones(steps),
        }  # fmt: skip
        for name, prop in out:
            if name in self.names:
                j = self.names.index(name)
                series = {"demand_l_per_s": demand, "leak_l_per_s": leaks, "pressure_m": heads - ground}[prop][:, j]
            else:
                series = whole[(name, prop)]
            out[(name, prop)] = series
        return np.stack([out[o] for o in outputs], axis=1)

    def gradient(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output],
        sources: Sequence[Output],
    ) -> Floats:  # fmt: skip
        rows = [self.names.index(n) for n, _ in outputs]
        columns = [self.names.index(n) for n, _ in sources]
        return np.asarray(-self.inverse(())[np.ix_(rows, columns)])


SETTINGS = TwinSettings("twin", seed=4, sensors=10, start=date(2026, 4, 6), mismatch=1, pressure_noise_m=0.25)
BURST = Scenario((Leak("P30", "J17", 30.0, 5.0), Leak("P5", "J3", 40.0, 2.0, 0.02)), Failure(2, "jump", 50.0, 3.0))
QUIET = Scenario(())


def make_city(**policy: Any) -> Any:
    boundary = SimpleNamespace(
        id="grid", name=Pair("Grid", "网格"), inflow=(("pump", "pump"),), outflow=(), storage=(("tank", "T"),),
        storage_area_m2={"T": TANK_AREA_M2},
    )  # fmt: skip
    prices = {"survey_per_km": (250.0, "test", "assumed"), "repair_each": (4000.0, "test", "assumed")}
    return SimpleNamespace(
        id=CITY, timezone="America/Kentucky/Louisville", boundaries=(boundary,),
        models=(SimpleNamespace(closed=(), limits=(SimpleNamespace(exempt=("J0",)),)),),
        policy=SimpleNamespace(currency="USD", price_year=2026, crew_km_per_day=1.0, prices=prices, **policy),
    )  # fmt: skip


CITY_SETTINGS = make_city()


@pytest.fixture(scope="module")
def grid() -> Grid:
    return Grid()


@pytest.fixture
def make(grid: Grid) -> Callable[..., Twin]:
    def build(works: Sequence[FinishedWork] = (), scenario: Scenario | None = BURST, **changes: Any) -> Twin:
        return Twin(replace(SETTINGS, **changes), city=CITY_SETTINGS, model=grid, works=works, scenario=scenario)  # type: ignore[arg-type]

    return build


Row = tuple[str, int, float]


def rows_of(twin: Twin, until_h: int, cursor: str = "") -> tuple[list[Row], str]:
    """(datastream name, hour after the start, value) of everything that arrives, and the last cursor."""
    found: list[Row] = []
    for arrival in twin.arrivals(cursors={"twin": cursor} if cursor else {}, until=START + timedelta(hours=until_h)):
        names = [d.name for d in arrival.datastreams]
        table = arrival.batch.to_pydict()
        found += [
            (names[d], round((t - START) / timedelta(hours=1)), v)
            for d, t, v in zip(table["datastream"], table["time"], table["value"], strict=True)
        ]
        cursor = arrival.cursor
    return found, cursor


def series(twin: Twin, name: str, hours: int) -> Floats:
    """What one sensor sent for each hour, NaN where nothing came."""
    out = np.full(hours, np.nan)
    for stream, hour, value in rows_of(twin, hours + 48)[0]:
        if stream == name and hour < hours:
            out[hour] = value
    return out


# --- determinism -------------------------------------------------------------------------------------------------
def test_arrivals_when_cut_anywhere_then_the_same_rows_come(make: Callable[..., Twin]) -> None:
    whole, _ = rows_of(make(), 1000)
    pieces: list[Row] = []
    cursor = ""
    for until in (1, 7, 30, 168, 169, 500, 501, 999, 1000):
        got, cursor = rows_of(make(), until, cursor)
        pieces += got
    assert sorted(pieces) == sorted(whole)
    assert len(whole) > 1000 * 13 * 0.95


def test_arrivals_when_killed_between_pieces_then_the_cursor_goes_on_without_loss(make: Callable[..., Twin]) -> None:
    until = START + timedelta(hours=800)
    parts = list(make().arrivals(cursors={}, until=until))
    resumed = list(make().arrivals(cursors={"twin": parts[1].cursor}, until=until))
    assert [p.cursor for p in resumed] == [p.cursor for p in parts[2:]]
    assert all(a.batch.equals(b.batch) for a, b in zip(resumed, parts[2:], strict=True))
    assert max(p.batch.num_rows for p in parts) <= 1.2 * 168 * 13


def test_arrivals_when_nothing_is_new_then_nothing_comes(make: Callable[..., Twin]) -> None:
    _, cursor = rows_of(make(), 100)
    assert rows_of(make(), 100, cursor)[0] == []
    assert rows_of(make(), 50, cursor)[0] == []
    assert rows_of(make(), -5)[0] == []


def test_arrivals_when_the_horizon_moves_then_hydraulics_are_run_rarely(grid: Grid, make: Callable[..., Twin]) -> None:
    twin = make(seed=99)
    cursor = ""
    grid.runs.clear()
    for day in range(1, 20):
        _, cursor = rows_of(twin, 24 * day, cursor)
    assert len([n for n in grid.runs if n > 24 * 7]) == 1


def test_cursor_when_unreadable_then_the_cure_is_named(make: Callable[..., Twin]) -> None:
    with pytest.raises(InputError, match="Take the source again"):
        list(make().arrivals(cursors={"twin": "week three"}, until=START + timedelta(days=1)))


def test_seed_when_changed_then_the_city_differs(make: Callable[..., Twin]) -> None:
    assert sorted(rows_of(make(), 48)[0]) != sorted(rows_of(make(seed=5), 48)[0])


# --- works -------------------------------------------------------------------------------------------------------
def repaired(place: str = "P30", day: float = 90, project: str = "grid:project:1") -> FinishedWork:
    begin = START + timedelta(days=day - 3)
    finding = {"found": "leak", "place": place, "flow_l_per_s": 5.0}
    return FinishedWork(project, "boundary", begin, START + timedelta(days=day), (finding,))


def test_works_when_finished_then_only_later_hours_change(make: Callable[..., Twin]) -> None:
    hours = 100 * 24
    before, after = rows_of(make(), hours)[0], rows_of(make(works=[repaired()]), hours)[0]
    until = 90 * 24 - 1  # a slow clock stamps the first hour after the works an hour early
    assert [r for r in before if r[1] < until] == [r for r in after if r[1] < until]
    level = "twin/water_level/T"
    assert [r for r in before if r[0] == level] != [r for r in after if r[0] == level]


@pytest.mark.parametrize("place", ["P30", record_id(CITY, "thing", "pipe", "P30"), "J17"])
def test_works_when_the_leak_is_repaired_then_its_flow_ends(make: Callable[..., Twin], place: str) -> None:
    works = [repaired(place, project="grid:project:1"), repaired(place, 92, "grid:project:2")]
    flow = make(works=works).truth_over(100 * 24).leak_flow_l_per_s[:, 0]
    untouched = make().truth_over(100 * 24).leak_flow_l_per_s[:, 0]
    assert flow[: 30 * 24].max() == 0.0
    np.testing.assert_array_equal(flow[: 90 * 24], untouched[: 90 * 24])
    assert flow[92 * 24 :].max() < 0.6 * untouched[92 * 24 :].min()


def test_works_when_the_place_is_one_pipe_off_then_the_crew_still_digs_up_the_leak(make: Callable[..., Twin]) -> None:
    twin = make()
    world = twin._world
    neighbour = next(world.network.pipes[i] for i in world.network.pipes_at["J17"] if world.network.pipes[i] != "P30")
    assert [r.leak for r in make(works=[repaired(neighbour)]).truth.repairs] == [0]


def test_works_when_nothing_leaks_there_then_nothing_is_repaired(make: Callable[..., Twin]) -> None:
    assert make(works=[repaired("P50")]).truth.repairs == ()
    assert make(works=[repaired("P30", day=20)]).truth.repairs == ()


def test_works_when_many_then_some_repairs_are_partial(make: Callable[..., Twin]) -> None:
    shares = [make(works=[repaired(project=f"grid:project:{i}")]).truth.repairs[0].share for i in range(60)]
    partial = [s for s in shares if s < 1.0]
    assert 4 <= len(partial) <= 22
    assert all(0.5 <= s <= 0.9 for s in partial)


def test_leak_when_growing_then_it_grows_daily_and_stops_at_three_times(make: Callable[..., Twin]) -> None:
    flow = make().truth_over(168 * 24).leak_flow_l_per_s[:, 1].reshape(-1, 24).mean(axis=1)
    assert flow[39] == 0.0
    assert flow[50] / flow[41] == pytest.approx(1.02**9, rel=0.05)
    assert flow[150] / flow[41] == pytest.approx(3.0, rel=0.1)


# --- the failing logger ------------------------------------------------------------------------------------------
def failing(kind: str, size: float = 0.0) -> Scenario:
    return Scenario((), Failure(2, kind, 20.0, size))  # type: ignore[arg-type]


def test_failing_logger_when_it_jumps_then_it_stays_off_until_exchanged(make: Callable[..., Twin]) -> None:
    scenario = failing("jump", 3.0)
    good, bad = make(scenario=QUIET), make(scenario=scenario)
    junction = bad.truth.failing
    name = f"twin/water_pressure/{junction}"
    gap = series(bad, name, 960) - series(good, name, 960)
    assert np.nanmax(np.abs(gap[: 20 * 24])) < 1e-9
    np.testing.assert_allclose(gap[20 * 24 :][np.isfinite(gap[20 * 24 :])], 3.0)
    moment = START + timedelta(days=30)
    exchanged = FinishedWork("grid:project:9", record_id(CITY, "thing", "junction", junction), moment, moment)
    mended = series(make(scenario=scenario, works=[exchanged]), name, 960) - series(good, name, 960)
    assert np.nanmax(np.abs(mended[30 * 24 :])) < 1e-9
    assert np.nanmin(mended[20 * 24 : 30 * 24]) == pytest.approx(3.0)


def test_failing_logger_when_stuck_or_drifting_then_it_shows(make: Callable[..., Twin]) -> None:
    bad = make(scenario=failing("stuck"))
    name = f"twin/water_pressure/{bad.truth.failing}"
    stuck = series(bad, name, 960)[20 * 24 :]
    assert len(set(stuck[np.isfinite(stuck)])) == 1
    drift = series(make(scenario=failing("drift", -0.1)), name, 960) - series(make(scenario=QUIET), name, 960)
    assert np.nanmean(drift[30 * 24 - 12 : 30 * 24 + 12]) == pytest.approx(-1.0, abs=0.05)


# --- mismatch ----------------------------------------------------------------------------------------------------
def changes_of(twin: Twin, property: str) -> Floats:
    return np.array([c.value for c in twin._world.hydraulics.network_changes if c.property == property])


def test_mismatch_when_zero_then_the_truth_is_the_known_network(make: Callable[..., Twin]) -> None:
    twin = make(mismatch=0)
    truth = twin.truth
    assert all(c.property == "level_m" for c in twin._world.hydraulics.network_changes)
    assert (truth.mislabelled, truth.slow_clocks, truth.closed_valves) == ({}, (), ())


@pytest.mark.parametrize("level", [1, 2])
def test_mismatch_when_set_then_each_part_has_its_spread(make: Callable[..., Twin], level: int) -> None:
    twin = make(mismatch=level)
    assert np.log(changes_of(twin, "diameter_factor")).std() == pytest.approx(0.1 * level, rel=0.3)
    assert np.log(changes_of(twin, "roughness_factor")).std() == pytest.approx(0.1 * level, rel=0.3)
    assert changes_of(twin, "elevation_offset_m").std() == pytest.approx(0.5 * level, rel=0.4)
    assert abs(changes_of(twin, "power_factor") - 1).max() <= 0.05 * level
    world = twin._world
    assert world.true_daily.sum() == pytest.approx(world._daily[1].sum())
    factor = (world.true_daily / world._daily[1])[0]
    assert np.log(factor).std() == pytest.approx(0.2 * level, rel=0.4)
    assert len(twin.truth.closed_valves) == 2 * level
    assert world.network.connected_without(twin.truth.closed_valves)


def errors_of(twin: Twin) -> dict[str, object]:
    """What each part of the mismatch did to a twin."""
    truth, world = twin.truth, twin._world
    pipes = [changes_of(twin, f"{name}_factor").tolist() for name in ("diameter", "roughness")]
    return {
        "pipes": pipes, "demand": (world.true_daily / world._daily[1])[0].round(12).tolist(),
        "elevation": changes_of(twin, "elevation_offset_m").tolist(), "valves": truth.closed_valves,
        "pumps": changes_of(twin, "power_factor").tolist(), "labels": truth.mislabelled, "clocks": truth.slow_clocks,
        "hydrants": world.hydraulics.demand.events,
    }  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_mismatch_when_a_part_is_left_out_then_the_others_stay_as_they_are(
    make: Callable[..., Twin], part: str
) -> None:
    without = replace(BURST, mismatch_parts=frozenset(PARTS) - {part})
    whole, less, none = (errors_of(make(scenario=s, mismatch=m)) for s, m in ((BURST, 2), (without, 2), (BURST, 0)))
    assert set(whole) == set(PARTS)
    assert {p for p in PARTS if less[p] != whole[p]} == {part}
    assert less[part] == none[part]


def test_mismatch_when_a_part_is_left_out_then_leaks_and_noise_stay_as_they_are(make: Callable[..., Twin]) -> None:
    without = replace(BURST, mismatch_parts=frozenset(PARTS) - {"labels", "clocks"})
    whole, less = make(), make(scenario=without)
    wrong = {*whole.truth.mislabelled, *whole.truth.slow_clocks}
    names = [f"twin/water_pressure/{n}" for n in whole._world.loggers]
    differ = {n for n in names if not np.array_equal(series(whole, n, 72), series(less, n, 72), equal_nan=True)}
    assert differ == {f"twin/water_pressure/{n}" for n in wrong}
    assert less.truth.leaks == whole.truth.leaks
    np.testing.assert_array_equal(less.truth.leak_flow_l_per_s, whole.truth.leak_flow_l_per_s)


@pytest.mark.parametrize("level, sensors, swapped, slow", [(1, 20, 2, 1), (2, 20, 2, 2), (1, 34, 2, 2), (2, 34, 3, 3)])
def test_mislabelled_and_slow_loggers_when_drawn_then_they_count(
    make: Callable[..., Twin], level: int, sensors: int, swapped: int, slow: int
) -> None:
    truth = make(mismatch=level, sensors=sensors).truth
    assert len(truth.mislabelled) == swapped and len(truth.slow_clocks) == slow
    assert set(truth.mislabelled) == set(truth.mislabelled.values())
    assert all(a != b for a, b in truth.mislabelled.items())
    assert not set(truth.mislabelled) & set(truth.slow_clocks)


def test_mislabelled_logger_when_read_then_it_shows_the_other_place(make: Callable[..., Twin]) -> None:
    twin = make(pressure_noise_m=0.0, scenario=QUIET)
    (said, really), *_ = twin.truth.mislabelled.items()
    exact = make(pressure_noise_m=0.0, scenario=QUIET)._world
    column = list(exact.hydraulics.outputs).index((really, "pressure_m"))
    shown, true = series(twin, f"twin/water_pressure/{said}", 240), exact.hydraulics.hours(240, ())[:, column]
    assert np.nanmedian(np.abs(shown - true)) < 1e-9


def test_slow_clock_when_read_then_values_are_stamped_an_hour_early(make: Callable[..., Twin]) -> None:
    twin = make(pressure_noise_m=0.0, scenario=QUIET)
    name = twin.truth.slow_clocks[0]
    column = list(twin._world.hydraulics.outputs).index((name, "pressure_m"))
    true = twin._world.hydraulics.hours(241, ())[:, column]
    shown = series(twin, f"twin/water_pressure/{name}", 240)
    assert np.nanmedian(np.abs(shown - true[1:])) < 1e-9


# --- sensors -----------------------------------------------------------------------------------------------------
def test_noise_when_measured_then_it_is_what_the_sensor_record_says(make: Callable[..., Twin]) -> None:
    twin = make(scenario=QUIET)
    world = twin._world
    hours = 2000
    truth = world.hydraulics.hours(hours, ())
    columns = list(world.hydraulics.outputs)
    by_name = {m.datastream.name: m for m in world.meters}
    for name, sd in (("twin/water_flow/pump", 0.2), ("twin/water_level/T", 0.01), ("twin/power/pump", 0.15)):
        left = series(twin, name, hours) - truth[:, columns.index(by_name[name].output)]
        assert by_name[name].sensor.noise_sd == pytest.approx(sd, rel=0.06)
        assert np.nanstd(left) == pytest.approx(sd, rel=0.08)
        assert abs(np.nanmean(left)) < 4 * sd / np.sqrt(hours)
    right = next(n for n in world.loggers if n not in twin.truth.mislabelled and n not in twin.truth.slow_clocks)
    left = series(twin, f"twin/water_pressure/{right}", hours) - truth[:, columns.index((right, "pressure_m"))]
    assert np.nanstd(left) == pytest.approx(0.25, rel=0.1)


def test_rows_when_delivered_then_some_are_missing_some_late_some_twice(make: Callable[..., Twin]) -> None:
    hours = 2000
    arrived = rows_of(make(), hours)[0]
    keys = [(name, hour) for name, hour, _ in arrived]
    expected = hours * 13
    assert 0.98 * expected < len(set(keys)) < 0.999 * expected
    assert 0 < len(keys) - len(set(keys)) < 0.005 * expected
    seen: dict[str, int] = {}
    late = 0
    for name, hour, _ in arrived:
        late += hour < seen.get(name, -1)
        seen[name] = max(seen.get(name, -1), hour)
    assert 0 < late < 0.05 * expected
    assert len({(n, h, v) for n, h, v in arrived}) == len(set(keys))


def test_records_when_sent_then_sensors_and_datastreams_are_marked_simulated(make: Callable[..., Twin]) -> None:
    first, *rest = list(make().arrivals(cursors={}, until=START + timedelta(days=20)))
    assert {d.observed_property for d in first.datastreams} == {
        "water_flow", "power", "water_level", "water_pressure",
    }  # fmt: skip
    assert all(d.simulated for d in first.datastreams) and all(r.simulated for r in first.records)
    assert {r.id for r in first.records} == {d.sensor for d in first.datastreams}
    by_name = {d.name: d for d in first.datastreams}
    assert by_name["twin/water_level/T"].thing == record_id(CITY, "thing", "tank", "T")
    assert by_name["twin/water_flow/pump"].thing == record_id(CITY, "thing", "pump", "pump")
    assert (by_name["twin/water_flow/pump"].statistic, by_name["twin/water_flow/pump"].unit) == ("mean", "L/s")
    assert (by_name["twin/water_level/T"].statistic, by_name["twin/water_level/T"].step_s) == ("instant", 3600)
    assert all(not a.records for a in rest)


def test_sensors_when_more_than_junctions_then_the_fault_names_the_limit(make: Callable[..., Twin]) -> None:
    with pytest.raises(InputError, match="up to 35"):
        rows_of(make(sensors=36), 24)


# --- scenario ----------------------------------------------------------------------------------------------------
def test_scenario_when_drawn_many_times_then_it_follows_its_weights(grid: Grid) -> None:
    network = TwinNetwork.of(grid.elements())
    drawn = [draw_scenario(seed, network, sensors=10, exempt=("J0",)) for seed in range(400)]
    leaks = [leak for s in drawn for leak in s.leaks]
    assert {len(s.leaks) for s in drawn} == {1, 2, 3}
    sizes = [sum(leak.size_l_per_s == q for leak in leaks) / len(leaks) for q in (1.0, 2.0, 5.0, 10.0)]
    np.testing.assert_allclose(sizes, [0.35, 0.3, 0.2, 0.15], atol=0.05)
    assert all(21 <= leak.onset_day <= 77 and leak.growth_per_day <= 0.03 for leak in leaks)
    assert all(
        leak.node != "J0" and leak.node in dict(zip(network.pipes, network.ends, strict=True))[leak.pipe]
        for leak in leaks
    )
    assert {s.failure.kind for s in drawn if s.failure} == {"stuck", "drift", "jump"}
    assert all(len({x.node for x in s.leaks}) == len(s.leaks) for s in drawn)


def test_loggers_when_placed_then_leaks_that_look_alike_lie_closer_than_by_chance(grid: Grid) -> None:
    distance, weights = TwinNetwork.of(grid.elements()).distances_m(), np.ones(SIDE**2)
    response = -grid.inverse(())[None]

    def score(sensors: Sequence[int]) -> float:
        likeness = np.ones((SIDE**2, SIDE**2))
        for s in sensors:
            q = 4.0 * response[0, s]
            error = 0.01**2 + (0.05 * (q[:, None] + q[None])) ** 2
            likeness *= np.exp(-((q[:, None] - q[None]) ** 2) / (8 * error))
        return float((distance * likeness).sum())

    chosen = place_sensors(response, distance_m=distance, weights=weights, count=5)
    assert len(set(chosen)) == 5
    assert chosen == place_sensors(response, distance_m=distance, weights=weights, count=8)[:5]
    rng = np.random.default_rng(1)
    chance = [score(rng.choice(SIDE**2, 5, replace=False)) for _ in range(200)]
    assert score(chosen) < np.quantile(chance, 0.05)


# --- secrecy -----------------------------------------------------------------------------------------------------
def test_truth_when_a_domain_asks_then_it_is_refused(make: Callable[..., Twin]) -> None:
    asker: dict[str, Any] = {"__name__": "cityloop.domains.water.problems", "twin": make()}
    with pytest.raises(Forbidden, match="cityloop.domains.water"):
        exec("answer = twin.truth", asker)
    asker["__name__"] = "cityloop.bench.leaks"
    exec("answer = twin.truth", asker)
    assert asker["answer"].leaks == BURST.leaks


def test_truth_when_everything_sent_is_searched_then_it_is_nowhere(make: Callable[..., Twin]) -> None:
    twin = make()
    sent = list(twin.arrivals(cursors={}, until=START + timedelta(days=60)))
    text = b"".join(to_json(r) for a in sent for r in (*a.records, *a.datastreams)).decode()
    text += "".join(a.cursor + a.source + "".join(a.batch.column_names) for a in sent)
    secret = [leak.pipe for leak in BURST.leaks] + list(twin.truth.closed_valves)
    loggers = {f"{m.datastream.name}" for m in twin._world.meters}
    assert not [p for p in secret if f"/{p}" in text]
    assert {d.name for a in sent for d in a.datastreams} == loggers
    assert not any(word in text for word in ("leak", "burst", "failing", "mislabel", "slow", "truth", "onset"))
    assert all(set(a.batch["quality"].to_pylist()) == {0} and set(a.batch["variant"].to_pylist()) == {0} for a in sent)
