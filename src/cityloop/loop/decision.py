"""Decisions of people and partners: each verb checked against the record it is about, then the new versions it makes.

problem: acknowledge | assign(to) | merge(into) | dismiss(reason) | reopen | add_project(name, kind, cost)
| import_project(name, list, answers, cost, ...) | withdraw_project(measure, list); plan: approve;
project: set(state, on, cost, ...) | inspect(found, place, flow_l_per_s, on). The twin's crew uses the same verbs.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from cityloop.contracts import Domain, View
from cityloop.loop import project_states
from cityloop.loop.decision_data import check_keys, moment, nearest, refuse
from cityloop.loop.listed_project import IMPORT_DATA, import_project, withdraw_project
from cityloop.loop.own_works import add_project
from cityloop.loop.texts import dated
from cityloop.records import Decision, Plan, Problem, Project, Record, StateEntry

__all__ = ["VERBS", "apply"]

#: Noun -> verb -> what `data` may hold.
VERBS: dict[str, dict[str, tuple[str, ...]]] = {
    "problem": {
        "acknowledge": (),
        "assign": ("to",),
        "merge": ("into",),
        "dismiss": (),
        "reopen": (),
        "add_project": ("name", "kind", "cost"),
        "import_project": IMPORT_DATA,
        "withdraw_project": ("measure", "list"),
    },
    "plan": {"approve": ("on",)},
    "project": {
        "set": ("state", "on", "cost", "currency", "price_year", "department", "document", "note"),
        "inspect": ("found", "place", "flow_l_per_s", "on", "note", "problem"),
    },
}
Apply = Callable[[Decision, View, Sequence[Domain]], list[Record]]
ThingT = TypeVar("ThingT", Problem, Plan, Project)


def apply(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    """The new versions of what a Decision changes; the Decision itself is the caller's to keep.

    Raises RecordError for an unknown record, verb or datum, and for whatever the record's present state forbids.
    """
    if decision.when.tzinfo is None:
        refuse(decision, "A decision without a time zone.", got=decision.when, cure="State when with its zone.")
    if not decision.who.strip():
        refuse(decision, "A decision without a name.", cure="Say who decides.")
    noun = _noun(decision, view)
    verbs = VERBS[noun]
    if decision.verb not in verbs:
        refuse(
            decision, f"A {noun} has no such verb.", got=decision.verb, allowed=", ".join(verbs),
            cure=nearest(decision.verb, verbs),
        )  # fmt: skip
    check_keys(decision, verbs[decision.verb])
    return _APPLY[(noun, decision.verb)](decision, view, domains)


def _noun(decision: Decision, view: View) -> str:
    """Which noun the record is, by looking it up."""
    known: dict[str, str] = {}
    for noun, kind in (("problem", Problem), ("plan", Plan), ("project", Project)):
        known |= {r.id: noun for r in view.records(kind)}
    if decision.about not in known:
        refuse(
            decision, "No problem, plan or project has this id.", got=decision.about,
            allowed=", ".join(sorted(known)[:5]) + (", ..." if len(known) > 5 else ""),
            cure=nearest(decision.about, known) or "List them: cityloop problem, plan, project.",
        )  # fmt: skip
    return known[decision.about]


# --- problems ----------------------------------------------------------------------------------------------------
def _problem(
    decision: Decision, view: View, key: str, *, allowed: Sequence[str], status: str = "", **values: str
) -> Problem:
    """A new version of the Problem with a dated note, if its status allows the verb."""
    problem = view.get(Problem, decision.about)
    if problem.status not in allowed:
        refuse(
            decision, f"A problem that is {problem.status} cannot be changed by {decision.verb}.", got=problem.status,
            allowed=", ".join(allowed), cure=_CURES.get(problem.status, ""),
        )  # fmt: skip
    note = dated(key, decision.when, who=decision.who, why=decision.reason, **values)
    return msgspec.structs.replace(
        problem, version=problem.version + 1, status=status or problem.status, notes=(*problem.notes, note)
    )


_CURES = {
    "in_works": "Works are under way: set their project done or cancelled first.",
    "closed": "Reopen it first.",
    "dismissed": "Reopen it first.",
    "merged": "Decide about the problem it was merged into, or reopen it.",
    "acknowledged": "It is acknowledged already.",
    "open": "It is open already.",
}


def _acknowledge(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    return [_problem(decision, view, "acknowledged", allowed=("open",), status="acknowledged")]


def _assign(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    to = str(decision.data.get("to", "")).strip()
    if not to:
        refuse(decision, "Assigned to nobody.", cure="Name a person or department in data.to.")
    problem = _problem(decision, view, "assigned", allowed=("open", "acknowledged", "in_works"), to=to)
    return [msgspec.structs.replace(problem, assigned_to=to)]


def _dismiss(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    if not decision.reason.strip():
        refuse(decision, "Dismissed without a reason.", cure="Say why; the reason stays with the problem.")
    return [_problem(decision, view, "dismissed", allowed=("open", "acknowledged"), status="dismissed")]


def _reopen(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    problem = _problem(decision, view, "reopened", allowed=("dismissed", "closed", "merged"), status="open")
    return [msgspec.structs.replace(problem, merged_into="")]


def _merge(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    problems = {p.id: p for p in view.records(Problem)}
    into = str(decision.data.get("into", "")).strip()
    if into not in problems:
        refuse(
            decision, "The problem to merge into does not exist.", got=into or "nothing",
            cure=nearest(into, problems) or "Name its id in data.into.",
        )  # fmt: skip
    if into == decision.about:
        refuse(decision, "A problem cannot be merged into itself.", got=into, cure="Name another problem.")
    target = problems[into]
    seen = {decision.about}
    while target.status == "merged":
        if target.merged_into in seen:
            refuse(
                decision, "Merging would go round in a circle.", got=into, cure="Merge the other way, or reopen one."
            )
        seen.add(target.id)
        target = problems[target.merged_into]
    if target.id != into:
        refuse(decision, "The problem to merge into is itself merged.", got=into, cure=f"Merge into {target.id}.")
    if target.status in ("closed", "dismissed"):
        refuse(
            decision, f"The problem to merge into is {target.status}.", got=into, allowed="open, acknowledged, in_works",
            cure="Reopen it first.",
        )  # fmt: skip
    problem = _problem(decision, view, "merged", allowed=("open", "acknowledged"), status="merged", into=into)
    return [msgspec.structs.replace(problem, merged_into=into)]


# --- plans -------------------------------------------------------------------------------------------------------
def _approve(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    """The Plan and its proposed projects approved; the plan approved before is superseded."""
    plan, on = view.get(Plan, decision.about), moment(decision)
    if plan.status != "proposed":
        refuse(
            decision, f"This plan is {plan.status} already.", got=plan.status, allowed="proposed",
            cure="Approve the proposed plan, or run a turn to get a new one.",
        )  # fmt: skip
    records: list[Record] = [msgspec.structs.replace(plan, version=plan.version + 1, status="approved")]
    records += [
        msgspec.structs.replace(old, version=old.version + 1, status="superseded")
        for old in view.records(Plan)
        if old.status == "approved"
    ]
    named = {line.project for line in plan.lines}
    for project in view.records(Project):
        if project.id in named and project.state == "proposed":
            if on < project.states[-1].on:
                refuse(
                    decision, "Approved before it was proposed.", got=on.isoformat(),
                    allowed=f"from {project.states[-1].on.isoformat()} on",
                )  # fmt: skip
            entry = StateEntry(state="approved", on=on, by=decision.who, note=decision.reason)
            records.append(
                msgspec.structs.replace(project, version=project.version + 1, states=(*project.states, entry))
            )
    return records


_APPLY: dict[tuple[str, str], Apply] = {
    ("problem", "acknowledge"): _acknowledge,
    ("problem", "assign"): _assign,
    ("problem", "merge"): _merge,
    ("problem", "dismiss"): _dismiss,
    ("problem", "reopen"): _reopen,
    ("problem", "add_project"): add_project,
    ("problem", "import_project"): import_project,
    ("problem", "withdraw_project"): withdraw_project,
    ("plan", "approve"): _approve,
    ("project", "set"): project_states.set_state,
    ("project", "inspect"): project_states.inspect,
}
