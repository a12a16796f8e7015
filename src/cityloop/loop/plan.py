"""Step four: the portfolio over several years under the budget, tried out in the model all at once, as a Plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from cityloop.contracts import Simulator, View
from cityloop.economics import add_estimates, present_value
from cityloop.errors import EngineError
from cityloop.loop.candidates import OPEN, Candidates, answered, candidates, name_of, project_round
from cityloop.loop.joint import find_cut, unmet_limits
from cityloop.loop.news import news
from cityloop.loop.portfolio import Capacity, Choice, Cut, Option, choose, take_unpriced
from cityloop.loop.refusals import explain, thing_name
from cityloop.loop.texts import reason
from cityloop.loop.together import joint_claims
from cityloop.records import (
    Countermeasure,
    Limit,
    Money,
    Plan,
    PlanLine,
    Problem,
    Project,
    StateEntry,
    record_id,
)

__all__ = ["UNPRICED_SHARE", "make_plan"]

#: Share of every year's budget kept for countermeasures whose benefit has no price (a logger that can be trusted again):
#: the cheapest first. A rule of this program, not of a norm.
UNPRICED_SHARE = 0.10
#: After so many cuts the least valuable member of each further broken set is left out, so that the search ends.
CUT_ROUNDS = 8
PLANNER = "plan"


@dataclass
class _Search:
    """What the rounds of solving and simulating left behind."""

    starts: dict[str, int] = field(default_factory=dict)
    unpriced: dict[str, int] = field(default_factory=dict)
    choice: Choice = field(default_factory=lambda: Choice({}, 0.0, 0.0, 0.0, "optimal"))
    cuts: list[Cut] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    blamed: dict[str, str] = field(default_factory=dict)
    unmet: tuple[Limit, ...] = ()
    note: str = ""


def make_plan(view: View, simulator: Simulator | None) -> list[Plan | Project]:
    """The Plan for the open problems with its proposed Projects; projects that it drops are cancelled.

    Approved, funded and started projects stand in every plan, with their money taken off first. Each proposed plan is
    revised until a person approves it; then the next one has an id of its own. Nothing is returned where nothing is
    to be decided.
    """
    given = candidates(view)
    plans = view.records(Plan)
    draft = next((p for p in plans if p.status == "proposed"), None)
    if not given.countermeasures and draft is None:
        return []
    search = _search(view, simulator, given)
    refused = dict(given.rejected) | explain(view, given, search.starts, search.choice, search.blamed, UNPRICED_SHARE)
    asked = any(p.id in given.unanswered for id in refused for p in answered(view, given.countermeasures[id]))
    if draft is None and not search.starts and not asked:
        return []
    plan_id = draft.id if draft is not None else record_id(view.city, "plan", str(len(plans) + 1))
    projects = [_project(view, given.countermeasures[id], plan_id) for id in sorted(search.starts)]
    plan = _plan(view, given, search, plan_id, {p.countermeasure: p for p in projects}, refused)
    return [*news(view, [plan]), *news(view, [*projects, *_dropped(view, {p.id for p in projects})])]


# --- solve, simulate, cut ----------------------------------------------------------------------------------------
def _search(view: View, simulator: Simulator | None, given: Candidates) -> _Search:
    """Solve; run all chosen together; cut what breaks a limit anew and solve again."""
    found = _Search()
    standing = [*_finished(view), *(r.countermeasure for r in given.running)]
    while True:
        _solve(given, found)
        if simulator is None or not found.starts:
            return found
        chosen = [given.countermeasures[id] for id in sorted(found.starts)]
        try:
            cut = find_cut(simulator, standing, chosen, now=view.now, number=len(found.cuts) + 1)
            if cut is None:
                found.unmet = unmet_limits(simulator, [*standing, *chosen], now=view.now)
                return found
        except EngineError as fault:
            found.note = f"not simulated together: {fault}"
            return found
        found.limits.append(cut.limit)
        members = cut.cut.members
        if len(found.cuts) >= CUT_ROUNDS:
            least = min(members, key=lambda m: (given.options[m].form.value[found.starts[m]].value, m))
            found.cuts.append(Cut((least,), 0))
        else:
            found.cuts.append(cut.cut)
        text = reason("cut", limit=cut.violation.limit_id, thing=thing_name(view, cut.violation.thing))
        found.blamed |= dict.fromkeys(members, text)


def _finished(view: View) -> list[Countermeasure]:
    """What has been carried out, in order: the model files describe the city before it."""
    done = sorted((p.states[-1].on, p.countermeasure) for p in view.records(Project) if p.state == "done")
    known = {c.id: c for c in view.records(Countermeasure)}
    return [known[id] for _, id in done if id in known]


def _solve(given: Candidates, found: _Search) -> None:
    """First what has no price, within its share; then the portfolio with what that leaves."""
    options = list(given.options.values())
    found.unpriced = take_unpriced(
        options, budget=given.left, share=UNPRICED_SHARE, capacities=given.capacities, cuts=found.cuts
    )
    taken = {id: given.options[id] for id in found.unpriced}
    left = list(given.left)
    capacities = dict(given.capacities)
    for id, start in found.unpriced.items():
        for y in range(start, len(left)):
            left[y] -= taken[id].form.spend[y - start]
        for name, amount in taken[id].uses.items():
            if name in capacities:
                capacities[name] = _use(capacities[name], amount, start)
    groups = {o.one_of for o in taken.values()} - {""}
    rest = [_without(o, found.unpriced) for o in options if o.id not in taken and o.one_of not in groups]
    cuts = [
        Cut(tuple(m for m in c.members if m not in taken), c.at_most - sum(m in taken for m in c.members))
        for c in found.cuts
    ]
    found.choice = choose(rest, budget=left, capacities=capacities, cuts=[c for c in cuts if c.members])
    found.starts = {**found.unpriced, **found.choice.starts}


def _use(capacity: Capacity, amount: float, start: int) -> Capacity:
    """What a start leaves of a limit."""
    return Capacity(
        tuple(
            a - amount if (y == start if capacity.renews else y >= start) else a for y, a in enumerate(capacity.amounts)
        ),
        capacity.renews,
    )


def _without(option: Option, taken: Mapping[str, int]) -> Option:
    """The option without the needs that what is already taken in the first year meets."""
    needs = tuple(n for n in option.requires if not any(taken.get(p, 1) == 0 for p in n))
    return Option(option.id, option.form, needs, option.one_of, option.uses)


# --- records -----------------------------------------------------------------------------------------------------
def _project(view: View, countermeasure: Countermeasure, plan: str) -> Project:
    """The proposed Project of a chosen countermeasure; the one already proposed stays."""
    round_ = str(project_round(view, countermeasure.id))
    id = record_id(view.city, "project", countermeasure.id, round_)
    for known in view.records(Project):
        if known.id == id and known.state == "proposed":
            return msgspec.structs.replace(known, plan=plan, simulated=countermeasure.simulated)
    return Project(
        id=id, simulated=countermeasure.simulated, countermeasure=countermeasure.id, plan=plan,
        boundary=countermeasure.boundary, name=name_of(countermeasure),
        states=(StateEntry(state="proposed", on=view.now, by=PLANNER),),
    )  # fmt: skip


def _dropped(view: View, kept: set[str]) -> list[Project]:
    """Proposed projects that no plan wants any more, cancelled; those that a person added were never a plan's."""
    return [
        msgspec.structs.replace(
            project,
            version=project.version + 1,
            states=(
                *project.states, StateEntry(state="cancelled", on=view.now, by=PLANNER, note=reason("not_chosen")),
            ),
        )
        for project in view.records(Project)
        if project.state == "proposed" and project.plan and project.id not in kept
    ]  # fmt: skip


def _plan(
    view: View, given: Candidates, search: _Search, id: str, projects: Mapping[str, Project],
    refused: Mapping[str, str],
) -> Plan:  # fmt: skip
    """The Plan with bound and gap over everything in it, running works included."""
    policy = view.policy
    lines, values = [], []
    items = [
        (r.countermeasure, r.project.id, r.form, r.start) for r in given.running
    ] + [
        (given.countermeasures[i], projects[i].id, given.options[i].form, start) for i, start in search.starts.items()
    ]  # fmt: skip
    for countermeasure, project, form, start in sorted(items, key=lambda item: (item[3], item[0].id)):
        at = min(max(start, 0), policy.years - 1)
        values.append(form.value[at])
        cost = present_value(form.spend, policy.discount_rate, start=at)
        lines.append(
            PlanLine(
                countermeasure=countermeasure.id, project=project, year=given.years[0] + start,
                cost=Money(amount=cost, currency=policy.currency, price_year=policy.price_year),
                net_present_value=form.value[at],
            )
        )  # fmt: skip
    objective = add_estimates(values, level=policy.level, unit=f"{policy.currency} ({policy.price_year})")
    bound = search.choice.bound + objective.value - search.choice.objective
    measures = [c for c, *_ in items]
    return Plan(
        id=id,
        simulated=any(c.simulated for c in (*measures, *given.countermeasures.values())),
        years=given.years,
        budget=tuple(
            Money(amount=b, currency=policy.currency, price_year=policy.price_year)
            for b in policy.budget_per_year[: policy.years]
        ),
        lines=tuple(lines),
        rejected=dict(sorted(refused.items())),
        objective=objective,
        bound=bound,
        gap=(bound - objective.value) / max(abs(objective.value), 1.0),
        stopped_by=search.choice.stopped_by + (f"; {search.note}" if search.note else ""),
        discount_rate=policy.discount_rate,
        cuts=tuple(search.limits),
        unmet=search.unmet,
        joint_effect=joint_claims(
            measures, {p.id: p for p in view.records(Problem) if p.status in (*OPEN, "in_works")}
        ),
    )
