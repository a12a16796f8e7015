"""A project of the city's own list as a Countermeasure that competes with those of the domains.

Unlike works that a person adds, which are decided, it is a candidate: a plan chooses it or says why not. Its costs and
benefits are those of the list; what the list leaves open is assumed, wide, and says so.
"""

from collections.abc import Sequence

import msgspec

from cityloop.contracts import Domain, View
from cityloop.loop.candidates import IMPORTED, RUNNING, WITHDRAWN, is_imported
from cityloop.loop.decision_data import number, refuse, text
from cityloop.loop.project_match import MATCHED
from cityloop.loop.texts import dated
from cityloop.records import (
    CostRow,
    Countermeasure,
    Decision,
    Effect,
    Estimate,
    Money,
    Problem,
    Project,
    Realisation,
    Record,
    record_id,
)

__all__ = [
    "BY_PERSON",
    "BY_WORDS",
    "IMPORT_DATA",
    "KIND",
    "LITRES_PER_S",
    "import_project",
    "measure_id",
    "withdraw_project",
]

KIND = "imported_project"
#: Value of `matched` where a person stated the Problem; it holds until somebody states another.
BY_PERSON, BY_WORDS = "stated by a person | 人工指定", "by place and words | 按地点和用词"
#: What a Decision says of a listed project; amounts in the policy's currency, quantities per year.
IMPORT_DATA = (
    "name", "key", "list", "row", "answers", "currency", "cost", "cost_low", "cost_high", "yearly_cost", "income", "income_low",
    "income_high", "water_m3", "water_m3_low", "water_m3_high", "energy_kwh", "energy_kwh_low", "energy_kwh_high", "life",
    "start", "end", "department", "funding", "stage", "benefit", "ailments", "why", "matched",
)  # fmt: skip
#: Kept with the record as the list says it.
_TOLD = ("row", "start", "end", "department", "funding", "stage", "benefit", "ailments", "why", "matched", "life")
#: Spread of an amount that the list states as one figure, and of a benefit, as shares of it: assumptions of this program.
COST_SPREAD, BENEFIT_SPREAD = (0.7, 1.3), (0.0, 1.5)
#: Realisation rate of a listed project, assumed: it may bring nothing.
RATE = (1.0, 0.0, 1.5)
#: 1 m3 a year in L/s: 1,000 L over 365.25 days.
LITRES_PER_S = 1000 / (365.25 * 86400)


def measure_id(city: str, key: str) -> str:
    """Id of the Countermeasure of a listed project: by its code or name, never by its row or its problem."""
    return record_id(city, "countermeasure", IMPORTED, key)


def import_project(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    """The listed project as a Countermeasure for the Problem; nothing where it stands like this already.

    `data`: see IMPORT_DATA; name, list and cost are needed, `answers` names further Problems, divided by blanks. Raises
    RecordError for a Problem that is closed, dismissed or merged, for another currency than the policy's, and for
    a project whose works are decided on already.
    """
    name, key, source = text(decision, "name"), text(decision, "key"), text(decision, "list")
    if not (name and source):
        refuse(decision, "A listed project without its name or list.", cure="Say data.name and data.list.")
    if not number(decision, "cost"):
        refuse(
            decision,
            "A listed project without an investment.",
            got=name,
            cure="State its total investment in data.cost.",
        )
    policy = view.policy
    if (currency := text(decision, "currency") or policy.currency) != policy.currency:
        refuse(
            decision, "A listed project in another currency than the city's.", got=currency, allowed=policy.currency,
            cure="State its amounts in the currency of the policy; nothing is converted.",
        )  # fmt: skip
    problems = [view.get(Problem, id) for id in dict.fromkeys([decision.about, *text(decision, "answers").split()])]
    for problem in problems:
        if problem.status not in MATCHED:
            refuse(
                decision, f"A listed project on a problem that is {problem.status}.", got=problem.id,
                allowed=", ".join(MATCHED), cure="Reopen it first, or name the problem it was merged into.",
            )  # fmt: skip
    id = measure_id(view.city, key or name)
    if any(p.countermeasure == id and p.state in RUNNING for p in view.records(Project)):
        refuse(
            decision, "The works of this project are decided on already; its claim stays as it is.", got=name,
            cure="Cancel them first, or give the new project a name or code of its own.",
        )  # fmt: skip
    measure = _measure(decision, view, problems, id)
    known = next((c for c in view.records(Countermeasure) if c.id == id), None)
    if known is None:
        return [measure]
    new = msgspec.structs.replace(measure, version=known.version)
    return [] if _same(known, new) else [msgspec.structs.replace(new, version=known.version + 1)]


def withdraw_project(decision: Decision, view: View, domains: Sequence[Domain]) -> list[Record]:
    """A listed project taken back: no plan chooses it any more. Works already decided on go their way."""
    known = {c.id: c for c in view.records(Countermeasure) if is_imported(c)}
    measure = known.get(text(decision, "measure"))
    if measure is None or WITHDRAWN in measure.details:
        refuse(
            decision, "No listed project stands under this id.", got=text(decision, "measure"), allowed=", ".join(known)
        )
    note = dated("listed_no_more", decision.when, list=text(decision, "list") or str(measure.details[IMPORTED]))
    return [msgspec.structs.replace(measure, version=measure.version + 1, details={**measure.details, WITHDRAWN: note})]


def _same(one: Countermeasure, other: Countermeasure) -> bool:
    """Whether two say the same; another row of the list, or other words by which it was matched, make no new version."""

    def plain(c: Countermeasure) -> Countermeasure:
        return msgspec.structs.replace(c, details={k: v for k, v in c.details.items() if k not in ("row", "why")})

    return plain(one) == plain(other)


def _measure(decision: Decision, view: View, problems: Sequence[Problem], id: str) -> Countermeasure:
    first, policy, name = problems[0], view.policy, text(decision, "name")
    rate = Estimate(value=RATE[0], low=RATE[1], high=RATE[2], level=policy.level, unit="1")
    source = "as the list claims; no listed project was verified yet | 按清单所述计，尚无清单项目经过验证"
    told = {k: v for k in _TOLD if (v := decision.data.get(k)) not in (None, "")}
    return Countermeasure(
        id=id, simulated=any(p.simulated for p in problems), domain=first.domain, kind=KIND, title_en=name, title_zh=name,
        boundary=first.boundary, targets=(first.boundary,), changes=(), answers=tuple(p.id for p in problems),
        effects=_effects(decision, problems, policy.level), costs=_cost_rows(decision, view, problems),
        realisation=Realisation(kind=KIND, estimate=rate, studies=0, source=source, status="unconfirmed"),
        details={IMPORTED: text(decision, "list"), **told},
    )  # fmt: skip


# --- money and quantities ------------------------------------------------------------------------------------------
def _cost_rows(decision: Decision, view: View, problems: Sequence[Problem]) -> tuple[CostRow, ...]:
    """Investment once, operation and benefits every year of the stated life, by default those of the plan."""
    policy, list_ = view.policy, text(decision, "list")
    life = max(1, round(number(decision, "life") or policy.years))
    horizon = "" if number(decision, "life") else f"; counted for the {life} years of the plan"
    horizon_zh = "" if number(decision, "life") else f"；按方案期 {life} 年计"
    rows = []

    def row(
        name: str, kind: str, quantity: Estimate, price: float | None, *, yearly: bool, said: tuple[str, str]
    ) -> None:
        money = None if price is None else Money(amount=price, currency=policy.currency, price_year=policy.price_year)
        rows.append(
            CostRow(
                name=name, kind=kind, first_year=1 if yearly else 0, life=life if yearly else 1, recurrence=int(yearly),  # type: ignore[arg-type]
                escalation=0.0, quantity=quantity, unit_value=money, source=f"{list_}{said[0]} | {list_}{said[1]}",
                status="given" if not yearly or kind == "cost" else "assumed",
            )
        )  # fmt: skip

    year = f", taken as prices of {policy.price_year}", f"，按 {policy.price_year} 年价计"
    cost = _share(decision, "cost", policy.level, COST_SPREAD)
    row("investment", "cost", cost, number(decision, "cost"), yearly=False, said=year)
    if (running := number(decision, "yearly_cost")) is not None:
        spread = _spread(1.0, COST_SPREAD, policy.level, "1")
        row(
            "yearly operating cost",
            "cost",
            spread,
            running,
            yearly=True,
            said=(year[0] + horizon, year[1] + horizon_zh),
        )
    income = number(decision, "income")
    if income is not None:
        share = _share(decision, "income", policy.level, BENEFIT_SPREAD)
        row("yearly income", "benefit", share, income, yearly=True, said=(year[0] + horizon, year[1] + horizon_zh))
    for key, unit, name, price in (
        ("water_m3", "m3", "saved water", "water_per_m3"), ("energy_kwh", "kWh", "energy saved", "energy_per_kwh"),
    ):  # fmt: skip
        quantity = _quantity(decision, key, unit, policy.level, problems)
        if quantity is None:
            continue
        stated = policy.prices.get(price) if income is None else None
        if stated is None:
            why = (
                ("; no price" if income is None else "; its value may lie in the yearly income already"),
                ("；无单价" if income is None else "；其价值可能已含在年收益中"),
            )
            row(name, "non_monetary", quantity, None, yearly=True, said=why)
        else:
            said = f"; price: {stated[1]}{horizon}", f"；单价：{stated[1]}{horizon_zh}"
            row(name, "benefit", quantity, stated[0], yearly=True, said=said)
    return tuple(rows)


def _spread(value: float, spread: tuple[float, float], level: float, unit: str) -> Estimate:
    return Estimate(value=value, low=value * spread[0], high=value * spread[1], level=level, unit=unit)


def _share(decision: Decision, key: str, level: float, spread: tuple[float, float]) -> Estimate:
    """One amount, with the range that the list states or the assumed one, as shares of it."""
    value, low, high = (number(decision, k) for k in (key, f"{key}_low", f"{key}_high"))
    if value and low is not None and high is not None and low < high:
        return Estimate(value=1.0, low=low / value, high=high / value, level=level, unit="1")
    return _spread(1.0, spread, level, "1")


def _quantity(
    decision: Decision, key: str, unit: str, level: float, problems: Sequence[Problem]
) -> Estimate | None:  # fmt: skip
    """What the list says to save in a year; of water at most what the Problems' gaps hold, whatever the list says."""
    value, low, high = (number(decision, k) for k in (key, f"{key}_low", f"{key}_high"))
    if value is None:
        return None
    if low is None or high is None or low >= high:
        low, high = value * BENEFIT_SPREAD[0], value * BENEFIT_SPREAD[1]
    most = _most_water(problems) if unit == "m3" else None
    if most is not None:
        value, low, high = min(value, most), min(low, most), min(high, most)
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, unit=unit)


def _most_water(problems: Sequence[Problem]) -> float | None:
    """m3 a year that the gaps of the Problems hold at the most, None where one is no flow of water."""
    gaps = [p.gap for p in problems if p.gap.unit == "L/s"]
    return max(0.0, *(g.high for g in gaps)) / LITRES_PER_S if gaps and len(gaps) == len(problems) else None


def _effects(decision: Decision, problems: Sequence[Problem], level: float) -> tuple[Effect, ...]:
    """Water saved as a claim on the flow of the first Problem, where that is one; assumed, not modelled."""
    first = problems[0]
    saved = _quantity(decision, "water_m3", "m3", level, problems)
    if saved is None or first.gap.unit != "L/s" or saved.value <= 0:
        return ()
    value, low, high = (x * LITRES_PER_S for x in (saved.value, saved.low, saved.high))
    estimate = Estimate(value=value, low=low, high=high, level=level, unit="L/s")
    return (
        Effect(
            indicator=first.indicator, thing=first.boundary, estimate=estimate, period="after works", grade="assumed"
        ),
    )
