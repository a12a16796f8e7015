"""The chosen portfolio in the model all at once: what it breaks that was not broken before, and the cut for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cityloop.contracts import Output, Simulator, Violation
from cityloop.loop.portfolio import Cut
from cityloop.records import Change, Countermeasure, Limit

__all__ = ["NewCut", "find_cut", "unmet_limits"]

RUN_STEPS, STEP_S = 24, 3600
#: A limit already broken without the portfolio counts only if it is broken by this share of the limit more.
WORSE = 0.01


@dataclass(frozen=True)
class NewCut:
    """A set of countermeasures that cannot all be carried out, and the limit that says so."""

    cut: Cut
    limit: Limit
    violation: Violation


def find_cut(
    simulator: Simulator, standing: Sequence[Countermeasure], chosen: Sequence[Countermeasure], *, now: datetime,
    number: int,
) -> NewCut | None:  # fmt: skip
    """Run a day of the model with all changes; None if no limit is broken anew, else a smallest set that breaks one.

    Members are left out one after the other as long as a limit stays broken, so that the cut is as strong as it can be.
    Raises EngineError if the model fails.
    """
    active = [c for c in chosen if c.changes]
    if not active:
        return None

    def fresh(members: Sequence[Countermeasure]) -> list[Violation]:
        before, broken = _broken(simulator, (standing, [*standing, *members]), now)
        return [v for key, v in broken.items() if key not in before or _worse(v, before[key])]

    violations = fresh(active)
    if not violations:
        return None
    members = list(active)
    for member in active:
        rest = [m for m in members if m.id != member.id]
        if rest and (still := fresh(rest)):
            members, violations = rest, still
    worst = max(violations, key=_excess)
    limit = Limit(
        id=f"cut {number}: {worst.limit_id}", amount=float(len(members) - 1), unit=f"of {len(members)}",
        source=f"joint simulation: {worst.thing} {worst.property} {worst.value:g} {worst.unit} against {worst.limit:g}; "
        f"together: {', '.join(m.id for m in members)} | 联合模拟：{worst.thing} {worst.property} 达 {worst.value:g} "
        f"{worst.unit}，限值 {worst.limit:g}；同时采用：{'、'.join(m.id for m in members)}",
    )  # fmt: skip
    return NewCut(Cut(tuple(m.id for m in members), len(members) - 1), limit, worst)


def unmet_limits(simulator: Simulator, measures: Sequence[Countermeasure], *, now: datetime) -> tuple[Limit, ...]:
    """Limits that the model breaks although all `measures` are carried out, each with its worst place."""
    if not any(m.changes for m in measures):
        return ()
    (broken,) = _broken(simulator, (measures,), now)
    by_limit: dict[str, list[Violation]] = {}
    for violation in broken.values():
        by_limit.setdefault(violation.limit_id, []).append(violation)
    found = []
    for id, violations in sorted(by_limit.items()):
        worst = max(violations, key=_excess)
        found.append(
            Limit(
                id=id, amount=worst.limit, unit=worst.unit,
                source=f"joint simulation: {worst.thing} {worst.property} {worst.value:g} {worst.unit} against "
                f"{worst.limit:g}; places: {len(violations)} | 联合模拟：{worst.thing} {worst.property} 为 {worst.value:g} "
                f"{worst.unit}，限值 {worst.limit:g}；共 {len(violations)} 处",
            )
        )  # fmt: skip
    return tuple(found)


def _excess(violation: Violation) -> float:
    """How far a limit is broken, as a share of it."""
    return abs(violation.value - violation.limit) / max(abs(violation.limit), 1e-9)


def _broken(
    simulator: Simulator, variants: Sequence[Sequence[Countermeasure]], now: datetime
) -> list[dict[tuple[str, str, str], Violation]]:
    """Limits broken with the changes of each variant over one day, the worst value of each.

    Asked together, so that all are run on the same models: those that any of them changes.
    """
    changes: list[list[Change]] = [[change for m in measures for change in m.changes] for measures in variants]
    outputs: list[Output] = []
    start = (now - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    results = simulator.run_all(changes, start=start, steps=RUN_STEPS, step_s=STEP_S, outputs=outputs)
    return [{(v.limit_id, v.thing, v.property): v for v in r.violations} for r in results]


def _worse(now: Violation, before: Violation) -> bool:
    return abs(now.value - now.limit) > abs(before.value - before.limit) + WORSE * abs(now.limit)
