"""New leaks of a year and what they lose until they are noticed: from break records, assumed sizes, and how nights scatter.

A step of q L/s is noticed by a CUSUM with allowance k and threshold h (in standard deviations of the daily statistic) after
about h sd / (q - k sd) days (Page 1954); what is smaller than k sd runs until it shows or is reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cityloop.contracts import Floats, Prior, View
from cityloop.domains.water.pipes.renewal import break_record
from cityloop.domains.water.pressure.logs import inside
from cityloop.records import Thing

__all__ = ["CUSUM_H", "CUSUM_K", "SIZES", "NewLeaks", "days_to_notice", "mean_size", "new_leaks", "unseen_l_per_s"]

#: The detection's own threshold and allowance.
CUSUM_H, CUSUM_K = 8.0, 0.5
#: L/s and share of the new leaks: an assumption of this program (no published distribution found).
SIZES = ((1.0, 0.35), (2.0, 0.30), (5.0, 0.20), (10.0, 0.15))
DRAWS, SEED = 1000, 20_260_105


@dataclass(frozen=True)
class NewLeaks:
    """Leaks a year by break records: mean and draws (DRAWS,), breaks counted and pipe-years they were counted over."""

    per_year: float
    drawn: Floats
    breaks: float
    pipes: int


def new_leaks(view: View, places: Sequence[Thing]) -> NewLeaks | None:
    """New leaks of some boundaries by the breaks on record (`breaks`, `breaks_years`) of their pipes; None without a record."""
    rate = breaks = 0.0
    drawn, pipes = np.zeros(DRAWS), 0
    for number, place in enumerate(places):
        records = [r for p in inside(view, place, "pipe") if (r := break_record(p)) is not None]
        if not records:
            continue
        count, years = sum(b for b, _ in records), float(np.mean([y for _, y in records]))
        rate += (count + 0.5) / years
        drawn += np.random.default_rng([SEED, number]).gamma(count + 0.5, 1 / years, DRAWS)
        breaks, pipes = breaks + count, pipes + len(records)
    return NewLeaks(rate, drawn, breaks, pipes) if pipes else None


def mean_size() -> float:
    """Mean flow of a new leak, L/s.

    >>> round(mean_size(), 2)
    3.45
    """
    return sum(q * share for q, share in SIZES)


def days_to_notice(size_l_per_s: float, sd_l_per_s: float, *, longest_days: float) -> float:
    """Days until a step shows in the night flow, at least one.

    >>> days_to_notice(2.0, 0.5, longest_days=365.0), days_to_notice(0.1, 0.5, longest_days=365.0)
    (2.2857142857142856, 365.0)
    """
    above = size_l_per_s - CUSUM_K * sd_l_per_s
    if above <= 0:
        return longest_days
    return min(max(CUSUM_H * sd_l_per_s / above, 1.0), longest_days)


def unseen_l_per_s(per_year: float, parts: Sequence[tuple[float, float]], priors: Mapping[str, Prior]) -> float:
    """Mean flow of new leaks before they are noticed, L/s; `parts` = (share of the leaks, sd L/s) of each metered part."""
    longest = priors["run_time_without_search"].value * 365
    lost_days = sum(
        share * part * q * days_to_notice(q, sd, longest_days=longest) for part, sd in parts for q, share in SIZES
    )
    return per_year * lost_days / 365
