"""Decisions: every verb, what follows from it, and what is refused and why."""

from datetime import timedelta

import pytest

import cityloop.loop.baseline
from cityloop.errors import RecordError
from cityloop.loop.decision import VERBS, apply
from cityloop.loop.plan import make_plan
from cityloop.records import Baseline, Evidence, Money, Plan, Problem, Project


@pytest.fixture
def city(toy):
    """One open problem b1, its measure, and the project in the states asked for; `act` decides and keeps the result."""

    class Bench:
        def __init__(self, *states, **problem):
            self.problem, self.measure = toy.problem(**problem), toy.measure("a")
            self.project = toy.project(self.measure, *(states or ("proposed",)))
            self.view = toy.View().put(self.problem, self.measure, self.project)

        def act(self, about, verb, **data):
            made = apply(toy.decide(about, verb, **data), self.view, [toy.Domain()])
            self.view.put(*made)
            return made

        def set(self, state, **data):
            return self.act(self.project.id, "set", state=state, **data)

        def inspect(self, found, **data):
            return self.act(self.project.id, "inspect", found=found, **data)

        def now(self, record):
            return self.view.get(type(record), record.id)

        @property
        def status(self):
            return self.now(self.problem).status

        @property
        def state(self):
            return self.now(self.project).state

    return Bench


# --- problems ----------------------------------------------------------------------------------------------------
def test_acknowledge_then_acknowledged_with_a_dated_note_in_both_languages(city):
    bench = city()
    (new,) = bench.act(bench.problem.id, "acknowledge", reason="seen")
    assert new.status == "acknowledged" and new.version == 2
    assert new.notes == ("2026-06-01: Acknowledged by Wang Li. seen | 由 Wang Li 确认。seen",)
    with pytest.raises(RecordError, match="acknowledged already"):
        bench.act(bench.problem.id, "acknowledge")


def test_assign_then_assigned_and_the_status_stays(city):
    bench = city()
    (new,) = bench.act(bench.problem.id, "assign", to=" network department ")
    assert (new.assigned_to, new.status) == ("network department", "open")
    with pytest.raises(RecordError, match="Assigned to nobody"):
        bench.act(bench.problem.id, "assign")


def test_dismiss_then_the_reason_is_kept_and_reopen_takes_it_back(city):
    bench = city()
    with pytest.raises(RecordError, match="without a reason"):
        bench.act(bench.problem.id, "dismiss", reason="  ")
    (new,) = bench.act(bench.problem.id, "dismiss", reason="a new laundry")
    assert new.status == "dismissed" and "a new laundry" in new.notes[-1]
    assert bench.act(bench.problem.id, "reopen")[0].status == "open"
    with pytest.raises(RecordError, match="open already"):
        bench.act(bench.problem.id, "reopen")


def test_merge_then_merged_and_reopen_parts_them(city, toy):
    bench, other = city(), toy.problem("b2")
    bench.view.put(other)
    (new,) = bench.act(bench.problem.id, "merge", into=other.id)
    assert (new.status, new.merged_into) == ("merged", other.id)
    (parted,) = bench.act(bench.problem.id, "reopen")
    assert (parted.status, parted.merged_into) == ("open", "")


def test_merge_into_itself_nothing_closed_or_merged_then_refused(city, toy):
    bench = city()
    closed, merged = (
        toy.problem("b2", status="closed"),
        toy.problem("b3", status="merged", merged_into=bench.problem.id),
    )
    target = toy.problem("b4")
    chained = toy.problem("b5", status="merged", merged_into=target.id)
    bench.view.put(closed, merged, target, chained)
    for into, words in (
        (bench.problem.id, "into itself"), ("", "does not exist"), (target.id[:-1] + "?", "Did you mean"),
        (closed.id, "is closed"), (merged.id, "circle"), (chained.id, f"Merge into {target.id}"),
    ):  # fmt: skip
        with pytest.raises(RecordError, match=words.replace("?", r"\?")):
            bench.act(bench.problem.id, "merge", into=into)


@pytest.mark.parametrize("verb", ["acknowledge", "dismiss", "merge", "reopen"])
def test_problem_in_works_then_its_status_is_the_projects(city, toy, verb):
    bench = city(status="in_works")
    bench.view.put(toy.problem("b2"))
    data = {"into": toy.problem("b2").id} if verb == "merge" else {}
    with pytest.raises(RecordError, match="set their project done or cancelled"):
        bench.act(bench.problem.id, verb, reason="why", **data)


# --- what is asked wrongly ---------------------------------------------------------------------------------------
def test_unknown_verb_then_did_you_mean(city):
    bench = city()
    with pytest.raises(RecordError, match="Did you mean acknowledge"):
        bench.act(bench.problem.id, "aknowledge")
    with pytest.raises(RecordError, match="A project has no such verb.*set, inspect"):
        bench.act(bench.project.id, "approve")


def test_unknown_record_then_the_nearest_id(city):
    bench = city()
    with pytest.raises(RecordError, match=f"Did you mean {bench.problem.id}"):
        bench.act(bench.problem.id[:-1] + "x", "acknowledge")


def test_unknown_data_then_did_you_mean(city):
    with pytest.raises(RecordError, match=r"curency.*Did you mean currency"):
        city().set("approved", curency="USD")


def test_decision_without_zone_or_name_then_refused(city, toy):
    bench = city()
    naive = toy.decide(bench.problem.id, "acknowledge", when=toy.NOW.replace(tzinfo=None))
    with pytest.raises(RecordError, match="without a time zone"):
        apply(naive, bench.view, ())


def test_verbs_then_the_ones_that_people_and_the_twin_share():
    assert {n: tuple(v) for n, v in VERBS.items()} == {
        "problem": (
            "acknowledge",
            "assign",
            "merge",
            "dismiss",
            "reopen",
            "add_project",
            "import_project",
            "withdraw_project",
        ),
        "plan": ("approve",),
        "project": ("set", "inspect"),
    }


# --- plans -------------------------------------------------------------------------------------------------------
def test_approve_then_the_plan_its_projects_and_the_one_before(city, toy):
    bench = city()
    bench.view.held.pop(bench.project.id)
    bench.view.put(*make_plan(bench.view, None))
    (plan,) = bench.view.records(Plan)
    bench.act(plan.id, "approve", reason="council of 1 June")
    (project,) = bench.view.records(Project)
    assert bench.view.get(Plan, plan.id).status == "approved" and project.state == "approved"
    assert project.states[-1].by == "Wang Li" and project.states[-1].note == "council of 1 June"
    with pytest.raises(RecordError, match="approved already"):
        bench.act(plan.id, "approve")
    bench.view.put(toy.problem("b2"), toy.measure("b", on="b2"))
    bench.view.put(*make_plan(bench.view, None))
    (draft,) = (p for p in bench.view.records(Plan) if p.status == "proposed")
    bench.act(draft.id, "approve")
    assert bench.view.get(Plan, plan.id).status == "superseded"
    assert {p.state for p in bench.view.records(Project)} == {"approved"}


def test_approve_before_it_was_proposed_then_refused(city, toy):
    bench = city()
    bench.view.held.pop(bench.project.id)
    bench.view.put(*make_plan(bench.view, None))
    (plan,) = bench.view.records(Plan)
    with pytest.raises(RecordError, match="before it was proposed"):
        bench.act(plan.id, "approve", when=toy.NOW - timedelta(days=3))


# --- states of a project -----------------------------------------------------------------------------------------
def test_set_through_all_states_then_each_is_dated_with_its_paper_trail(city):
    bench = city()
    bench.set("approved", document="decree 7", department="water office")
    bench.set("funded", cost=5000, note="bond")
    bench.set("started")
    bench.inspect("leak")
    (project, *_) = bench.set("done", cost="5200.5", currency="USD", price_year=2026)
    assert [s.state for s in project.states] == ["proposed", "approved", "funded", "started", "done"]
    assert project.states[1].document == "decree 7" and project.states[1].department == "water office"
    assert project.states[2].cost == Money(amount=5000.0, currency="USD", price_year=2026)
    assert project.states[4].cost == Money(amount=5200.5, currency="USD", price_year=2026)
    assert bench.status == "closed"


@pytest.fixture
def states():
    return ("proposed", "approved", "funded", "started", "done", "cancelled")


def test_set_then_only_along_the_path(city, states):
    allowed = {
        ("proposed", "approved"), ("approved", "funded"), ("approved", "started"), ("funded", "started"),
        ("started", "done"), *((s, "cancelled") for s in states[:4]),
    }  # fmt: skip
    path = {s: states[: i + 1] for i, s in enumerate(states[:5])} | {"cancelled": ("proposed", "cancelled")}
    for now in states:
        for then in states:
            bench = city(*path[now])
            if (now, then) in allowed:
                bench.set(then, cost="unknown")
                assert bench.state == then
            else:
                with pytest.raises(RecordError, match=f"{now} cannot become {then}"):
                    bench.set(then, cost="unknown")


@pytest.mark.parametrize(
    ("state", "data", "words"),
    [
        ("aproved", {}, "Did you mean approved"),
        ("", {}, "Unknown state"),
        ("approved", {"on": "2026-05-30T00:00Z"}, "before it was proposed"),
        ("approved", {"on": "2026-06-02T00:00Z"}, "in the future"),
        ("approved", {"on": "2026-06-01T07:00"}, "no time zone"),
        ("approved", {"on": "yesterday"}, "not a time"),
        ("approved", {"cost": -1}, "not a number from 0"),
        ("approved", {"cost": "5,000"}, "not a number from 0"),
        ("approved", {"cost": "nan"}, "not a number from 0"),
        ("approved", {"cost": 5, "currency": "EUR"}, "without a price year"),
        ("approved", {"cost": 5, "currency": "euro"}, "Not a currency"),
        ("approved", {"cost": 5, "price_year": 26}, "Not a price year"),
        ("approved", {"currency": "USD"}, "without a cost"),
    ],
)
def test_set_with_bad_data_then_refused_with_the_cure(city, state, data, words):
    bench = city()
    with pytest.raises(RecordError, match=words):
        bench.set(state, **data)
    assert bench.state == "proposed" and bench.status == "open"


def test_set_done_then_the_cost_is_stated_or_said_to_be_unknown(city):
    bench = city("proposed", "approved", "started", status="in_works")
    with pytest.raises(RecordError, match="Done without a cost"):
        bench.set("done")
    (project, *_) = bench.set("done", cost="unknown")
    assert project.states[-1].cost is None and project.states[-1].note == "cost unknown"


def test_set_cost_in_another_currency_with_price_year_then_kept_as_stated(city):
    (project, *_) = city().set("approved", cost=900, currency="EUR", price_year=2025)
    assert project.states[-1].cost == Money(amount=900.0, currency="EUR", price_year=2025)


def test_set_started_then_problems_are_in_works_and_baselines_frozen_as_of_that_day(city, toy, monkeypatch):
    bench, asked = city("proposed", "approved"), []
    evidence = Evidence(datastreams=(), start=toy.NOW, end=toy.NOW, as_of_seq=1, sha256="")
    frozen = Baseline(
        id="toy:baseline:1", goal="", boundary="b1", indicator="night_flow", projects=(bench.project.id,),
        frozen=toy.NOW, method="", parameters={}, evidence=evidence, unit="L/s",
    )  # fmt: skip

    def freeze(view, domains, project, at):
        asked.append((project.state, at))
        return [frozen]

    monkeypatch.setattr(cityloop.loop.baseline, "freeze", freeze)
    made = bench.set("started", on="2026-06-01T06:00Z")
    assert asked == [("started", toy.NOW.replace(hour=6))]
    assert [type(r) for r in made] == [Project, Problem, Baseline] and bench.status == "in_works"
    assert "Works started: a." in made[1].notes[-1] and "开工：对策a" in made[1].notes[-1]


def test_set_cancelled_during_works_then_the_problem_is_open_again(city):
    bench = city("proposed", "approved", "started", status="in_works")
    bench.set("cancelled", reason="no crew")
    assert bench.status == "open"


def test_set_done_without_a_finding_then_a_claimed_effect_was_not_shown_and_the_problem_is_open(city):
    bench = city("proposed", "approved", "started", status="in_works")
    bench.set("done", cost=1)
    assert bench.status == "open"


def test_set_done_of_works_without_a_claimed_effect_then_closed(city, toy):
    bench = city("proposed", "approved", "started", status="in_works")
    bench.view.put(toy.measure("a", effects=()))
    bench.set("done", cost=1)
    assert bench.status == "closed"


def test_set_done_while_other_works_on_the_problem_go_on_then_they_decide(city, toy):
    bench = city("proposed", "approved", "started", status="in_works")
    second = toy.measure("b")
    bench.view.put(second, toy.project(second, "proposed", "approved", "started"))
    bench.set("done", cost=1)
    assert bench.status == "in_works"


def test_set_started_for_a_merged_problem_then_its_target_is_in_works(city, toy):
    bench, target = city("proposed", "approved"), toy.problem("b2")
    bench.view.put(target)
    bench.act(bench.problem.id, "merge", into=target.id)
    bench.set("started")
    assert bench.view.get(Problem, target.id).status == "in_works" and bench.status == "merged"


# --- inspections -------------------------------------------------------------------------------------------------
def test_inspect_then_the_finding_is_kept_with_its_score(city):
    bench = city("proposed", "approved", "started", status="in_works")
    (project, *rest) = bench.inspect("leak", place="P-7", flow_l_per_s="3.5", on="2026-06-01T05:00Z", note="at a joint")
    assert rest == [] and bench.status == "in_works"
    assert project.findings == (
        {
            "found": "leak", "on": "2026-06-01T05:00:00+00:00", "by": "Wang Li", "place": "P-7", "flow_l_per_s": 3.5,
            "note": "at a joint", "rank": 2.0, "problem": bench.problem.id,
        },
    )  # fmt: skip


def test_inspect_nothing_then_the_problem_is_open_and_a_later_find_takes_it_back(city):
    bench = city("proposed", "approved", "started", status="in_works")
    bench.inspect("none")
    assert bench.status == "open"
    bench.inspect("leak")
    assert bench.status == "in_works"
    bench.set("done", cost=1)
    assert bench.status == "closed" and len(bench.now(bench.project).findings) == 2


def test_inspect_nothing_after_a_leak_then_the_leak_counts(city):
    bench = city("proposed", "approved", "started", status="in_works")
    bench.inspect("leak")
    bench.inspect("none")
    assert bench.status == "in_works"


def test_inspect_reported_late_then_it_closes_or_opens_the_problem(city):
    bench = city("proposed", "approved", "started", "done")
    bench.inspect("leak")
    assert bench.status == "closed"
    bench = city("proposed", "approved", "started", "done", status="closed")
    bench.inspect("none")
    assert bench.status == "open"


def test_inspect_something_else_then_done_opens_the_problem(city):
    bench = city("proposed", "approved", "started", status="in_works")
    bench.inspect("other")
    bench.set("done", cost=1)
    assert bench.status == "open"


def test_inspect_of_a_project_with_two_problems_then_scored_against_the_nearer_or_the_named(city, toy):
    bench, second = city("proposed", "approved", "started", status="in_works"), toy.problem("b2")
    bench.view.put(second, toy.measure("a", answers=(second.id, bench.problem.id)))
    assert bench.inspect("leak")[0].findings[-1]["problem"] == bench.problem.id
    assert bench.inspect("leak", problem=second.id)[0].findings[-1]["problem"] == second.id
    with pytest.raises(RecordError, match="does not answer this problem"):
        bench.inspect("leak", problem="toy:problem:x")


@pytest.mark.parametrize("states", [("proposed",), ("proposed", "approved"), ("proposed", "cancelled")])
def test_inspect_before_works_started_then_refused(city, states):
    with pytest.raises(RecordError, match="cannot be inspected"):
        city(*states).inspect("leak")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"found": "leek"}, "Did you mean leak"),
        ({"found": ""}, "Unknown finding"),
        ({"found": "leak", "on": "2026-05-01T00:00Z"}, "before the works started"),
        ({"found": "leak", "flow_l_per_s": "much"}, "not a number"),
        ({"found": "leak", "place": "nowhere"}, "No such place"),
    ],
)
def test_inspect_with_bad_data_then_refused(city, data, words):
    bench = city("proposed", "approved", "started", status="in_works")
    with pytest.raises(RecordError, match=words):
        bench.act(bench.project.id, "inspect", **data)
    assert bench.now(bench.project).findings == ()
