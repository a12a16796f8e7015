"""Where a leak is, on a square of pipes whose hydraulics are known exactly; distances and ranks by hand."""

import numpy as np
import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.balance import boundaries
from cityloop.domains.water.network import read_network
from cityloop.errors import RecordError


def leak_problem(view, simulator):
    (problem,) = [p for p in domain.problems(view, simulator) if p.kind in ("burst", "growing_leakage")]
    return problem


def around(view, ids, junction):
    """Names of the pipes at a junction."""
    node = ids("junction", junction)
    return {t.name for t in view.things if getattr(t, "kind", "") == "pipe" and node in {r.thing for r in t.relations}}


@pytest.mark.parametrize("place", [8, 21, 27, 34])
def test_area_when_one_leak_then_its_pipes_lead_the_rank(square, ids, place):
    view, network = square(leaks=[(place, 40, 5.0, 0.0)], noise_m=0.02).build()
    problem = leak_problem(view, network)
    score = domain.inspected(view, problem, {"found": "leak", "place": f"J-{place}", "flow": 5.0})
    assert score["rank"] <= 8 and score["distance_m"] <= 100.0
    assert abs(score["flow_error_l_per_s"]) < 0.6
    assert [row.rank for row in problem.area] == list(range(1, len(problem.area) + 1))
    density = [row.probability / row.length_m for row in problem.area]
    assert density == sorted(density, reverse=True)
    assert 0.99 <= sum(row.probability for row in problem.area) <= 1.0 + 1e-9
    assert problem.details["km_50"] <= problem.details["km_80"] <= problem.details["km_95"] <= 6.0


@pytest.mark.parametrize("wrong", [lambda x: x + 12.0, lambda x: x.mean() + 0.2 * (x - x.mean())])
def test_area_when_a_logger_stands_elsewhere_then_it_is_left_out_and_the_leak_found(square, stream_id, wrong):
    view, network = square(leaks=[(21, 40, 6.0, 0.0)], noise_m=0.02).build()
    streams = {**view.streams, stream_id("p35"): wrong(view.streams[stream_id("p35")])}
    problem = leak_problem(view.with_(streams=streams), network)
    assert problem.details["loggers_left_out"] == "p35"
    assert domain.inspected(view, problem, {"found": "leak", "place": "J-21", "flow": 6.0})["distance_m"] <= 100.0


def test_area_when_a_logger_is_stuck_then_it_is_left_out_and_named(square, stream_id):
    view, network = square(leaks=[(21, 40, 6.0, 0.0)], noise_m=0.02).build()
    values = view.streams[stream_id("p20")].copy()
    values[60 * 24 :] = values[60 * 24]
    problem = leak_problem(view.with_(streams={**view.streams, stream_id("p20"): values}), network)
    assert problem.details["loggers_left_out"] == "p20" and problem.details["loggers_used"] == 9
    assert domain.inspected(view, problem, {"found": "leak", "place": "J-21"})["distance_m"] <= 100.0


def test_area_when_two_leaks_then_both_are_among_the_first_pipes(square):
    view, network = square(days=90, leaks=[(8, 35, 5.0, 0.0), (34, 62, 6.0, 0.0)], noise_m=0.02).build()
    problem = leak_problem(view, network)
    assert problem.gap.value == pytest.approx(11.0, abs=0.8)
    for place in (8, 34):
        assert domain.inspected(view, problem, {"found": "leak", "place": f"J-{place}"})["km_searched"] <= 2.0
    assert {problem.details["leak_1_best_place"], problem.details["leak_2_best_place"]} & {"J-8", "J-34"}


def test_area_when_the_leak_grows_then_it_is_still_found(square):
    view, network = square(days=80, leaks=[(27, 35, 1.0, 0.12)], noise_m=0.02).build()
    score = domain.inspected(view, leak_problem(view, network), {"found": "leak", "place": "J-27", "flow": 6.4})
    assert score["distance_m"] <= 100.0 and abs(score["flow_error_l_per_s"]) < 1.5


@pytest.mark.parametrize(
    ("loggers", "with_model", "says"),
    [((2, 5), True, "No ranked area: 2 usable"), ((2, 5, 9, 14), False, "no model of the network")],
)
def test_area_when_it_cannot_be_told_then_a_note_says_why(square, loggers, with_model, says):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)], loggers=loggers).build()
    problem = leak_problem(view, network if with_model else None)
    assert problem.area == () and problem.best_place == ""
    assert any(says in note for note in problem.notes)


def test_area_when_the_boundary_names_no_network_then_a_note_says_so(square):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    bare = view.with_(things=tuple(t for t in view.things if getattr(t, "kind", "") not in ("pipe", "junction")))
    problem = leak_problem(bare, network)
    assert problem.area == () and any("no pipes on record" in note for note in problem.notes)


def test_distance_when_walked_along_pipes_then_it_is_the_street_distance(square, ids):
    view, _ = square(days=10).build()
    network = read_network(view, boundaries(view)[0], boundaries(view))
    a, b = network.index[ids("junction", "J-0")], network.index[ids("junction", "J-35")]
    assert network.distance_m[a, b] == pytest.approx(1000.0)  # 5 + 5 pipes of 100 m
    corner, middle = network.index[ids("junction", "J-0")], network.index[ids("junction", "J-14")]
    assert network.junction_weights_m()[[corner, middle]].tolist() == [100.0, 200.0]


def test_inspected_when_a_pipe_is_found_then_distance_is_to_its_middle(square, ids):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)], noise_m=0.02).build()
    problem = leak_problem(view, network)
    best = view.get(type(view.things[0]), problem.best_place).name
    pipe = sorted(around(view, ids, best))[0]
    score = domain.inspected(view, problem, {"found": "leak", "place": pipe, "flow_l_per_s": 4.0})
    assert score["distance_m"] == pytest.approx(50.0)
    row = next(r for r in problem.area if r.name == pipe)
    assert score["rank"] == row.rank
    assert score["km_searched"] == pytest.approx(0.1 * row.rank)


def test_inspected_when_nothing_is_found_then_no_distance(square):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    assert domain.inspected(view, leak_problem(view, network), {"found": "none", "place": "J-3"}) == {
        "found": "none",
        "realised_effect": 0.0,
    }


def test_inspected_when_the_place_is_unknown_then_the_error_says_so(square):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    with pytest.raises(RecordError, match="J-99"):
        domain.inspected(view, leak_problem(view, network), {"found": "leak", "place": "J-99"})


def test_answer_when_asked_twice_then_it_is_the_same(square):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    first, second = leak_problem(view, network), leak_problem(view, network)
    assert first == second and np.isfinite(first.gap.value)


def test_inspected_when_the_city_has_no_network_then_any_place_is_taken() -> None:
    from types import SimpleNamespace

    from cityloop.domains.water.leaks.inspection import score_finding

    view = SimpleNamespace(records=lambda noun: ())
    problem = SimpleNamespace(id="p", gap=SimpleNamespace(value=5.0))
    score = score_finding(view, problem, {"found": "leak", "place": "Mill Lane 4", "flow_l_per_s": 3.0})  # type: ignore[arg-type]
    assert score == {"found": "leak", "flow_error_l_per_s": 2.0, "realised_effect": 3.0}


def test_inspected_when_no_pipe_joins_the_find_to_the_best_place_then_no_distance_is_given(square, ids):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)], noise_m=0.02).build()
    problem = leak_problem(view, network)
    at_corner = {ids("pipe", "P-0-1"), ids("pipe", "P-0-6")}  # J-0 without its pipes stands alone
    apart = view.with_(things=tuple(t for t in view.things if t.id not in at_corner))
    score = domain.inspected(apart, problem, {"found": "leak", "place": "J-0", "flow": 5.0})
    assert "distance_m" not in score and score["found"] == "leak"
