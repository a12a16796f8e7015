"""The water domain: bursts, growing leakage and failing sensors of metered boundaries; survey and repair."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cityloop.contracts import IndicatorSeries, Prior, Progress, SensorSites, Simulator, View
from cityloop.domains.water.words import WORDS
from cityloop.economics.prices import read_priors
from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Goal, Problem

__all__ = ["WaterDomain", "domain"]


class WaterDomain:
    """Manifest of the domain; every method is pure and loads what it needs when called."""

    name = "water"
    title = Pair("Drinking water", "供水")
    words: Mapping[str, Pair] = WORDS
    indicators: Sequence[str] = (
        "night_flow", "demand", "service_pressure", "mean_pressure", "energy_per_m3", "energy_cost_per_m3",
    )  # fmt: skip
    causes: Sequence[str] = ("leak",)

    def __init__(self) -> None:
        self.priors: Mapping[str, Prior] = read_priors("cityloop.domains.water")

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
        return (
            "survey_and_repair",
            "replace_sensor",
            "pressure_management",
            "raise_pressure",
            "check_boundary_valves",
            "renew_pipes",
            "water_reuse",
            "buy_water",
            "household_feedback",
            "use_restriction",
            "district_meter",
            "faster_repair",
            "repair_check",
            "pump_schedule",
        )

    def series(
        self, view: View, indicator: str, boundary: str, *, start: datetime, end: datetime, exclude: Sequence[str] = ()
    ) -> IndicatorSeries:
        """The daily series by which goal, baseline and verification judge."""
        from cityloop.domains.water.indicators import indicator_series

        return indicator_series(view, indicator, boundary, start=start, end=end, exclude=exclude)

    def sensor_sites(
        self, view: View, simulator: Simulator | None, *, count: int, progress: Progress | None = None
    ) -> SensorSites:
        """Where the next pressure loggers should stand (contracts.PlacesSensors)."""
        from cityloop.domains.water.meters.sensor_sites import propose_sites

        return propose_sites(view, simulator, self.priors, count=count, progress=progress)

    def inspected(self, view: View, problem: Problem, finding: Mapping[str, float | str]) -> Mapping[str, float | str]:
        """Score what a crew found against the Problem."""
        from cityloop.domains.water.leaks.inspection import score_finding

        return score_finding(view, problem, finding)


domain = WaterDomain()
