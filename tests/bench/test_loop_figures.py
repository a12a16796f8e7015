"""The figures of the loop's bench by hand: what works are worth, which leaks count as seen, sums over scenarios."""

import json
from dataclasses import asdict

import pytest

from cityloop.bench.loop import figures, run
from cityloop.bench.loop_compare import Difference, compare
from cityloop.bench.loop_detection import Claim, Listed, false_claims, match, seen
from cityloop.bench.loop_play import Judged, Outcome
from cityloop.bench.loop_scenarios import make_city
from cityloop.bench.loop_value import Hidden, Work, all_knowing, net_value, ratio, walk
from cityloop.errors import InputError
from cityloop.settings import load_city

# A street a - b - c - d, pipes of 1, 2 and 3 km; 1 L/s for a year is 31,536 m3.
STREET = {"P1": (("a", "b"), 1000.0), "P2": (("b", "c"), 2000.0), "P3": (("c", "d"), 3000.0)}
AT_D, AT_A = Hidden("P3", "d", 5.0), Hidden("P1", "a", 1.0)


def outcome(number: int = 0, **changed) -> Outcome:
    plain = {
        "number": number, "leaks": (AT_D,), "sizes_l_per_s": (5.0,), "days_to_detect": (6.0,), "distance_m": (200.0,),
        "false_leaks": 0, "false_sensors": 0, "false_sensors_hidden_fault": 0, "ours": Work(10.0, 1, 5.0),
        "from_logger": Work(), "longest_first": Work(), "verifications": (),
    }  # fmt: skip
    return Outcome(**(plain | changed))


def test_net_value_when_two_prices_then_only_the_water_changes():
    work = Work(km=4.0, repairs=2, saved_l_per_s=2.0)
    assert net_value(work, 0.60) == pytest.approx(63_072 * 0.60 - 1_000 - 8_000)
    assert net_value(work, 1.00) - net_value(work, 0.30) == pytest.approx(63_072 * 0.70)
    assert net_value(Work(), 0.60) == 0.0


def test_all_knowing_when_there_are_six_leaks_then_digs_for_the_five_largest():
    leaks = [Hidden(str(i), str(i), float(i)) for i in range(1, 7)]
    assert all_knowing(leaks, 0.60) == pytest.approx((2 + 3 + 4 + 5 + 6) * 31_536 * 0.60 - 20_000)


def test_walk_when_the_leak_is_at_the_far_end_then_pays_for_the_way():
    assert walk(["P1", "P2", "P3"], [AT_D], STREET) == Work(6.0, 1, 5.0)
    assert walk(["P3", "P2", "P1"], [AT_D], STREET) == Work(3.0, 1, 5.0)


def test_walk_when_the_rest_is_worth_less_than_the_way_then_ends_without_it():
    # 57 km of the budget are left: 57 * 250 USD are a year of 0.75 L/s at 0.60 USD/m3
    small = Hidden(AT_A.pipe, AT_A.node, 0.7)
    assert walk(["P3", "P2", "P1"], [AT_D, small], STREET) == Work(3.0, 1, 5.0)
    assert walk(["P3", "P2", "P1"], [AT_D, AT_A], STREET) == Work(6.0, 2, 6.0)


def test_walk_when_the_next_pipe_is_beyond_sixty_kilometres_then_stops_before_it():
    pipes = {"near": (("a", "b"), 59_000.0), "far": (("b", "c"), 2_000.0)}
    assert walk(["near", "far"], [Hidden("far", "c", 5.0)], pipes) == Work(59.0, 0, 0.0)


def test_ratio_when_the_other_planner_earns_nothing_then_there_is_none():
    assert ratio(5.0, 0.0) is None
    assert ratio(-50.0, 100.0) == -0.5


def test_match_when_two_leaks_share_one_claim_then_the_nearer_has_it():
    assert match([Claim(40.0)], [Listed(30.0), Listed(39.0)], day=84.0) == {1: 0}


def test_match_when_pairs_compete_then_as_many_as_can_be_are_made():
    # The claim of day 33 alone can be the leak of day 39 (7 days early at most); both must find one.
    assert match([Claim(33.0), Claim(30.0)], [Listed(39.0), Listed(30.0)], day=84.0) == {0: 0, 1: 1}


def test_match_when_the_claim_is_too_early_too_late_or_the_leak_not_begun_then_none():
    assert match([Claim(22.0)], [Listed(30.0)], day=84.0) == {}
    assert match([Claim(59.0)], [Listed(30.0)], day=84.0) == {}
    assert match([Claim(28.0)], [Listed(30.0)], day=29.0) == {}


def test_seen_when_found_in_the_second_week_then_days_count_from_the_onset():
    weeks = {28.0: [], 35.0: [Claim(25.0)], 84.0: [Claim(25.0)]}
    assert seen(weeks, [Listed(24.0)]).days == (11.0,)


def test_seen_when_lost_again_or_later_than_eight_weeks_then_counts_as_missed():
    assert seen({35.0: [Claim(25.0)], 84.0: []}, [Listed(24.0)]).days == (None,)
    assert seen({77.0: [], 84.0: [Claim(25.0)]}, [Listed(24.0)]).days == (None,)


def test_false_claims_when_told_in_three_weeks_then_is_one():
    weeks = {28.0: [Claim(20.0)], 35.0: [Claim(21.0)], 42.0: [Claim(22.0)]}
    assert false_claims(weeks, [Listed(60.0)]) == 1
    assert false_claims(weeks, [Listed(21.0)]) == 0


def test_false_claims_when_a_leak_grows_then_its_further_steps_are_none():
    weeks = {84.0: [Claim(25.0), Claim(45.0)]}
    assert false_claims(weeks, [Listed(25.0, growing=True)]) == 0
    assert false_claims(weeks, [Listed(25.0)]) == 1


def test_figures_when_scenarios_differ_then_values_are_sums_not_means_of_ratios():
    # 5 L/s saved for 10 km and one repair, and the same leak missed: one half, less the way of the first.
    found = figures([outcome(0), outcome(1, ours=Work(), days_to_detect=(None,), distance_m=(9000.0,))])
    each = 5 * 31_536 * 0.60 - 4_000
    assert found["value_ratio"] == pytest.approx((each - 2_500) / (2 * each), abs=1e-4)
    assert (found["detected_share"], found["days_to_detect"]) == (0.5, 6.0)
    assert (found["localisation_m_median"], found["localised_300m_share"]) == (4600.0, 0.5)
    assert (found["survey_km_median"], found["verifications"], found["ci90_coverage"]) == (10.0, 0, None)


def test_figures_when_naive_policies_lose_in_sum_then_doing_nothing_is_the_best_of_them():
    win, lose = Work(10.0, 1, 1.0), Work(60.0, 0, 0.0)
    found = figures([outcome(0, from_logger=win, longest_first=lose), outcome(1, from_logger=lose, longest_first=lose)])
    assert (found["naive"], found["value_ratio_naive"]) == ("do_nothing", 0.0)
    assert (found["naive_at_1.00"], found["value_ratio_naive_at_1.00"] > 0) == ("from_logger", True)


def test_figures_when_small_leaks_are_missed_then_the_larger_ones_have_a_share_of_their_own():
    found = figures(
        [outcome(leaks=(AT_D, AT_A), sizes_l_per_s=(5.0, 1.0), days_to_detect=(6.0, None), distance_m=(1.0, 2.0))]
    )
    assert (found["detected_share"], found["detected_share_above_1ls"]) == (0.5, 1.0)


def test_figures_when_verified_then_coverage_asks_the_truth_and_false_problems_count_per_year():
    seen_by = (Judged(4.0, 6.0, 5.0, "confirmed"), Judged(4.0, 8.0, 3.9, "inconclusive"))
    found = figures([outcome(verifications=seen_by, false_leaks=1, false_sensors=1)])
    assert (found["ci90_coverage"], found["interval_halfwidth"], found["confirmed_share"]) == (0.5, 1.5, 0.5)
    assert found["false_problems_per_year"] == pytest.approx(2 * 365 / 84, abs=1e-3)


def test_figures_when_a_false_problem_is_about_a_mislabelled_logger_then_it_counts_in_both():
    found = figures([outcome(false_leaks=1, false_sensors=2, false_sensors_hidden_fault=1)])
    assert found["false_problems_per_year"] == pytest.approx(3 * 365 / 84, abs=1e-3)
    assert found["false_problems_per_year_with_hidden_fault"] == pytest.approx(365 / 84, abs=1e-3)


def document(*outcomes: Outcome, **changed) -> dict:
    plain = {"city": "ky4", "seed": 7, "scenarios": len(outcomes)}
    return plain | changed | {"each": json.loads(json.dumps([asdict(o) for o in outcomes]))}


def test_compare_when_every_scenario_gains_the_same_then_the_interval_is_narrow_although_scenarios_differ():
    # With 1, 5 and 20 L/s to be had, a run that saves half of each and one that saves all of it.
    leaks = [Hidden("P3", "d", size) for size in (1.0, 5.0, 20.0)]
    half, whole = (
        document(*(outcome(n, leaks=(k,), ours=Work(0.0, 1, share * k.flow_l_per_s)) for n, k in enumerate(leaks)))
        for share in (0.5, 1.0)
    )
    found = compare(half, whole, keys=("value_ratio", "days_to_detect", "ci90_coverage"))
    assert found["value_ratio"].value == pytest.approx(0.5 * 26 * 18_921.6 / (26 * 18_921.6 - 12_000), abs=1e-4)
    assert 0.5 < found["value_ratio"].low < found["value_ratio"].high < 0.64  # of the smallest leak alone: 0.634
    assert found["days_to_detect"] == Difference(0.0, 0.0, 0.0)
    assert "ci90_coverage" not in found


def test_compare_when_one_scenario_makes_the_difference_then_the_interval_holds_none():
    same = [outcome(n) for n in range(9)]
    found = compare(document(*same, outcome(9)), document(*same, outcome(9, ours=Work())), keys=("value_ratio",))
    assert found["value_ratio"].low < found["value_ratio"].value < found["value_ratio"].high == 0.0


def test_compare_when_the_runs_have_other_seeds_then_says_so():
    with pytest.raises(InputError, match="seed"):
        compare(document(outcome()), document(outcome(), seed=8), keys=("value_ratio",))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"mismatch": 3}, "mismatch"),
        ({"scenarios": 0}, "scenarios"),
        ({"city": "atlantis"}, "atlantis"),
        ({"without": ["valve"]}, "Did you mean 'valves'"),
    ],
)
def test_bench_when_it_cannot_play_then_names_what_and_what_it_can(options, named):
    with pytest.raises(InputError) as fault:
        run(**({"scenarios": 1} | options))
    assert named in str(fault.value)
    assert fault.value.allowed


def test_town_of_a_scenario_when_made_then_it_plans_at_the_prices_by_which_works_are_valued(tmp_path):
    make_city(tmp_path / "town", city="mount-washington", inp=None, seed=70_001, mismatch=2, sensors=20)
    made = load_city(tmp_path / "town")
    assert [made.policy.prices[key][0] for key in ("water_per_m3", "survey_per_km", "repair_each")] == [
        0.60,
        250.0,
        4000.0,
    ]
    assert (made.twin.seed, made.twin.mismatch, made.twin.sensors) == (70_001, 2, 20)
