"""Works that a person adds: beside the plan's, never dropped by it, judged like any other."""

import pytest

from cityloop.errors import RecordError
from cityloop.loop.countermeasure import propose
from cityloop.loop.decision import apply
from cityloop.loop.plan import make_plan
from cityloop.records import Countermeasure, Problem, Project


def test_add_project_then_a_proposed_project_stands_that_no_later_turn_drops(toy):
    problem, measure = toy.problem(), toy.measure("a")
    view = toy.View().put(problem, measure)
    noted, works, project = apply(
        toy.decide(problem.id, "add_project", name="Main renewed", kind="renewal", cost="900"), view, [toy.Domain()]
    )
    assert (noted.status, noted.notes[-1]) == (
        problem.status, "2026-06-01: Works added by Wang Li: Main renewed. | 由 Wang Li 增加工程：Main renewed。",
    )  # fmt: skip
    assert (project.state, project.boundary, project.plan) == ("proposed", problem.boundary, "")
    assert (works.answers, works.effects, works.costs[0].unit_value.amount) == ((problem.id,), (), 900.0)
    view.put(noted, works, project)
    made = make_plan(view, None)
    assert project.id not in {r.id for r in made}
    assert works.id not in {line.countermeasure for r in made if hasattr(r, "lines") for line in r.lines}
    assert works.id not in {c.id for c in propose(view, [toy.Domain()], None)}
    view.put(*apply(toy.decide(project.id, "set", state="approved"), view, [toy.Domain()]))
    assert view.get(Project, project.id).state == "approved"
    lines = [line for r in make_plan(view, None) if hasattr(r, "lines") for line in r.lines]
    assert works.id in {line.countermeasure for line in lines}


def test_add_project_when_nameless_twice_or_on_a_closed_problem_then_refused(toy):
    problem = toy.problem()
    view = toy.View().put(problem)
    with pytest.raises(RecordError, match="without a name"):
        apply(toy.decide(problem.id, "add_project"), view, [toy.Domain()])
    with pytest.raises(RecordError, match="cost is not a number"):
        apply(toy.decide(problem.id, "add_project", name="Works", cost="much"), view, [toy.Domain()])
    view.put(*apply(toy.decide(problem.id, "add_project", name="Works"), view, [toy.Domain()]))
    with pytest.raises(RecordError, match="there already"):
        apply(toy.decide(problem.id, "add_project", name="Works"), view, [toy.Domain()])
    assert len(view.records(Countermeasure)) == 1
    closed = toy.problem("b2", status="closed")
    view.put(closed)
    with pytest.raises(RecordError, match="Reopen it first"):
        apply(toy.decide(closed.id, "add_project", name="Works"), view, [toy.Domain()])
    assert isinstance(view.get(Problem, problem.id), Problem)
