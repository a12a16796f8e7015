"""Billed volumes as they stand in the store: each over a period of its own, of one account of one area."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import View
from cityloop.domains.water.balance import streams_of
from cityloop.records import Thing

__all__ = ["Account", "Bill", "covered", "gaps", "read_accounts"]

_SERIES = ("billed_volume", "billed_days", "billed_rows", "billed_estimated")


@dataclass(frozen=True)
class Bill:
    """Volume of one account over whole days [start, end), m3; how many rows of the table it sums, how many are estimates."""

    start: date
    end: date
    volume_m3: float
    rows: int
    estimated: int

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.end - self.start).days

    def share(self, start: date, end: date) -> float:
        """Which share of its days lies in [start, end)."""
        return max((min(end, self.end) - max(start, self.start)).days, 0) / self.days


@dataclass(frozen=True)
class Account:
    """The bills of one class of use and way of reading of one area, by their start.

    `area` is the Thing of a boundary or of the city; `component` one of the four parts of authorised consumption.
    """

    thing: Thing
    area: str
    component: str
    use: str
    correction: bool
    per_household: bool
    bills: tuple[Bill, ...]
    streams: tuple[str, ...]


def read_accounts(view: View) -> tuple[Account, ...]:
    """Every account that has a bill whose period is over by `view.now`, by name."""
    series = {name: {t: group[0] for t, group in streams_of(view, name).items()} for name in _SERIES}
    things = [t for t in view.records(Thing) if t.kind == "billing_account" and t.id in series["billed_volume"]]
    columns = [series[name][t.id].id for t in things for name in _SERIES]
    span = view.span(columns) if columns else None
    if span is None:
        return ()
    days, block = _by_day(view, columns, *span)
    today = view.now.astimezone(ZoneInfo(view.timezone)).date()
    found = []
    for i, thing in enumerate(things):
        values = block[:, i * len(_SERIES) : (i + 1) * len(_SERIES)]
        bills = [
            Bill(day, day + timedelta(days=round(length)), float(volume), round(rows), round(estimated))
            for day, (volume, length, rows, estimated) in zip(days, values.tolist(), strict=True)
            if np.isfinite(volume) and length > 0
        ]
        bills = [b for b in bills if b.end <= today]
        if bills:
            found.append(_account(thing, bills, columns[i * len(_SERIES) : (i + 1) * len(_SERIES)]))
    return tuple(sorted(found, key=lambda a: a.thing.name))


def _account(thing: Thing, bills: Sequence[Bill], streams: Sequence[str]) -> Account:
    said = thing.properties
    return Account(
        thing=thing,
        area=next((r.thing for r in thing.relations if r.kind == "part_of"), ""),
        component=str(said.get("component", "")),
        use=str(said.get("use", "")),
        correction=bool(said.get("correction")),
        per_household=bool(said.get("per_household")),
        bills=tuple(bills),
        streams=tuple(streams),
    )


def _by_day(
    view: View, columns: Sequence[str], first: datetime, last: datetime
) -> tuple[list[date], npt.NDArray[np.float64]]:
    """The one value of each day, days being told apart at noon: a midnight that the clocks move stays within its day."""
    zone = ZoneInfo(view.timezone)
    before = first.astimezone(zone).date() - timedelta(days=1)
    noon = datetime(before.year, before.month, before.day, 12, tzinfo=zone).astimezone(UTC)
    times, block = view.block(columns, start=noon, end=last + timedelta(days=2), step_s=86_400)
    return [before + timedelta(days=n + 1) for n in range(len(times))], block


def covered(accounts: Iterable[Account], days: Sequence[date]) -> npt.NDArray[np.bool_]:
    """Days (n,) on which every account that bills at all has a bill; corrections ask for no cover."""
    found = np.ones(len(days), dtype=np.bool_)
    index = {day: i for i, day in enumerate(days)}
    for account in accounts:
        if account.correction:
            continue
        mine = np.zeros(len(days), dtype=np.bool_)
        for bill in account.bills:
            for n in range(bill.days):
                if (at := index.get(bill.start + timedelta(days=n))) is not None:
                    mine[at] = True
        found &= mine
    return found


def gaps(account: Account) -> list[tuple[date, date]]:
    """Days [from, to) between two bills of an account that neither covers."""
    if account.correction:
        return []
    return [(a.end, b.start) for a, b in zip(account.bills, account.bills[1:], strict=False) if b.start > a.end]
