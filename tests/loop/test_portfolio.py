"""The portfolio against brute force, and each of its constraints."""

import itertools
import math

import numpy as np
import pytest

from cityloop.economics import LinearForm
from cityloop.loop.portfolio import Capacity, Choice, Cut, Option, choose, take_unpriced
from cityloop.records import Estimate


def worth(values, spend, *, priced=True):
    estimates = tuple(Estimate(value=v, low=v, high=v, level=0.9, unit="") for v in values)
    return LinearForm(spend=tuple(spend), value=estimates, priced=priced)


def simple(name, value, cost, years=2, **changes):
    return Option(name, worth([value * 0.9**t for t in range(years)], [cost] + [0.0] * (years - 1)), **changes)


def allowed(options, starts, budget, capacities, cuts):
    """Whether starts keep every rule, said once more in plain words."""
    by_id = {o.id: o for o in options}
    for y, amount in enumerate(budget):
        if sum(by_id[i].form.spend[y - t] for i, t in starts.items() if t <= y) > amount + 1e-9:
            return False
    groups = [by_id[i].one_of for i in starts if by_id[i].one_of]
    if len(groups) != len(set(groups)):
        return False
    for i, t in starts.items():
        if any(not any(starts.get(p, math.inf) <= t for p in need) for need in by_id[i].requires):
            return False
    for name, capacity in capacities.items():
        for y, amount in enumerate(capacity.amounts):
            used = sum(by_id[i].uses.get(name, 0) for i, t in starts.items() if (t == y if capacity.renews else t <= y))
            if used > amount + 1e-9:
                return False
    return all(sum(m in starts for m in c.members) <= c.at_most for c in cuts)


def brute_force(options, budget, capacities, cuts):
    """The best value over all subsets and years."""
    best = 0.0
    for years in itertools.product([None, *range(len(budget))], repeat=len(options)):
        starts = {o.id: t for o, t in zip(options, years, strict=True) if t is not None}
        value = sum(o.form.value[starts[o.id]].value for o in options if o.id in starts)
        if value > best and allowed(options, starts, budget, capacities, cuts):
            best = value
    return best


def random_case(seed):
    rng = np.random.default_rng(seed)
    n, years = int(rng.integers(3, 7)), int(rng.integers(1, 4))
    names = [f"o{i}" for i in range(n)]
    options = []
    for i, name in enumerate(names):
        fall = np.sort(rng.normal(20, 30, years))[::-1]
        need = (
            tuple(str(x) for x in rng.choice(names[:i], size=min(i, 2), replace=False))
            if i and rng.random() < 0.3
            else ()
        )
        options.append(
            Option(
                name, worth(fall, rng.integers(0, 30, years).astype(float)), (need,) if need else (),
                str(rng.choice(["", "", "g1", "g2"])), {"crew": float(rng.integers(0, 6))},
            )
        )  # fmt: skip
    budget = [float(b) for b in rng.integers(0, 70, years)]
    capacities = {"crew": Capacity(tuple(float(a) for a in rng.integers(3, 12, years)), bool(rng.random() < 0.5))}
    if not capacities["crew"].renews:
        capacities = {"crew": Capacity((float(rng.integers(3, 15)),) * years, False)}
    cuts = [Cut(tuple(names[:2]), 1)] if rng.random() < 0.3 else []
    return options, budget, capacities, cuts


@pytest.mark.parametrize("seed", range(60))
def test_choose_on_random_cases_then_as_good_as_every_subset_in_every_year(seed):
    options, budget, capacities, cuts = random_case(seed)
    got = choose(options, budget=budget, capacities=capacities, cuts=cuts, gap=0.0)
    assert allowed(options, got.starts, budget, capacities, cuts)
    assert got.objective == pytest.approx(brute_force(options, budget, capacities, cuts), abs=1e-5)
    assert got.bound >= got.objective and got.gap <= 1e-5 and got.stopped_by == "optimal"


def test_choose_with_nothing_to_choose_then_nothing():
    assert choose([], budget=[10.0]) == Choice({}, 0.0, 0.0, 0.0, "optimal")


def test_choose_with_budget_zero_then_only_what_is_free():
    got = choose([simple("a", 5, 1), simple("free", 2, 0)], budget=[0.0, 0.0])
    assert got.starts == {"free": 0} and got.stopped_by == "optimal"


def test_choose_with_less_budget_than_both_then_the_second_waits_a_year():
    assert choose([simple("a", 9, 10), simple("b", 8, 10)], budget=[10.0, 10.0]).starts == {"a": 0, "b": 1}


def test_choose_with_running_costs_then_later_years_must_pay_them():
    upkeep = Option("a", worth([5.0, 4.0], [1.0, 8.0]))
    assert choose([upkeep], budget=[10.0, 5.0]).starts == {"a": 1}
    assert choose([upkeep], budget=[10.0, 0.5]).starts == {}


def test_choose_one_of_a_group_then_the_better_one():
    got = choose([simple("a", 5, 1, one_of="g"), simple("b", 6, 1, one_of="g")], budget=[9.0, 9.0])
    assert got.starts == {"b": 0}


def test_choose_with_need_then_the_needed_one_comes_along_even_at_a_loss():
    options = [simple("a", 10, 1, requires=(("b",),)), simple("b", -3, 1)]
    assert choose(options, budget=[2.0, 2.0]).starts == {"a": 0, "b": 0}
    assert choose([options[0]], budget=[2.0, 2.0]).starts == {}


def test_choose_with_a_yearly_limit_then_each_year_takes_one():
    options = [simple("a", 5, 0, uses={"crew": 3}), simple("b", 4, 0, uses={"crew": 3})]
    assert choose(options, budget=[1.0, 1.0], capacities={"crew": Capacity((3, 3), True)}).starts == {"a": 0, "b": 1}
    assert choose(options, budget=[1.0, 1.0], capacities={"crew": Capacity((3, 3), False)}).starts == {"a": 0}


def test_choose_more_budget_then_never_worse():
    options, _, capacities, cuts = random_case(7)
    years = len(options[0].form.spend)
    values = [
        choose(options, budget=[b] * years, capacities=capacities, cuts=cuts, gap=0.0).objective
        for b in range(0, 90, 10)
    ]
    assert all(b >= a - 1e-6 for a, b in itertools.pairwise(values))


def test_choose_twice_then_the_same_portfolio():
    rng = np.random.default_rng(3)
    options = [simple(f"o{i:02}", float(v), float(c), 3) for i, (v, c) in enumerate(rng.integers(1, 40, (40, 2)))]
    first = choose(options, budget=[60.0] * 3)
    assert first == choose(list(reversed(options)), budget=[60.0] * 3)
    assert first.gap <= 0.001 and first.bound >= first.objective > 0


def test_choose_out_of_time_then_it_says_so_and_bounds_nothing():
    rng = np.random.default_rng(5)
    options = [
        Option(f"o{i:03}", worth(rng.normal(30, 20, 5), rng.integers(1, 40, 5).astype(float))) for i in range(150)
    ]
    got = choose(options, budget=[300.0] * 5, seconds=0.0, gap=0.0)
    assert got.stopped_by == "time" and got.bound >= got.objective


# --- benefits without a price ------------------------------------------------------------------------------------
def bare(name, cost, **changes):
    return Option(name, worth([-cost, -cost], [cost, 0.0], priced=False), **changes)


def test_take_unpriced_then_the_cheapest_first_within_the_share_of_each_year():
    options = [bare("dear", 9), bare("cheap", 3), bare("middle", 6), bare("huge", 50), simple("priced", 9, 1)]
    assert take_unpriced(options, budget=[100, 90], share=0.1, capacities={}) == {"cheap": 0, "middle": 0, "dear": 1}


def test_take_unpriced_then_groups_limits_and_cuts_hold():
    options = [bare("a", 1, one_of="g"), bare("b", 2, one_of="g"), bare("c", 3, uses={"crew": 2}), bare("d", 3.5)]
    room = {"crew": Capacity((1, 2), True)}
    got = take_unpriced(options, budget=[1000, 1000], share=0.1, capacities=room, cuts=[Cut(("d",), 0)])
    assert got == {"a": 0, "c": 1}
