"""Prices and rates of a countermeasure: the policy's first, then those of priors.csv, with their source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from cityloop.contracts import Policy, Prior
from cityloop.records import CostRow, Estimate, Money, Realisation

__all__ = ["Price", "cost_row", "price_of", "realisation_of"]

Status = Literal["confirmed", "unconfirmed", "assumed", "given"]


@dataclass(frozen=True)
class Price:
    """A unit price and where it is from; `status` as in CostRow."""

    money: Money
    source: str
    status: str


def price_of(policy: Policy, priors: Mapping[str, Prior], key: str) -> Price | None:
    """The policy's price, else the prior's where its currency is the policy's; None otherwise: nothing is converted."""
    if key in policy.prices:
        amount, source, status = policy.prices[key]
        return Price(Money(amount=amount, currency=policy.currency, price_year=policy.price_year), source, status)
    prior = priors.get(key)
    if prior is None or prior.currency != policy.currency:
        return None
    return Price(
        Money(amount=prior.value, currency=prior.currency, price_year=prior.price_year), prior.source, prior.status
    )


def realisation_of(kind: str, rates: Mapping[str, Realisation], priors: Mapping[str, Prior]) -> Realisation:
    """The rate passed in, else the wide prior of this domain."""
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
    name: str, kind: str, quantity: Estimate, price: Price | None, *, tags: tuple[str, ...], source: str = ""
) -> CostRow:
    """One row in the first year, once."""
    return CostRow(
        name=name,
        kind="cost" if kind == "cost" else "benefit" if kind == "benefit" else "non_monetary",
        first_year=0,
        life=1,
        recurrence=0,
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
