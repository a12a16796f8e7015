"""An indicator that should rise (service pressure): goal, verification and joint claims, positive = better throughout."""

import numpy as np
import pytest

from cityloop.contracts import IndicatorSeries, NormRule
from cityloop.evidence import fit_before, measure_after
from cityloop.i18n import Pair
from cityloop.loop.goal import set_goals
from cityloop.loop.together import joint_claims
from cityloop.records import Effect


@pytest.fixture
def rising(toy):
    class Rising(toy.Domain):
        """Judges the lowest pressure, m: more is better."""

        def series(self, view, indicator, boundary, **span):
            days = np.arange(np.datetime64("2026-03-01"), np.datetime64("2026-03-03"))
            return IndicatorSeries(indicator, boundary, "m", days, np.ones(2), {}, ("s",), False, "higher")

    return Rising()


def low(toy, **changes):
    """12 m observed, 14 m owed."""
    return toy.problem(
        kind="low_pressure", indicator="service_pressure", observed=toy.estimate(12.0, 0.5, "m"),
        expected=toy.estimate(14.0, 0.0, "m"), gap=toy.estimate(-2.0, 0.5, "m"), cost_per_year=None, **changes,
    )  # fmt: skip


def norm(limit):
    return NormRule("us", "service_pressure", Pair("p", "压"), "", limit, "m", "a rule", "2020", "confirmed")


def test_goal_when_more_is_better_then_the_target_lies_above_and_the_stricter_limit_is_the_higher(toy, rising):
    policy = toy.POLICY.__class__(**{**toy.POLICY.__dict__, "targets": {"service_pressure": 0.5}})
    (half,) = set_goals(toy.View(policy=policy).put(low(toy)), [rising])
    assert half.target.value == pytest.approx(13.0) and half.better == "higher"
    (goal,) = set_goals(toy.View(policy=policy, norms={"service_pressure": norm(14.0)}).put(low(toy)), [rising])
    assert goal.target.value == 14.0 and goal.smallest_effect == pytest.approx(1.0)  # half of the 2 m aimed at
    (goal,) = set_goals(toy.View(policy=policy, norms={"service_pressure": norm(12.5)}).put(low(toy)), [rising])
    assert goal.target.value == pytest.approx(13.0)


@pytest.mark.parametrize(("step", "sign"), [(3.0, 1.0), (-3.0, -1.0)])
def test_measure_when_more_is_better_then_a_rise_is_positive(step, sign):
    days = np.datetime64("2025-01-06") + np.arange(160)
    y = np.where(np.arange(160) < 120, 12.0, 12.0 + step)
    before = fit_before(days[:120], y[:120], {}, days_before=56)
    up = measure_after(before, days[121:149], y[121:149], {}, level=0.9, better="higher")
    down = measure_after(before, days[121:149], y[121:149], {}, level=0.9)
    assert up.value == pytest.approx(sign * 3.0) and down.value == pytest.approx(-up.value)
    assert (up.low, up.high) == pytest.approx((-down.high, -down.low))


def effect(toy, value, **changes):
    return Effect(indicator="night_flow", thing="b1", estimate=toy.estimate(value), period="always", **changes)


def test_joint_claims_when_a_measure_slows_all_leakage_then_it_acts_on_what_the_repair_left(toy):
    """Leakage 10, of it a leak of 5: the repair takes 4, a lower pressure a fifth of the 6 that are left."""
    burst = toy.problem(gap=toy.estimate(5.0, 1.0))
    pressed = toy.problem(id="p2", kind="excess_pressure", gap=toy.estimate(3.0, 1.0))
    repair = toy.measure("repair", effects=(effect(toy, 4.0),))
    valve = toy.measure("valve", answers=("p2",), effects=(effect(toy, 2.0, out_of=10.0),))
    joint = joint_claims([repair, valve], {burst.id: burst, "p2": pressed})
    assert joint["night_flow of b1"] == pytest.approx(4 + 6 * 0.2)


def test_joint_claims_when_the_gap_is_of_another_indicator_then_effects_add_up(toy):
    low_one = low(toy, id="p3")
    one = toy.measure("one", answers=("p3",), effects=(effect(toy, 4.0),))
    two = toy.measure("two", answers=("p3",), effects=(effect(toy, 3.0),))
    assert joint_claims([one, two], {"p3": low_one})["night_flow of b1"] == pytest.approx(7.0)


def test_joint_claims_when_one_raises_the_pressure_then_the_rest_leaks_more(toy):
    burst = toy.problem(gap=toy.estimate(5.0, 1.0))
    repair = toy.measure("repair", effects=(effect(toy, 4.0),))
    raised = toy.measure("raised", answers=("x",), effects=(effect(toy, -1.0, out_of=10.0),))
    assert joint_claims([repair, raised], {burst.id: burst})["night_flow of b1"] == pytest.approx(4 - 6 * 0.1)
