"""The three pages for strangers: their blocks are installed from the page itself and do what the page says."""

import importlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop import registry
from cityloop.city import STEPS, City
from cityloop.errors import EngineError, InputError
from cityloop.records import (
    Change,
    Countermeasure,
    Datastream,
    Decision,
    Filter,
    Goal,
    Plan,
    Problem,
    Project,
    Thing,
    Verification,
    record_id,
)
from cityloop.report import write_report
from cityloop.settings import example_city_toml

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2026, 1, 1, tzinfo=ZONE)
WORKS, LAST = 100, 130
OVER_KW, BURNING_KW = 0.4, 6.0


def _day(number, hour=0):
    return (FIRST + timedelta(days=number, hours=hour)).astimezone(UTC)


def _write_power(folder):
    """Hourly power: 8 kW by night; by day 0.4 kW, from day 40 to the works 6 kW, since lamps burn."""
    rng = np.random.default_rng(7)
    lines = ["time,circuit 1"]
    for day in range(LAST):
        noon = BURNING_KW if 40 <= day < WORKS else OVER_KW
        for hour in range(24):
            mean = noon if 7 <= hour < 18 else 8.0
            at = FIRST + timedelta(days=day, hours=hour)
            lines.append(f"{at:%Y-%m-%d %H:%M},{mean + 0.2 * rng.standard_normal():.3f}")
    (folder / "power.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _decide(city, about, verb, when, **data):
    id = record_id(city.settings.id, "decision", about, verb, str(data))
    city.decide(Decision(id=id, who="operator", when=when, about=about, verb=verb, data=data))


def test_add_a_domain_when_installed_from_its_page_then_it_goes_through_all_five_steps_beside_water(install, tmp_path):
    folder = install("add-a-domain.md") / "city"
    _write_power(folder)
    with City.open(folder) as city:
        assert [d.name for d in city.domains] == ["lighting", "power", "water"]
        assert [s.rejected for s in city.take(until=_day(WORKS))] == [0]
        steps = city.turn(_day(WORKS)).steps
        assert list(steps) == list(STEPS)
        view = city.view(_day(WORKS))
        (problem,), (goal,), (measure,) = (view.records(n) for n in (Problem, Goal, Countermeasure))
        assert (problem.domain, problem.onset.isoformat()) == ("lighting", "2026-02-10")
        assert problem.gap.value == pytest.approx(BURNING_KW - 1.0, abs=0.1)
        assert goal.target.value == pytest.approx(problem.observed.value - 0.9 * problem.gap.value)
        assert measure.effects[0].estimate.value == pytest.approx(0.9 * problem.gap.value)
        (plan,), (project,) = view.records(Plan), view.records(Project)
        assert [line.countermeasure for line in plan.lines] == [measure.id]

        _decide(city, plan.id, "approve", _day(WORKS, 1))
        _decide(city, problem.id, "add_project", _day(WORKS, 1), name="New clock", cost=300)
        (own,) = (p for p in city.view(_day(WORKS, 1)).records(Project) if p.id != project.id)
        _decide(city, project.id, "set", _day(WORKS, 2), state="started")
        _decide(city, project.id, "set", _day(WORKS, 5), state="done", cost=850)
        for hour, state in enumerate(("approved", "started", "done"), 3):
            _decide(city, own.id, "set", _day(WORKS, hour), state=state, cost=280)
        city.take(until=_day(LAST))
        city.turn(_day(LAST))
        view = city.view(_day(LAST))
        (verified,) = view.records(Verification)
        assert (verified.grade, verified.joint, set(verified.projects)) == ("confirmed", True, {project.id, own.id})
        assert verified.measured.low < BURNING_KW - OVER_KW < verified.measured.high
        assert verified.claimed.value == pytest.approx(measure.effects[0].estimate.value)
        assert view.get(Problem, problem.id).status == "closed"
        report, _ = write_report(city, tmp_path / "out", now=_day(LAST))
        page = report.read_text(encoding="utf-8")
        assert "Replace the photocell" in page and "更换光控开关" in page


def test_add_an_engine_when_installed_from_its_page_then_a_city_asks_it_by_thing_ids(install):
    folder = install("add-an-engine.md") / "city"
    model = (folder / "model.toml").read_text(encoding="utf-8")
    (folder / "city.toml").write_text(model + example_city_toml(), encoding="utf-8")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with City.open(folder) as city:
        city.define()
        view = city.view(start)
        things = {t.name: t for t in view.records(Thing)}
        pond, outlet = things["pond"].id, things["outlet"].id
        assert {r.kind: r.thing for r in things["outlet"].relations} == {"start": pond, "end": things["river"].id}
        asked = {"start": start, "steps": 48, "step_s": 3600, "outputs": [(pond, "level_m"), (outlet, "flow_l_per_s")]}
        result = city.simulator.run([], **asked)
        level, flow = result.series[(pond, "level_m")], result.series[(outlet, "flow_l_per_s")]
        assert level[0] == 2.0
        np.testing.assert_allclose(np.diff(level) * 5000, (30 - flow[:-1]) * 3.6, rtol=1e-9)
        assert not result.violations
        closed = Change(thing=outlet, property="status", value=0.0, start=start + timedelta(hours=24))
        shut = city.simulator.run([closed], **asked)
        # 23 hours of 30 L/s on 5,000 m2 raise it by 0.4968 m
        assert shut.series[(pond, "level_m")][47] - shut.series[(pond, "level_m")][24] == pytest.approx(0.4968)
        high = Change(thing=pond, property="level_m", value=2.6)
        assert [v.limit_id for v in city.simulator.run([high], **asked).violations] == ["brim"]
        steady = {"inputs": [(pond, "inflow_l_per_s")], "outputs": [(pond, "level_m")]}
        values = np.array([[10.0], [40.0]])
        np.testing.assert_allclose(city.simulator.states([], values=values, **steady), [[0.5], [2.0]])
        slope = city.simulator.gradient([], values=np.array([30.0]), sources=[(pond, "inflow_l_per_s")], **steady)
        np.testing.assert_allclose(slope, [[1 / 20]], rtol=1e-6)


def test_add_an_engine_when_the_model_is_broken_or_the_engine_unknown_then_the_cure_is_named(install):
    folder = install("add-an-engine.md") / "city"
    model = (folder / "model.toml").read_text(encoding="utf-8")
    (folder / "city.toml").write_text(model + example_city_toml(), encoding="utf-8")
    (folder / "pond.json").write_text('{"area_m2": 5000}', encoding="utf-8")
    with City.open(folder) as city, pytest.raises(EngineError, match="four numbers"):
        city.define()
    other = model.replace('"pond"', '"lake"') + example_city_toml()
    (folder / "city.toml").write_text(other, encoding="utf-8")
    with City.open(folder) as city, pytest.raises(InputError, match=r"No such engine.*epanet, pandapower, pond"):
        city.define()


def test_add_a_source_when_its_page_runs_then_rows_come_once_and_what_is_wrong_is_in_quarantine(install):
    folder = install("add-a-source.md")
    (folder / "city").mkdir()
    (folder / "city" / "flow").mkdir()
    header = "time,East,West register\n"
    (folder / "city" / "flow" / "none.csv").write_text(header, encoding="utf-8")
    (folder / "city" / "city.toml").write_text(example_city_toml(), encoding="utf-8")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [
        f'{{"meter": "dma-1", "at": "{(start + timedelta(minutes=15 * i)).isoformat()}", "m3h": {18 + i}}}'
        for i in range(8)
    ]
    lines[3] = '{"meter": "dma-1", "at": "2026-01-01T00:45:00", "m3h": 21}'
    messages = folder / "messages.jsonl"
    messages.write_text("\n".join(lines) + "\n", encoding="utf-8")
    main = importlib.import_module("take").main
    hour = start + timedelta(hours=1)
    assert [(s.source, s.rows, s.rejected) for s in main(folder / "city", messages, hour)][-1] == ("gateway", 4, 1)
    later = start + timedelta(hours=3)
    assert [(s.rows, s.rejected) for s in main(folder / "city", messages, later)][-1] == (3, 0)
    assert [(s.rows, s.rejected) for s in main(folder / "city", messages, later)][-1] == (0, 0)
    with City.open(folder / "city") as city:
        view = city.view()
        (stream,) = view.records(Datastream)
        _, block = view.block([stream.id], start=start, end=start + timedelta(hours=2), step_s=900)
        np.testing.assert_allclose(block[:, 0], [5, 19 / 3.6, 20 / 3.6, np.nan, *(n / 3.6 for n in range(22, 26))])
        assert view.get(Thing, stream.thing).name == "dma-1"
        (refused,) = city.store.quarantine(Filter.operator()).to_pylist()
        assert (refused["position"], "zone" in refused["reason"]) == ("messages.jsonl:4", True)


@pytest.mark.parametrize(
    "entry, said",
    [
        ("water = cityloop_lighting:domain", "Two extensions named 'water'"),
        ("lamps = cityloop_lighting:domain", "manifest of the extension 'lamps' is not complete"),
        ("lighting = cityloop_lighting:gone", "name = None, without name, title"),
        ("lighting = cityloop_lighting_gone:domain", "cannot be loaded"),
    ],
)
def test_add_a_domain_when_its_entry_is_wrong_then_it_is_named_with_the_cure(install, entry, said):
    folder = install("add-a-domain.md")
    (info,) = folder.glob("*.dist-info")
    (info / "entry_points.txt").write_text(f"[cityloop.domains]\n{entry}\n", encoding="utf-8")
    with pytest.raises(InputError, match=said) as fault:
        registry.domains()
    assert "Cure:" in str(fault.value)
