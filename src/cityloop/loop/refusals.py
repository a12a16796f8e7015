"""Why each countermeasure that is not in the plan is not in it: one reason, the most decisive first."""

import math
from collections.abc import Mapping

from cityloop.contracts import View
from cityloop.loop.candidates import Candidates, name_of
from cityloop.loop.portfolio import Choice, Option
from cityloop.loop.texts import reason
from cityloop.records import Thing

__all__ = ["explain", "thing_name"]


def explain(
    view: View, given: Candidates, starts: Mapping[str, int], choice: Choice, blamed: Mapping[str, str], share: float
) -> dict[str, str]:
    """Reason in both languages by id of every option that was not chosen; `blamed` = what a joint simulation said."""
    left, room = _leftover(given, starts)
    return {
        id: _why(view, given, option, starts, choice, blamed.get(id, ""), share, left, room)
        for id, option in given.options.items()
        if id not in starts
    }


def _leftover(given: Candidates, starts: Mapping[str, int]) -> tuple[list[float], dict[str, list[float]]]:
    """What the chosen options leave of the budget and of the limits, by year."""
    left = list(given.left)
    room = {name: list(c.amounts) for name, c in given.capacities.items()}
    for id, start in starts.items():
        option = given.options[id]
        for y in range(start, len(left)):
            left[y] -= option.form.spend[y - start]
        for name, amount in option.uses.items():
            if name in room:
                for y in range(len(left)):
                    if y == start if given.capacities[name].renews else y >= start:
                        room[name][y] -= amount
    return left, room


def _why(
    view: View, given: Candidates, option: Option, starts: Mapping[str, int], choice: Choice, blame: str, share: float,
    left: list[float], room: Mapping[str, list[float]],
) -> str:  # fmt: skip
    policy = view.policy
    unit = f"{policy.currency} ({policy.price_year})"
    spend = option.form.spend
    best = max(v.value for v in option.form.value)
    if choice.stopped_by != "optimal" and not choice.starts and math.isinf(choice.bound):
        return reason("unsolved", by=choice.stopped_by)
    for providers, (kind, target) in zip(option.requires, given.needs[option.id], strict=False):
        if not any(p in starts for p in providers):
            return reason("requires", kind=kind, target=thing_name(view, target))
    if option.form.priced and best <= 0:
        return reason("negative", value=f"{best:,.0f}", unit=unit)
    rival = next((id for id in starts if option.one_of and given.options[id].one_of == option.one_of), None)
    if rival is not None:
        return reason("one_of", other=name_of(given.countermeasures[rival]))
    if blame:
        return blame
    for name, amount in option.uses.items():
        if name in room and max(room[name]) < amount:
            return reason("limit", limit=name, need=f"{amount:g}", left=f"{max(max(room[name]), 0.0):g}")
    if not option.form.priced:
        return reason("unpriced", cost=f"{math.fsum(spend):,.0f}", unit=unit, share=f"{share * 100:g}")
    if max(spend) > max(given.left):
        return reason("budget_any", cost=f"{max(spend):,.0f}", left=f"{max(max(given.left), 0.0):,.0f}", unit=unit)
    if max(spend) > max(left):
        return reason("budget", cost=f"{max(spend):,.0f}", unit=unit)
    return reason("worth_less")


def thing_name(view: View, id: str) -> str:
    """Name of a Thing, or the id where it is none."""
    return next((t.name for t in view.records(Thing) if t.id == id), id)
