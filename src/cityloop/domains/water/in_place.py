"""Measures that last: once carried out they are not offered again before their life ends."""

from collections.abc import Sequence
from datetime import timedelta

from cityloop.contracts import View
from cityloop.records import Countermeasure, Project

__all__ = ["LASTING", "without_those_in_place"]

#: Kinds that stand for years at one place; a search, a repair, a restriction may be needed again any day.
LASTING = (
    "water_reuse", "buy_water", "household_feedback", "district_meter", "faster_repair", "repair_check", "pump_schedule",
)  # fmt: skip


def without_those_in_place(view: View, measures: Sequence[Countermeasure]) -> list[Countermeasure]:
    """The measures but those of LASTING whose works are done and whose longest cost row has not run out by now."""
    done = {p.countermeasure: p.states[-1].on for p in view.records(Project) if p.state == "done"}
    if not done:
        return list(measures)

    def stands(measure: Countermeasure) -> bool:
        if measure.kind not in LASTING or measure.id not in done:
            return False
        years = max((row.first_year + row.life for row in measure.costs), default=1)
        return view.now < done[measure.id] + timedelta(days=365.25 * years)

    return [m for m in measures if not stands(m)]
