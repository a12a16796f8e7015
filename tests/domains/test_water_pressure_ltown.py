"""Pressure on L-TOWN, which has three pressure valves: each measure run with and without, then played and verified.

The truth is another model than the loop's: leaks at a hundred junctions with an exponent of 1.1, settings that the loop's
model does not have. It sends the loggers and the inflow of some days again and again, with noise.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from cityloop.contracts import NormRule
from cityloop.domains.water import domain
from cityloop.domains.water.pressure import model as pressuremodel
from cityloop.engines.epanet import EpanetModel, engine
from cityloop.engines.epanet.network import read_network
from cityloop.i18n import Pair
from cityloop.loop.baseline import freeze
from cityloop.loop.goal import set_goals
from cityloop.loop.joint import find_cut
from cityloop.loop.together import joint_claims
from cityloop.loop.verification import verify
from cityloop.records import Change, Datastream, Estimate, Project, Relation, StateEntry, Thing, record_id
from cityloop.settings import ModelSettings
from cityloop.settings.city_file import LimitSettings
from cityloop.simulation import Simulation

CITY, FILE = "ltown", "L-TOWN.inp"
START = datetime(2026, 3, 1, 23, tzinfo=UTC)  # Monday, midnight there
ZONE = "Africa/Lagos"  # UTC + 1 all year
DAYS, WORKS_DAY = 70, 56
#: As in the rule files: China's 0.14 MPa, Germany's 2.00 bar, the 20 psi and 35 psi of the Ten States.
LIMITS = {"cn": (14.3, 10.0), "eu": (20.4, 10.0), "us": (14.1, 24.6)}
LOGGERS = 25


def estimate(value, half=0.0, unit="L/s"):
    return Estimate(value=value, low=value - half, high=value + half, level=0.9, unit=unit)


def thing(kind, name):
    return record_id(CITY, "thing", kind, FILE if kind == "network" else name)


class Norms:
    """The service pressures of one rule world."""

    def __init__(self, world):
        self.world = world

    def __call__(self, key, world=None):
        keys = ("service_pressure", "service_pressure_normal")
        if key not in keys:
            return None
        limit = LIMITS[self.world][keys.index(key)]
        return NormRule(self.world, key, Pair("p", "压"), "", limit, "m", "rule file", "2026", "confirmed")


@dataclass
class Town:
    """The loop's model and the truth, opened once."""

    model: EpanetModel
    truth: EpanetModel
    junctions: list
    loggers: list

    def play(self, *changes, days=2):
        """(hours, loggers) pressures, (hours,) inflow and leakage of some days of truth."""
        outputs = [(n, "pressure_m") for n in self.loggers]
        outputs += [("network", "demand_l_per_s"), ("network", "leak_l_per_s")]
        start = datetime(2026, 3, 2, tzinfo=UTC)
        made = [msgspec.structs.replace(c, thing=self.name(c.thing)) for c in changes]
        answer = self.truth.run(made, start=start, steps=days * 24, step_s=3600, drivers={}, outputs=outputs)
        return answer[:, :-2], answer[:, -2] + answer[:, -1], answer[:, -1]

    def name(self, id):
        return next(e.name for e in self.model.elements() if id in (e.name, thing(e.kind, e.name)))


@pytest.fixture(scope="module")
def town(test_data):
    model = engine.open(test_data / "water_networks" / FILE)
    junctions = [e for e in model.elements() if e.kind == "junction"]
    rng = np.random.default_rng(5)
    leaking = rng.choice(len(junctions), 100, replace=False)
    # 100 leaks of 0.06 L/s at 45 m: c = q / p^1.1, in the file's m3/h
    leaks = "\n".join(f" {junctions[i].name} {0.06 * 3.6 / 45**1.1:.8f}" for i in leaking)
    text = model.text.decode().replace("[EMITTERS]", f"[EMITTERS]\n{leaks}", 1)
    text = text.replace("Emitter Exponent   \t0.5000", "Emitter Exponent   \t1.1000")
    truth = EpanetModel(text.encode(), read_network(text.encode(), name="truth"))
    assert truth.network.emitter_exponent == pytest.approx(1.1)
    # loggers where customers are, the lowest place of the valves' zone (n50) among them
    drawing = [e.name for e in junctions if e.properties["base_demand_l_per_s"] > 0]
    loggers = sorted({"n50", *rng.choice(drawing, LOGGERS - 1, replace=False)})
    return Town(model, truth, junctions, loggers)


@pytest.fixture
def played(town, memory_view):
    """Builds a view: the days of truth before and after a day, again and again with noise; valves as the model has them."""

    def build(before, after=None, *, world, days=DAYS, policy=None, model=town.model):
        rng = np.random.default_rng(3)
        parts = [before if after is None or day <= WORKS_DAY else after for day in range(days)]
        rows = [p[0][(i % 2) * 24 : (i % 2 + 1) * 24] for i, p in enumerate(parts)]
        flows = [p[1][(i % 2) * 24 : (i % 2 + 1) * 24] * np.exp(rng.normal(0, 0.01)) for i, p in enumerate(parts)]
        pressure = np.concatenate(rows) + rng.normal(0, 0.1, (days * 24, len(town.loggers)))
        flow = np.concatenate(flows) + rng.normal(0, 0.1, days * 24)
        zone = Thing(
            id=thing("boundary", "town"), kind="boundary", name="town",
            relations=(Relation(kind="network", thing=thing("network", "")),),
        )  # fmt: skip
        things, streams = [zone], {}
        kinds = {e.name: e.kind for e in model.elements() if e.kind in ("junction", "tank", "reservoir")}
        for e in model.elements():
            ends = tuple(
                Relation(kind=k, thing=thing(kinds[n], n)) for k, n in zip(("start", "end"), e.connects, strict=False)
            )
            things.append(
                Thing(id=thing(e.kind, e.name), kind=e.kind, name=e.name, relations=ends, properties=dict(e.properties))
            )

        def add(name, of, observed, unit, values):
            stream = Datastream(
                id=record_id(CITY, "datastream", name), name=name, thing=of, sensor="", observed_property=observed,
                unit=unit, statistic="mean", step_s=3600, simulated=True,
            )  # fmt: skip
            things.append(stream)
            streams[stream.id] = values

        add("inflow", zone.id, "water_flow", "L/s", flow)
        for i, name in enumerate(town.loggers):
            add(f"p-{name}", thing("junction", name), "water_pressure", "m", pressure[:, i])
        view = memory_view(
            tuple(things), streams, START + timedelta(days=days), city=CITY, timezone=ZONE, origin=START
        )  # fmt: skip
        view.norm = Norms(world)
        view.policy = replace(view.policy, **(policy or {}))
        return view

    return build


@pytest.fixture(scope="module")
def calm(town):
    """Two days of truth with the valves as published."""
    return town.play()


@pytest.fixture(scope="module")
def simulator(town):
    """Builds a simulator with or without a limit; one of each, for it remembers what it was asked."""

    known = {}

    def build(minimum=None, model=town.model):
        if (minimum, id(model)) in known:
            return known[minimum, id(model)]
        limits = () if minimum is None else (
            LimitSettings("service_pressure", "junction", "pressure_m", minimum, None, "m", (), "test"),
        )  # fmt: skip
        settings = ModelSettings("epanet", FILE, (), limits)
        known[minimum, id(model)] = Simulation([(settings, model)], city=CITY, workers=1, timezone=ZONE)
        return known[minimum, id(model)]

    return build


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(pressuremodel, "RUN_DAYS", 2)


def carried_out(view, measure, problem, day=WORKS_DAY):
    """The records of works on one measure, done within a day; the view at their start."""
    begun = START + timedelta(days=day, hours=8)
    start = view.with_(now=START + timedelta(days=day), things=(*view.things, problem, measure))
    start.norm = view.norm
    goals = set_goals(start, [domain])
    states = [("approved", -24), ("started", 0), ("done", 6)]
    project = Project(
        id=f"{CITY}:project:1", countermeasure=measure.id, plan="", boundary=measure.boundary, name="works", simulated=True,
        states=tuple(StateEntry(state=s, on=begun + timedelta(hours=h), by="t") for s, h in states),
    )  # fmt: skip
    at = start.with_(things=(*start.things, *goals, msgspec.structs.replace(project, states=project.states[:2])))
    at.norm = view.norm
    baselines = freeze(at, [domain], project, begun)
    after = view.with_(things=(*view.things, problem, measure, *goals, project, *baselines))
    after.norm = view.norm
    return goals, after


def by_variant(measures):
    return {(c.details["variant"], len(c.targets)): c for c in measures}


# --- excess pressure ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("world", "raised"), [("cn", ["excess_pressure"]), ("eu", []), ("us", [])])
def test_excess_when_the_rule_worlds_differ_then_only_where_metres_are_spare(town, played, calm, world, raised):
    """The lowest logger has 25 m: 14.3 m are owed in China, 20.4 m in Germany, 24.6 m in the normal case of the Ten States."""
    found = domain.problems(played(calm, world=world), None)
    assert [p.kind for p in found] == raised


def test_pressure_management_when_run_with_and_without_then_nobody_below_and_the_truth_in_the_interval(
    town, played, calm, simulator
):
    view = played(calm, world="cn")
    problems = domain.problems(view, None)
    found = by_variant(domain.countermeasures(view, simulator(14.3), problems, (), {}))
    assert ("fixed", 2) in found and ("fixed", 1) in found and ("fixed", 3) in found
    for measure in found.values():
        details = measure.details
        assert details["places_below_floor_with"] == 0
        assert details["modelled_lowest_with_m"] >= 14.3 + details["margin_m"] - 0.06
    both = found["fixed", 2]
    assert {c.property for c in both.changes} == {"setting"} and both.effects[0].estimate.value > 1.0
    with_, claim = town.play(*both.changes, days=1), both.effects[0].estimate
    assert claim.low < calm[2][1:5].mean() - with_[2][1:5].mean() < claim.high
    assert with_[0].min() > 14.3  # in the truth too, which has other leaks


def test_pressure_management_when_played_then_verified_from_the_night_flow(town, played, calm, simulator):
    view = played(calm, world="cn")
    (problem,) = domain.problems(view, None)
    measure = by_variant(domain.countermeasures(view, simulator(14.3), [problem], (), {}))["fixed", 2]
    with_ = town.play(*measure.changes)
    fell = calm[2][1:5].mean() - with_[2][1:5].mean()
    policy = {"targets": {"night_flow": 0.8}}
    goals, after = carried_out(played(calm, with_, world="cn", days=WORKS_DAY + 30, policy=policy), measure, problem)
    assert [g.indicator for g in goals] == ["night_flow"]
    (judged,) = verify(after, [domain])
    assert judged.grade == "confirmed" and judged.measured.low < fell < judged.measured.high
    # and without the works nothing is confirmed
    _, placebo = carried_out(played(calm, calm, world="cn", days=WORKS_DAY + 30, policy=policy), measure, problem)
    (judged,) = verify(placebo, [domain])
    assert judged.grade != "confirmed"
    # the lower pressure raises no sensor and no problem of its own
    assert [p.kind for p in domain.problems(after, None) if p.kind != "excess_pressure"] == []


def test_joint_simulation_when_another_measure_needs_the_pressure_then_a_cut(town, played, calm, simulator):
    """A customer who takes 15 L/s at the lowest place is fine with the valves as they are, not with the lower ones."""
    view = played(calm, world="cn")
    model = simulator(14.3)
    problems = domain.problems(view, None)
    lower = by_variant(domain.countermeasures(view, model, problems, (), {}))["fixed", 2]
    customer = msgspec.structs.replace(
        lower, id="customer", changes=(Change(thing=thing("junction", "n50"), property="demand_l_per_s", value=15.0),)
    )
    assert find_cut(model, [], [customer], now=view.now, number=1) is None
    assert find_cut(model, [], [lower], now=view.now, number=1) is None
    cut = find_cut(model, [], [lower, customer], now=view.now, number=1)
    assert set(cut.cut.members) == {lower.id, "customer"} and cut.violation.limit == 14.3


def test_joint_claim_when_a_leak_is_repaired_too_then_less_than_the_sum(town, played, calm, simulator):
    view = played(calm, world="cn")
    problems = domain.problems(view, None)
    lower = by_variant(domain.countermeasures(view, simulator(14.3), problems, (), {}))["fixed", 2]
    repair = msgspec.structs.replace(
        lower, id="repair", answers=("burst",),
        effects=(msgspec.structs.replace(lower.effects[0], out_of=None, estimate=estimate(4.0)),),
    )  # fmt: skip
    burst = msgspec.structs.replace(problems[0], id="burst", kind="burst", gap=estimate(5.0))
    key = f"night_flow of {thing('boundary', 'town')}"
    claim, leakage = lower.effects[0].estimate.value, lower.effects[0].out_of
    joint = joint_claims([lower, repair], {"burst": burst, problems[0].id: problems[0]})[key]
    assert joint == pytest.approx(4.0 + (leakage - 4.0) * claim / leakage)


# --- low pressure ------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def lowered(town):
    """The city after somebody set PRV-1 and PRV-2 14 m lower than published, which its model knows."""

    def edited(model):
        text = model.text.decode()
        for name, published, now in (("PRV-1", "40.0000", "26.0000"), ("PRV-2", "50.0000", "36.0000")):
            line = next(row for row in text.splitlines() if row.strip().startswith(name) and "PRV " in row)
            text = text.replace(line, line.replace(published, now))
        return EpanetModel(text.encode(), read_network(text.encode(), name=FILE))

    return replace(town, model=edited(town.model), truth=edited(town.truth))


@pytest.mark.parametrize(("world", "raised"), [("cn", False), ("eu", True), ("us", False)])
def test_low_pressure_when_the_rule_worlds_differ_then_only_where_more_is_owed(lowered, played, world, raised):
    """The lowest logger has about 15 m."""
    view = played(lowered.play(), world=world)
    assert [p.kind for p in domain.problems(view, None)] == (["low_pressure"] if raised else [])


def test_raise_when_played_then_with_and_without_and_verified_from_the_loggers(lowered, played, simulator):
    before = lowered.play()
    view = played(before, world="eu", days=WORKS_DAY, model=lowered.model)
    (problem,) = domain.problems(view, None)
    assert problem.best_place == thing("junction", "n50") and problem.gap.high < 0
    model = simulator(model=lowered.model)
    measures = domain.countermeasures(view, model, [problem], (), {})
    measure = next(c for c in measures if set(c.targets) == {thing("valve", "PRV-1"), thing("valve", "PRV-2")})
    assert measure.kind == "raise_pressure" and measure.details["places_below_floor_with"] == 0
    assert measure.details["places_below_floor_without"] > 0
    with_ = lowered.play(*measure.changes)
    later = played(before, with_, world="eu", days=WORKS_DAY + 30, model=lowered.model)
    goals, after = carried_out(later, measure, problem)
    (goal,) = goals
    assert (goal.indicator, goal.better, goal.target.value) == ("service_pressure", "higher", 20.4)
    (judged,) = verify(after, [domain])
    rose = (
        with_[0].min(axis=1).reshape(-1, 24).min(axis=1).mean()
        - before[0].min(axis=1).reshape(-1, 24).min(axis=1).mean()
    )
    assert judged.grade == "confirmed" and judged.measured.value == pytest.approx(rose, abs=0.3)
    claimed = next(e.estimate for e in measure.effects if e.indicator == "service_pressure")
    assert claimed.low < rose < claimed.high and judged.claimed.value == claimed.value
    # the works did not make a problem: nothing is low any more, no logger is blamed for the jump
    now = after.with_(now=after.now)
    now.norm = after.norm
    assert [p.kind for p in domain.problems(now, None)] == []
