"""Which loggers contradict the model, and where several leaks are: made-up responses whose answer is known."""

import numpy as np
import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.leaks.placing import posterior as posterior_of
from cityloop.domains.water.leaks.response import Response


def tree(branches=4, steps=6):
    """Response (loggers, junctions) of branches that leave one trunk: a logger sees what lies on its way to the source.

    Junction (b, s) lies s steps down branch b; loggers stand at every second one. -1 cm per L/s and step, trunk 3 steps.
    """
    places = [(b, s) for b in range(branches) for s in range(1, steps + 1)]
    loggers = [(b, s) for b, s in places if s % 2 == 0]
    shared = [[3 + (min(s, t) if b == c else 0) for c, t in places] for b, s in loggers]
    return -0.01 * np.array(shared, dtype=float), places, loggers


def seen(response, leaks, noise_m, seed=0):
    """Shifts (loggers, leaks) of (junction, L/s) leaks with independent noise, and its covariance."""
    rng = np.random.default_rng(seed)
    shift = np.stack([flow * response[:, j] for j, flow in leaks], axis=1)
    noise = np.tile(noise_m**2 * np.eye(len(leaks)), (len(response), 1, 1))
    return shift + rng.normal(0, noise_m, shift.shape), noise


def posterior(shift, noise, response, **given):
    return posterior_of(shift, noise, Response(np.array([1.0]), -response[None]), **given)


def placed(response, leaks, noise_m=0.005, **changes):
    shift, noise = seen(response, leaks, noise_m)
    given = {"sizes": [f for _, f in leaks], "size_se": [0.2] * len(leaks), "prior": np.ones(response.shape[1])}
    return posterior(shift, noise, response, **{**given, **changes})


@pytest.mark.parametrize("place", [3, 5, 11, 20])
def test_place_when_one_leak_then_its_branch_leads(place):
    response, places, _ = tree()
    (chance,) = placed(response, [(place, 5.0)])
    branch = [c for c, (b, _) in zip(chance, places, strict=True) if b == places[place][0]]
    assert chance.sum() == pytest.approx(1.0) and sum(branch) > 0.95
    assert abs(places[int(np.argmax(chance))][1] - places[place][1]) <= 1


def test_places_when_two_leaks_in_two_branches_then_each_has_its_own():
    response, places, _ = tree()
    first, second = placed(response, [(4, 4.0), (16, 6.0)])
    assert (places[int(np.argmax(first))][0], places[int(np.argmax(second))][0]) == (places[4][0], places[16][0])


def test_place_when_the_whole_model_is_wrong_by_a_factor_then_the_branch_is_still_found():
    response, places, _ = tree()
    shift, noise = seen(1.4 * response, [(5, 5.0)], 0.005)
    (chance,) = posterior(shift, noise, response, sizes=[5.0], size_se=[0.2], prior=np.ones(response.shape[1]))
    assert places[int(np.argmax(chance))][0] == places[5][0]


def test_place_when_one_logger_is_strange_then_it_does_not_rule_out_the_truth():
    response, places, loggers = tree()
    shift, noise = seen(response, [(5, 5.0)], 0.005)
    shift[[b for b, _ in loggers].index(3)] -= 0.5
    (chance,) = posterior(shift, noise, response, sizes=[5.0], size_se=[0.2], prior=np.ones(response.shape[1]))
    assert places[int(np.argmax(chance))][0] == places[5][0]


def test_place_when_loggers_say_nothing_then_the_length_of_pipe_decides():
    response, _, _ = tree()
    prior = np.arange(1.0, response.shape[1] + 1)
    shift, noise = np.zeros((len(response), 1)), np.full((len(response), 1, 1), 1e4)
    (chance,) = posterior(shift, noise, response, sizes=[1.0], size_se=[0.5], prior=prior)
    assert chance == pytest.approx(prior / prior.sum(), rel=1e-3)


def test_place_when_a_logger_has_no_value_then_the_others_decide():
    response, places, _ = tree()
    shift, noise = seen(response, [(5, 5.0)], 0.005)
    shift[0], noise[0] = np.nan, np.nan
    (chance,) = posterior(shift, noise, response, sizes=[5.0], size_se=[0.2], prior=np.ones(response.shape[1]))
    assert np.isfinite(chance).all() and places[int(np.argmax(chance))][0] == places[5][0]


# --- loggers that contradict the model ---------------------------------------------------------------------------
def left_out(view, network):
    (problem,) = [p for p in domain.problems(view, network) if p.kind in ("burst", "growing_leakage")]
    return problem.details["loggers_left_out"]


def test_loggers_when_all_stand_where_they_should_then_none_is_left_out(square):
    assert left_out(*square(leaks=[(21, 40, 6.0, 0.0)], noise_m=0.05).build()) == ""


def test_loggers_when_a_clock_is_three_hours_slow_then_it_is_named(square, stream_id):
    view, network = square(leaks=[(21, 40, 6.0, 0.0)], noise_m=0.02).build()
    late = np.roll(view.streams[stream_id("p35")], 3)
    assert left_out(view.with_(streams={**view.streams, stream_id("p35"): late}), network) == "p35"


def test_loggers_when_two_are_exchanged_in_hilly_ground_then_both_are_named(square, stream_id):
    view, network = square(leaks=[(21, 40, 6.0, 0.0)], noise_m=0.02).build()
    one, other = view.streams[stream_id("p2")], view.streams[stream_id("p35")]
    swapped = {**view.streams, stream_id("p2"): other + 8.0, stream_id("p35"): one - 8.0}
    assert left_out(view.with_(streams=swapped), network) == "p2, p35"


def test_problem_when_a_clock_is_slow_then_a_visit_is_offered_and_the_logger_is_not_called_failing(square, stream_id):
    view, network = square(leaks=[(21, 40, 6.0, 0.0)], noise_m=0.02).build()
    late = np.roll(view.streams[stream_id("p35")], 3)
    view = view.with_(streams={**view.streams, stream_id("p35"): late})
    problems = domain.problems(view, network)
    assert "failing_sensor" not in {p.kind for p in problems}
    (problem,) = [p for p in problems if p.kind == "contradicting_logger"]
    assert problem.details["name"] == "p35" and problem.observed.value > problem.expected.value == 4.0
    assert any("clock" in text and "时钟" in text for text in problem.notes)
    (measure,) = [m for m in domain.countermeasures(view, network, problems, [], {}) if problem.id in m.answers]
    cost = sum(r.quantity.value * r.unit_value.amount for r in measure.costs if r.unit_value is not None)
    assert 0 < cost < 1500 and "clock" in measure.title_en and "时钟" in measure.title_zh


def test_problem_when_all_loggers_agree_then_none_is_named(square):
    view, network = square(leaks=[(21, 40, 6.0, 0.0)], noise_m=0.05).build()
    assert "contradicting_logger" not in {p.kind for p in domain.problems(view, network)}
