"""What several measures bring together: two cannot remove more than there is, so each acts on what the others left."""

import math
from collections.abc import Mapping, Sequence

from cityloop.economics import add_estimates, at_level
from cityloop.records import Countermeasure, Effect, Estimate, Problem

__all__ = ["claimed_together", "joint_claims", "shared_amount"]


def joint_claims(chosen: Sequence[Countermeasure], problems: Mapping[str, Problem]) -> dict[str, float]:
    """Claimed effect of all chosen together by "<indicator> of <thing>", in the indicator's unit."""
    parts: dict[str, list[tuple[Estimate, float]]] = {}
    for measure in chosen:
        for effect in measure.effects:
            key = f"{effect.indicator} of {effect.thing}"
            parts.setdefault(key, []).append((effect.estimate, shared_amount(measure, effect, problems)))
    return {key: claimed_together(effects, level=0.9, unit="").value for key, effects in parts.items()}


def shared_amount(measure: Countermeasure, effect: Effect, problems: Mapping[str, Problem]) -> float:
    """The amount that an effect takes its share of: what it states, else the gap of its problem; 0 where not known."""
    if effect.out_of is not None:
        return effect.out_of
    answered = [problems[a] for a in measure.answers if a in problems]
    return max((abs(p.gap.value) for p in answered if p.indicator == effect.indicator), default=0.0)


def claimed_together(effects: Sequence[tuple[Estimate, float]], *, level: float, unit: str) -> Estimate:
    """Independent claims with the amounts they take their shares of, as one claim at `level`.

    amount * (1 - product of (1 - claim / amount)), where the amount is the largest that any of them takes its share of;
    without a known amount claims add up. Half-widths add in squares, each slowed by what the others take.
    """
    claims = [at_level(claim, level) for claim, _ in effects]
    amount = max((a for _, a in effects), default=0.0)
    if len(claims) < 2 or amount <= 0:
        return add_estimates(claims, level=level, unit=unit)
    left = [1 - min(claim.value / amount, 1.0) for claim in claims]
    value = amount * (1 - math.prod(left))
    slowed = [math.prod(left[:i] + left[i + 1 :]) for i in range(len(left))]
    down = math.hypot(*((c.value - c.low) * s for c, s in zip(claims, slowed, strict=True)))
    up = math.hypot(*((c.high - c.value) * s for c, s in zip(claims, slowed, strict=True)))
    return Estimate(value=value, low=value - down, high=value + up, level=level, unit=unit)
