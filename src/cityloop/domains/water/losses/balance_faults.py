"""What does not fit in a water balance: it is said, and nothing is moved to make it fit."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations

import numpy as np

from cityloop.contracts import Prior
from cityloop.domains.water.losses.balance_texts import say
from cityloop.domains.water.losses.balance_volumes import (
    LEAST_DAYS,
    Area,
    last_day,
    longest_run,
    shares_of,
    volumes_of,
    whole_periods,
)
from cityloop.domains.water.losses.bills import covered, gaps
from cityloop.domains.water.losses.iwa import balance_lines
from cityloop.records import Estimate

__all__ = ["corrections_outside", "does_not_fit", "faults_of_bills", "swapped"]


def faults_of_bills(area: Area, days: Sequence[date]) -> list[str]:
    """Days without a bill between two, and accounts that cover less than the others."""
    found = [
        say("gap", name=area.name, start=begin, end=last_day(until), account=account.use)
        for account in area.accounts
        for begin, until in gaps(account)
    ]  # fmt: skip
    regular = [a for a in area.accounts if not a.correction]
    if regular:
        first = min(a.bills[0].start for a in regular)
        last = max(a.bills[-1].end for a in regular)
        found += [
            say("unequal", name=area.name, account=a.use, start=a.bills[0].start, end=last_day(a.bills[-1].end))
            for a in regular
            if a.bills[0].start > first or a.bills[-1].end < last
        ]  # fmt: skip
    return found


def does_not_fit(area: Area, inputs: Mapping[str, Prior], real: Estimate, days: int) -> list[str]:
    """Periods in which more was billed than flowed in; real losses below zero, m3 over `days`."""
    found = []
    for start, end, v in whole_periods(area, inputs):
        billed = float((v.billed_metered + v.billed_unmetered + v.unbilled_recorded)[0])
        if billed > float(np.quantile(v.system_input[1:], 0.95)):
            found.append(
                say(
                    "more_than_input", name=area.name, volume=f"{billed:,.0f}", start=start, end=last_day(end),
                    input=f"{v.system_input[0]:,.0f}",
                )
            )  # fmt: skip
    if real.high < 0:
        found.append(say("negative_real", name=area.name, value=f"{real.value / days:,.0f}"))
    return found


def corrections_outside(area: Area, start: date, end: date) -> list[str]:
    """Corrections that are booked outside the days of the balance: they may well concern them."""
    bills = [b for a in area.accounts if a.correction for b in a.bills]
    outside = [b for b in bills if b.share(start, end) == 0]
    if not outside:
        return []
    volume = f"{sum(b.volume_m3 for b in outside):+,.0f}"
    return [say("corrections_outside", name=area.name, n=len(outside), start=start, end=last_day(end), volume=volume)]


def swapped(areas: Sequence[Area], days: Sequence[date], inputs: Mapping[str, Prior]) -> list[str]:
    """Pairs of which one has no room for leaks, and that fit each other once their bills change places."""
    found = []
    for one, other in combinations(areas, 2):
        ok = covered([*one.accounts, *other.accounts], days)
        ok &= one.supply.measured(days) & other.supply.measured(days)
        span = longest_run(ok, days)
        if span is None or (span[1] - span[0]).days < LEAST_DAYS:
            continue
        volumes = [volumes_of(area, span, inputs).volumes for area in (one, other)]
        supplied = [float(v.system_input[0]) for v in volumes]
        if min(supplied) <= 0:
            continue
        lines = [balance_lines(v, shares_of(inputs)) for v in volumes]
        used = [float((v.billed_metered + v.billed_unmetered + v.unbilled_recorded)[0]) for v in volumes]
        given = [100 * (1 - u / s) for u, s in zip(used, supplied, strict=True)]
        turned = [100 * (1 - u / s) for u, s in zip(reversed(used), supplied, strict=True)]
        no_room = any(np.quantile(line["real"][1:], 0.05) < 0 for line in lines)
        if no_room and min(turned) > 0 and 3 * abs(turned[0] - turned[1]) < abs(given[0] - given[1]):
            said = [f"{share:.0f}" for share in (*given, *turned)]
            found.append(
                say("swapped", name=one.name, other=other.name, one=said[0], two=said[1], third=said[2], fourth=said[3])
            )
    return found
