"""The water domain: bursts, growing leakage and failing sensors of metered boundaries; survey and repair."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from cityloop.contracts import IndicatorSeries, Prior, Simulator, View
from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Goal, Problem

__all__ = ["WaterDomain", "domain"]


def _priors() -> dict[str, Prior]:
    """The rows of priors.csv by key."""
    text = (files("cityloop.domains.water") / "priors.csv").read_text(encoding="utf-8")
    return {
        row["key"]: Prior(
            key=row["key"], value=float(row["value"]), low=float(row["low"]), high=float(row["high"]),
            level=float(row["level"]), unit=row["unit"], price_year=int(row["price_year"] or 0),
            currency=row["currency"], source=row["source"], status=row["status"],  # type: ignore[arg-type]
        )
        for row in csv.DictReader(io.StringIO(text, newline=""))
    }  # fmt: skip


class WaterDomain:
    """Manifest of the domain; every method is pure and loads what it needs when called."""

    name = "water"
    title = Pair("Drinking water", "供水")

    def __init__(self) -> None:
        self.priors: Mapping[str, Prior] = _priors()

    def problems(self, view: View, simulator: Simulator | None) -> Sequence[Problem]:
        """What is wrong now."""
        from cityloop.domains.water.problems import find_problems

        return find_problems(view, simulator, self.priors)

    def countermeasures(
        self, view: View, simulator: Simulator | None, problems: Sequence[Problem], goals: Sequence[Goal],
        rates: Mapping[str, Any],
    ) -> Sequence[Countermeasure]:  # fmt: skip
        """What can be done about the open problems."""
        from cityloop.domains.water.countermeasures import propose

        return propose(view, simulator, problems, rates, self.priors)

    def kinds(self) -> Sequence[str]:
        """Countermeasure kinds for which a realisation rate is learnt."""
        return ("survey_and_repair", "replace_sensor")

    def series(
        self, view: View, indicator: str, boundary: str, *, start: datetime, end: datetime, exclude: Sequence[str] = ()
    ) -> IndicatorSeries:
        """The daily series by which goal, baseline and verification judge."""
        from cityloop.domains.water.indicators import indicator_series

        return indicator_series(view, indicator, boundary, start=start, end=end, exclude=exclude)

    def inspected(self, view: View, problem: Problem, finding: Mapping[str, float | str]) -> Mapping[str, float | str]:
        """Score what a crew found against the Problem."""
        from cityloop.domains.water.inspection import score_finding

        return score_finding(view, problem, finding)


domain = WaterDomain()
