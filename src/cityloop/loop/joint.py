"""The chosen portfolio in the model all at once: what it breaks that was not broken before, and the cut for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cityloop.contracts import Output, Simulator, Violation
from cityloop.loop.portfolio import Cut
from cityloop.records import Change, Countermeasure, Limit, Problem

__all__ = ["NewCut", "find_cut", "joint_claims"]

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
    before = _broken(simulator, standing, now)

    def fresh(members: Sequence[Countermeasure]) -> list[Violation]:
        broken = _broken(simulator, [*standing, *members], now)
        return [v for key, v in broken.items() if key not in before or _worse(v, before[key])]

    violations = fresh(active)
    if not violations:
        return None
    members = list(active)
    for member in active:
        rest = [m for m in members if m.id != member.id]
        if rest and (still := fresh(rest)):
            members, violations = rest, still
    worst = max(violations, key=lambda v: abs(v.value - v.limit) / max(abs(v.limit), 1e-9))
    limit = Limit(
        id=f"cut {number}: {worst.limit_id}", amount=float(len(members) - 1), unit=f"of {len(members)}",
        source=f"joint simulation: {worst.thing} {worst.property} {worst.value:g} {worst.unit} against {worst.limit:g}; "
        f"together: {', '.join(m.id for m in members)}",
    )  # fmt: skip
    return NewCut(Cut(tuple(m.id for m in members), len(members) - 1), limit, worst)


def _broken(
    simulator: Simulator, measures: Sequence[Countermeasure], now: datetime
) -> dict[tuple[str, str, str], Violation]:
    """Limits broken with the changes of some measures over one day, the worst value of each."""
    changes: list[Change] = [change for m in measures for change in m.changes]
    outputs: list[Output] = []
    start = (now - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    result = simulator.run(changes, start=start, steps=RUN_STEPS, step_s=STEP_S, outputs=outputs)
    return {(v.limit_id, v.thing, v.property): v for v in result.violations}


def _worse(now: Violation, before: Violation) -> bool:
    return abs(now.value - now.limit) > abs(before.value - before.limit) + WORSE * abs(now.limit)


def joint_claims(chosen: Sequence[Countermeasure], problems: Mapping[str, Problem]) -> dict[str, float]:
    """Claimed effect of all chosen together by "<indicator> of <thing>", in the indicator's unit.

    Two measures against one gap cannot remove more than the gap: each acts on what the others left,
    gap * (1 - product of (1 - effect / gap)); without a known gap effects add up.
    """
    parts: dict[str, list[tuple[float, float]]] = {}
    for measure in chosen:
        gap = max((abs(problems[a].gap.value) for a in measure.answers if a in problems), default=0.0)
        for effect in measure.effects:
            parts.setdefault(f"{effect.indicator} of {effect.thing}", []).append((effect.estimate.value, gap))
    joint = {}
    for key, effects in parts.items():
        gap = max(g for _, g in effects)
        if len(effects) == 1 or gap <= 0:
            joint[key] = sum(e for e, _ in effects)
            continue
        left = 1.0
        for claim, _ in effects:
            left *= 1 - min(max(claim / gap, 0.0), 1.0)
        joint[key] = gap * (1 - left)
    return joint
