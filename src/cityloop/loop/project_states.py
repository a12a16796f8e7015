"""A Project on its way: proposed -> approved -> (funded ->) started -> done, cancelled from any but done; inspections.

What it does to the Problems it answers: started = in works, a leak found and done = closed, nothing found = open again.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, cast

import msgspec

from cityloop.contracts import Domain, View
from cityloop.loop.candidates import answered
from cityloop.loop.decision_data import moment, nearest, number, refuse, text
from cityloop.loop.texts import dated
from cityloop.records import Countermeasure, Decision, Money, Problem, Project, Record, StateEntry

__all__ = ["NEXT", "UNKNOWN_COST", "inspect", "set_state"]

State = Literal["proposed", "approved", "funded", "started", "done", "cancelled"]
NEXT: dict[str, tuple[State, ...]] = {
    "proposed": ("approved", "cancelled"),
    "approved": ("funded", "started", "cancelled"),
    "funded": ("started", "cancelled"),
    "started": ("done", "cancelled"),
    "done": (),
    "cancelled": (),
}
#: What a crew may find in any domain, beside the causes that a domain names.
NOTHING, OTHER = "none", "other"
UNKNOWN_COST = "unknown"


# --- set ---------------------------------------------------------------------------------------------------------
def set_state(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    """The Project in its next state with its paper trail, and what follows for Problems and Baselines."""
    project = view.get(Project, decision.about)
    state = _state(decision, project)
    on = moment(decision)
    last = project.states[-1]
    if on < last.on:
        refuse(
            decision, f"{state.capitalize()} before it was {last.state}.", got=on.isoformat(),
            allowed=f"from {last.on.isoformat(timespec='seconds')} on",
            cure="Correct the time of this state (--on), or give the one before it its own time.",
        )  # fmt: skip
    entry = StateEntry(
        state=state, on=on.astimezone(UTC), by=decision.who, cost=_cost(decision, view, state, on),
        department=text(decision, "department"), document=text(decision, "document"), note=_trail(decision),
    )  # fmt: skip
    new = msgspec.structs.replace(project, version=project.version + 1, states=(*project.states, entry))
    return [new, *_follow(decision, view, domains, new, state)]


def _state(decision: Decision, project: Project) -> State:
    wanted = text(decision, "state")
    if wanted not in NEXT:
        refuse(decision, "Unknown state.", got=wanted or "nothing", allowed=", ".join(NEXT), cure=nearest(wanted, NEXT))
    allowed = NEXT[project.state]
    if wanted not in allowed:
        refuse(
            decision, f"A project that is {project.state} cannot become {wanted}.", got=wanted,
            allowed=", ".join(allowed) or "nothing: it has ended",
            cure="Go through the states in their order." if allowed else "A new turn of the loop proposes a new project.",
        )  # fmt: skip
    return wanted


def _cost(decision: Decision, view: View, state: State, on: datetime) -> Money | None:
    """Stated money in its currency and price year; works that are done must say what they cost, or "unknown"."""
    raw, policy = text(decision, "cost"), view.policy
    if raw.lower() == UNKNOWN_COST or not raw:
        if state == "done" and not raw:
            refuse(
                decision, "Done without a cost.", cure='State data.cost, or "unknown" where it cannot be told.'
            )  # fmt: skip
        if text(decision, "currency") or text(decision, "price_year"):
            refuse(decision, "A currency or price year without a cost.", cure="State data.cost too.")
        return None
    amount = number(decision, "cost") or 0.0
    currency = text(decision, "currency") or policy.currency
    year = number(decision, "price_year")
    if len(currency) != 3 or not currency.isalpha() or not currency.isupper():
        refuse(decision, "Not a currency.", got=currency, allowed='an ISO 4217 code, for example "CNY"')
    if currency != policy.currency and year is None:
        refuse(
            decision, "Another currency than the city's, without a price year.", got=currency, allowed=policy.currency,
            cure="Convert it, or state data.price_year too.",
        )  # fmt: skip
    if year is not None and (year != int(year) or not 1900 <= year <= 2200):
        refuse(decision, "Not a price year.", got=decision.data["price_year"], allowed="1900 to 2200")
    return Money(amount=amount, currency=currency, price_year=int(year) if year is not None else on.year)


def _trail(decision: Decision) -> str:
    """The note of the decision, its reason, and that the cost is not known."""
    unknown = "cost unknown" if text(decision, "cost").lower() == UNKNOWN_COST else ""
    return "; ".join(filter(None, (text(decision, "note"), decision.reason.strip(), unknown)))


def _follow(decision: Decision, view: View, domains: Sequence[Domain], project: Project, state: State) -> list[Record]:
    """What a state does to the Problems and, at the start of works, the frozen Baselines."""
    if state == "started":
        from cityloop.loop.baseline import freeze

        problems = [p for p in _problems(view, project) if p.status in ("open", "acknowledged")]
        in_works = [_noted(p, decision, project, "works_started", "in_works") for p in problems]
        return [*in_works, *freeze(view, domains, project, project.states[-1].on)]
    if state == "done":
        found = {str(f.get("found", "")) for f in project.findings}
        claims = bool(_countermeasure(view, project).effects)
        good = bool(found & _causes(domains)) or (not claims and NOTHING not in found)
        key, status = ("works_done", "closed") if good else ("works_done_nothing", "open")
        return [
            _noted(p, decision, project, key, status) for p in _problems(view, project)
            if p.status in ("in_works", "open", "acknowledged") and not _others(view, project, p)
        ]  # fmt: skip
    if state == "cancelled":
        return [
            _noted(p, decision, project, "works_cancelled", "open") for p in _problems(view, project)
            if p.status == "in_works" and not _others(view, project, p)
        ]  # fmt: skip
    return []


def _others(view: View, project: Project, problem: Problem) -> bool:
    """Whether other works on the same Problem are under way."""
    return any(
        other.id != project.id and other.state == "started" and problem.id in {p.id for p in _problems(view, other)}
        for other in view.records(Project)
    )


def _countermeasure(view: View, project: Project) -> Countermeasure:
    return view.get(Countermeasure, project.countermeasure)


def _problems(view: View, project: Project) -> tuple[Problem, ...]:
    """The Problems that a project answers."""
    return answered(view, _countermeasure(view, project))


def _noted(problem: Problem, decision: Decision, project: Project, key: str, status: str) -> Problem:
    """A new version of a Problem in another status, with a dated note that names the project in each language."""
    note = dated(key, moment(decision), project=project.name)
    return msgspec.structs.replace(
        problem, version=problem.version + 1, status=cast(Any, status), notes=(*problem.notes, note)
    )


# --- inspect -----------------------------------------------------------------------------------------------------
def inspect(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    """The Project with what its crew found, scored by the domain; a find of nothing opens the Problem again."""
    project = view.get(Project, decision.about)
    begun = next((s.on for s in project.states if s.state == "started"), None)
    if begun is None or project.state not in ("started", "done"):
        refuse(
            decision, f"Works that are {project.state} cannot be inspected.", got=project.state, allowed="started, done",
            cure="Set the project started first.",
        )  # fmt: skip
    found = text(decision, "found")
    problems = _problems(view, project)
    here = {p.domain for p in problems}
    allowed = (*sorted(_causes([d for d in domains if d.name in here])), NOTHING, OTHER)
    if found not in allowed:
        refuse(
            decision, "Unknown finding.", got=found or "nothing", allowed=", ".join(allowed),
            cure=nearest(found, allowed),
        )  # fmt: skip
    on = moment(decision)
    if on < begun:
        refuse(
            decision, "Inspected before the works started.", got=on.isoformat(), allowed=f"from {begun.isoformat()} on"
        )
    finding: dict[str, float | str] = {"found": found, "on": on.astimezone(UTC).isoformat(), "by": decision.who}
    if text(decision, "place"):
        finding["place"] = text(decision, "place")
    if (flow := number(decision, "flow_l_per_s")) is not None:
        finding["flow_l_per_s"] = flow
    if note := "; ".join(filter(None, (text(decision, "note"), decision.reason.strip()))):
        finding["note"] = note
    finding |= _score(decision, view, domains, problems, finding)
    new = msgspec.structs.replace(project, version=project.version + 1, findings=(*project.findings, finding))
    return [new, *_after_finding(decision, view, new, problems, found, _causes(domains))]


def _causes(domains: Sequence[Domain]) -> set[str]:
    """What a crew can find that is the trouble it was sent for."""
    return {cause for domain in domains for cause in domain.causes}


def _score(
    decision: Decision, view: View, domains: Sequence[Domain], problems: Sequence[Problem],
    finding: Mapping[str, float | str],
) -> dict[str, float | str]:  # fmt: skip
    """The domain's score against the Problem named, or the one that it fits best."""
    named = text(decision, "problem")
    known = {p.id: p for p in problems}
    if named and named not in known:
        refuse(
            decision, "The project does not answer this problem.", got=named, allowed=", ".join(known),
            cure=nearest(named, known),
        )  # fmt: skip
    by_name = {d.name: d for d in domains}
    scores = []
    for problem in [known[named]] if named else problems:
        if problem.domain in by_name:
            score = dict(by_name[problem.domain].inspected(view, problem, finding))
            scores.append({**score, "problem": problem.id})

    def distance(score: Mapping[str, float | str]) -> tuple[float, float]:
        rank, metres = score.get("rank", 1e9), score.get("distance_m", 1e9)
        return (float(rank), float(metres))

    return min(scores, key=distance, default={})


def _after_finding(
    decision: Decision, view: View, project: Project, problems: Sequence[Problem], found: str, causes: set[str]
) -> list[Record]:
    """During works: nothing found opens the Problem, its cause found after all puts it back into works.

    After works are done a finding that comes late closes or opens it for good.
    """
    before = {str(f.get("found", "")) for f in project.findings[:-1]}
    done = project.state == "done"
    records: list[Record] = []
    for problem in problems:
        if _others(view, project, problem):
            continue
        if found == NOTHING and not before & causes and problem.status in ("in_works", "closed"):
            if problem.status == "closed" and not done:
                continue
            records.append(_noted(problem, decision, project, "found_nothing", "open"))
        elif found in causes and problem.status in ("open", "acknowledged", "in_works"):
            status = "closed" if done else "in_works"
            if problem.status != status:
                records.append(_noted(problem, decision, project, "found_cause", status))
    return records
