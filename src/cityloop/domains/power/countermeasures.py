"""What can be done: a larger transformer, or heat pumps that leave out the peak. Each price has its source."""

from collections.abc import Mapping, Sequence

import numpy as np

from cityloop.contracts import Floats, Prior, Simulator, View
from cityloop.domains.power.loading import Loading, rating_kva, read_loading, stations
from cityloop.domains.power.problems import RECENT_DAYS, energy_above, hour_span
from cityloop.domains.power.words import TITLES
from cityloop.economics.prices import Price, cost_row, policy_price, price_of, realisation_of
from cityloop.errors import EngineError
from cityloop.records import Change, CostRow, Countermeasure, Effect, Estimate, Problem, Realisation, record_id

__all__ = ["SIZES_KVA", "mean_peak_fall", "propose", "without_peaks"]

#: Preferred ratings (kVA), as manufacturers offer them in every market: the R10 series of IEC 60076-1.
SIZES_KVA = (50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500)
#: The two smallest sizes that carry the observed peak are offered.
OFFERED = 2
OPEN = ("open", "acknowledged", "in_works")


def propose(
    view: View, simulator: Simulator | None, problems: Sequence[Problem], rates: Mapping[str, Realisation],
    priors: Mapping[str, Prior],
) -> list[Countermeasure]:  # fmt: skip
    """Countermeasures for all overloaded transformers; of those for one transformer a plan takes one."""
    found: list[Countermeasure] = []
    known = stations(view)
    for problem in problems:
        if problem.domain == "power" and problem.status in OPEN and problem.boundary in known:
            found += _Station(view, simulator, problem, rates, priors).measures()
    return found


def without_peaks(loading: Loading, kw: float, hours: int) -> Floats:
    """The hourly power (t,) if `kw` were left out in the `hours` highest hours of every day."""
    after = loading.kw.copy()
    for day in loading.days:
        mine = np.flatnonzero((loading.day == day) & np.isfinite(loading.kw))
        highest = mine[np.argsort(-loading.kw[mine], kind="stable")[:hours]]
        after[highest] -= kw
    return after


def mean_peak_fall(loading: Loading, after: Floats) -> float:
    """Mean fall (kW) of the daily peak over the last days that are judged: what the next hours leave of it."""
    falls = []
    for day, peak in zip(loading.days[-RECENT_DAYS:], loading.peak[-RECENT_DAYS:], strict=True):
        if np.isfinite(peak):
            mine = (loading.day == day) & np.isfinite(loading.kw)
            falls.append(float(loading.kw[mine].max() - after[mine].max()))
    return float(np.mean(falls)) if falls else 0.0


class _Station:
    """One overloaded transformer: what all its measures share."""

    def __init__(
        self, view: View, simulator: Simulator | None, problem: Problem, rates: Mapping[str, Realisation],
        priors: Mapping[str, Prior],
    ) -> None:  # fmt: skip
        self.view, self.simulator, self.problem, self.rates, self.priors = view, simulator, problem, rates, priors
        self.thing, stream = stations(view)[problem.boundary]
        self.rating = rating_kva(view, self.thing)[-1][1]
        self.cos_phi = priors["cos_phi"].value
        self.peak_kw = problem.observed.value / 100 * self.cos_phi * self.rating
        start, end = hour_span(view, stream)
        self.loading = read_loading(view, self.thing, stream, priors, start=start, end=end)

    def measures(self) -> list[Countermeasure]:
        """The sizes on offer and the heat pumps, where each has its prices."""
        need = self.peak_kw / self.cos_phi
        sizes = [kva for kva in SIZES_KVA if kva >= need and kva > self.rating][:OFFERED]
        found = [m for kva in sizes if (m := self._swap(float(kva))) is not None]
        flexible = self._flexible()
        return [*found, *([flexible] if flexible is not None else [])]

    # --- a larger transformer ------------------------------------------------------------------------------------
    def _swap(self, kva: float) -> Countermeasure | None:
        each, per_kva = (
            price_of(self.view.policy, self.priors, k) for k in ("transformer_each", "transformer_per_kva")
        )
        if each is None or per_kva is None:
            return None
        share, loss_kw, said = self._with_and_without(kva)
        rate = realisation_of("swap_transformer", self.rates, self.priors)
        one, size = self._exactly(1.0, "1"), self._exactly(kva, "kVA")
        life = int(self.priors["transformer_life"].value)
        kw = self.loading.kw
        avoided = energy_above(kw, self.cos_phi * self.rating) - energy_above(kw, self.cos_phi * kva)
        costs = [
            cost_row("transformer", "cost", one, each, tags=("transformer",)),
            cost_row("transformer rating", "cost", size, per_kva, tags=("transformer",)),
            self._benefit(avoided, rate, life),
        ]
        if loss_kw is not None:
            source = "model run with and without, at the observed peak"
            quantity = self._exactly(loss_kw, "kW")
            costs.append(cost_row("grid losses", "non_monetary", quantity, None, tags=("energy",), source=source))
        return self._measure(
            "swap_transformer", f"{kva:g}", {"old": f"{self.rating:g}", "new": f"{kva:g}"}, rate, costs,
            change=("sn_kva", kva), fall=self.problem.observed.value * (1 - share), spread=(1.0, 1.0),
            grade="modelled" if loss_kw is not None else "assumed", days=self.priors["swap_days"].value,
            details={"new_kva": kva, "loading_share": share, "basis": said},
        )  # fmt: skip

    def _with_and_without(self, kva: float) -> tuple[float, float | None, str]:
        """Loading with / without the new unit at the observed peak, kW of losses saved, and what this rests on.

        By the ratings alone (None for the losses) where no model can be asked.
        """
        if self.simulator is None:
            return self.rating / kva, None, "ratings: no model"
        id = self.thing.id
        start = self.view.now.replace(minute=0, second=0, microsecond=0)
        variants = [[Change(thing=id, property="sn_kva", value=size)] for size in (self.rating, kva)]
        try:
            before, after = self.simulator.run_all(
                variants, start=start, steps=1, step_s=3600, drivers={(id, "load_kw"): np.array([self.peak_kw])},
                outputs=[(id, "loading_percent"), (id, "losses_kw")],
            )  # fmt: skip
        except EngineError as fault:
            return self.rating / kva, None, f"ratings: {fault}"
        share = after.mean(id, "loading_percent") / before.mean(id, "loading_percent")
        return share, before.mean(id, "losses_kw") - after.mean(id, "losses_kw"), "model with and without"

    # --- flexible heat pumps -------------------------------------------------------------------------------------
    def _flexible(self) -> Countermeasure | None:
        """Control of the heat pumps behind the transformer, where the register says how many there are."""
        said = [self.thing.properties.get(k) for k in ("heat_pumps", "heat_pump_kw")]
        numbers = [float(x) for x in said if isinstance(x, int | float) and x > 0]
        keys = ("heat_pump_control_each", "heat_pump_payment_per_year")
        box, payment = (price_of(self.view.policy, self.priors, k) for k in keys)
        if len(numbers) < len(said) or box is None or payment is None:
            return None
        pumps, pump_kw = numbers
        taking, each = self.priors["heat_pump_participation"], self.priors["heat_pump_reduction_kw"]
        kw = min(pumps * taking.value * each.value, pump_kw)
        spread = tuple(min(pumps * t * e, pump_kw) / kw for t, e in ((taking.low, each.low), (taking.high, each.high)))
        rate = realisation_of("flexible_heat_pumps", self.rates, self.priors)
        taking_part = Estimate(
            value=pumps * taking.value, low=pumps * taking.low, high=pumps * taking.high, level=taking.level, unit="1"
        )
        limit = self.cos_phi * self.rating
        life = int(self.priors["heat_pump_contract_life"].value)
        hours = int(self.priors["heat_pump_hours"].value)
        after = without_peaks(self.loading, kw, hours)
        avoided = energy_above(self.loading.kw, limit) - energy_above(after, limit)
        fall_kw = mean_peak_fall(self.loading, after)
        costs = [
            cost_row("heat pump controls", "cost", taking_part, box, tags=("heat pump",)),
            cost_row("heat pump payments", "cost", taking_part, payment, tags=("heat pump",), life=life, recurrence=1),
            self._benefit(avoided, rate, life),
        ]
        return self._measure(
            "flexible_heat_pumps", "", {"n": f"{taking_part.value:.0f}"}, rate, costs,
            change=("heat_pump_scale", 1 - kw / pump_kw), fall=100 * fall_kw / limit, spread=(spread[0], spread[1]),
            grade="published", days=taking_part.value * self.priors["heat_pump_days"].value,
            details={"heat_pumps": pumps, "heat_pump_kw": pump_kw, "kw_at_peak": kw, "hours_a_day": float(hours), "basis": "priors of the domain"},
        )  # fmt: skip

    # --- what both need ------------------------------------------------------------------------------------------
    def _exactly(self, value: float, unit: str) -> Estimate:
        return Estimate(value=value, low=value, high=value, level=self.view.policy.level, unit=unit)

    def _benefit(self, kwh: float, rate: Realisation, life: int) -> CostRow:
        """Energy above the rating that is avoided each year, priced where the policy says what it is worth."""
        price: Price | None = policy_price(self.view.policy, "energy_above_rating_per_kwh")
        share = rate.estimate
        quantity = Estimate(
            value=kwh * share.value, low=kwh * share.low, high=kwh * share.high, level=share.level, unit="kWh"
        )
        return cost_row(
            "energy above the rating", "benefit" if price else "non_monetary", quantity, price, tags=("energy",), life=life, recurrence=1,
            source=price.source if price else "no price given",
        )  # fmt: skip

    def _measure(
        self, kind: str, variant: str, words: Mapping[str, str], rate: Realisation, costs: Sequence[CostRow], *,
        change: tuple[str, float], fall: float, spread: tuple[float, float], grade: str, days: float,
        details: Mapping[str, float | str],
    ) -> Countermeasure:  # fmt: skip
        thing, title, share = self.thing, TITLES[kind], rate.estimate
        claim = Estimate(
            value=fall * share.value, low=fall * spread[0] * share.low, high=fall * spread[1] * share.high,
            level=self.view.policy.level, unit="%",
        )  # fmt: skip
        return Countermeasure(
            id=record_id(self.view.city, "countermeasure", kind, variant, thing.id),
            simulated=self.problem.simulated,
            domain="power",
            kind=kind,
            title_en=title.in_("en", name=thing.name, **words),
            title_zh=title.in_("zh", name=thing.name, **words),
            boundary=thing.id,
            targets=(thing.id,),
            changes=(Change(thing=thing.id, property=change[0], value=change[1]),),
            answers=(self.problem.id,),
            effects=(
                Effect(
                    indicator=self.problem.indicator, thing=thing.id, estimate=claim, period="daily peak",
                    grade="modelled" if grade == "modelled" else "published" if grade == "published" else "assumed",
                ),
            ),
            costs=tuple(costs),
            realisation=rate,
            one_of=f"overload:{thing.name}",
            uses={"crew_days": days},
            details={**details, "peak_kw": self.peak_kw, "compared_with": "doing nothing"},
        )  # fmt: skip
