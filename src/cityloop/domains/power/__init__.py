"""The power domain: overloaded distribution transformers; a larger transformer, flexible heat pumps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cityloop.contracts import IndicatorSeries, Prior, Simulator, View
from cityloop.domains.power.words import WORDS
from cityloop.economics.prices import read_priors
from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Goal, Problem

__all__ = ["PowerDomain", "domain"]


class PowerDomain:
    """Manifest of the domain; every method is pure and loads what it needs when called."""

    name = "power"
    title = Pair("Power distribution", "配电")
    words: Mapping[str, Pair] = WORDS
    indicators: Sequence[str] = ("transformer_loading",)
    causes: Sequence[str] = ("overload",)

    def __init__(self) -> None:
        self.priors: Mapping[str, Prior] = read_priors("cityloop.domains.power")

    def problems(self, view: View, simulator: Simulator | None) -> Sequence[Problem]:
        """What is wrong now."""
        from cityloop.domains.power.problems import find_problems

        return find_problems(view, self.priors)

    def countermeasures(
        self, view: View, simulator: Simulator | None, problems: Sequence[Problem], goals: Sequence[Goal],
        rates: Mapping[str, Any],
    ) -> Sequence[Countermeasure]:  # fmt: skip
        """What can be done about the open problems."""
        from cityloop.domains.power.countermeasures import propose

        return propose(view, simulator, problems, rates, self.priors)

    def kinds(self) -> Sequence[str]:
        """Countermeasure kinds for which a realisation rate is learnt."""
        return ("swap_transformer", "flexible_heat_pumps")

    def series(
        self, view: View, indicator: str, boundary: str, *, start: datetime, end: datetime, exclude: Sequence[str] = ()
    ) -> IndicatorSeries:
        """The daily series by which goal, baseline and verification judge."""
        from cityloop.domains.power.loading import loading_series

        return loading_series(view, indicator, boundary, self.priors, start=start, end=end)

    def inspected(self, view: View, problem: Problem, finding: Mapping[str, float | str]) -> Mapping[str, float | str]:
        """Nothing: a station is known, nobody searches for it."""
        return {}


domain = PowerDomain()
