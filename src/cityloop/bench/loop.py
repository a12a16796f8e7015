"""How good the whole loop is against a truth it cannot see: hidden leaks in the twin's town, found, repaired, verified.

Every scenario draws its own leaks (1 to 5 of 1, 2, 5, 10 L/s with weights .35 .3 .2 .15, onset on day 21 to 77, two in five
growing by 1 to 3 % a day), a failing logger, and the errors of the network that the loop knows (sources/twin/mismatch.py).
`without` leaves out parts of these errors: leaks, readings' noise and all other errors stay as they were, so that the same
scenarios show what a part costs. Figures are sums over scenarios, never means of ratios. The costs of a survey and of a
repair are assumed.
"""

import os
import platform
import signal
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from cityloop.bench.loop_play import DAYS, LOOK_DAYS, Outcome, Play, play
from cityloop.bench.loop_value import (
    MOST_REPAIRS,
    PRICES,
    REPAIR_USD,
    SURVEY_KM,
    SURVEY_USD_PER_KM,
    Work,
    all_knowing,
    net_value,
    ratio,
)
from cityloop.contracts import Progress
from cityloop.errors import InputError
from cityloop.settings import nearest
from cityloop.sources.twin.mismatch import PARTS

__all__ = ["figures", "run"]

#: `detected_share_above_1ls` counts leaks larger than this at their onset (L/s); near enough to be dug for, m.
SMALL_L_PER_S, NEAR_M = 1.0, 300.0


def run(
    *, city: str = "mount-washington", scenarios: int = 20, seed: int = 7, mismatch: int = 1, sensors: int = 40,
    without: Collection[str] = (), inp: Path | None = None, workers: int = 2, progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Play `scenarios` scenarios and give the figures; the same seed gives the same ones, whatever `workers` is.

    `without`: parts of the mismatch (sources.twin.mismatch.PARTS) that are left out.
    Raises InputError for options that cannot be played, and what the product raises.
    """
    for what, value, allowed in (("scenarios", scenarios, range(1, 10_001)), ("mismatch", mismatch, range(3))):
        if value not in allowed:
            raise InputError(
                f"The bench cannot play this: {what}.", got=value, allowed=f"{allowed[0]} to {allowed[-1]}"
            )  # fmt: skip
    left_out = _known_parts(without)
    began = time.monotonic()
    jobs = [Play(city, inp, seed, number, mismatch, sensors, left_out) for number in range(scenarios)]
    outcomes: list[Outcome] = []
    for outcome in _played(jobs, workers):
        outcomes.append(outcome)
        if progress is not None:
            progress(len(outcomes) / scenarios, f"{len(outcomes)} / {scenarios}")
    outcomes.sort(key=lambda o: o.number)
    return {
        "city": str(inp) if inp else city, "scenarios": scenarios, "seed": seed, "mismatch": mismatch,
        "without": [part for part in PARTS if part in left_out], "sensors": sensors,
        **figures(outcomes),
        "assumed": {
            "survey_usd_per_km": SURVEY_USD_PER_KM, "repair_usd": REPAIR_USD, "water_usd_per_m3": PRICES[0],
            "survey_km": SURVEY_KM, "repairs": MOST_REPAIRS,
        },
        "each": [asdict(o) for o in outcomes],
        "look_days": list(LOOK_DAYS),
        "seconds": round(time.monotonic() - began, 1),
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }  # fmt: skip


def _known_parts(without: Collection[str]) -> frozenset[str]:
    for part in without:
        if part not in PARTS:
            raise InputError(
                "The mismatch has no such part.", where="without", got=part, allowed=", ".join(PARTS),
                cure=nearest(part, PARTS),
            )  # fmt: skip
    return frozenset(without)


def _played(jobs: Sequence[Play], workers: int) -> Iterator[Outcome]:
    """Outcomes as they come; what is not begun is dropped when the reader stops."""
    if workers <= 1 or len(jobs) == 1:
        yield from map(play, jobs)
        return
    pool = ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn"), initializer=_leave_ctrl_c)
    try:
        for done in as_completed([pool.submit(play, job) for job in jobs]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_ctrl_c() -> None:
    """Ctrl-C is for the process that was asked; a worker ends with it, and without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of played scenarios; None where there is nothing to take a share of.

    - `value_ratio`: net value of our works / that of a planner who knows every leak (no survey, whole repairs).
    - `value_ratio_naive`: the best of three policies, each kept over all scenarios: do nothing, survey from the logger
      whose pressure fell most, longest pipe first; over the same all-knowing planner.
    - `detected_share`: leaks matched one to one, see loop_detection; `_above_1ls`: of those larger than 1 L/s at onset.
    - `days_to_detect`: median over detected leaks, by weekly looks.
    - `false_problems_per_year`: claims and failing loggers that are none, per city and year, over the first 84 days;
      `_with_hidden_fault`: of these, loggers that do not fail but are mislabelled or have a slow clock.
    - `localisation_m_median`: along the pipes from the nearest named place to the leak; a missed leak counts with the
      network's radius (the largest distance from its most central junction, that of the least sum of distances).
    - `survey_km_median`: over scenarios with a survey. `ci90_coverage`: share of verifications whose interval holds the
      true night leakage before the works (three nights) minus after them. `interval_halfwidth`: median, L/s.
    """
    sizes = [s for o in outcomes for s in o.sizes_l_per_s]
    days = [d for o in outcomes for d in o.days_to_detect]
    metres = [m for o in outcomes for m in o.distance_m]
    judged = [v for o in outcomes for v in o.verifications]
    years = len(outcomes) * DAYS / 365
    false = sum(o.false_leaks + o.false_sensors for o in outcomes)
    at_fault = sum(o.false_sensors_hidden_fault for o in outcomes)
    value = {price: _value(outcomes, price) for price in PRICES}
    found: dict[str, Any] = {**value[PRICES[0]]}
    for price in PRICES[1:]:
        found |= {f"{key}_at_{price:.2f}": v for key, v in value[price].items()}
    return {
        **found,
        "leaks": len(sizes),
        "detected_share": _share([d is not None for d in days]),
        "detected_share_above_1ls": _share(
            [d is not None for d, s in zip(days, sizes, strict=True) if s > SMALL_L_PER_S]
        ),
        "days_to_detect": _median([d for d in days if d is not None]),
        "false_problems_per_year": round(false / years, 3) if years else None,
        "false_problems_per_year_with_hidden_fault": round(at_fault / years, 3) if years else None,
        "localisation_m_median": _median(metres),
        "localised_300m_share": _share([m <= NEAR_M for m in metres]),
        "survey_km_median": _median([o.ours.km for o in outcomes if o.ours.km > 0]),
        "verifications": len(judged),
        "ci90_coverage": _share([v.low <= v.truth <= v.high for v in judged]),
        "interval_halfwidth": _median([(v.high - v.low) / 2 for v in judged]),
        "confirmed_share": _share([v.grade == "confirmed" for v in judged]),
    }


def _value(outcomes: Sequence[Outcome], price: float) -> dict[str, Any]:
    """Sums at one price of water: ratios, and the sums themselves in USD."""
    best = sum(all_knowing(o.leaks, price) for o in outcomes)
    ours = sum(net_value(o.ours, price) for o in outcomes)
    policies = {
        "do_nothing": net_value(Work(), price) * len(outcomes),
        "from_logger": sum(net_value(o.from_logger, price) for o in outcomes),
        "longest_first": sum(net_value(o.longest_first, price) for o in outcomes),
    }
    naive = max(policies, key=lambda name: policies[name])
    return {
        "value_ratio": ratio(ours, best),
        "value_ratio_naive": ratio(policies[naive], best),
        "naive": naive,
        "value_usd": round(ours),
        "value_all_knowing_usd": round(best),
    }


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 3) if values else None
