"""The true demand of every junction and hour: season, weekend, days that hang together, hours, nodes, and odd events.

Assumed for ky4: season +-5 %, weekend +4 % with a later morning, daily AR(1) 0.7 (2 %), hourly 2 % common, gamma with a
coefficient of variation of 0.5 per node and hour.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from cityloop.contracts import Floats
from cityloop.sources.twin.chance import generator

__all__ = ["TrueDemand"]

Hours: TypeAlias = npt.NDArray[np.int64]

SEASON, SEASON_PEAK_DAY = 0.05, 196  # 15 July
WEEKEND, WEEKEND_DELAY_H, MORNING_H = 0.04, 1, (5, 13)
DAY_SD, DAY_MEMORY = 0.02, 0.7
HOUR_SD = 0.02
NODE_CV = 0.5
#: Flushing of a hydrant that nobody announced: mean days between two, hours, L/s.
EVENT_DAYS, EVENT_HOURS, EVENT_L_PER_S = 28.0, (2, 5), (5.0, 12.0)


@dataclass(frozen=True)
class TrueDemand:
    """Demand from `begin` on (a full hour, UTC). `daily` (24, nodes) L/s by local hour of a usual day at each node."""

    seed: int
    begin: datetime
    timezone: str
    daily: Floats
    events: bool = True

    def hours(self, count: int) -> Floats:
        """(count, nodes) L/s; the first hours are the same for every count."""
        hour, day, weekend, season = self._calendar(count)
        morning = (hour >= MORNING_H[0]) & (hour < MORNING_H[1])
        late = np.where(weekend & morning, hour - WEEKEND_DELAY_H, hour)
        common = season * np.where(weekend, 1.0 + WEEKEND, 1.0) * self._days(int(day[-1]) + 1)[day]
        common *= 1.0 + HOUR_SD * generator(self.seed, "demand", "hour").standard_normal(count)
        shape = 1.0 / NODE_CV**2
        node = generator(self.seed, "demand", "node").standard_gamma(shape, (count, self.daily.shape[1])) / shape
        demand = self.daily[late] * common[:, None] * node
        if self.events:
            self._add_events(demand, hour)
        return np.asarray(demand)

    def _calendar(self, count: int) -> tuple[Hours, Hours, npt.NDArray[np.bool_], Floats]:
        """Local hour, day number from the first local day, weekend, season factor; each (count,)."""
        zone = ZoneInfo(self.timezone)
        local = [(self.begin + timedelta(hours=i)).astimezone(zone) for i in range(count)]
        first = local[0].date().toordinal()
        ordinal = np.array([t.date().toordinal() for t in local])
        of_year = np.array([t.timetuple().tm_yday for t in local])
        season = 1.0 + SEASON * np.cos(2 * np.pi * (of_year - SEASON_PEAK_DAY) / 365.25)
        return np.array([t.hour for t in local], np.int64), ordinal - first, (ordinal + 6) % 7 >= 5, season

    def _days(self, count: int) -> Floats:
        """AR(1) factor of each day."""
        draws = generator(self.seed, "demand", "day").standard_normal(count) * DAY_SD
        out = np.empty(count)
        state = draws[0]
        for i in range(count):
            state = draws[0] if i == 0 else DAY_MEMORY * state + np.sqrt(1 - DAY_MEMORY**2) * draws[i]
            out[i] = state
        return 1.0 + out

    def _add_events(self, demand: Floats, hour: Hours) -> None:
        """Hydrants opened by day at places and times that nobody reports."""
        count, nodes = demand.shape
        rng = generator(self.seed, "demand", "event")
        draws = rng.random((count, 4))
        begins = np.flatnonzero((draws[:, 0] < 3.0 / (24.0 * EVENT_DAYS)) & (hour >= 8) & (hour < 16))
        for i in begins:
            length = EVENT_HOURS[0] + int(draws[i, 1] * (EVENT_HOURS[1] - EVENT_HOURS[0] + 1))
            flow = EVENT_L_PER_S[0] + draws[i, 2] * (EVENT_L_PER_S[1] - EVENT_L_PER_S[0])
            demand[i : i + length, int(draws[i, 3] * nodes)] += flow
