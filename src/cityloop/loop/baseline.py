"""The frozen expectation at the start of works: the registered method fitted on what was observed up to that moment."""

from collections.abc import Sequence
from datetime import datetime

from cityloop.contracts import Domain, View
from cityloop.records import Baseline, Project

__all__ = ["DAYS_AFTER", "DAYS_BEFORE", "METHOD", "SETTLING_DAYS", "freeze"]

#: What a Goal registers (Goal.method, days_before, days_after, settling_days).
METHOD = "before_after/1"
DAYS_BEFORE = 56
DAYS_AFTER = 56
SETTLING_DAYS = 1


def freeze(view: View, domains: Sequence[Domain], project: Project, at: datetime) -> list[Baseline]:
    """One Baseline per Goal that the project's countermeasure answers, from observations before `at`."""
    return []
