"""A small city with supplies: one metered boundary of constant demand, daily storage and inflow of a reservoir."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cityloop.contracts import NormRule, Policy, Prior
from cityloop.domains.water import domain
from cityloop.records import Datastream, Relation, Thing, record_id
from cityloop.settings import load_norms

CITY = "dry"
START = datetime(2024, 1, 1, tzinfo=UTC)
NORMS = {w: load_norms(w) for w in ("cn", "us", "eu")}


def tid(kind: str, name: str) -> str:
    return record_id(CITY, "thing", kind, name)


def priors(**values: float) -> dict[str, Prior]:
    """The domain's priors with some values replaced, the spread of a short demand record taken away."""
    found = dict(domain.priors)
    for key, value in {
        "demand_season_sd": 1e-9,
        "inflow_level_sd": 1e-9,
        "inflow_month_sd": 1e-9,
        "inflow_short_sd": 1e-9,
        **values,
    }.items():
        found[key] = replace(found[key], value=value, low=min(value, found[key].low), high=max(value, found[key].high))
    return found


@dataclass
class SupplyCity:
    """`demand_m3` a day; a reservoir with `usable_m3` of which `held` is there now; `inflow_m3` a day, one number or many."""

    demand_m3: float = 8640.0
    usable_m3: float = 0.0
    held: float = 1.0
    inflow_m3: Any = 0.0
    days: int = 100
    purchased_m3: float = 0.0
    possible: tuple[Thing, ...] = ()
    prices: Mapping[str, float] = field(default_factory=dict)
    things: tuple[Any, ...] = ()
    now_after_days: int | None = None
    level: bool = False
    release: bool = False

    memory_view: Any = None

    def view(self) -> Any:
        hours = self.days * 24
        zone = Thing(id=tid("boundary", "a"), kind="boundary", name="a", properties={"population": 1000.0})
        serves = (Relation(kind="serves", thing=zone.id),)
        things: list[Any] = [
            zone, *self.possible, *self.things,
            Thing(id=tid("supply_system", "supply"), kind="supply_system", name="supply", relations=serves),
        ]  # fmt: skip
        streams = {}

        def add(thing: Thing, name: str, observed: str, statistic: str, step_s: int, values: np.ndarray) -> None:
            stream = Datastream(
                id=record_id(CITY, "datastream", name), name=name, thing=thing.id, sensor="", observed_property=observed,
                unit="", statistic=statistic, step_s=step_s,  # type: ignore[arg-type]
            )  # fmt: skip
            things.append(stream)
            streams[stream.id] = values

        flow = (
            self.demand_m3 / 86.4 * (1 + 1e-6 * np.arange(hours))
        )  # not one value again and again: that is a stuck meter
        add(zone, "flow", "water_flow", "mean", 3600, flow)
        if self.usable_m3:
            stores = Thing(id=tid("reservoir_storage", "R"), kind="reservoir_storage", name="R")
            flows = Thing(id=tid("reservoir_inflow", "R"), kind="reservoir_inflow", name="R")
            relations = [Relation(kind="storage", thing=stores.id), Relation(kind="inflow", thing=flows.id), *serves]
            curve = {"level_volume": f"0,0;10,{self.usable_m3:g}"} if self.level else {}
            things += [
                stores, flows,
                Thing(
                    id=tid("supply", "R"), kind="supply", name="R", relations=tuple(relations),
                    properties={"full_storage_m3": self.usable_m3, "supply_kind": "surface", "priority": 1.0, **curve},
                ),
            ]  # fmt: skip
            held = self.held * self.usable_m3 * np.ones(self.days)
            add(
                stores,
                "s",
                *(("water_level", "instant") if self.level else ("volume", "instant")),
                86_400,
                _daily(held / self.usable_m3 * 10 if self.level else held),
            )
            inflow = np.broadcast_to(np.asarray(self.inflow_m3, dtype=float), (self.days,))
            add(flows, "i", "volume", "total", 86_400, _daily(inflow))
        if self.purchased_m3:
            things.append(
                Thing(
                    id=tid("supply", "P"),
                    kind="supply",
                    name="P",
                    relations=serves,
                    properties={"capacity_m3_per_day": self.purchased_m3, "supply_kind": "purchased", "priority": 2.0},
                )
            )
        policy = Policy(
            currency="CNY", price_year=2026, discount_rate=0.03, years=3, budget_per_year=(1e6,) * 3, level=0.9, targets={},
            due_days=90, prices={k: (v, "test", "assumed") for k, v in self.prices.items()}, crew_km_per_day=5.0,
            binding_norm="cn", compare_norms=("us", "eu"),
        )  # fmt: skip
        now = START + timedelta(days=self.now_after_days if self.now_after_days is not None else self.days)
        made = self.memory_view(tuple(things), streams, now, policy, CITY, "UTC", origin=START)
        made.norm = lambda key, world=None: _rule(key, world or "cn")
        return made


def _rule(key: str, world: str) -> NormRule | None:
    return NORMS[world].get(key)


def _daily(values: np.ndarray) -> np.ndarray:
    """One value a day at midnight, as an hourly array."""
    out = np.full(len(values) * 24, np.nan)
    out[::24] = values
    return out


@pytest.fixture
def city(memory_view: type) -> Callable[..., Any]:
    """`city(...)` gives the view of a small city with supplies."""
    return lambda **stated: SupplyCity(memory_view=memory_view, **stated).view()


@pytest.fixture
def known() -> Callable[..., dict[str, Prior]]:
    """`known(...)` gives the priors, without spreads that a hand calculation does not have."""
    return priors


@pytest.fixture
def ids() -> Callable[[str, str], str]:
    """Thing id from kind and name."""
    return tid
