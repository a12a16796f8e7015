"""Options against pressure on a network of four pipes, against hand calculation; each run with and without."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from cityloop.contracts import NormRule
from cityloop.domains.water import domain
from cityloop.domains.water.pressure import model as pressuremodel
from cityloop.engines.epanet import EpanetModel
from cityloop.engines.epanet.network import read_network
from cityloop.i18n import Pair
from cityloop.records import Change, Datastream, Relation, Thing, record_id
from cityloop.settings import ModelSettings
from cityloop.settings.city_file import LimitSettings
from cityloop.simulation import Simulation

#: 100 m, a main, a pressure valve at 50 m, two customers; END at the end of 2,000 m of DN 200, a closed pipe beside it.
#: Demand at END: 4.5 L/s from 0 to 6 h, else 22.5 L/s; at OUT 1 L/s.
ZONE = """
[JUNCTIONS]
 IN    0  0
 OUT   0  1
 END   0  15  DAY
[RESERVOIRS]
 R  100
[PIPES]
 P1  R    IN   100   400  130  0  Open
 P2  OUT  END  2000  200  130  0  Open
 P3  OUT  END  2000  200  130  0  Closed
[VALVES]
 V  IN  OUT  200  PRV  50  0
[PATTERNS]
 DAY  0.3 1.5 1.5 1.5
[TIMES]
 Hydraulic Timestep 1:00
 Pattern Timestep 6:00
[OPTIONS]
 Units LPS
 Headloss H-W
 Accuracy 0.00001
[END]
"""
#: A pump of 6 kW that lifts 10 L/s from 0 m.
PUMPED = """
[JUNCTIONS]
 A    0  10
 B    0  0
[RESERVOIRS]
 R  0
[PIPES]
 P  A  B  10  400  130  0  Open
[PUMPS]
 PU  R  A  POWER 6
[OPTIONS]
 Units LPS
 Headloss H-W
[END]
"""
FILE, CITY, DAYS = "zone.inp", "zone", 70


def loss_m(q_l_per_s, length_m=2000, diameter_m=0.2, c=130.0):
    """Hazen-Williams: h = 10.667 L q^1.852 / (C^1.852 d^4.871)."""
    return 10.667 * length_m * (q_l_per_s / 1000) ** 1.852 / (c**1.852 * diameter_m**4.871)


def thing(kind, name):
    return record_id(CITY, "thing", kind, FILE if kind == "network" else name)


@pytest.fixture
def city(memory_view, monkeypatch):
    """Builds (view, simulator): the model's own days again and again, with a little noise."""
    monkeypatch.setattr(pressuremodel, "RUN_DAYS", 1)

    def build(floor, *, text=ZONE, limit=None, loggers=("OUT", "END"), prices=None):
        model = EpanetModel(text.encode(), read_network(text.encode(), name=FILE))
        kinds = {e.name: e.kind for e in model.elements()}
        zone = Thing(
            id=thing("boundary", "z"), kind="boundary", name="z",
            relations=(Relation(kind="network", thing=thing("network", "")),),
        )  # fmt: skip
        things, streams = [zone], {}
        for e in model.elements():
            ends = tuple(
                Relation(kind=k, thing=thing(kinds[n], n)) for k, n in zip(("start", "end"), e.connects, strict=False)
            )
            things.append(
                Thing(id=thing(e.kind, e.name), kind=e.kind, name=e.name, relations=ends, properties=dict(e.properties))
            )
        outputs = [("network", "demand_l_per_s"), *((n, "pressure_m") for n in loggers)]
        rng, origin = np.random.default_rng(1), memory_view.__dataclass_fields__["origin"].default
        local = origin + timedelta(hours=1)  # midnight there, in winter
        day = model.run([], start=local, steps=24, step_s=3600, drivers={}, outputs=outputs)
        days = np.tile(day, (DAYS, 1)) + rng.normal(0, 0.01, (DAYS * 24, len(outputs)))
        # one logger that stands three times, so that there are enough of them
        for i, name in enumerate(["flow", *loggers, *(["copy-1", "copy-2"] if len(loggers) > 1 else [])]):
            of = zone.id if name == "flow" else thing("junction", loggers[0] if name.startswith("copy") else name)
            observed, unit = ("water_flow", "L/s") if name == "flow" else ("water_pressure", "m")
            stream = Datastream(
                id=record_id(CITY, "datastream", name), name=name, thing=of, sensor="", observed_property=observed,
                unit=unit, statistic="mean", step_s=3600, simulated=True,
            )  # fmt: skip
            things.append(stream)
            streams[stream.id] = days[:, i] if i <= len(loggers) else days[:, 1]
        view = memory_view(tuple(things), streams, origin + timedelta(days=DAYS), city=CITY)
        rule = NormRule("eu", "service_pressure", Pair("p", "压"), "", floor, "m", "a rule", "2026", "confirmed")
        view.norm = lambda key, world=None: rule if key == "service_pressure" else None
        if prices is not None:
            view.policy = replace(view.policy, prices=prices)
        limits = () if limit is None else (
            LimitSettings("m", "junction", "pressure_m", limit, None, "m", (), "test"),
        )  # fmt: skip
        simulation = Simulation(
            [(ModelSettings("epanet", FILE, (), limits), model)], city=CITY, workers=1, timezone="Europe/Berlin"
        )
        return view, simulation

    return build


def offered(view, simulator):
    found = domain.problems(view, simulator)
    return {
        (c.kind, c.details["variant"]): c for c in domain.countermeasures(view, simulator, found, (), {})
    }, found  # fmt: skip


def effect_on(measure, indicator):
    return next(e.estimate.value for e in measure.effects if e.indicator == indicator)


# --- too high ----------------------------------------------------------------------------------------------------
def test_fall_when_the_end_bounds_it_then_down_to_the_floor_and_its_margin(city):
    """Floor 20 m and 1 m for the model: the end of the pipe has 50 - loss(22.5) by day and 50 - loss(4.5) by night."""
    found, problems = offered(*city(20.0))
    assert [p.kind for p in problems] == ["excess_pressure"]
    day, night = 50 - loss_m(22.5), 50 - loss_m(4.5)
    setting = 50 - np.floor((day - 21.0) / 0.5) * 0.5
    fixed = found["pressure_management", "fixed"]
    assert fixed.changes == (Change(thing=thing("valve", "V"), property="setting", value=setting),)
    assert fixed.details["modelled_lowest_without_m"] == pytest.approx(day, abs=0.02)
    assert fixed.details["modelled_lowest_with_m"] == pytest.approx(setting - loss_m(22.5), abs=0.02)
    by_night = found["pressure_management", "day_night"]
    lower = setting - np.floor((night - (50 - setting) - 21.0) / 0.5) * 0.5
    assert by_night.changes[1] == Change(
        thing=thing("valve", "V"), property="setting", value=pytest.approx(lower), hours=(0, 5)
    )
    assert by_night.details["modelled_lowest_with_m"] >= 21.0 - 0.06
    assert by_night.one_of == fixed.one_of and by_night.one_of
    assert by_night.effects[0].estimate.value > fixed.effects[0].estimate.value
    assert by_night.uses["crew_days"] == pytest.approx(0.5 + 2.0)


def test_fall_when_the_day_leaves_room_too_then_each_part_of_the_day_has_its_own_setting(city):
    """4.5 L/s from 0 to 5 h, 22.5 in the mornings and evenings, 13.5 from 9 to 17 h, 9 from 22 h on."""
    hours = [0.3] * 5 + [1.5] * 4 + [0.9] * 8 + [1.5] * 5 + [0.6] * 2
    text = ZONE.replace("DAY  0.3 1.5 1.5 1.5", f"DAY  {' '.join(map(str, hours))}").replace(
        "Pattern Timestep 6:00", "Pattern Timestep 1:00"
    )
    found, _ = offered(*city(20.0, text=text))
    fixed = found["pressure_management", "fixed"].changes[0].value
    measure = found["pressure_management", "by_hours"]

    def least(q):
        return fixed - np.floor((fixed - loss_m(q) - 21.0) / 0.5) * 0.5

    assert [(c.hours, c.value) for c in measure.changes] == [
        (None, fixed), ((0, 5), pytest.approx(least(4.5))), ((9, 17), pytest.approx(least(13.5))),
        ((22, 0), pytest.approx(least(9.0))),
    ]  # fmt: skip
    assert measure.details["modelled_lowest_with_m"] >= 21.0 - 0.06
    assert measure.one_of == found["pressure_management", "fixed"].one_of
    day_night = found["pressure_management", "day_night"]
    saved = [float(m.details["saved_mean_l_per_s"]) for m in (day_night, measure)]
    assert saved[1] > saved[0]


def test_claim_when_leakage_and_pressures_are_known_then_n1_by_hand(city):
    view, simulator = city(20.0)
    found, (problem,) = offered(view, simulator)
    fixed = found["pressure_management", "fixed"]
    setting = fixed.changes[0].value
    # by night OUT has the setting, END the setting less the loss of 4.5 L/s; half of both pipes lies at each
    before, after = (np.array([s, s - loss_m(4.5)]) for s in (50.0, setting))
    stopped = 1 - (after**1.14).sum() / (before**1.14).sum()
    leakage = 0.5 * problem.observed.value
    claim = fixed.effects[0]
    assert claim.indicator == "night_flow" and claim.out_of == pytest.approx(leakage, rel=0.01)
    assert claim.estimate.value == pytest.approx(leakage * stopped * 0.9, rel=0.01)
    assert 0 < claim.estimate.low < claim.estimate.value < claim.estimate.high
    assert [e.better for e in fixed.effects] == ["lower", "lower", "higher"]
    assert fixed.effects[1].estimate.value == pytest.approx((50 - setting) * 0.9, rel=0.01)
    assert fixed.effects[2].estimate.value == pytest.approx(-(50 - setting) * 0.9, rel=0.01)


def test_cost_when_priced_then_valve_and_water_of_five_years_with_their_sources(city):
    view, simulator = city(20.0)
    fixed = offered(view, simulator)[0]["pressure_management", "fixed"]
    rows = {r.name: r for r in fixed.costs}
    assert rows["valve setting"].unit_value.amount == 400 and rows["valve setting"].status == "assumed"
    water = rows["saved water"]
    assert water.quantity.value == pytest.approx(fixed.details["saved_mean_l_per_s"] * 31_536)
    assert (water.kind, water.life, water.recurrence, water.unit_value.amount) == ("benefit", 5, 1, 0.3)
    assert "N1" in water.source and rows["fewer bursts"].unit_value is None
    view, simulator = city(20.0, prices={})
    assert {r.name: r.kind for r in offered(view, simulator)[0]["pressure_management", "fixed"].costs}[
        "saved water"
    ] == "non_monetary"


def test_fall_when_a_limit_of_the_model_asks_for_more_then_it_bounds_the_fall(city):
    found, _ = offered(*city(20.0, limit=27.0))
    assert found["pressure_management", "fixed"].details["modelled_lowest_with_m"] >= 27.0 - 0.06


def test_excess_when_there_is_no_model_or_no_price_then_nothing_is_offered(city):
    view, simulator = city(20.0)
    problems = domain.problems(view, None)
    assert domain.countermeasures(view, None, problems, (), {}) == []
    view.policy = replace(view.policy, currency="CNY", prices={})
    assert domain.countermeasures(view, simulator, problems, (), {}) == []


# --- too low -----------------------------------------------------------------------------------------------------
def test_raise_when_the_end_is_low_then_a_setting_and_the_closed_pipe_by_hand(city):
    found, (problem,) = offered(*city(48.0))
    assert problem.kind == "low_pressure" and problem.best_place == thing("junction", "END")
    day = 50 - loss_m(22.5)
    setting = found["raise_pressure", "setting"]
    need = 48.0 + 0.5 - day
    assert setting.changes[0].value == pytest.approx(50 + np.ceil(need * 2) / 2, abs=0.51)
    gain = setting.effects[0]  # that of its problem comes first
    assert (gain.indicator, gain.better) == ("service_pressure", "higher")
    assert gain.estimate.value == pytest.approx(0.8 * (setting.changes[0].value - 50), rel=0.01)
    opened = found["raise_pressure", "open"]
    assert opened.changes == (Change(thing=thing("pipe", "P3"), property="status", value=1.0),)
    by_hand = loss_m(22.5) - loss_m(22.5 / 2)
    assert opened.effects[0].estimate.value == pytest.approx(0.8 * by_hand, rel=0.02)
    assert {setting.one_of, opened.one_of} == {f"pressure:{thing('boundary', 'z')}"}
    for measure in found.values():
        assert measure.answers == (problem.id,)
        assert effect_on(measure, "night_flow") < 0  # the night flow rises with the pressure
        rows = {r.name: r for r in measure.costs}
        assert rows["additional leakage"].kind == "cost" and rows["additional leakage"].quantity.low > 0
        assert rows["restored pressure"].kind == "non_monetary"


def test_raise_when_a_pump_feeds_it_then_a_stronger_one_with_its_energy(city):
    """6 kW of water power lift 10 L/s by 61 m; a quarter more power by a quarter more."""
    prices = {"water_per_m3": (0.3, "t", "assumed"), "energy_per_kwh": (0.1, "t", "assumed")}
    found, (problem,) = offered(*city(70.0, text=PUMPED, loggers=("A",), prices=prices))
    head = problem.observed.value
    assert head == pytest.approx(6 / (9.81 * 0.01), rel=0.02)
    pump = found["raise_pressure", "pump"]
    assert pump.changes[0].property == "power_factor" and pump.changes[0].value == 1.25
    assert pump.effects[0].estimate.value == pytest.approx(0.8 * 0.25 * head, rel=0.02)
    energy = next(r for r in pump.costs if r.name == "additional energy")
    assert energy.kind == "cost" and energy.quantity.value > 0 and energy.recurrence == 1
