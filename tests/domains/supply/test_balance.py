"""Supply against demand: hand calculations of shortage, stages by norm, triggers, and what is not known."""

from datetime import date

import numpy as np
import pytest

from cityloop.domains.water.supply.balance import Relief, draw_courses, relieved, run_courses, share_short
from cityloop.domains.water.supply.drought import month_ends, rule_curve, stage_of, stages_of
from cityloop.domains.water.supply.problems import shortage_problems, supply_outlook, system_series, why_no_balance
from cityloop.domains.water.supply.sources import read_system
from cityloop.domains.water.supply.texts import ROW_NOTES, SUPPLY_NOTES, SUPPLY_TITLES
from cityloop.records import Relation, Thing


# --- hand calculations -------------------------------------------------------------------------------------------
def test_shortage_when_the_storage_lasts_ten_days_then_the_rest_is_short(city, known, ids):
    outlook = supply_outlook(city(usable_m3=86_400.0), known())
    assert outlook.shares[30].value == pytest.approx(100 * (1 - 10 / 30), abs=1.0)
    assert outlook.shares[365].value == pytest.approx(100 * (1 - 10 / 365), abs=0.5)


def test_shortage_when_inflow_meets_half_of_the_demand_then_half_is_short(city, known, ids):
    outlook = supply_outlook(city(usable_m3=8_640.0, inflow_m3=4_320.0), known())
    assert outlook.shares[365].value == pytest.approx(50.0, abs=1.0)
    assert outlook.gap.value == pytest.approx(4_320.0, rel=0.02) and outlook.gap.unit == "m3/day"


def test_shortage_when_only_bought_water_is_there_then_the_stage_follows_from_its_capacity(city, known, ids):
    """60 % of the demand can be bought: 40 % are short, that is 特大干旱 in China and level 4 in California."""
    view = city(purchased_m3=0.6 * 8640)
    outlook = supply_outlook(view, known())
    assert outlook.dry_percent == pytest.approx(40.0, abs=1.5)
    assert outlook.stage("cn").title.zh == "特大干旱" and outlook.stage("cn").status == "unconfirmed"
    assert outlook.stages["eu"] == () and outlook.stage("eu") is None
    (problem,) = shortage_problems(view, known())
    assert problem.observed.value == pytest.approx(100.0, rel=0.02)  # 8,640 m3 a day = 100 L/s
    assert problem.expected.value == pytest.approx(60.0, rel=0.02) and problem.gap.value == pytest.approx(
        40.0, rel=0.05
    )
    assert problem.cost_per_year is None and any("shortage_per_m3" in n for n in problem.notes)


def test_stage_when_the_norms_draw_their_lines_elsewhere_then_each_says_its_own(city, known, ids):
    view = city(purchased_m3=8640.0)
    china, california = stages_of(view, "cn"), stages_of(view, "us")
    assert [s.above_percent for s in china] == [5, 10, 20, 30]
    assert [s.above_percent for s in california] == [0, 10, 20, 30, 40, 50]
    assert stage_of(3.0, china) is None and stage_of(3.0, california).number == 1
    assert stage_of(45.0, china).number == 4 and stage_of(45.0, california).number == 5
    assert stage_of(0.5, california) is None  # less than the draws can tell


def test_city_when_supply_is_ample_then_there_is_no_problem(city, known, ids):
    assert shortage_problems(city(purchased_m3=20_000.0), known()) == []


def test_city_when_it_states_no_supply_then_nothing_is_read(city, known, ids):
    view = city(purchased_m3=100.0)
    bare = view.with_(things=tuple(t for t in view.things if getattr(t, "kind", "") not in ("supply", "supply_system")))
    bare.block = None  # would fail if it were asked
    assert read_system(bare) is None and shortage_problems(bare, known()) == []


def test_priority_when_two_supplies_are_there_then_the_first_is_drawn_first(city, known, ids):
    view = city(usable_m3=1e7, purchased_m3=3_000.0)
    outlook = supply_outlook(view, known())
    used = {k: float(v.mean()) for k, v in outlook.course.used.items()}
    assert used[ids("supply", "R")] == pytest.approx(8_640.0, rel=0.02) and used[ids("supply", "P")] == pytest.approx(
        0.0, abs=1.0
    )


# --- records -----------------------------------------------------------------------------------------------------
def test_inflow_when_drawn_then_it_keeps_the_season_and_the_mean_of_the_record(city, known, ids):
    days = 6 * 366
    season = 5_000 + 4_000 * np.cos(2 * np.pi * np.arange(days) / 365.25)
    outlook = supply_outlook(city(usable_m3=1e6, inflow_m3=season, days=days), known())
    drawn = outlook.draws.inflow[0]
    start = outlook.draws.start.timetuple().tm_yday
    expected = 5_000 + 4_000 * np.cos(2 * np.pi * (start - 1 + np.arange(365)) / 365.25)
    assert drawn.mean() == pytest.approx(5_000, rel=0.03)
    assert np.abs(drawn.mean(axis=0) - expected).max() < 600 and not outlook.draws.short_record


def test_inflow_when_the_record_is_short_then_the_interval_is_wide_and_says_so(city, known, ids):
    view = city(usable_m3=86_400.0, inflow_m3=6_000.0)
    sure = supply_outlook(view, known())
    unsure = supply_outlook(view, known(inflow_short_sd=0.6))
    assert unsure.draws.short_record
    assert unsure.gap.high - unsure.gap.low > 5 * (sure.gap.high - sure.gap.low)
    (problem,) = shortage_problems(view, known(inflow_short_sd=0.6))
    assert any("less than one" in n for n in problem.notes) and any("no yearly cycle" in n for n in problem.notes)


def test_storage_when_observed_as_a_level_then_the_curve_gives_the_volume(city, known, ids):
    by_level = read_system(city(usable_m3=86_400.0, held=0.25, level=True))
    assert by_level.supplies[0].storage_m3 == pytest.approx(21_600.0)


def test_storage_when_not_read_for_long_then_it_is_not_counted_and_named(city, known, ids):
    system = read_system(city(usable_m3=86_400.0, purchased_m3=8_640.0, days=100, now_after_days=160))
    assert system.unread == ("R",) and [s.thing.name for s in system.supplies] == ["P"]


def test_demand_when_a_boundary_has_no_meter_then_it_is_named_as_not_counted(city, known, ids):
    more = Thing(id=ids("boundary", "b"), kind="boundary", name="b")
    view = city(purchased_m3=5_000.0, things=(more,))
    system = next(t for t in view.things if getattr(t, "kind", "") == "supply_system")
    both = Thing(
        id=system.id, kind=system.kind, name=system.name,
        relations=(*system.relations, Relation(kind="serves", thing=more.id)),
    )  # fmt: skip
    view = view.with_(things=tuple(both if t is system else t for t in view.things))
    assert read_system(view).unmetered == ("b",)
    series = system_series(view, both, start=view.origin, end=view.now)
    assert series.unit == "L/s" and np.nanmean(series.y) == pytest.approx(100.0, rel=0.01)


# --- triggers ----------------------------------------------------------------------------------------------------
def test_rule_curve_when_set_then_the_shortage_at_the_trigger_is_the_stage(city, known, ids):
    """Without inflow a storage S lasts S / 8,640 days: 10 % are short over a year where it lasts 328.5 days."""
    view = city(usable_m3=8_640.0 * 500, held=0.5)
    outlook = supply_outlook(view, known())
    triggers = rule_curve(
        outlook.system, outlook.demand, known(), outlook.stages["cn"], today=date(2024, 4, 10), months=2
    )
    storage = [t.storage_m3[3] / 8_640.0 for t in triggers]
    for days, percent in zip(storage, (5, 10, 20, 30), strict=True):
        assert days == pytest.approx(365 * (1 - percent / 100), rel=0.02)
    assert storage == sorted(storage, reverse=True)


def test_month_ends_when_the_storage_empties_then_the_stages_follow_one_another(city, known, ids):
    view = city(usable_m3=8_640.0 * 500, held=1.0)
    outlook = supply_outlook(view, known())
    triggers = rule_curve(outlook.system, outlook.demand, known(), outlook.stages["cn"], today=outlook.system.start)
    ends = month_ends(outlook.draws, outlook.course, triggers, outlook.system, outlook.stages["cn"])
    assert len(ends) >= 11 and ends[0].chance[0] == 1.0 and ends[-1].chance[-1] == 1.0
    assert all(sum(e.chance) == pytest.approx(1.0) for e in ends)
    likeliest = [int(np.argmax(e.chance)) for e in ends]
    assert likeliest == sorted(likeliest)


# --- with and without --------------------------------------------------------------------------------------------
def test_relief_when_two_measures_meet_one_gap_then_together_they_save_less_than_alone(city, known, ids):
    outlook = supply_outlook(city(purchased_m3=8_000.0), known())

    def gap(less: float) -> float:
        system, draws = relieved(outlook.system, outlook.draws, Relief(less))
        return float(share_short(draws, run_courses(system, draws), 365).mean())

    none, one, both = gap(0.0), gap(500.0), gap(1_000.0)
    assert none - both < 2 * (none - one) and both == pytest.approx(0.0, abs=0.005)


def test_relief_when_it_begins_later_then_the_days_before_stay_as_they_were(city, known, ids):
    outlook = supply_outlook(city(purchased_m3=8_000.0), known())
    _, draws = relieved(outlook.system, outlook.draws, Relief(300.0, after_days=10))
    change = outlook.draws.demand - draws.demand
    assert (change[:, :10] == 0).all() and np.allclose(change[:, 10:], 300.0)


def test_courses_when_drawn_twice_then_they_are_the_same(city, known, ids):
    system = read_system(city(usable_m3=1e5, inflow_m3=2_000.0))
    outlook = supply_outlook(city(usable_m3=1e5, inflow_m3=2_000.0), known())
    a, b = (draw_courses(system, outlook.demand, known(), start=date(2024, 4, 10)) for _ in range(2))
    assert (a.demand == b.demand).all() and (a.inflow[0] == b.inflow[0]).all()


# --- words -------------------------------------------------------------------------------------------------------
def test_texts_when_shown_then_both_languages_use_the_same_values():
    import string

    for pair in (*SUPPLY_NOTES.values(), *SUPPLY_TITLES.values(), *ROW_NOTES.values()):
        english, chinese = ({f for _, f, _, _ in string.Formatter().parse(t) if f} for t in (pair.en, pair.zh))
        assert english == chinese
        assert any("一" <= letter <= "鿿" for letter in pair.zh)


def test_balance_when_it_cannot_be_made_then_the_reasons_are_said(city, known, ids):
    short = city(purchased_m3=8_640.0, days=20)
    assert supply_outlook(short, known()) is None
    assert [n for n in why_no_balance(short) if "20 days" in n] and "水源" not in "".join(why_no_balance(short))
    stale = city(usable_m3=86_400.0, days=100, now_after_days=160)
    assert supply_outlook(stale, known()) is None
    assert any("No supply can be counted on" in n for n in why_no_balance(stale)) and any(
        "R:" in n for n in why_no_balance(stale)
    )
