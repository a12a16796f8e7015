"""One shortage with all that its answers share: the balance run again with each, its rows of cost, the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.pressure.favad import draw
from cityloop.domains.water.pricing import Price, cost_row, price_of, realisation_of
from cityloop.domains.water.supply.balance import (
    COURSES,
    Course,
    Draws,
    Relief,
    gap_m3_per_day,
    relieved,
    run_courses,
)
from cityloop.domains.water.supply.problems import Outlook
from cityloop.domains.water.supply.sources import M3_PER_DAY_PER_L_PER_S
from cityloop.domains.water.supply.texts import NO_PRICE, ROW_NOTES, SUPPLY_TITLES, sourced
from cityloop.economics import ENDS_ANYWAY
from cityloop.i18n import Pair
from cityloop.records import CostRow, Countermeasure, Effect, Estimate, Problem, Realisation, record_id

__all__ = ["Answer", "ShortageCase", "Spread"]

Grade = Literal["modelled", "published", "assumed"]


@dataclass(frozen=True)
class Spread:
    """A quantity as an estimate and as one draw for each course (COURSES,), none below zero."""

    estimate: Estimate
    drawn: Floats


@dataclass(frozen=True)
class Answer:
    """What one answer to the shortage brings: the gap with it, and what the supplies give then (m3/day, COURSES)."""

    less_gap: Estimate
    """m3/day over the assessment days, positive = less is short."""
    dry_percent: float
    used: Mapping[str, Floats]


@dataclass(frozen=True)
class ShortageCase:
    """One shortage problem with its balance."""

    view: View
    problem: Problem
    outlook: Outlook
    rates: Mapping[str, Realisation]
    priors: Mapping[str, Prior]
    first: Relief = Relief()
    """What is done before any answer counts: the leak repairs on offer. Water that they save shortens the gap once only."""

    def rate(self, kind: str) -> Realisation:
        """The realisation rate of a kind."""
        return realisation_of(kind, self.rates, self.priors)

    def price(self, key: str) -> Price | None:
        """A price of the policy, else of priors.csv in its currency."""
        return price_of(self.view.policy, self.priors, key)

    def spread(
        self,
        value: float,
        low: float,
        high: float,
        level: float,
        unit: str,
        stream: int,
        rate: Realisation | None = None,
    ) -> Spread:
        """A quantity times the realisation rate, drawn once for each course."""
        drawn = np.maximum(draw(value, low, high, level, stream, COURSES), 0.0)
        if rate is not None:
            r = rate.estimate
            drawn = drawn * np.maximum(draw(r.value, r.low, r.high, r.level, stream + 1, COURSES), 0.0)
            value = value * r.value
        return Spread(self.estimate(value, drawn, unit), drawn)

    def estimate(self, value: float, drawn: Floats, unit: str) -> Estimate:
        """A value with the interval of its draws at the policy's level."""
        level = self.view.policy.level
        low, high = (float(q) for q in np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2]))
        return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit=unit)

    def answer(self, relief: Relief) -> Answer:
        """The balance run again with an answer, on the same courses, after what is done first."""
        outlook = self.outlook
        before, known = self._without
        system, draws = relieved(outlook.system, before, relief)
        course = run_courses(system, draws)
        less = missing_m3_per_day(before, known, outlook.days) - missing_m3_per_day(draws, course, outlook.days)
        wanted = draws.demand[:, : outlook.days].sum(axis=1)
        short = np.maximum(1 - course.given[:, : outlook.days].sum(axis=1) / np.maximum(wanted, 1e-9), 0.0)
        dry = 100 * float(np.quantile(short, 1 - outlook.assessment.dry_year_share[0]))
        return Answer(self.estimate(float(less.mean()), less, "m3/day"), dry, course.used)

    @cached_property
    def _without(self) -> tuple[Draws, Course]:
        """Courses without any answer, but with what is done first."""
        outlook = self.outlook
        if not self.first.less_demand:
            return outlook.draws, outlook.course
        system, draws = relieved(outlook.system, outlook.draws, self.first)
        return draws, run_courses(system, draws)

    @property
    def gap_after_first(self) -> Estimate:
        """The gap that what is done first leaves, m3/day."""
        return gap_m3_per_day(*self._without, self.outlook.days, level=self.view.policy.level)

    # --- rows of cost ------------------------------------------------------------------------------------------------
    def shortage_row(self, answer: Answer) -> CostRow:
        """The shortage that it avoids in the coming assessment days, priced where the policy has shortage_per_m3.

        No year after it is counted: nobody knows its storage yet. A shortage ends by itself when the rain comes.
        """
        days = float(self.outlook.days)
        volume = _times(answer.less_gap, days, "m3")
        price = self.price("shortage_per_m3")
        text = sourced(
            price.source if price else NO_PRICE, ROW_NOTES["shortage"], days=self.outlook.days, courses=COURSES
        )
        kind = "benefit" if price else "non_monetary"
        return cost_row("shortage avoided", kind, volume, price, tags=("shortage", ENDS_ANYWAY), source=text, life=1)

    def yearly(
        self, name: str, kind: str, m3_per_day: Estimate, price: Price | None, life: int, how: Pair, **values: object
    ) -> CostRow:
        """A row every year of its life: a volume at a price, not priced where there is none."""
        volume = _times(m3_per_day, 365.0, "m3/year")
        text = sourced(price.source if price else NO_PRICE, how, **values)
        shown = kind if price else "non_monetary"
        return cost_row(name, shown, volume, price, tags=("water",), source=text, life=life, recurrence=1)

    # --- the record --------------------------------------------------------------------------------------------------
    def record(
        self, kind: str, name: str, title: tuple[str, Mapping[str, object]], answer: Answer, costs: Sequence[CostRow], *,
        boundary: str, targets: Sequence[str], less_demand: Estimate | None = None, out_of: float | None = None,
        grade: Grade = "modelled", one_of: str = "", details: Mapping[str, float | str] | None = None,
    ) -> Countermeasure:  # fmt: skip
        """The countermeasure. Its effect on demand can be seen by meters, that on the gap cannot."""
        view, gap = self.view, self.problem
        pair = SUPPLY_TITLES[title[0]]
        sides = [{k: getattr(v, s) if isinstance(v, Pair) else v for k, v in title[1].items()} for s in ("en", "zh")]
        effects = [
            Effect(
                indicator="supply_gap", thing=gap.boundary, estimate=answer.less_gap, period="the coming assessment days",
                grade="modelled", out_of=self.outlook.gap.value,
            )
        ]  # fmt: skip
        if less_demand is not None:
            flow = _times(less_demand, 1 / M3_PER_DAY_PER_L_PER_S, "L/s")
            effects.insert(
                0,
                Effect(
                    indicator="demand", thing=gap.boundary, estimate=flow, period="from its start on", grade=grade,
                    out_of=None if out_of is None else out_of / M3_PER_DAY_PER_L_PER_S,
                ),
            )  # fmt: skip
        return Countermeasure(
            id=record_id(view.city, "countermeasure", kind, name, gap.boundary),
            simulated=gap.simulated,
            domain="water",
            kind=kind,
            title_en=pair.in_("en", **sides[0]),
            title_zh=pair.in_("zh", **sides[1]),
            boundary=boundary,
            targets=tuple(targets),
            changes=(),
            answers=(gap.id,),
            effects=tuple(effects),
            costs=tuple(costs),
            realisation=self.rate(kind),
            one_of=one_of,
            details={
                "compared_with": "leak repairs on offer done" if self.first.less_demand else "doing nothing",
                "gap_without_m3_per_day": self.outlook.gap.value, "gap_after_leak_repairs_m3_per_day": self.gap_after_first.value,
                "gap_less_m3_per_day": answer.less_gap.value, "dry_year_short_without_percent": self.outlook.dry_percent,
                "dry_year_short_with_percent": answer.dry_percent,
                "less_demand_m3_per_day": less_demand.value if less_demand is not None else 0.0, **(details or {}),
            },
        )  # fmt: skip


def missing_m3_per_day(draws: Draws, course: Course, days: int) -> Floats:
    """What is short by course (n,), m3/day over the days."""
    return np.asarray((draws.demand[:, :days] - course.given[:, :days]).sum(axis=1) / days)


def _times(estimate: Estimate, factor: float, unit: str) -> Estimate:
    return Estimate(
        value=estimate.value * factor,
        low=estimate.low * factor,
        high=estimate.high * factor,
        level=estimate.level,
        unit=unit,
    )
