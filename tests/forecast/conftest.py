"""A city in memory with hourly series of known shape."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.bench.memory_view import MemoryView
from cityloop.contracts import Policy
from cityloop.forecast import model
from cityloop.records import Datastream, Thing

POLICY = Policy(
    currency="EUR", price_year=2024, discount_rate=0.03, years=1, budget_per_year=(0.0,), level=0.9, targets={},
    due_days=365, prices={}, crew_km_per_day=0.0, binding_norm="eu", compare_norms=(),
)  # fmt: skip


def stream(id: str, observed: str = "water_flow", unit: str = "L/s") -> Datastream:
    return Datastream(
        id=id, name=f"file/{id}", thing=f"thing:{id}", sensor="", observed_property=observed, unit=unit, statistic="mean",
        step_s=3600,
    )  # fmt: skip


def habit(local: datetime) -> float:
    """What a district of the tests draws at a wall-clock hour, L/s: a day's shape, later and higher at weekends."""
    weekend = local.weekday() >= 5
    morning = 9 if weekend else 7
    return 10 + 6 * np.exp(-((local.hour - morning) ** 2) / 6) + 4 * np.exp(-((local.hour - 19) ** 2) / 8) + 2 * weekend


@dataclass
class Town:
    """Series by id over hours from `origin` on; `view` shows them."""

    origin: datetime
    zone: str
    hours: int
    country: str
    series: dict[str, Any]
    kinds: dict[str, str]

    def habits(self) -> Any:
        local = ZoneInfo(self.zone)
        return np.array([habit((self.origin + timedelta(hours=h)).astimezone(local)) for h in range(self.hours)])

    def at(self, moment: datetime) -> int:
        return int((moment - self.origin) / timedelta(hours=1))

    @property
    def view(self) -> MemoryView:
        things: list[Any] = [stream(id, self.kinds.get(id, "water_flow")) for id in self.series]
        things.append(Thing(id="town", kind="city", name="town", properties={"country": self.country}))
        return MemoryView(
            city="town", timezone=self.zone, now=datetime(2100, 1, 1, tzinfo=UTC), policy=POLICY, origin=self.origin,
            streams=self.series, things=tuple(things),
        )  # fmt: skip


@pytest.fixture
def town() -> Callable[..., Town]:
    """A town of so many days from a day on, every series its habit plus noise of `noise` L/s."""

    def build(
        first: datetime, *, days: int, zone: str = "Europe/Rome", country: str = "", noise: float = 0.0,
        ids: Sequence[str] = ("a",),
    ) -> Town:  # fmt: skip
        made = Town(first, zone, 24 * days, country, {}, {})
        shape, rng = made.habits(), np.random.default_rng(5)
        for id in ids:
            made.series[id] = shape + noise * rng.standard_normal(len(shape))
        return made

    return build


@pytest.fixture
def small_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """The learning method in a size for tests."""
    monkeypatch.setattr(model, "_TREES", 15)
    monkeypatch.setattr(model, "_ROWS", 8000)
