"""Water and power in one made-up city: one plan, one crew, one joint simulation, two verifications."""

import csv
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.city import City
from cityloop.errors import EngineError
from cityloop.records import (
    Countermeasure,
    Decision,
    Filter,
    Goal,
    Location,
    Plan,
    Problem,
    Project,
    Thing,
    Verification,
    record_id,
)

pytest.importorskip("pandapower", reason="needs the extra energy")

CASE = Path(__file__).parents[1] / "cases" / "twotown"
ZONE = ZoneInfo("Europe/Berlin")
FIRST = datetime(2025, 10, 1, tzinfo=ZONE)
LEAK_FROM = datetime(2025, 12, 20, 3, tzinfo=ZONE)
NOW = datetime(2026, 1, 26, tzinfo=ZONE)
WORKS = datetime(2026, 2, 3, 8, tzinfo=ZONE)
DONE = datetime(2026, 2, 4, 16, tzinfo=ZONE)
LAST = datetime(2026, 3, 6, tzinfo=ZONE)
WHO = Filter.operator()
LEAK_AT, LEAK_COEFFICIENT = "J34", 0.6  # 4.1 L/s
LOGGERS = ("J13", "J22", "J25", "J33", "J41", "J44")
#: Highest load of a station in the coldest hour without its heat pumps, and its heat pumps (one kW each), kW.
STATIONS = {"T_idx_35": (372.0, 153), "T_idx_77": (336.0, 101), "T_idx_71": (180.0, 80)}
HOUSES = (.45, .4, .38, .37, .38, .45, .6, .75, .75, .7, .68, .72, .78, .72, .68, .68, .75, .88, .98, 1., .95, .85, .7, .55)  # fmt: skip
WATER = (.35, .3, .28, .28, .35, .6, 1.1, 1.5, 1.45, 1.25, 1.15, 1.15, 1.2, 1.15, 1.05, 1.05, 1.15, 1.35, 1.5, 1.5, 1.35, 1.1, .8, .6)  # fmt: skip


# --- the measurements --------------------------------------------------------------------------------------------
def hours(start: datetime, end: datetime) -> list[datetime]:
    """Every hour in UTC."""
    first = start.astimezone(UTC)
    return [first + timedelta(hours=i) for i in range(int((end - start).total_seconds() // 3600))]


def write(path: Path, moments: list[datetime], columns: Mapping[str, np.ndarray]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["time", *columns])
        local = (m.astimezone(ZONE).replace(tzinfo=None).isoformat(sep=" ") for m in moments)
        table.writerows([t, *(f"{v:.4f}" for v in row)] for t, row in zip(local, zip(*columns.values())))


def season(moments: list[datetime], rng: np.random.Generator) -> np.ndarray:
    """Cold from 0 (15 degC) to 1 (-5 degC) by hour: autumn to a level winter, with weather of some days."""
    day = np.array([(m - FIRST).total_seconds() / 86400 for m in moments])
    weather = np.zeros(int(day.max()) + 2)
    for i in range(1, len(weather)):
        weather[i] = 0.7 * weather[i - 1] + rng.normal(0, 0.03)
    return np.clip(np.minimum(day / 75, 1) * 0.85 + weather[day.astype(int)], 0, 1.1)


def water(moments: list[datetime], rng: np.random.Generator, repaired: datetime | None) -> dict[str, np.ndarray]:
    """Inflow and pressures from the network's own model with a leak, and noise."""
    from cityloop.engines.epanet import engine
    from cityloop.records import Change

    model = engine.open(CASE / "water.inp")
    hour = np.array([m.astimezone(ZONE).hour for m in moments])
    demand = 16.0 * np.array(WATER)[hour] * (1 + rng.normal(0, 0.03, len(moments)))
    leaking = np.array([m >= LEAK_FROM and (repaired is None or m < repaired) for m in moments])
    outputs = [("network", "demand_l_per_s"), ("network", "leak_l_per_s"), *((j, "pressure_m") for j in LOGGERS)]
    found = np.empty((len(moments), len(outputs)))
    for rows, changes in (
        (~leaking, []),
        (leaking, [Change(thing=LEAK_AT, property="leak_coefficient", value=LEAK_COEFFICIENT)]),
    ):
        if rows.any():
            asked = [("network", "demand_l_per_s")]
            found[rows] = model.states(changes, inputs=asked, values=demand[rows, None], outputs=outputs)
    columns = {"inflow": found[:, 0] + found[:, 1]}
    return columns | {j: found[:, 2 + i] + rng.normal(0, 0.05, len(moments)) for i, j in enumerate(LOGGERS)}


def stations(moments: list[datetime], rng: np.random.Generator, flexible: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Load of each station; `flexible` = kW that its heat pumps leave out from 17 to 21 h and take from 1 to 5 h."""
    hour = np.array([m.astimezone(ZONE).hour for m in moments])
    cold = season(moments, np.random.default_rng(7))
    columns = {}
    for name, (houses, pumps) in STATIONS.items():
        kw = houses * np.array(HOUSES)[hour] * (0.75 + 0.25 * cold) + pumps * cold
        kw *= 1 + rng.normal(0, 0.01, len(moments))
        left_out = flexible.get(name, 0.0)
        kw[(hour >= 17) & (hour < 21)] -= left_out
        kw[(hour >= 1) & (hour < 5)] += left_out
        columns[name] = kw
    return columns


def before(folder: Path) -> None:
    moments = hours(FIRST, NOW)
    write(folder / "water-1.csv", moments, water(moments, np.random.default_rng(1), None))
    write(folder / "stations-1.csv", moments, stations(moments, np.random.default_rng(2), {}))


def after(folder: Path, flexible: Mapping[str, float]) -> None:
    """What comes in from NOW on: the works mend the leak; `flexible` holds from their end on."""
    moments = hours(NOW, LAST)
    write(folder / "water-2.csv", moments, water(moments, np.random.default_rng(3), DONE))
    plain, changed = (stations(moments, np.random.default_rng(4), f) for f in ({}, flexible))
    done = np.array([m >= DONE for m in moments])
    write(folder / "stations-2.csv", moments, {n: np.where(done, changed[n], plain[n]) for n in plain})


# --- the city ----------------------------------------------------------------------------------------------------
def copy(folder: Path) -> Path:
    folder.mkdir()
    for name in ("city.toml", "water.inp"):
        shutil.copy(CASE / name, folder / name)
    before(folder)
    return folder


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """Two Town after its first turn."""
    folder = copy(tmp_path_factory.mktemp("two") / "twotown")
    with City.open(folder) as city:
        city.take(until=NOW)
        city.turn(NOW)
        yield city


def thing(city: City, kind: str, name: str) -> str:
    return record_id(city.settings.id, "thing", kind, name)


def decide(city: City, about: str, verb: str, when: datetime, **data: float | str) -> None:
    id = record_id(city.settings.id, "decision", about, verb, when.isoformat())
    city.decide(Decision(id=id, who="Mayor", when=when, about=about, verb=verb, reason="made up", data=data))


def lines(city: City) -> list[Countermeasure]:
    (plan,) = city.store.records(Plan, WHO)
    return [city.store.get(Countermeasure, line.countermeasure, WHO) for line in plan.lines]


def test_turn_of_a_city_with_two_domains_then_problems_and_goals_of_both(town: City) -> None:
    open_ones = [p for p in town.store.records(Problem, WHO) if p.status == "open"]
    station, other = (thing(town, "transformer", name) for name in ("T_idx_35", "T_idx_77"))
    area = thing(town, "boundary", "old-town")
    assert {(p.domain, p.kind, p.boundary) for p in open_ones} == {
        ("water", "burst", area),
        ("power", "transformer_overload", station),
        ("power", "transformer_overload", other),
    }  # not the third station, which is measured too and stays within its rating
    assert {(g.indicator, g.boundary, g.norm) for g in town.store.records(Goal, WHO)} == {
        ("night_flow", area, ""),
        ("transformer_loading", station, "eu/transformer_loading"),
        ("transformer_loading", other, "eu/transformer_loading"),
    }
    overload = next(p for p in open_ones if p.boundary == station)
    truth = loads_of("T_idx_35")[-14 * 24 :].reshape(14, 24).max(axis=1).mean() / (0.95 * 400) * 100
    assert overload.observed.value == pytest.approx(truth, rel=1e-4)
    assert overload.simulated


def loads_of(name: str) -> np.ndarray:
    """The made-up loads of the days before the first turn."""
    return stations(hours(FIRST, NOW), np.random.default_rng(2), {})[name]


def test_plan_of_a_city_with_two_domains_then_lines_of_both_and_one_of_each_group(town: City) -> None:
    chosen = lines(town)
    assert {m.domain for m in chosen} == {"water", "power"}
    groups = [m.one_of for m in chosen]
    offered = [m.one_of for m in town.store.records(Countermeasure, WHO)]
    assert set(groups) == set(offered)
    assert len(groups) == len(set(groups)) < len(offered)


def test_plan_with_one_crew_for_both_domains_then_no_year_has_more_days_than_there_are(town: City) -> None:
    (plan,) = town.store.records(Plan, WHO)
    used = dict.fromkeys(plan.years, 0.0)
    for line in plan.lines:
        used[line.year] += town.store.get(Countermeasure, line.countermeasure, WHO).uses["crew_days"]
    limit = next(x.amount for x in town.settings.policy.limits if x.id == "crew_days")
    assert max(used.values()) <= limit < sum(used.values())  # it binds: together they would not fit into one year
    first = {
        town.store.get(Countermeasure, x.countermeasure, WHO).domain for x in plan.lines if x.year == plan.years[0]
    }
    assert first == {"water", "power"}


def test_plan_when_two_transformers_break_the_installed_capacity_then_a_cut_and_one_is_answered_otherwise(
    town: City,
) -> None:
    (plan,) = town.store.records(Plan, WHO)
    both = plan.cuts[0]
    assert both.id == "cut 1: installed_capacity" and (both.amount, both.unit) == (1.0, "of 2")
    members = [m for m in town.store.records(Countermeasure, WHO) if m.id in both.source]
    assert {m.kind for m in members} == {"swap_transformer"} and len({m.boundary for m in members}) == 2
    kinds = sorted(m.kind for m in lines(town) if m.domain == "power")
    assert kinds == ["flexible_heat_pumps", "swap_transformer"]
    installed = 7290 + sum(m.details["new_kva"] - 400 for m in lines(town) if m.kind == "swap_transformer")
    assert installed <= 7600
    refused = [text for id, text in plan.rejected.items() if "installed_capacity" in text]
    assert not refused or all(" | " in text for text in refused)


def test_measures_of_two_domains_then_each_says_what_the_model_or_the_priors_gave(town: City) -> None:
    measures = {m.title_en: m for m in town.store.records(Countermeasure, WHO)}
    swap = measures["Replace the 400 kVA transformer T_idx_35 by one of 630 kVA"]
    # by the ratings alone 400/630 = 0.635; the model knows the voltage drop as well
    assert swap.details["loading_share"] == pytest.approx(400 / 630, rel=0.03)
    assert swap.effects[0].grade == "modelled" and swap.title_zh == "配变 T_idx_35 由 400 kVA 增容至 630 kVA"
    flexible = measures["Make 107 heat pumps behind T_idx_35 flexible"]
    assert flexible.details["kw_at_peak"] == pytest.approx(153 * 0.7 * 0.44)
    assert flexible.changes[0].property == "heat_pump_scale"


def test_plan_when_a_limit_is_broken_without_it_then_it_counts_as_met_once_the_plan_mends_it(town: City) -> None:
    station = thing(town, "transformer", "T_idx_35")
    swap = next(m for m in lines(town) if m.kind == "swap_transformer")
    assert swap.boundary == station and town.simulator is not None
    asked = {"start": NOW, "steps": 1, "step_s": 3600, "outputs": [(station, "loading_percent")]}
    without, with_it = town.simulator.run_all([[], swap.changes], **asked)
    assert [(v.limit_id, v.thing, round(v.value, 1)) for v in without.violations] == [
        ("transformer_loading", station, 147.5)
    ]
    assert with_it.violations == ()
    (plan,) = town.store.records(Plan, WHO)
    assert plan.unmet == ()


def test_things_of_two_models_then_each_has_its_own_nodes_and_coordinates(town: City) -> None:
    things = {t.id: t for t in town.store.records(Thing, WHO)}
    pipe = things[thing(town, "pipe", "P-J11-J12")]
    assert [things[r.thing].name for r in pipe.relations] == ["J11", "J12"]
    station = things[thing(town, "transformer", "T_idx_35")]
    assert [things[r.thing].kind for r in station.relations] == ["bus", "bus"]
    places = {p.id: p.crs for p in town.store.records(Location, WHO)}
    assert (places[things[thing(town, "junction", "J11")].location], places[station.location]) == ("local", "EPSG:4326")
    assert things[thing(town, "grid", "pandapower:lv_schutterwald")].properties["installed_kva"] == 7290


def test_take_of_a_city_whose_engine_is_absent_then_the_cure_and_nothing_is_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    folder = copy(tmp_path / "twotown")
    with City.open(folder) as city:
        with pytest.raises(EngineError, match=r"not installed.*lv_schutterwald.*cityloop\[energy\]"):
            city.take(until=NOW)
        assert not city.store.records(Thing, WHO)


def test_works_of_both_domains_then_each_is_verified_from_its_own_observations(town: City) -> None:
    (plan,) = town.store.records(Plan, WHO)
    decide(town, plan.id, "approve", NOW)
    projects = {p.countermeasure: p for p in town.store.records(Project, WHO)}
    measures = {m.domain + m.kind: m for m in lines(town)}
    flexible = measures["powerflexible_heat_pumps"]
    for measure in measures.values():
        project = projects[measure.id].id
        decide(town, project, "set", WORKS, state="started")
        if measure.domain == "water":
            decide(town, project, "inspect", WORKS, found="leak", place=LEAK_AT, flow_l_per_s=4.1)
        decide(town, project, "set", DONE, state="done", cost="unknown")
    left_out = 0.8 * flexible.details["kw_at_peak"]
    after(town.folder, {"T_idx_77": left_out})
    town.take(until=LAST)
    summary = town.turn(LAST)

    verified = {v.boundary: v for v in town.store.records(Verification, WHO)}
    assert len(verified) == 3 and {v.grade for v in verified.values()} == {"confirmed"}
    swap = verified[thing(town, "transformer", "T_idx_35")]
    peak = np.median(loads_of("T_idx_35")[-28 * 24 :].reshape(28, 24).max(axis=1))
    assert swap.measured.low <= peak / 0.95 * 100 * (1 / 400 - 1 / 630) <= swap.measured.high
    leak = verified[thing(town, "boundary", "old-town")]
    assert leak.measured.low <= 4.1 <= leak.measured.high
    heat = verified[thing(town, "transformer", "T_idx_77")]
    assert heat.measured.low <= left_out / (0.95 * 400) * 100 <= heat.measured.high
    assert all(v.simulated for v in verified.values())
    assert {v.id for v in summary.steps["verification"]} == {v.id for v in verified.values()}
    assert {p.status for p in town.store.records(Problem, WHO)} == {"closed"}
