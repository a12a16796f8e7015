"""The report of a city that is not water's, and of one with two domains: names and charts are the domain's own."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import numpy as np
import pytest
from tests.report.conftest import CITY, DAYS, ONSET, START, cost, estimate, tid
from tests.report.test_report_page import summary, words

from cityloop.contracts import IndicatorSeries
from cityloop.domains.water import domain as water
from cityloop.errors import RecordError
from cityloop.i18n import Pair
from cityloop.records import (
    Baseline,
    Countermeasure,
    Datastream,
    Effect,
    Goal,
    Location,
    Money,
    Plan,
    PlanLine,
    Problem,
    Project,
    Realisation,
    StateEntry,
    Thing,
    Verification,
    record_id,
)
from cityloop.report import build
from cityloop.report import words as report_words
from cityloop.report.order import patches

LIFT = tid("lift", "L-7")
STREAM = record_id(CITY, "datastream", "L-7 load")


class Lifts:
    """A made-up domain: lifts that run above their rated load."""

    name = "lifts"
    title = Pair("Lifts", "电梯")
    words = {
        "lift_overload": Pair("Overloaded lift", "电梯超载"), "lift_load": Pair("lift load", "电梯负载率"),
        "second_lift": Pair("A second lift", "增设电梯"), "cabin": Pair("Cabin", "轿厢"), "waiting": Pair("Waiting saved", "节省等候时间"),
        "overload": Pair("overload", "超载"), "lift_hours": Pair("technician hours", "技工工时"),
    }  # fmt: skip
    indicators = ("lift_load",)
    causes = ("overload",)
    priors = {}

    def kinds(self):
        return ("second_lift",)

    def series(self, view, indicator, boundary, *, start, end, exclude=()):
        if indicator != "lift_load" or view.get(Thing, boundary).kind != "lift":
            raise RecordError("No lift.", where=boundary)
        _, block = view.block([STREAM], start=start, end=end)
        days = np.datetime64(start.date()) + np.arange(len(block) // 24)
        y = block[: len(days) * 24, 0].reshape(-1, 24).max(axis=1)
        return IndicatorSeries("lift_load", boundary, "%", days, y, {}, (STREAM,), False)


def load():
    """Percent of the rated load by the hour: 80, from ONSET on 130."""
    day = np.arange(DAYS * 24) / 24
    return np.where(day >= ONSET, 130.0, 80.0) + np.tile(np.sin(np.arange(24.0)), DAYS)


def lift_records(evidence):
    """A lift with its problem, goal, two measures of one group, plan, works, Baseline without a Verification."""
    trouble = record_id(CITY, "problem", "lift_overload", LIFT)
    rate = Realisation(
        kind="second_lift", estimate=estimate(0.9, 0.1, "1"), studies=0, source="assumed", status="unconfirmed"
    )
    measures = [
        Countermeasure(
            id=record_id(CITY, "countermeasure", kind), domain="lifts", kind="second_lift", title_en=f"A {kind} lift",
            title_zh=f"{name}电梯", boundary=LIFT, targets=(LIFT,), changes=(), answers=(trouble,),
            effects=(Effect(indicator="lift_load", thing=LIFT, estimate=estimate(fall, 5.0, "%"), period="always"),),
            costs=(
                cost("cabin", "cost", estimate(1.0, 0.0, "cabin"), price, "offer 17", "given"),
                cost("waiting", "benefit", estimate(9_000.0, 500.0, "h"), 3.0, "own count", "assumed"),
            ),
            realisation=rate, one_of="lift:L-7", uses={"lift_hours": 40.0},
        )
        for kind, name, fall, price in (("small", "小", 20.0, 9_000.0), ("large", "大", 45.0, 15_000.0))
    ]  # fmt: skip
    project = record_id(CITY, "project", measures[1].id)
    goal = record_id(CITY, "goal", trouble)
    money = Money(amount=15_000.0, currency="USD", price_year=2026)
    return [
        Location(id="at-L-7", name="L-7", crs="EPSG:3089", geometry="point", coordinates=((4_950_600.0, 3_960_600.0),)),
        Thing(id=LIFT, kind="lift", name="L-7", location="at-L-7"),
        Datastream(
            id=STREAM, name="L-7 load", thing=LIFT, sensor="", observed_property="lift_load", unit="%", statistic="mean", step_s=3600
        ),
        Problem(
            id=trouble, domain="lifts", kind="lift_overload", boundary=LIFT, indicator="lift_load",
            observed=estimate(131.0, 1.0, "%"), expected=estimate(100.0, 0.0, "%"), gap=estimate(31.0, 1.0, "%"),
            onset=date(2026, 5, 16), detected=START + timedelta(days=DAYS), cost_per_year=estimate(27_000.0, 900.0, "USD/year"),
            evidence=evidence, notes=("Counted by the drive. | 由驱动器计量。",),
        ),
        Goal(
            id=goal, problem=trouble, indicator="lift_load", boundary=LIFT, start_value=estimate(131.0, 1.0, "%"),
            target=estimate(100.0, 1.0, "%"), due=date(2027, 5, 16), datastreams=(STREAM,), method="local_level/1", level=0.9,
            days_before=56, days_after=28, settling_days=0, smallest_effect=5.0, unit="%", policy="own",
        ),
        *measures,
        Plan(
            id=record_id(CITY, "plan", "lifts"), years=(2026,), budget=(money,), status="approved",
            lines=(PlanLine(countermeasure=measures[1].id, project=project, year=2026, cost=money, net_present_value=estimate(12_000.0, 1_500.0, "USD of 2026")),),
            rejected={measures[0].id: "Excluded by large. | 与大电梯互斥。"}, objective=estimate(12_000.0, 1_500.0, "USD of 2026"),
            bound=12_000.0, gap=0.0, stopped_by="optimal", discount_rate=0.03,
        ),
        Project(
            id=project, countermeasure=measures[1].id, plan=record_id(CITY, "plan", "lifts"), boundary=LIFT, name="lift | 电梯",
            states=(
                StateEntry(state="started", on=START + timedelta(days=110), by="works"),
                StateEntry(state="done", on=START + timedelta(days=112), by="works", cost=money),
            ),
            findings=({"found": "overload", "place": LIFT, "on": "2026-07-25", "trips": 31.0},),
        ),
        Baseline(
            id="lift-baseline", goal=goal, boundary=LIFT, indicator="lift_load", projects=(project,),
            frozen=START + timedelta(days=110), method="local_level/1", parameters={"unfit": "few"}, evidence=evidence, unit="%",
        ),
    ]  # fmt: skip


UNJUDGED = {
    "lift-baseline": "6 days observed after the works; judged from 14 on. | 工程后已观测 6 天，满 14 天起评定。"
}


@pytest.fixture(scope="module")
def names():
    """The made-up domain's words beside those of the domains that are installed."""
    before = report_words.words
    report_words.words = lambda: {**before(), **Lifts.words}
    yield
    report_words.words = before


@pytest.fixture(scope="module")
def lifts_only(view, settings, names):
    """A city that meters no water at all."""
    bare = replace(view, things=(), streams={STREAM: load()})
    evidence = bare.evidence([STREAM], start=START, end=bare.now)
    city = replace(bare, things=tuple(lift_records(evidence)))
    return build(city, replace(settings, boundaries=(), stated={}), [water, Lifts()], unjudged=UNJUDGED)


@pytest.fixture(scope="module")
def both(view, settings, names):
    """The water city with a lift."""
    streams = {**view.streams, STREAM: load()}
    evidence = replace(view, streams=streams).evidence([STREAM], start=START, end=view.now)
    things = (*view.things, *lift_records(evidence))
    done = next(r for r in view.things if isinstance(r, Verification))
    verified = msgspec.structs.replace(
        done, id=record_id(CITY, "verification", LIFT), boundary=LIFT, indicator="lift_load", baseline="lift-baseline",
        measured=estimate(40.0, 2.0, "%"), claimed=estimate(45.0, 5.0, "%"), smallest_effect=5.0, projects=(),
    )  # fmt: skip
    return build(replace(view, streams=streams, things=(*things, verified)), settings, [water, Lifts()])


def test_report_when_no_water_is_metered_then_nothing_of_water_is_on_the_page(lifts_only):
    english, chinese = words(lifts_only[0], "en"), words(lifts_only[0], "zh")
    for said in ("water", "Water", "leak", "night flow", "Dig list", "ILI", "漏损率"):
        assert said not in english, said
    for said in ("水量", "漏", "夜间流量", "检漏清单"):
        assert said not in chinese, said


def test_report_when_a_problem_is_a_lift_s_then_the_questions_are_answered_in_its_own_words(lifts_only):
    english, chinese = summary(lifts_only[0], "en"), summary(lifts_only[0], "zh")
    for said in (
        "L-7: Overloaded lift.", "since 2026-05-16 the lift load is 131.0 % where 100 % was expected, a gap of 31.0 % (30.0 to 32.0, 90 %)",
        "worth 27,000 USD/year", "A large lift. Claimed: lift load −45.0 % (40.0 to 50.0, 90 %)", "Waiting saved 9,000 h",
        "A large lift: 6 days observed after the works; judged from 14 on.",
    ):  # fmt: skip
        assert said in english, said
    for said in ("L-7：电梯超载", "电梯负载率为 131.0%", "节省等候时间 9,000", "工程后已观测 6 天，满 14 天起评定。"):
        assert said in chinese, said


def test_report_when_a_domain_has_a_series_then_its_chart_shows_onset_and_works(lifts_only):
    page = lifts_only[0]
    chart = page[page.index('data-drawing="lift-load-') :]
    chart = chart[: chart.index("</figure>")]
    assert "k-onset" in chart and "k-works" in chart and "k-band" in chart
    assert "Daily lift load" in page and "电梯负载率（逐日）" in page


def test_report_when_works_cannot_be_judged_then_they_are_listed_with_the_reason(lifts_only):
    english = words(lifts_only[0], "en")
    assert "Works that cannot be judged, and why A large lift: 6 days observed" in english
    assert '"unjudged"' in lifts_only[1].decode()


def test_report_when_measures_use_a_limit_of_their_own_then_it_and_the_net_are_shown(lifts_only):
    english = words(lifts_only[0], "en").replace("\u00a0", " ")
    assert "technician hours 40" in english and "12,000 USD" in english
    assert "Trips" in english and "overloadL-731" in english


def test_report_when_there_are_two_domains_then_the_dearest_comes_first_and_both_have_charts(both):
    english = summary(both[0], "en")
    assert english.index("Burst, Whole network") < english.index("Overloaded lift, L-7")
    for drawing in ("night-flow-", "lift-load-", "claims-1", "claims-2"):
        assert f'data-drawing="{drawing}' in both[0]
    assert "336,000" not in english and "Water balance" in words(both[0], "en")
    # a per cent that fell has no volume of a year
    assert "lift load fell by 40.0 % (38.0 to 42.0, 90 %); claimed were 45.0 %" in english


def test_patches_when_two_parts_are_far_apart_then_each_has_its_share_and_place(view):
    problem = next(p for p in view.records(Problem) if p.area)
    things = {t.id: t for t in view.records(Thing)}
    left = [r for r in problem.area if r.name in ("P-0-8", "P-1-9")]
    right = [r for r in problem.area if r.name == "P-6-14"]
    area = [msgspec.structs.replace(r, probability=p) for r, p in zip([*left, *right], (0.3, 0.3, 0.3), strict=True)]
    found = patches(area, things, tid("junction", "J-1"))
    assert [(p.place, round(p.share, 2), p.km) for p in found] == [
        (tid("junction", "J-1"), 0.6, 0.2), (tid("pipe", "P-6-14"), 0.3, 0.1),
    ]  # fmt: skip
