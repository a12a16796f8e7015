"""What works are worth, and what other planners would have earned with the same budget in the same town.

Net value = a year of the water that repairs save - survey kilometres - repairs. Every planner is paid for the same flow
of a leak: its mean over the last day before the works are decided. What a survey and a repair cost is assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = [
    "M3_PER_YEAR_PER_L_PER_S", "MOST_REPAIRS", "PRICES", "REPAIR_USD", "SURVEY_KM", "SURVEY_USD_PER_KM", "Hidden", "Work",
    "all_knowing", "net_value", "ratio", "walk",
]  # fmt: skip

#: Cubic metres in a year (365 days) of one litre per second.
M3_PER_YEAR_PER_L_PER_S = 31_536.0
#: Assumed, without a source: USD per km surveyed and per repair; USD per m3 of water, the first one is the headline.
SURVEY_USD_PER_KM, REPAIR_USD = 250.0, 4_000.0
PRICES = (0.60, 0.30, 1.00)
#: Budget of one scenario, the same for every planner.
SURVEY_KM, MOST_REPAIRS = 60.0, 5
#: A survey goes on while the missing flow exceeds this for each kilometre of the budget that is left: by then it is worth less
#: than the rest of the walk. Every planner's crew stops by the same rule, ours at the city's own price of water.
SEARCH_ON_L_PER_S_PER_KM = SURVEY_USD_PER_KM / (PRICES[0] * M3_PER_YEAR_PER_L_PER_S)


@dataclass(frozen=True)
class Hidden:
    """A leak as only the bench knows it: its pipe, the junction it is at, and its flow when works are decided, L/s."""

    pipe: str
    node: str
    flow_l_per_s: float


@dataclass(frozen=True)
class Work:
    """What a planner did: kilometres walked, repairs dug, flow taken away (L/s)."""

    km: float = 0.0
    repairs: int = 0
    saved_l_per_s: float = 0.0


def net_value(work: Work, price: float) -> float:
    """USD of a year: water saved at `price` USD/m3, less survey and repairs.

    >>> round(net_value(Work(km=10, repairs=1, saved_l_per_s=1.0), 0.60), 1)  # 18,921.6 - 2,500 - 4,000
    12421.6
    """
    water = work.saved_l_per_s * M3_PER_YEAR_PER_L_PER_S * price
    return water - work.km * SURVEY_USD_PER_KM - work.repairs * REPAIR_USD


def all_knowing(leaks: Sequence[Hidden], price: float) -> float:
    """Net value of a planner who knows every leak: no survey, a whole repair of the largest that pay, at most MOST_REPAIRS.

    >>> round(all_knowing([Hidden("p", "a", 1.0), Hidden("q", "b", 0.1)], 0.60), 1)  # the second does not pay
    14921.6
    """
    each = sorted((net_value(Work(0.0, 1, leak.flow_l_per_s), price) for leak in leaks), reverse=True)
    return sum(max(v, 0.0) for v in each[:MOST_REPAIRS])


def walk(order: Sequence[str], leaks: Sequence[Hidden], pipes: Mapping[str, tuple[tuple[str, str], float]]) -> Work:
    """A survey of whole pipes in `order` until what is missing is not worth the rest, kilometres or repairs are used up.

    `pipes`: name -> (ends, length in m). A leak is heard on its pipe and from pipes that meet at its junction, as the
    twin's crew hears it; unlike the crew's, every repair is whole and the missing flow is known exactly.
    """
    left = list(leaks)
    total = sum(leak.flow_l_per_s for leak in leaks)
    metres, saved, repairs = 0.0, 0.0, 0
    for name in order:
        ends, length = pipes[name]
        if metres + length > SURVEY_KM * 1000:
            break
        metres += length
        for leak in sorted((x for x in left if x.pipe == name or x.node in ends), key=lambda x: -x.flow_l_per_s):
            if repairs < MOST_REPAIRS:
                left.remove(leak)
                saved, repairs = saved + leak.flow_l_per_s, repairs + 1
        km_left = SURVEY_KM - metres / 1000
        if repairs == MOST_REPAIRS or (repairs and total - saved < SEARCH_ON_L_PER_S_PER_KM * km_left):
            break
    return Work(metres / 1000, repairs, saved)


def ratio(ours: float, theirs: float) -> float | None:
    """Sum of ours over sum of theirs; None where theirs is nothing to compare with.

    >>> ratio(50.0, 100.0), ratio(50.0, 0.0)
    (0.5, None)
    """
    return round(ours / theirs, 4) if theirs > 0 else None
