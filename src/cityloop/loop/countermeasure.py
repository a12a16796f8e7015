"""Step three: what can be done about the open Problems, with the realisation rates learnt so far."""

from collections.abc import Sequence

import msgspec

from cityloop.contracts import Domain, Simulator, View
from cityloop.errors import RecordError
from cityloop.loop.candidates import OPEN, RUNNING, WITHDRAWN, answered, is_imported, is_own, is_withdrawn
from cityloop.loop.cost_experience import cost_rates, with_experience
from cityloop.loop.learning import realisation_rates
from cityloop.loop.news import news
from cityloop.loop.texts import dated
from cityloop.records import Countermeasure, Goal, Problem, Project

__all__ = ["propose"]


def propose(view: View, domains: Sequence[Domain], simulator: Simulator | None) -> list[Countermeasure]:
    """Every domain's countermeasures for the open Problems; offers that no longer stand are withdrawn.

    A countermeasure that a person has approved keeps its claim until its works have ended. Raises RecordError if two
    domains use one id or a countermeasure answers nothing.
    """
    problems = tuple(p for p in view.records(Problem) if p.status in OPEN)
    goals = view.records(Goal)
    rates = realisation_rates(view, domains)
    costs = cost_rates(view)
    held = {p.countermeasure for p in view.records(Project) if p.state in RUNNING}
    offered: dict[str, Countermeasure] = {}
    for domain in domains:
        for measure in domain.countermeasures(view, simulator, problems, goals, rates):
            if measure.id in offered:
                raise RecordError("Two countermeasures have one id.", where=domain.name, got=measure.id)
            if not measure.answers:
                raise RecordError(
                    "A countermeasure that answers no problem.", where=domain.name, got=measure.id,
                    cure="Name the problem or goal in `answers`.",
                )  # fmt: skip
            offered[measure.id] = with_experience(measure, costs)
    withdrawn = [
        msgspec.structs.replace(
            measure, version=measure.version + 1, details={**measure.details, WITHDRAWN: dated("withdrawn", view.now)}
        )
        for measure in view.records(Countermeasure)
        if measure.id not in offered
        and measure.id not in held
        and not is_withdrawn(measure)
        and not is_own(measure)
        and not is_imported(measure)
        and any(p.status in OPEN for p in answered(view, measure))
    ]
    return news(view, [*(m for id, m in offered.items() if id not in held), *withdrawn])
