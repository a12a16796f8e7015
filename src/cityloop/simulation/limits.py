"""Limits of a model's settings, held against what a run gave."""

from collections.abc import Mapping, Sequence

from cityloop.contracts import Element, Floats, Output, Violation
from cityloop.settings.city_file import LimitSettings

__all__ = ["find_violations", "watched"]


def watched(limits: Sequence[LimitSettings], elements: Sequence[Element]) -> list[Output]:
    """Outputs (element name, property) that the limits watch."""
    return [(e.name, limit.property) for limit in limits for e in _of(limit, elements)]


def find_violations(
    limits: Sequence[LimitSettings], elements: Sequence[Element], series: Mapping[Output, Floats],
    ids: Mapping[tuple[str, str], str],
) -> list[Violation]:  # fmt: skip
    """One Violation per limit and element, with its worst value over the run; `ids` = (kind, name) -> Thing id."""
    found = []
    for limit in limits:
        for element in _of(limit, elements):
            values = series[(element.name, limit.property)]
            low, high = float(values.min()), float(values.max())
            thing = ids[(element.kind, element.name)]
            if limit.minimum is not None and low < limit.minimum:
                found.append(Violation(limit.id, thing, limit.property, low, limit.minimum, limit.unit))
            if limit.maximum is not None and high > limit.maximum:
                found.append(Violation(limit.id, thing, limit.property, high, limit.maximum, limit.unit))
    return found


def _of(limit: LimitSettings, elements: Sequence[Element]) -> list[Element]:
    return [e for e in elements if e.kind == limit.kind and e.name not in limit.exempt]
