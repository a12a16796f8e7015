"""Volumes of a water balance over some days: the input of an area and its bills, each by its days inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats, Prior
from cityloop.domains.water.losses.bills import Account
from cityloop.domains.water.losses.iwa import Volumes, around, sure
from cityloop.domains.water.losses.supply_days import Supply, days_between
from cityloop.i18n import Pair
from cityloop.records import Thing

__all__ = [
    "LEAST_DAYS", "Area", "SpanVolumes", "last_day", "longest_run", "shares_of", "volumes_of", "whole_periods",
    "with_bills",
]  # fmt: skip

#: A balance over fewer days says more about reading dates than about losses.
LEAST_DAYS, YEAR_DAYS = 28, 365


@dataclass(frozen=True)
class Area:
    """A boundary with its bills and its input."""

    thing: Thing
    name: Pair
    number: int
    accounts: tuple[Account, ...]
    supply: Supply

    @property
    def stream(self) -> int:
        """Where the draws of its quantities begin: a thousand for each area."""
        return 10_000 + 1000 * self.number


@dataclass(frozen=True)
class SpanVolumes:
    """Volumes over some days, and what was said on the way."""

    volumes: Volumes
    filled: int
    hours: int
    cut: tuple[str, ...]
    """Periods of the bills that reach beyond, which are `apportioned`."""
    apportioned: int
    estimated: float
    summed: int
    default_unbilled: bool


def last_day(end: date) -> date:
    """The last day that still belongs to [..., end), as people say it."""
    return end - timedelta(days=1)


def longest_run(ok: npt.NDArray[np.bool_], days: Sequence[date]) -> tuple[date, date] | None:
    """The longest run of days that are all ok, a year at most and the last one of it: both rule worlds balance years."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], ok.astype(np.int8), [0]])))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if not runs:
        return None
    first, last = max(runs, key=lambda r: (min(r[1] - r[0], YEAR_DAYS), r[0]))
    return days[max(first, last - YEAR_DAYS)], days[last - 1] + timedelta(days=1)


def volumes_of(area: Area, span: tuple[date, date], inputs: Mapping[str, Prior]) -> SpanVolumes:
    """System input and billed volumes of an area over the days [span); draws of one area never meet those of another."""
    supplied, filled, hours = area.supply.volume(*span, inputs, area.stream)
    return with_bills(area.accounts, supplied, span, inputs, area.stream + 900, filled, hours)


def whole_periods(area: Area, inputs: Mapping[str, Prior]) -> list[tuple[date, date, Volumes]]:
    """Volumes of the billing periods that the inflow covers from end to end: nothing in them is apportioned by the days."""
    regular = [a for a in area.accounts if not a.correction]
    found = []
    for start, end in sorted({(b.start, b.end) for a in regular for b in a.bills}):
        days = days_between(start, end)
        fits = all(any((b.start, b.end) == (start, end) for b in a.bills) for a in regular)
        if fits and area.supply.measured(days).all():
            volumes = volumes_of(area, (start, end), inputs).volumes
            if volumes.system_input[0] > 0:
                found.append((start, end, volumes))
    return found


def with_bills(
    accounts: Sequence[Account], supplied: Floats, span: tuple[date, date], inputs: Mapping[str, Prior], stream: int,
    filled: int, hours: int,
) -> SpanVolumes:  # fmt: skip
    """Bills by component over the span, those that reach beyond it by their days inside, beside a known input."""
    start, end = span
    parts: dict[str, Floats] = {}
    corrections, per_household = sure(0.0), sure(0.0)
    cut: dict[str, None] = {}
    estimated = total = 0.0
    summed = apportioned = 0
    # Bills that one edge cuts share what is unknown about it: use before and after that day differed for all of them.
    doubt = {edge: around(inputs["apportioning_error"], stream + i) for i, edge in enumerate(("start", "end"))}
    rough = around(inputs["unmetered_error"], stream + 2)
    for account in accounts:
        for bill in account.bills:
            share = bill.share(start, end)
            if share == 0:
                continue
            volume = sure(bill.volume_m3 * share)
            if share < 1:
                edge = "start" if bill.start < start else "end"
                volume = volume + bill.volume_m3 * min(share, 1 - share) * doubt[edge]
                if not account.correction:
                    cut[f"{bill.start} – {last_day(bill.end)}"] = None
                    apportioned += 1
            if account.component.endswith("unmetered") or bill.estimated == bill.rows:
                volume = volume * (1 + rough)
            parts[account.component] = parts.get(account.component, sure(0.0)) + volume
            corrections = corrections + (volume if account.correction else 0.0)
            per_household = per_household + (volume if account.per_household else 0.0)
            total += abs(float(volume[0]))
            estimated += abs(float(volume[0])) * bill.estimated / bill.rows
            summed += bill.rows - 1
    recorded = [k for k in ("unbilled_metered", "unbilled_unmetered") if k in parts]
    unbilled = sum((parts[k] for k in recorded), sure(0.0))
    default = not recorded
    if default:
        parts["unbilled_unmetered"] = np.maximum(around(inputs["unbilled_share"], stream + 3), 0.0) * supplied
    none = sure(0.0)
    volumes = Volumes(
        system_input=supplied, billed_metered=parts.get("billed_metered", none),
        billed_unmetered=parts.get("billed_unmetered", none), unbilled_metered=parts.get("unbilled_metered", none),
        unbilled_unmetered=parts.get("unbilled_unmetered", none), corrections=corrections, unbilled_recorded=unbilled,
        per_household=per_household,
    )  # fmt: skip
    return SpanVolumes(
        volumes, filled, hours, tuple(cut), apportioned, estimated / total if total else 0.0, summed, default
    )


def shares_of(inputs: Mapping[str, Prior]) -> dict[str, Floats]:
    """What the apparent losses are taken from; the same draws for every area, for they rest on the same assumption."""
    keys = ("unauthorised_share", "customer_meter_error", "data_handling_share")
    return {key: around(inputs[key], 900 + i) for i, key in enumerate(keys)}
