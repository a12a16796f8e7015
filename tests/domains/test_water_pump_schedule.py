"""Pumping on the tariff: programs computed by hand, the problem from meters, the schedule that the model confirms."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from cityloop.city import City
from cityloop.contracts import TariffBand
from cityloop.domains.water import domain
from cityloop.domains.water.energy.pump_energy import PUMP_KIND, find_pump_energy
from cityloop.domains.water.energy.pump_plan import Task, best_schedule
from cityloop.domains.water.energy.pump_schedule import pump_schedules
from cityloop.domains.water.energy.tariff import band_numbers, hourly_price, mean_by_hour
from cityloop.errors import RecordError
from cityloop.records import Thing
from cityloop.settings.tariff import BANDS

TARIFF = (
    TariffBand("peak", ((14, 20),), 0.19, "test", "assumed", weekdays=(1, 2, 3, 4, 5)),
    TariffBand("valley", ((22, 6),), 0.06, "test", "assumed"),
    TariffBand("flat", (), 0.10, "test", "assumed"),
)


# --- the program -------------------------------------------------------------------------------------------------
def task(price, used, room, pumps=1, stored=0.0):
    """Pumps of 10 kW and 10 m3/h; the tank holds `stored` m3 at every hour as it was run."""
    hours = len(price)
    return Task(
        np.array(price, float), np.full(pumps, 10.0), np.full(pumps, 10.0),
        np.array(used, float).reshape(hours, pumps), np.full(hours + 1, float(stored)), 0.0, float(room),
    )  # fmt: skip


def test_schedule_when_the_tank_has_room_then_all_water_is_pumped_at_the_low_price():
    found = best_schedule(task([1, 1, 3, 3], [0, 0, 1, 1], room=20))
    assert found.run[:, 0] == pytest.approx([1, 1, 0, 0])
    assert (found.cost, found.bound, found.stopped_by) == (pytest.approx(20), pytest.approx(20), "optimal")


def test_schedule_when_the_tank_is_small_then_only_what_it_holds_is_shifted():
    # 10 m3 may be brought ahead: one hour of four at price 1, the other at 3
    assert best_schedule(task([1, 1, 3, 3], [0, 0, 1, 1], room=10)).cost == pytest.approx(10 * 1 + 10 * 3)


def test_schedule_when_nothing_may_be_taken_from_the_tank_then_water_is_not_brought_later():
    assert best_schedule(task([3, 1], [1, 0], room=50)).cost == pytest.approx(30)
    assert best_schedule(task([3, 1], [1, 0], room=50, stored=10)).cost == pytest.approx(10)


def test_schedule_when_a_pump_may_start_once_then_it_runs_in_one_piece():
    price, used = [1, 5, 1, 5, 1, 5], [1, 0, 1, 0, 1, 0]
    free = best_schedule(task(price, used, room=100, stored=50))
    once = best_schedule(task(price, used, room=100, stored=50), starts=1)
    assert free.cost == pytest.approx(30)
    on = once.run[:, 0] > 1e-6
    assert int((on & ~np.roll(on, 1)).sum()) == 1
    # the cheapest three hours in one piece: 1, 5, 1 of 10 kWh each
    assert once.cost == pytest.approx(70, rel=0.01)
    assert once.bound <= once.cost and once.gap <= 0.001 and once.stopped_by == "optimal"


def test_schedule_when_asked_twice_then_the_answer_is_the_same():
    rng = np.random.default_rng(3)
    question = task(rng.uniform(1, 3, 24), rng.random((24, 2)), room=80, pumps=2, stored=40)
    first, second = (best_schedule(question, starts=2) for _ in range(2))
    assert np.array_equal(first.run, second.run)


# --- the tariff as tables ----------------------------------------------------------------------------------------
def test_prices_when_months_differ_then_hours_are_priced_at_the_mean_of_the_year(square):
    policy = square().build()[0].policy
    summer = TariffBand("sharp", ((19, 21),), 1.3, "test", "assumed", months=(7,))
    policy = replace(policy, tariff=(summer, TariffBand("flat", (), 0.6, "test", "assumed")))
    by_hour = mean_by_hour(policy)
    assert by_hour[19] == pytest.approx((31 * 1.3 + 334 * 0.6) / 365) and by_hour[18] == pytest.approx(0.6)
    times = np.array(["2026-01-05T18:00", "2026-07-06T17:00"], dtype="datetime64[us]")  # 19 h in Berlin
    assert hourly_price(policy, times, "Europe/Berlin") == pytest.approx([by_hour[19]] * 2)
    assert [BANDS[i] for i in band_numbers(policy, times, "Europe/Berlin")] == ["flat", "sharp"]


# --- a city ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The published network with a made-up tariff, played for 24 days."""
    folder = tmp_path_factory.mktemp("pumps") / "ky4"
    shutil.copytree(Path(str(files("cityloop") / "cities" / "ky4")), folder)
    text = (folder / "city.toml").read_text(encoding="utf-8")
    for band in TARIFF:
        hours = f"hours = {[list(h) for h in band.hours]}\n" if band.hours else ""
        days = f"weekdays = {list(band.weekdays)}\n" if band.weekdays else ""
        text += f'\n[[policy.tariff]]\nband = "{band.band}"\n{hours}{days}price = {band.price_per_kwh}\n'
        text += 'source = "test"\nstatus = "assumed"\n'
    (folder / "city.toml").write_text(text.replace("sensors = 40", "sensors = 4"), encoding="utf-8")
    with City.open(folder) as opened:
        opened.take(until=datetime(2026, 4, 30, 4, tzinfo=UTC))
        yield opened


def boundary_of(city):
    return next(t for t in city.view().records(Thing) if t.kind == "boundary")


class Untariffed:
    """The same view under another policy."""

    def __init__(self, view, tariff):
        self._view, self.policy = view, replace(view.policy, tariff=tariff)

    def __getattr__(self, name):
        return getattr(self._view, name)


def test_series_when_pumps_are_metered_then_energy_and_cost_per_cubic_metre_are_those_of_the_network(city):
    view, boundary = city.view(), boundary_of(city)
    start, end = view.now - timedelta(days=14), view.now
    energy = domain.series(view, "energy_per_m3", boundary.id, start=start, end=end)
    cost = domain.series(view, "energy_cost_per_m3", boundary.id, start=start, end=end)
    # settled network: 0.375 kWh/m3; the twin's pumps are up to 5 % off
    assert np.nanmean(energy.y) == pytest.approx(0.375, rel=0.06)
    assert (energy.unit, cost.unit, energy.better, energy.simulated) == ("kWh/m3", "USD/m3", "lower", True)
    prices = [band.price_per_kwh for band in TARIFF]
    ratio = cost.y[np.isfinite(cost.y)] / energy.y[np.isfinite(energy.y)]
    assert (ratio > min(prices)).all() and (ratio < max(prices)).all()


def test_series_when_there_is_no_tariff_then_cost_is_refused_with_a_cure(city):
    view, boundary = Untariffed(city.view(), ()), boundary_of(city)
    with pytest.raises(RecordError, match=r"no tariff.*\[\[policy.tariff\]\]"):
        domain.series(view, "energy_cost_per_m3", boundary.id, start=view.now - timedelta(days=2), end=view.now)


def test_problem_when_a_pump_runs_in_dear_hours_then_the_gap_has_an_interval_and_a_price(city):
    (problem,) = find_pump_energy(city.view(), domain.priors)
    assert (problem.kind, problem.indicator, problem.simulated) == (PUMP_KIND, "energy_cost_per_m3", True)
    assert 0 < problem.gap.low < problem.gap.value < problem.gap.high < problem.observed.value
    assert problem.cost_per_year.value == pytest.approx(problem.gap.value * float(problem.details["m3_per_year"]))
    shares = [float(v) for k, v in problem.details.items() if k.startswith("energy_share_")]
    assert sum(shares) == pytest.approx(1.0)
    assert all(" | " in note for note in problem.notes)
    assert any("peak" in n.split(" | ")[0] and "峰段" in n.split(" | ")[1] for n in problem.notes)


@pytest.mark.parametrize("tariff", [(), (TariffBand("flat", (), 0.1, "test", "assumed"),)])
def test_problem_when_every_hour_costs_the_same_then_there_is_none(city, tariff):
    assert find_pump_energy(Untariffed(city.view(), tariff), domain.priors) == []


def test_schedule_when_the_model_confirms_it_then_it_saves_within_the_tanks(city):
    view = city.view()
    (problem,) = find_pump_energy(view, domain.priors)
    (measure,) = pump_schedules(view, city.simulator, problem, {}, domain.priors)
    cost = next(e for e in measure.effects if e.indicator == "energy_cost_per_m3")
    assert cost.grade == "modelled" and 0 < cost.estimate.low < cost.estimate.value < problem.gap.high
    details = measure.details
    # the model as it is tells the same cost as the meters, so that its saving may be taken over
    assert details["modelled_cost_per_m3_without"] == pytest.approx(float(details["observed_cost_per_m3"]), rel=0.06)
    assert details["modelled_cost_per_m3_with"] < 0.95 * float(details["modelled_cost_per_m3_without"])
    for tank in ("T-3", "T-4"):
        assert float(details[f"lowest_level_m_with_{tank}"]) > float(details[f"limit_level_m_{tank}"]) - 0.1
    assert details["limits_broken_with"] <= details["limits_broken_without"] and details["starts_per_day_with"] <= 8
    assert float(details["lowest_pressure_m_with"]) > 14.1
    assert {c.property for c in measure.changes} == {"start_level_m", "stop_level_m"}
    assert any(c.hours for c in measure.changes) and any(c.hours is None for c in measure.changes)
    assert [r.name for r in measure.costs][:2] == ["pump control", "cheaper pumping"]
    saved = measure.costs[1].quantity
    assert saved.unit == "% of the pump energy bill" and 0 < saved.low < saved.value < saved.high < 100
    # filling a tank higher needs more energy: said in a row of its own, never as a fall that rises
    assert all(e.estimate.value > 0 for e in measure.effects)
    rows = {r.name: r for r in measure.costs}
    assert ("additional energy" in rows) == (len(measure.effects) == 1)


def test_schedule_when_there_is_no_model_or_no_price_then_none_is_offered(city):
    view = city.view()
    (problem,) = find_pump_energy(view, domain.priors)
    priors = {key: prior for key, prior in domain.priors.items() if key != "pump_control_each"}
    assert pump_schedules(view, None, problem, {}, domain.priors) == []
    assert pump_schedules(view, city.simulator, problem, {}, priors) == []
