"""Prices and rates of a countermeasure: the policy's first, then those of a domain's priors.csv, with their source."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, cast

from cityloop.contracts import Policy, Prior
from cityloop.records import CostRow, Estimate, Money, Realisation

__all__ = ["Price", "cost_row", "policy_price", "price_of", "read_priors", "realisation_of"]

Status = Literal["confirmed", "unconfirmed", "assumed", "given"]
Kind = Literal["benefit", "cost", "non_monetary"]


@dataclass(frozen=True)
class Price:
    """A unit price and where it is from; `status` as in CostRow."""

    money: Money
    source: str
    status: str


def read_priors(package: str) -> dict[str, Prior]:
    """The rows of a domain's priors.csv by key."""
    text = (files(package) / "priors.csv").read_text(encoding="utf-8")
    return {
        row["key"]: Prior(
            key=row["key"], value=float(row["value"]), low=float(row["low"]), high=float(row["high"]),
            level=float(row["level"]), unit=row["unit"], price_year=int(row["price_year"] or 0),
            currency=row["currency"], source=row["source"], status=row["status"],  # type: ignore[arg-type]
        )
        for row in csv.DictReader(io.StringIO(text, newline=""))
    }  # fmt: skip


def policy_price(policy: Policy, key: str) -> Price | None:
    """The price that the policy states; None without one."""
    if key not in policy.prices:
        return None
    amount, source, status = policy.prices[key]
    return Price(Money(amount=amount, currency=policy.currency, price_year=policy.price_year), source, status)


def price_of(policy: Policy, priors: Mapping[str, Prior], key: str) -> Price | None:
    """The policy's price, else the prior's where its currency is the policy's; None otherwise: nothing is converted."""
    prior = priors.get(key)
    if key in policy.prices or prior is None or prior.currency != policy.currency:
        return policy_price(policy, key)
    money = Money(amount=prior.value, currency=prior.currency, price_year=prior.price_year)
    return Price(money, prior.source, prior.status)


def realisation_of(kind: str, rates: Mapping[str, Realisation], priors: Mapping[str, Prior]) -> Realisation:
    """The rate passed in, else the wide prior of the domain (`realisation_<kind>`)."""
    if kind in rates:
        return rates[kind]
    prior = priors[f"realisation_{kind}"]
    return Realisation(
        kind=kind,
        estimate=Estimate(value=prior.value, low=prior.low, high=prior.high, level=prior.level, unit="1"),
        studies=0,
        source=prior.source,
        status="unconfirmed",
    )


def cost_row(
    name: str, kind: str, quantity: Estimate, price: Price | None, *,
    tags: tuple[str, ...], source: str = "", life: int = 1, recurrence: int = 0,
) -> CostRow:  # fmt: skip
    """One row from the first year on: once, or every `recurrence` years for `life` years. `kind` as in CostRow."""
    if kind not in ("benefit", "cost", "non_monetary"):
        raise ValueError(f"{kind} is no kind of cost row")
    return CostRow(
        name=name,
        kind=cast(Kind, kind),
        first_year=0,
        life=life,
        recurrence=recurrence,
        escalation=0.0,
        quantity=quantity,
        unit_value=price.money if price else None,
        residual=0.0,
        tags=tags,
        source=source or (price.source if price else ""),
        status=_status(price.status) if price else "assumed",
    )


def _status(status: str) -> Status:
    """A status as CostRow knows it; whatever a policy calls its own price is `given`."""
    return cast(Status, status) if status in ("confirmed", "unconfirmed", "assumed") else "given"
