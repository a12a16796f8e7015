"""The scripted crew: it walks a ranked area, finds what is true, errs, and reports with the verbs that people use.

Errors: it names a neighbouring pipe (WRONG_PLACE), measures the flow with 20 % error, is delayed (LATE), and repairs only
a part (works.py). It stops once the flow still missing is worth less than the rest of the walk, or where the area ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.contracts import Policy
from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Decision, Project, RankedThing, record_id
from cityloop.sources.twin.chance import generator
from cityloop.sources.twin.network import TwinNetwork
from cityloop.sources.twin.scenario import Leak
from cityloop.sources.twin.truth import Repair, leak_size

__all__ = ["CREW", "Crew", "working_moment"]

CREW = "crew (simulated)"
#: Assumed: chance of naming a neighbouring pipe, of being delayed and by how many crew-days, error of a measured flow.
WRONG_PLACE, LATE, LATE_DAYS, FLOW_ERROR = 0.15, 0.25, (2.0, 8.0), 0.2
#: Where the measure does not say what a search is worth it ends when this share of the flow searched for has been found.
ENOUGH = 0.75
#: Crew-days for one repair and one logger (the assumptions by which the works were priced); smallest leak one can hear, L/s.
REPAIR_DAYS, SENSOR_DAYS, AUDIBLE_L_PER_S = 2.0, 0.5, 0.2
#: Spread of a bill around its price.
BILL_SD = 0.1
#: A working day, local time, Monday to Friday.
DAY_BEGINS_H, DAY_HOURS = 8, 8

NOTES = {
    "searched": Pair(
        "simulated works: {km} km surveyed, {n} leak(s) repaired", "模拟作业：检漏 {km} 公里，修复漏点 {n} 处"
    ),
    "adjusted": Pair(
        "simulated works: {n} valve(s), pump(s) or link(s) set", "模拟作业：已调整阀门、水泵或管段 {n} 处"
    ),
    "carried_out": Pair("simulated works: carried out as planned", "模拟作业：已按方案实施"),
    "faulty": Pair("simulated works: faulty logger exchanged", "模拟作业：已更换故障压力记录仪"),
    "healthy": Pair(
        "simulated works: logger exchanged, no fault found in the old one",
        "模拟作业：已更换压力记录仪，旧仪表未发现故障",
    ),
    "right": Pair("simulated works: place and clock checked, both right", "模拟作业：已核对位置与时钟，均无误"),
    "elsewhere": Pair(
        "simulated works: the logger stands at {place}; the register is to be corrected",
        "模拟作业：该压力记录仪实际位于 {place}，台账待更正",
    ),
    "slow": Pair(
        "simulated works: the clock of the logger is an hour slow; its readings are to be corrected",
        "模拟作业：该压力记录仪时钟慢 1 小时，读数待更正",
    ),
}


def working_moment(start: datetime, crew_days: float, timezone: str) -> datetime:
    """The moment after `crew_days` of work from `start` on; work is done Monday to Friday, 8 hours a day."""
    zone = ZoneInfo(timezone)
    day = start.astimezone(zone).date()
    left_h = crew_days * DAY_HOURS
    while True:
        begin = datetime(day.year, day.month, day.day, DAY_BEGINS_H, tzinfo=zone)
        end = begin.replace(hour=DAY_BEGINS_H + DAY_HOURS)
        begin = max(begin, start.astimezone(zone))
        if day.weekday() < 5 and begin < end:
            hours = (end - begin).total_seconds() / 3600
            if left_h <= hours:
                return (begin + timedelta(hours=left_h)).astimezone(start.tzinfo).replace(microsecond=0)
            left_h -= hours
        day += timedelta(days=1)


@dataclass
class _Log:
    """Decisions of one project in time order."""

    city: str
    project: str
    decisions: list[Decision] = field(default_factory=list)

    def add(self, when: datetime, verb: str, data: dict[str, float | str]) -> None:
        moment = when.isoformat()
        number = str(len(self.decisions))
        self.decisions.append(
            Decision(
                id=record_id(self.city, "decision", self.project, CREW, verb, moment, number),
                simulated=True, who=CREW, when=when, about=self.project, verb=verb, data={**data, "on": moment},
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Crew:
    """One crew in the twin's city. `start` is the start of the twin's time; `repairs` what was repaired before."""

    city: str
    seed: int
    timezone: str
    policy: Policy
    network: TwinNetwork
    leaks: Sequence[Leak]
    repairs: Sequence[Repair]
    start: datetime
    runs_at: Sequence[float] = ()
    """By leak: its true flow over that at the pressure of a usual day. A large leak draws its own pressure down, and a crew
    measures what runs; empty = all at usual pressure.
    """

    def search(self, project: Project, countermeasure: Countermeasure, *, start: datetime) -> list[Decision]:
        """Walk the area in ranked order, repair what is found, and report: started, inspect ..., done."""
        rng = generator(self.seed, "crew", project.id)
        log = _Log(self.city, project.id)
        log.add(start, "set", {"state": "started"})
        sought = _flow_sought(countermeasure)
        metres, days, flow = 0.0, 0.0, 0.0
        found: list[int] = []
        area = countermeasure.area or self._everything()
        whole = sum(row.length_m for row in area)
        for row in area:
            metres += row.length_m
            days += row.length_m / 1000 / self.policy.crew_km_per_day
            at = working_moment(start, days, self.timezone)
            for number in self._heard(row, at, found):
                measured = self._size(number, at) * max(1.0 + FLOW_ERROR * float(rng.standard_normal()), 0.3)
                place = self._reported(self.leaks[number], rng)
                log.add(at, "inspect", {"found": "leak", "place": place, "flow_l_per_s": round(measured, 2)})
                found.append(number)
                flow += measured
                days += REPAIR_DAYS
                at = working_moment(start, days, self.timezone)
            if found and sought is not None and self._enough(countermeasure, sought, flow, (whole - metres) / 1000):
                break
        if not found:
            log.add(working_moment(start, days, self.timezone), "inspect", {"found": "none"})
        if rng.random() < LATE:
            days += float(rng.uniform(*LATE_DAYS))
        note = NOTES["searched"]
        values = {"km": f"{metres / 1000:.1f}", "n": len(found)}
        cost = self._cost(countermeasure, {"survey": metres / 1000, "repair": float(len(found))}, rng)
        text = f"{note.in_('en', **values)} / {note.in_('zh', **values)}"
        log.add(working_moment(start, days, self.timezone), "set", {"state": "done", **cost, "note": text})
        return log.decisions

    @staticmethod
    def _enough(countermeasure: Countermeasure, sought: float, found: float, km_left: float) -> bool:
        """Whether what is still missing is not worth the rest of the walk."""
        worth_going = countermeasure.details.get("search_on_l_per_s_per_km")
        if isinstance(worth_going, int | float):
            return sought - found < worth_going * km_left
        return found >= ENOUGH * sought

    def visit(
        self, project: Project, countermeasure: Countermeasure, *, start: datetime, finding: str, place: str = ""
    ) -> list[Decision]:
        """Exchange or check one logger, say what was wrong with it (a key of NOTES), and report: started, inspect, done."""
        rng = generator(self.seed, "crew", project.id)
        log = _Log(self.city, project.id)
        log.add(start, "set", {"state": "started"})
        note = NOTES[finding]
        text = f"{note.in_('en', place=place)} / {note.in_('zh', place=place)}"
        at = working_moment(start, SENSOR_DAYS / 2, self.timezone)
        log.add(at, "inspect", {"found": "none" if finding in ("healthy", "right") else "other", "note": text})
        days = SENSOR_DAYS + (float(rng.uniform(*LATE_DAYS)) if rng.random() < LATE else 0.0)
        cost = self._cost(countermeasure, {"sensor": 1.0}, rng)
        log.add(working_moment(start, days, self.timezone), "set", {"state": "done", **cost, "note": text})
        return log.decisions

    def adjust(self, project: Project, countermeasure: Countermeasure, *, start: datetime) -> list[Decision]:
        """Do as the measure says (valves, pumps and links are set), and report: started, done with the bill of its cost rows."""
        rng = generator(self.seed, "crew", project.id)
        log = _Log(self.city, project.id)
        log.add(start, "set", {"state": "started"})
        days = countermeasure.uses.get("crew_days", 1.0)
        priced = [r for r in countermeasure.costs if r.kind == "cost" and r.unit_value is not None]
        due = [r for r in priced if not r.recurrence] or priced  # what is paid year by year is due for its first year
        cost: dict[str, float | str] = {}
        if due:
            total = sum(r.quantity.value * r.unit_value.amount for r in due if r.unit_value is not None)
            cost = self._bill(total, rng)
        note = NOTES["adjusted" if countermeasure.changes else "carried_out"]
        text = f"{note.in_('en', n=len(countermeasure.targets))} / {note.in_('zh', n=len(countermeasure.targets))}"
        log.add(working_moment(start, days, self.timezone), "set", {"state": "done", **cost, "note": text})
        return log.decisions

    def _everything(self) -> list[RankedThing]:
        """All pipes in the order of the model, where no area was ranked."""
        n = len(self.network.pipes)
        return [
            RankedThing(thing=name, name=name, rank=i + 1, probability=1 / n, length_m=float(self.network.length_m[i]))
            for i, name in enumerate(self.network.pipes)
        ]

    def _size(self, number: int, at: datetime) -> float:
        hour = int((at - self.start).total_seconds() // 3600)
        size = leak_size(self.leaks[number], number, self.repairs, hour)
        return size * self.runs_at[number] if self.runs_at else size

    def _heard(self, row: RankedThing, at: datetime, found: Sequence[int]) -> list[int]:
        """Leaks that run at `at` on the pipe or where it meets others, largest first."""
        ends = self._ends.get(row.name, ())
        near = [
            n for n, leak in enumerate(self.leaks)
            if n not in found and (leak.pipe == row.name or leak.node in ends) and self._size(n, at) >= AUDIBLE_L_PER_S
        ]  # fmt: skip
        return sorted(near, key=lambda n: -self._size(n, at))

    @property
    def _ends(self) -> dict[str, tuple[str, str]]:
        return dict(zip(self.network.pipes, self.network.ends, strict=True))

    def _reported(self, leak: Leak, rng: np.random.Generator) -> str:
        """Name of the pipe in the report: sometimes a neighbour of the right one."""
        wrong, choice = rng.random() < WRONG_PLACE, rng.random()
        ends = self._ends[leak.pipe]
        near = sorted({self.network.pipes[i] for n in ends for i in self.network.pipes_at[n]} - {leak.pipe})
        return near[int(choice * len(near))] if wrong and near else leak.pipe

    def _cost(
        self, countermeasure: Countermeasure, amounts: dict[str, float], rng: np.random.Generator
    ) -> dict[str, float | str]:
        """The bill at the countermeasure's own prices, else the policy's; nothing where a price is not known."""
        total = 0.0
        keys = {"survey": "survey_per_km", "repair": "repair_each", "sensor": "replace_sensor"}
        for name, amount in amounts.items():
            row = next((r for r in countermeasure.costs if r.name == name and r.unit_value is not None), None)
            if row is not None and row.unit_value is not None:
                price = row.unit_value.amount
            elif keys[name] in self.policy.prices:
                price = self.policy.prices[keys[name]][0]
            else:
                return {}
            total += amount * price
        return self._bill(total, rng)

    def _bill(self, total: float, rng: np.random.Generator) -> dict[str, float | str]:
        """What is asked for works that should cost `total`."""
        bill = total * float(np.exp(BILL_SD * rng.standard_normal()))
        return {
            "cost": round(bill, 2),
            "currency": self.policy.currency,
            "price_year": float(self.policy.price_year),
        }


def _flow_sought(countermeasure: Countermeasure) -> float | None:
    """Leakage that the works are to end, L/s: the claim before the chance of finding and the realisation rate."""
    claim = next((e.estimate.value for e in countermeasure.effects if e.indicator == "night_flow"), None)
    chance = countermeasure.details.get("probability_found", 1.0)
    rate = countermeasure.realisation.estimate.value
    if claim is None or claim <= 0 or not isinstance(chance, int | float) or chance * rate <= 0:
        return None
    return claim / (float(chance) * rate)
