"""What a plan starts from: countermeasures still to choose, works already decided on, and what those leave over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cityloop.contracts import View
from cityloop.economics import LinearForm, common_money, linear_form
from cityloop.errors import InputError
from cityloop.loop.portfolio import Capacity, Option
from cityloop.loop.texts import reason
from cityloop.records import Countermeasure, Goal, Limit, Plan, Problem, Project, Thing

__all__ = [
    "IMPORTED", "OPEN", "OWN", "RUNNING", "WITHDRAWN", "Candidates", "Running", "answered", "candidates", "is_imported",
    "is_own", "is_withdrawn", "name_of", "project_round",
]  # fmt: skip

OPEN = ("open", "acknowledged")
RUNNING = ("approved", "funded", "started")
#: Key of Countermeasure.details that takes an offer back.
WITHDRAWN = "withdrawn"
#: Key of Countermeasure.details that says who added works of the city's own: no domain offers them, no plan chooses them.
OWN = "added_by"
#: Key of Countermeasure.details that names the project list it came from: no domain offers it, a plan may choose it.
IMPORTED = "imported_from"


@dataclass(frozen=True)
class Running:
    """A project that a person has decided on: fixed in every later plan. `start` is a plan year, below 0 = before."""

    project: Project
    countermeasure: Countermeasure
    form: LinearForm
    start: int


@dataclass(frozen=True)
class Candidates:
    """The input of the portfolio."""

    years: tuple[int, ...]
    countermeasures: Mapping[str, Countermeasure]
    options: Mapping[str, Option]
    needs: Mapping[str, tuple[tuple[str, str], ...]]
    """(kind, target) behind each entry of Option.requires, by countermeasure."""
    running: tuple[Running, ...]
    left: tuple[float, ...]
    """Budget of each year less what running and this year's finished works take."""
    capacities: Mapping[str, Capacity]
    rejected: Mapping[str, str]
    unanswered: frozenset[str]
    """Open problems that no running project answers."""


def name_of(countermeasure: Countermeasure) -> str:
    """Its title in both languages."""
    return f"{countermeasure.title_en} | {countermeasure.title_zh}"


def is_withdrawn(countermeasure: Countermeasure) -> bool:
    """Whether its domain no longer offers it."""
    return WITHDRAWN in countermeasure.details


def is_own(countermeasure: Countermeasure) -> bool:
    """Whether a person added it."""
    return OWN in countermeasure.details


def is_imported(countermeasure: Countermeasure) -> bool:
    """Whether it stands in the city's own project list."""
    return IMPORTED in countermeasure.details


def answered(view: View, countermeasure: Countermeasure) -> tuple[Problem, ...]:
    """The problems that a countermeasure answers, those of its goals included; merged ones are followed."""
    problems = {p.id: p for p in view.records(Problem)}
    goals = {g.id: g.problem for g in view.records(Goal)}
    found: dict[str, Problem] = {}
    for answer in countermeasure.answers:
        problem = problems.get(goals.get(answer, answer))
        seen: set[str] = set()
        while problem is not None and problem.status == "merged" and problem.id not in seen:
            seen.add(problem.id)
            problem = problems.get(problem.merged_into)
        if problem is not None:
            found[problem.id] = problem
    return tuple(found.values())


def project_round(view: View, countermeasure: str) -> int:
    """How many projects of a countermeasure have ended: the next one is another project."""
    return sum(p.countermeasure == countermeasure and p.state in ("done", "cancelled") for p in view.records(Project))


def candidates(view: View) -> Candidates:
    """Read the records as they stand at `view.now`; plan year 0 is the civil year of the city."""
    policy = view.policy
    first = view.now.astimezone(ZoneInfo(view.timezone)).year
    known = {c.id: c for c in view.records(Countermeasure)}
    forms: dict[str, LinearForm] = {}
    rejected: dict[str, str] = {}
    for id, countermeasure in known.items():
        try:
            common_money(countermeasure.costs, currency=policy.currency, price_year=policy.price_year)
            forms[id] = linear_form(
                countermeasure.costs, policy.discount_rate, years=policy.years, level=policy.level
            )  # fmt: skip
        except InputError as fault:
            rejected[id] = reason("money", where=fault.where, got=fault.got, allowed=fault.allowed)
    running = tuple(_running(view, known, forms, first))
    busy = {r.project.countermeasure for r in running} | {
        p.countermeasure for p in view.records(Project) if p.state in RUNNING
    }
    handled = {p.id for r in running for p in answered(view, r.countermeasure)}
    open_ones = {p.id for p in view.records(Problem) if p.status in OPEN}
    chosen = {
        id: c for id, c in known.items()
        if id not in busy and not is_withdrawn(c) and not is_own(c) and any(p.id in open_ones for p in answered(view, c))
    }  # fmt: skip
    rejected = {id: text for id, text in rejected.items() if id in chosen}
    things = {t.id for t in view.records(Thing)}
    for id, countermeasure in chosen.items():
        meant = (*countermeasure.targets, *(c.thing for c in countermeasure.changes))
        if missing := [t for t in meant if t not in things]:
            rejected.setdefault(id, reason("no_target", target=missing[0]))
    for id, countermeasure in chosen.items():
        other = next((r for r in running if r.countermeasure.one_of == countermeasure.one_of != ""), None)
        if other is not None and id not in rejected:
            rejected[id] = reason("running", other=other.project.name)
    needs = {id: _needs(view, c, chosen, running) for id, c in chosen.items()}
    options = {
        id: Option(id, forms[id], tuple(needs[id].values()), _group(c, forms[id], chosen), dict(c.uses))
        for id, c in chosen.items() if id not in rejected
    }  # fmt: skip
    return Candidates(
        years=tuple(range(first, first + policy.years)),
        countermeasures=chosen,
        options=options,
        needs={id: tuple(n) for id, n in needs.items()},
        running=running,
        left=_left(view, known, forms, running, first),
        capacities=_capacities(policy.limits, running, policy.years),
        rejected=rejected,
        unanswered=frozenset(open_ones - handled),
    )


def _group(countermeasure: Countermeasure, form: LinearForm, chosen: Mapping[str, Countermeasure]) -> str:
    """Its group. What a project list says to save and what a domain offers for the same problem is one saving, not two:
    a listed project with a price on its benefit shares the group of the first of these offers that has one.
    """
    if countermeasure.one_of or not is_imported(countermeasure) or not form.priced:
        return countermeasure.one_of
    rivals = (c for c in chosen.values() if not is_imported(c) and set(c.answers) & set(countermeasure.answers))
    return next((c.one_of for c in sorted(rivals, key=lambda c: c.id) if c.one_of), "")


def _running(
    view: View, known: Mapping[str, Countermeasure], forms: Mapping[str, LinearForm], first: int
) -> list[Running]:
    """Projects that are approved, funded or started, with their year of start."""
    years = {line.project: line.year for plan in view.records(Plan) for line in plan.lines}
    found = []
    for project in view.records(Project):
        if project.state in RUNNING and project.countermeasure in forms:
            begun = next((s.on for s in project.states if s.state == "started"), None)
            year = begun.astimezone(ZoneInfo(view.timezone)).year if begun else max(years.get(project.id, first), first)
            found.append(
                Running(project, known[project.countermeasure], forms[project.countermeasure], year - first)
            )  # fmt: skip
    return found


def _needs(
    view: View, countermeasure: Countermeasure, chosen: Mapping[str, Countermeasure], running: Sequence[Running]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Who could meet each need that running or finished works do not yet meet."""
    there = [r.countermeasure for r in running]
    done = {p.countermeasure for p in view.records(Project) if p.state == "done"}
    there += [c for c in view.records(Countermeasure) if c.id in done]

    def meets(other: Countermeasure, kind: str, target: str) -> bool:
        return other.kind == kind and (target in other.targets or target == other.boundary)

    return {
        (kind, target): tuple(
            sorted(id for id, other in chosen.items() if id != countermeasure.id and meets(other, kind, target))
        )
        for kind, target in countermeasure.requires
        if not any(meets(other, kind, target) for other in there)
    }


def _left(
    view: View, known: Mapping[str, Countermeasure], forms: Mapping[str, LinearForm], running: Sequence[Running],
    first: int,
) -> tuple[float, ...]:  # fmt: skip
    """What is left of each year's budget. A finished project counts with what it cost, where that is in the plan's money."""
    policy = view.policy
    left = list(policy.budget_per_year[: policy.years])
    for item in running:
        for y in range(policy.years):
            if 0 <= y - item.start < policy.years:
                left[y] -= item.form.spend[y - item.start]
    for project in view.records(Project):
        last = project.states[-1]
        year = last.on.astimezone(ZoneInfo(view.timezone)).year - first
        if last.state != "done" or not 0 <= year < policy.years or project.countermeasure not in known:
            continue
        paid = next((s.cost for s in reversed(project.states) if s.cost is not None), None)
        if paid is not None and (paid.currency, paid.price_year) == (policy.currency, policy.price_year):
            left[year] -= paid.amount
        elif project.countermeasure in forms:
            left[year] -= forms[project.countermeasure].spend[0]
    return tuple(left)


def _capacities(limits: Sequence[Limit], running: Sequence[Running], years: int) -> dict[str, Capacity]:
    """Limits less what running works use; a unit "<...>/year" renews every year, any other holds for all years."""
    found = {}
    for limit in limits:
        renews = limit.unit.endswith("/year")
        amounts = [limit.amount] * years
        for item in running:
            used = item.countermeasure.uses.get(limit.id, 0.0)
            for y in range(years):
                if y == item.start if renews else y >= item.start:
                    amounts[y] -= used
        found[limit.id] = Capacity(tuple(amounts), renews)
    return found
