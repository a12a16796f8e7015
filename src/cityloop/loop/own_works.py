"""Works of the city's own on a Problem: a Project that a person adds beside those that a plan proposes.

They claim no effect: what they bring is measured like that of any other works, alone or jointly with what else is done there.
"""

from collections.abc import Sequence
from datetime import UTC

import msgspec

from cityloop.contracts import Domain, View
from cityloop.loop.candidates import OWN, project_round
from cityloop.loop.decision_data import number, refuse, text
from cityloop.loop.texts import dated
from cityloop.records import (
    CostRow,
    Countermeasure,
    Decision,
    Estimate,
    Money,
    Problem,
    Project,
    Realisation,
    Record,
    StateEntry,
    record_id,
)

__all__ = ["KIND", "add_project"]

#: Kind of works that nobody named one for.
KIND = "own_works"
ALLOWED = ("open", "acknowledged", "in_works")


def add_project(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    """The Problem with a note, the works as a Countermeasure without a claim, and their Project, proposed.

    `data`: name (needed), kind, cost in the policy's currency and price year. Raises RecordError for a Problem that is
    closed, dismissed or merged, and for works of that name that have not ended.
    """
    problem = view.get(Problem, decision.about)
    if problem.status not in ALLOWED:
        refuse(
            decision, f"Works on a problem that is {problem.status}.", got=problem.status, allowed=", ".join(ALLOWED),
            cure="Reopen it first, or name the problem it was merged into.",
        )  # fmt: skip
    name = text(decision, "name")
    if not name:
        refuse(decision, "Works without a name.", cure="Say in data.name what is done.")
    measure = _measure(decision, view, problem, name)
    id = record_id(view.city, "project", measure.id, str(project_round(view, measure.id)))
    if any(p.id == id for p in view.records(Project)):
        refuse(
            decision,
            "These works are there already.",
            got=name,
            cure="Set their state, or give the new ones another name.",
        )
    project = Project(
        id=id, simulated=problem.simulated, countermeasure=measure.id, plan="", boundary=problem.boundary, name=name,
        states=(
            StateEntry(state="proposed", on=decision.when.astimezone(UTC), by=decision.who, note=decision.reason.strip()),
        ),
    )  # fmt: skip
    note = dated("works_added", decision.when, who=decision.who, project=name)
    noted = msgspec.structs.replace(problem, version=problem.version + 1, notes=(*problem.notes, note))
    return [noted, measure, project]


def _measure(decision: Decision, view: View, problem: Problem, name: str) -> Countermeasure:
    """What the works answer and cost."""
    kind = text(decision, "kind") or KIND
    cost, policy = number(decision, "cost"), view.policy
    one = Estimate(value=1.0, low=1.0, high=1.0, level=policy.level, unit="1")
    money = Money(amount=cost or 0.0, currency=policy.currency, price_year=policy.price_year)
    row = CostRow(
        name="works", kind="cost", first_year=0, life=1, recurrence=0, escalation=0.0, quantity=one, unit_value=money,
        source=decision.who, status="given",
    )  # fmt: skip
    return Countermeasure(
        id=record_id(view.city, "countermeasure", OWN, problem.id, name),
        simulated=problem.simulated,
        domain=problem.domain,
        kind=kind,
        title_en=name,
        title_zh=name,
        boundary=problem.boundary,
        targets=(problem.boundary,),
        changes=(),
        answers=(problem.id,),
        effects=(),
        costs=(row,) if cost is not None else (),
        realisation=Realisation(
            kind=kind, estimate=one, studies=0, source="no effect is claimed", status="unconfirmed"
        ),
        details={OWN: decision.who},
    )
