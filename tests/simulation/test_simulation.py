"""Questions by Thing ids: names, closed links, limits, clock, memory, faults."""

import numpy as np
import pytest

from cityloop.contracts import Simulator
from cityloop.engines.epanet import engine
from cityloop.errors import Cancelled, EngineError
from cityloop.records import Change, record_id
from cityloop.settings import ModelSettings
from cityloop.simulation import Simulation

DAY = {"steps": 24, "step_s": 3600}


def test_run_when_asked_by_thing_ids_then_answers_by_thing_ids(simulate, model, ids, monday):
    outputs = [(ids("pipe", "P1"), "flow_l_per_s"), (ids("junction", "A"), "pressure_m")]
    simulator: Simulator = simulate()
    result = simulator.run([], start=monday, outputs=outputs, **DAY)
    plain = model.run(
        [], start=monday, drivers={}, outputs=[("P1", "flow_l_per_s"), ("A", "pressure_m")], **DAY
    )  # fmt: skip
    assert list(result.series) == outputs
    assert (np.stack(list(result.series.values()), axis=1) == plain).all()
    assert result.times[0] == np.datetime64("2026-04-06T00:00") and result.times.dtype == "datetime64[us]"
    assert result.times[-1] == np.datetime64("2026-04-06T23:00") and result.step_s == 3600
    assert result.mean(*outputs[0]) == pytest.approx(plain[:, 0].mean())


def test_run_when_changes_and_drivers_then_by_thing_id_too(simulate, ids, monday):
    leak = Change(thing=ids("junction", "B"), property="leak_coefficient", value=0.5)
    drawn = np.linspace(1, 24, 24)
    outputs = [(ids("network", "line.inp"), "leak_l_per_s"), (ids("junction", "A"), "demand_l_per_s")]
    drivers = {(ids("junction", "A"), "demand_l_per_s"): drawn}
    result = simulate().run([leak], start=monday, outputs=outputs, drivers=drivers, **DAY)
    assert result.series[outputs[0]].min() > 1.0
    assert result.series[outputs[1]] == pytest.approx(drawn, rel=1e-4)


def test_run_when_links_are_closed_in_the_settings_then_closed_in_every_question(simulate, ids, monday):
    flow = [(ids("pipe", "P3"), "flow_l_per_s")]
    simulator = simulate(closed=("P3",))
    assert simulator.run([], start=monday, outputs=flow, **DAY).series[flow[0]].max() == 0
    assert simulator.states([], inputs=[], values=np.zeros((1, 0)), outputs=flow)[0, 0] == 0
    opened = Change(thing=ids("pipe", "P3"), property="status", value=1)
    assert simulator.run([opened], start=monday, outputs=flow, **DAY).series[flow[0]].min() > 1


def test_run_when_a_limit_is_broken_then_worst_value_and_thing(simulate, limits, ids, monday):
    low, fast = limits(minimum=35.0), limits(id="speed", kind="pipe", property="velocity_m_per_s", maximum=0.2)
    outputs = [(ids("junction", "B"), "pressure_m"), (ids("pipe", "P1"), "velocity_m_per_s")]
    result = simulate(limits=(low, fast)).run([], start=monday, outputs=outputs, **DAY)
    broken = {(v.limit_id, v.thing): v for v in result.violations}
    assert set(broken) == {("service", ids("junction", "B")), ("speed", ids("pipe", "P1")), *(
        k for k in broken if k[0] == "speed")}  # fmt: skip
    assert broken["service", ids("junction", "B")].value == result.series[outputs[0]].min()
    assert broken["speed", ids("pipe", "P1")].value == result.series[outputs[1]].max()
    assert broken["service", ids("junction", "B")].limit == 35.0
    exempt = simulate(limits=(limits(minimum=35.0, exempt=("B",)),))
    assert exempt.run([], start=monday, outputs=outputs, **DAY).violations == ()


def test_run_when_the_city_has_a_time_zone_then_patterns_follow_its_clock(simulate, ids, monday):
    demand = [(ids("junction", "A"), "demand_l_per_s")]
    utc = simulate().run([], start=monday, outputs=demand, **DAY).series[demand[0]]
    shanghai = simulate(timezone="Asia/Shanghai").run([], start=monday, outputs=demand, **DAY).series[demand[0]]
    assert shanghai == pytest.approx(np.roll(utc, -8), rel=1e-4)


def test_run_all_when_variants_then_in_order_and_equal_to_single_runs(simulate, ids, monday):
    outputs = [(ids("network", "line.inp"), "leak_l_per_s")]
    variants = [[Change(thing=ids("junction", "B"), property="leak_coefficient", value=c / 10)] for c in range(5)]
    simulator = simulate()
    found = simulator.run_all(variants, start=monday, outputs=outputs, **DAY)
    flows = [r.series[outputs[0]].mean() for r in found]
    assert flows == sorted(flows) and flows[0] == 0
    single = simulate().run(variants[3], start=monday, outputs=outputs, **DAY)
    assert (single.series[outputs[0]] == found[3].series[outputs[0]]).all()


def test_states_and_gradient_when_asked_then_as_the_model(simulate, model, ids):
    a = (ids("junction", "A"), "head_m")
    total = (ids("network", "line.inp"), "demand_l_per_s")
    values = np.array([[10.0], [20.0]])
    simulator = simulate()
    states = simulator.states([], inputs=[total], values=values, outputs=[a])
    assert (
        states == model.states([], inputs=[("network", "demand_l_per_s")], values=values, outputs=[("A", "head_m")])
    ).all()
    source = (ids("junction", "B"), "leak_l_per_s")
    gradient = simulator.gradient([], inputs=[total], values=values[0], outputs=[a], sources=[source])
    assert gradient.shape == (1, 1) and gradient[0, 0] < 0
    assert simulator.states([], inputs=[total], values=np.zeros((0, 1)), outputs=[a]).shape == (0, 1)


def test_question_when_asked_again_then_answered_from_memory(simulate, counted, ids, monday):
    a = (ids("junction", "A"), "pressure_m")
    simulator = simulate(counted)
    question = {"start": monday, "outputs": [a], **DAY}
    first = simulator.run([], **question)
    first.series[a][:] = -1.0  # what a caller does to its answer is its own business
    again = simulator.run([], **question)
    assert counted.asked == ["run"] and again.series[a].min() > 0
    leak = Change(thing=a[0], property="leak_coefficient", value=0.1)
    for other in ({**question, "steps": 25}, {**question, "drivers": {(a[0], "demand_l_per_s"): np.ones(24)}}):
        simulator.run([], **other)
    simulator.run_all([[leak], [], [leak]], **question)
    assert len(counted.asked) == 4
    states = {"inputs": [(a[0], "demand_l_per_s")], "outputs": [a]}
    for values in (np.ones((2, 1)), np.ones((2, 1)), 2 * np.ones((2, 1))):
        simulator.states([], values=values, **states)
    assert counted.asked[4:] == ["states", "states"]


def test_memory_when_full_then_the_oldest_answer_goes(simulate, counted, ids, monday, monkeypatch):
    monkeypatch.setattr("cityloop.simulation.simulation.MEMORY_BYTES", 3 * 24 * 8)
    simulator = simulate(counted)
    outputs = [(ids("junction", "A"), "pressure_m")]
    leaks = [[Change(thing=outputs[0][0], property="leak_coefficient", value=v)] for v in (0.1, 0.2, 0.3, 0.4)]
    for leak in (*leaks, leaks[3], leaks[0]):
        simulator.run(leak, start=monday, outputs=outputs, **DAY)
    assert len(counted.asked) == 5


def test_run_when_the_user_cancels_then_it_stops_and_the_next_question_works(
    simulate, ids, monday, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def stop(share, text):
        raise Cancelled("Stopped.")

    simulator = simulate(progress=stop)
    outputs = [(ids("junction", "A"), "pressure_m")]
    with pytest.raises(Cancelled):
        simulator.run([], start=monday, outputs=outputs, steps=5000, step_s=3600)
    assert not list(tmp_path.iterdir())
    simulator.progress = None
    assert len(simulator.run([], start=monday, outputs=outputs, **DAY).times) == 24


def test_run_when_progress_is_watched_then_it_rises_to_one_over_all_variants(simulate, ids, monday):
    seen = []
    simulator = simulate(progress=lambda share, text: seen.append(share))
    variants = [[Change(thing=ids("junction", "A"), property="leak_coefficient", value=v)] for v in (0.1, 0.2, 0.3)]
    simulator.run_all(variants, start=monday, outputs=[(ids("junction", "A"), "pressure_m")], **DAY)
    assert seen == sorted(seen) and seen[0] < 0.1 and seen[-1] == pytest.approx(1.0)


def test_question_when_the_thing_is_unknown_then_says_so(simulate, ids, monday):
    with pytest.raises(EngineError, match=r"No model has this Thing.*line.inp"):
        simulate().run([], start=monday, outputs=[(ids("junction", "Z"), "pressure_m")], **DAY)
    with pytest.raises(EngineError, match="This property of a junction cannot be read"):
        simulate().run([], start=monday, outputs=[(ids("junction", "A"), "flow_l_per_s")], **DAY)
    with pytest.raises(EngineError, match="has no model"):
        Simulation([], city="town").run([], start=monday, outputs=[(ids("junction", "A"), "pressure_m")], **DAY)


def test_run_when_a_city_has_two_models_then_each_answers_for_its_own(tmp_path, model, monday):
    other = tmp_path / "other.inp"
    other.write_text(
        "[JUNCTIONS]\n X 5 1\n[RESERVOIRS]\n R 40\n[PIPES]\n Q R X 100 100 130 0 Open\n[OPTIONS]\n Units LPS\n[END]\n"
    )
    settings = [ModelSettings(engine="epanet", file=f, closed=(), limits=()) for f in ("line.inp", "other.inp")]
    both = Simulation(list(zip(settings, (model, engine.open(other)), strict=True)), city="town")
    a, x, shared, whole = (
        record_id("town", "thing", *k)
        for k in (("junction", "A"), ("junction", "X"), ("reservoir", "R"), ("network", "other.inp"))
    )
    leak = Change(thing=x, property="leak_coefficient", value=0.2)
    result = both.run([leak], start=monday, outputs=[(x, "leak_l_per_s"), (a, "pressure_m")], **DAY)
    assert result.series[x, "leak_l_per_s"].min() > 1.0 and result.series[a, "pressure_m"].max() < 40
    with pytest.raises(EngineError, match="Several models have this Thing"):
        both.run([], start=monday, outputs=[(shared, "head_m")], **DAY)
    of_one = both.run([leak], start=monday, outputs=[(whole, "leak_l_per_s")], **DAY)
    assert of_one.series[whole, "leak_l_per_s"] == pytest.approx(result.series[x, "leak_l_per_s"])
    with pytest.raises(EngineError, match="belongs to one model"):
        both.states([], inputs=[(x, "demand_l_per_s")], values=np.ones((1, 1)), outputs=[(a, "head_m")])


class Faulty:
    """A model of another engine that crashes, or gives what is no number."""

    def __init__(self, model, fault):
        self.model, self.fault = model, fault

    def elements(self):
        return self.model.elements()

    def run(self, changes, **question):
        if self.fault == "crash":
            raise ZeroDivisionError("float division by zero")
        found = self.model.run(changes, **question)
        found[3, 0] = np.nan
        return found


@pytest.mark.parametrize(
    "fault, says",
    [("crash", r"simulation failed.*Faulty.run.*ZeroDivisionError"), ("nan", r"no numbers.*Faulty.run.*1 of 24")],
)
def test_run_when_an_engine_crashes_or_gives_no_number_then_told_and_not_remembered(
    simulate, model, ids, limits, monday, fault, says
):
    simulator = simulate(Faulty(model, fault), limits=[limits(kind="junction", minimum=1.0, exempt=("B",))])
    for _ in range(2):  # a limit would never be broken by what is no number
        with pytest.raises(EngineError, match=says):
            simulator.run([], start=monday, outputs=[(ids("junction", "A"), "pressure_m")], **DAY)
