"""Requests beside Problems and works: the same place, time and kind, and whether by more than chance. Places are in degrees."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from cityloop.evidence.counts import rate_ratio
from cityloop.loop.request_indicators import service_by, service_of
from cityloop.loop.requests import read_citizens
from cityloop.records import (
    Evidence,
    Location,
    RankedThing,
    Relation,
    RequestStep,
    ServiceRequest,
    Thing,
    Verification,
    record_id,
)

CITY = "toy"
DAY = timedelta(days=1)
NOON = datetime(2026, 1, 1, 17, tzinfo=UTC)  # 12:00 in New York
#: A hundredth of a degree of latitude is 1,112 m.
NORTH = {"b1": 40.00, "b2": 40.10}


def tid(name):
    return record_id(CITY, "thing", "building", name)


def place(name, lat, crs="EPSG:4326", lon=-75.0):
    return Location(id=f"l-{name}", name=name, crs=crs, geometry="point", coordinates=((lon, lat),))


def building(name, boundary, lat, **properties):
    home = (Relation(kind="part_of", thing=boundary),)
    thing = Thing(id=tid(name), kind="building", name=name, location=f"l-{name}", relations=home, properties=properties)
    return [thing, place(name, lat)]


def city(*more, people=(1000.0, 1000.0)):
    found = [
        Thing(id=b, kind="boundary", name=b, properties={"population": p}) for b, p in zip(NORTH, people, strict=True)
    ]
    for b, lat in NORTH.items():
        found += building(f"house-{b}", b, lat, grid_code=f"cell-{b}")
    return [*found, *more]


def request(number, day, boundary="b1", *, bears=("burst",), **changes):
    """A request on a day of 2026 (0 = 1 January, noon), at its boundary's house unless it is placed otherwise."""
    at = NOON + day * DAY
    made = ServiceRequest(
        id=f"r-{number}", system="12345", number=str(number), requested=at, bears_on=bears,
        location=f"l-house-{boundary}" if boundary else "", steps=(RequestStep(state="accepted", at=at),),
    )  # fmt: skip
    return replace_struct(made, **changes)


def replace_struct(record, **changes):
    import msgspec

    return msgspec.structs.replace(record, **changes)


#: Of another kind, they hold the table open: it speaks of 1 January to 31 May (day 150).
ENDS = tuple(request(f"other{day}", day, bears=()) for day in (0, 50, 100, 150))


def citizens(toy, *records, people=(1000.0, 1000.0)):
    return read_citizens(toy.View().put(*city(people=people), *ENDS, *records))


# --- places ------------------------------------------------------------------------------------------------------
def test_request_when_it_has_a_position_or_a_cell_then_its_boundary_is_told_and_how(toy):
    found = citizens(
        toy, request(1, 3, "b2"), request(2, 3, "", grid_code="cell-b1"), request(3, 3, ""),
        place("far", 41.0), request(4, 3, location="l-far"), place("grid", 40.0, "local"), request(5, 3, location="l-grid"),
    )  # fmt: skip
    told = {p.request.number: (p.boundary, p.how) for p in found.placed}
    assert told["1"] == ("b2", "nearest") and told["2"] == ("b1", "grid")
    assert [told[n][0] for n in "345"] == ["", "", ""]
    why = {p.request.number: p.why.en for p in found.placed}
    assert "neither a position" in why["3"] and "farther than 300 m" in why["4"] and "local system" in why["5"]


def test_request_when_it_lies_inside_an_area_then_that_counts_before_the_nearest_thing(toy):
    ring = tuple((-75.0 + x, 40.0 + y) for x, y in ((-0.01, -0.01), (0.01, -0.01), (0.01, 0.004), (-0.01, 0.004)))
    area = Location(id="l-area", name="b1", crs="EPSG:4326", geometry="area", coordinates=ring)
    view = toy.View().put(
        *city(), *ENDS, area, Thing(id="b1", kind="boundary", name="b1", location="l-area"),
        *building("edge", "b2", 40.0039), place("in", 40.0038), request(1, 3, location="l-in"),
    )  # fmt: skip
    (found,) = [p for p in read_citizens(view).placed if p.request.number == "1"]
    assert (found.boundary, found.how) == ("b1", "area")


def test_request_when_two_areas_are_closer_than_its_accuracy_then_the_cell_decides_or_nothing(toy):
    # GCJ-02 is known to 10 m; both houses stand some 3 m from the position, in the shifted system of the place.
    from cityloop.formats.shifted import wgs84_to_gcj02

    here = [*building("a", "b1", 31.00003), *building("b", "b2", 30.99997)]
    moved = [
        replace_struct(r, coordinates=((120.0, r.coordinates[0][1]),)) if isinstance(r, Location) else r for r in here
    ]
    lon, lat = wgs84_to_gcj02(np.array([120.0]), np.array([31.0]))
    spot = place("spot", float(lat[0]), "GCJ-02", float(lon[0]))
    found = citizens(
        toy, *moved, spot, request(1, 3, location="l-spot"), request(2, 3, location="l-spot", grid_code="cell-b2")
    )
    told = {p.request.number: p for p in found.placed}
    assert told["1"].boundary == "" and "between two areas" in told["1"].why.en
    assert (told["2"].boundary, told["2"].how) == ("b2", "grid")


# --- problems ----------------------------------------------------------------------------------------------------
def test_join_when_place_time_and_code_fit_then_only_these_are_joined(toy):
    onset = 120  # 1 May 2026, as the toy's problem has it; the window begins on 24 April
    inside = [request(n, onset + n) for n in range(1, 5)]
    outside = [
        request(11, onset - 8), request(12, onset + 3, "b2"), request(13, onset + 3, bears=("low_pressure",)),
        request(14, onset + 3, bears=()),
    ]  # fmt: skip
    (found,) = citizens(toy, toy.problem(), *inside, *outside, request(15, onset + 5, "")).joined()
    assert {p.request.number for p in found.placed} == {"1", "2", "3", "4"}
    assert (found.start, found.end) == (date(2026, 4, 24), date(2026, 6, 1)) and found.unplaced == 1
    assert found.problem.gap == toy.problem().gap


def test_join_when_a_code_bears_on_a_whole_domain_then_its_problems_are_joined(toy):
    (found,) = citizens(toy, toy.problem(), request(1, 125, bears=("toy",))).joined()
    assert found.counted == 1


def test_join_when_requests_repeat_one_another_then_they_count_once(toy):
    first, second = request(1, 121), request(2, 122, related=("1",))
    third, stranger = request(3, 123, related=("2",)), request(4, 124, related=("unknown",))
    (found,) = citizens(toy, toy.problem(), first, second, third, stranger).joined()
    assert (len(found.placed), found.counted) == (4, 2)


def test_comparison_when_the_place_itself_was_quiet_then_the_excess_is_more_than_chance(toy):
    before, since = [request(f"e{n}", 10 * n) for n in range(1, 10)], [request(n, 121 + n) for n in range(15)]
    (found,) = citizens(toy, toy.problem(), *before, *since).joined()
    (earlier, elsewhere) = found.comparisons
    assert (earlier.by, earlier.events, earlier.days) == ("earlier", 9, 113)  # 1 January to 23 April
    assert earlier.expected.value == pytest.approx(9 * 38 / 113)
    assert earlier.ratio == rate_ratio(15, 38.0, 9, 113.0, 0.9)
    assert elsewhere.events == 0 and elsewhere.ratio is not None and elsewhere.ratio.low > 1
    assert found.verdict == "more"


def test_comparison_when_all_of_the_city_calls_more_then_it_is_no_more_than_chance(toy):
    before = [request(f"e{n}", 10 * n) for n in range(1, 10)]
    since = [request(f"{b}{n}", 121 + n, b) for n in range(15) for b in NORTH]
    (found,) = citizens(toy, toy.problem(), *before, *since).joined()
    assert found.comparisons[0].ratio.low > 1 > found.comparisons[1].ratio.low
    assert found.verdict == "same"


def test_comparison_when_other_areas_differ_in_size_then_their_rate_is_scaled(toy):
    since = [request(f"o{n}", 121 + n, "b2") for n in range(6)]
    (found,) = citizens(toy, toy.problem(), request(1, 125), *since, people=(500.0, 1500.0)).joined()
    elsewhere = found.comparisons[-1]
    assert elsewhere.by == "elsewhere" and elsewhere.expected.value == pytest.approx(2.0)


def test_comparison_when_the_other_area_has_such_a_problem_too_then_it_is_no_measure(toy):
    found = citizens(toy, toy.problem("b1"), toy.problem("b2"), request(1, 125)).joined()
    assert [c.by for j in found for c in j.comparisons] == ["earlier", "earlier"]


def test_boundaries_when_one_lies_in_another_then_its_calls_count_for_both_and_none_measures_itself(toy):
    def nested(name, parent, **more):
        home = (Relation(kind="part_of", thing=parent),)
        return Thing(id=name, kind="boundary", name=name, relations=home, properties={"population": 1000.0, **more})

    zone = Thing(id="zone", kind="boundary", name="zone", properties={"population": 2000.0})
    parts = [zone, nested("b1", "zone"), nested("b2", "zone")]
    calls = [request(n, 125, b) for n, b in enumerate(("b1", "b1", "b2"))]
    (whole,) = citizens(toy, *parts, toy.problem("zone"), *calls).joined()
    assert whole.counted == 3 and [c.by for c in whole.comparisons] == ["earlier"]
    (part,) = citizens(toy, *parts, toy.problem("b1"), *calls).joined()
    assert part.counted == 2 and part.comparisons[-1].expected.value == pytest.approx(1.0)


def test_window_when_the_table_or_the_works_end_then_it_ends_there(toy):
    short = read_citizens(toy.View().put(*city(), *ENDS[:3], request(2, 125), toy.problem())).joined()[0]
    assert short.end == date(2026, 5, 7)  # nothing is on record after 6 May
    measure = toy.measure("m")
    done = toy.project(measure, "started", "done", boundary="b1")
    (found,) = citizens(toy, toy.problem(), measure, done, request(1, 125)).joined()
    assert found.end == date(2026, 5, 31)


def test_join_when_a_problem_is_dismissed_or_has_no_onset_then_that_is_said_or_it_is_left_out(toy):
    assert citizens(toy, toy.problem(status="dismissed"), request(1, 125)).joined() == ()
    (found,) = citizens(toy, toy.problem(onset=None), request(1, 125)).joined()
    assert found.untold == "no_onset" and found.placed == () and found.verdict == "untold"


def test_near_when_requests_gather_at_the_likelier_half_then_the_others_are_the_measure(toy):
    pipes = [*building("p1", "b1", 40.001), *building("p2", "b1", 40.02)]
    area = tuple(
        RankedThing(thing=tid(n), name=n, rank=i, probability=p, length_m=100.0)
        for i, (n, p) in enumerate((("p1", 0.7), ("p2", 0.3)), 1)
    )
    spots = [place("leak", 40.0012), place("away", 40.0195)]
    at_leak = [request(n, 121 + n, location="l-leak") for n in range(4)]
    others = [request(f"o{n}", 20 + n, location="l-away", bears=()) for n in range(6)]
    (found,) = citizens(toy, *pipes, *spots, toy.problem(area=area), *at_leak, *others).joined()
    assert found.near is not None and (found.near.hits, found.near.of) == (4, 4)
    assert found.near.other_hits == 0 and found.near.chance < 0.01
    assert found.to_area_m["r-0"] == pytest.approx(22.2, abs=0.3)  # two ten-thousandths of a degree


def test_unexplained_when_nothing_of_the_kind_was_observed_then_it_is_counted_by_area(toy):
    rest = citizens(toy, toy.problem("b1"), request(1, 125), request(2, 125, "b2"), request(3, 30, "b2")).unexplained()
    assert rest == {("b2", ("burst",)): 2}


@pytest.mark.parametrize(("factor", "least", "most"), [(1.0, 0, 4), (4.0, 48, 60)])
def test_verdict_when_played_often_then_it_seldom_cries_wolf_and_sees_four_times_as_many(toy, factor, least, most):
    """Six calls a month and area by chance; in b1 `factor` times as many from the onset on; 60 draws."""
    rng, more = np.random.default_rng(3), 0
    for _ in range(60):
        drawn = [
            request(f"{b}-{day}-{k}", day, b)
            for b in NORTH for day in range(151)
            for k in range(rng.poisson(0.2 * (factor if b == "b1" and day >= 120 else 1.0)))
        ]  # fmt: skip
        more += citizens(toy, toy.problem(), *drawn).joined()[0].verdict == "more"
    assert least <= more <= most


# --- works -------------------------------------------------------------------------------------------------------
def _judged(toy, *requests, started=90, done=95, end=date(2026, 5, 31)):
    from cityloop.records import Goal, StateEntry

    problem, measure = toy.problem(), toy.measure("m")
    goal = Goal(
        id="g", problem=problem.id, indicator="night_flow", boundary="b1", start_value=toy.estimate(9.0),
        target=toy.estimate(5.0), due=date(2027, 1, 1), datastreams=(), method="x", level=0.9, days_before=56, days_after=56,
        settling_days=1, smallest_effect=1.0, unit="L/s", policy="own",
    )  # fmt: skip
    states = tuple(StateEntry(state=s, on=NOON + d * DAY, by="t") for s, d in (("started", started), ("done", done)))
    works = replace_struct(toy.project(measure, "done"), states=states)
    judged = Verification(
        id="v", goal="g", boundary="b1", indicator="night_flow", projects=(works.id,), baseline="b", start=date(2026, 4, 8),
        end=end, days_used=50, measured=toy.estimate(3.0, 1.0), claimed=toy.estimate(3.0), smallest_effect=1.0,
        grade="confirmed", realisation=None, joint=False,
        evidence=Evidence(datastreams=(), start=NOON, end=NOON, as_of_seq=1, sha256=""),
    )  # fmt: skip
    return citizens(toy, problem, measure, works, goal, judged, *requests).around_works()


def test_works_when_requests_fall_then_the_ratio_says_so_with_its_interval(toy):
    before = [request(f"b{n}", 40 + 2 * n) for n in range(20)]
    (found,) = _judged(toy, *before, request("a", 120), request("d", 92))
    # 56 days to the start on 1 April; from 8 April (done on the 6th, one day of settling) to 31 May
    assert found.before == (date(2026, 2, 4), date(2026, 4, 1)) and found.after == (date(2026, 4, 8), date(2026, 6, 1))
    assert (found.events_before, found.events_after) == (20, 1)
    assert found.ratio == rate_ratio(1, 54.0, 20, 56.0, 0.9) and found.ratio.high < 1


def test_works_when_the_table_ends_before_them_then_nothing_is_said_of_the_time_after(toy):
    (found,) = _judged(toy, request(1, 60), started=160, done=165, end=date(2026, 7, 31))
    assert found.untold == "ends_before" and found.ratio is None and found.after is None


# --- indicators --------------------------------------------------------------------------------------------------
def chain(number, *, hours=None, due=None, extended=None, solved=None, pleased=None, day_only=False, day=10):
    at = NOON + day * DAY
    steps = [RequestStep(state="accepted", at=at, day_only=day_only)]
    if hours is not None:
        steps += [RequestStep(state=s, at=at + timedelta(hours=hours)) for s in ("answered", "closed")]
    return request(
        number, day, steps=tuple(steps), status="open" if hours is None else "closed", resolved=solved, satisfied=pleased,
        due=None if due is None else at + timedelta(hours=due),
        extended_due=None if extended is None else at + timedelta(hours=extended),
    )  # fmt: skip


def test_service_when_counted_then_every_share_states_its_denominator(toy):
    orders = [
        chain(1, hours=10, due=20, solved=True, pleased=True), chain(2, hours=30, due=20, solved=False, pleased=False),
        chain(3, hours=30, due=20, extended=40, solved=True), chain(4, due=20), chain(5, hours=5), chain(6, hours=50, day_only=True),
        chain(7, due=24 * 400),
    ]  # fmt: skip
    found = service_of(
        [p for p in citizens(toy, *orders).placed if p.request.number.isdecimal()], citizens(toy, *orders)
    )
    assert (found.requests, found.open, found.extended) == (7, 2, 1)
    # On time: 1 and 3 (its extension); late: 2, and 4, still open past its due time. 5 and 6 have none, 7 is not due yet.
    assert (found.on_time.hits, found.on_time.of) == (2, 4)
    assert (found.resolved.hits, found.resolved.of, found.resolved_of_closed.of) == (2, 3, 5)
    assert (found.satisfied.hits, found.satisfied.of) == (1, 2)
    assert found.to_answer is not None
    assert (found.to_answer.hours, found.to_answer.of, found.to_answer.unclocked) == (20.0, 4, 1)
    assert found.to_answer.low is None and found.to_dispatch is None


def test_service_by_month_when_accepted_near_midnight_then_the_citys_day_counts(toy):
    late = chain(1, day=30)  # noon of 31 January
    night = replace_struct(
        late, id="r-n", number="n", requested=datetime(2026, 2, 1, 3, tzinfo=UTC)
    )  # 22:00 of 31 January
    found = citizens(toy, late, night)
    groups = service_by(found, lambda p: f"{found.day(p):%Y-%m}", chosen=lambda p: p.request.number in ("1", "n"))
    assert list(groups) == ["2026-01"] and groups["2026-01"].requests == 2


def test_rate_when_a_year_is_a_slip_of_the_pen_then_no_years_of_silence_come_of_it(toy):
    slip = request("slip", -7300)
    found = citizens(toy, toy.problem(), slip, *(request(f"e{n}", 30 * n) for n in range(1, 5)), request(1, 125))
    assert found.covered == {"12345": (date(2026, 1, 1), date(2026, 6, 1))} and found.outside == 1
    (joined,) = found.joined()
    assert joined.comparisons[0].days == 113


def test_request_when_accepted_after_now_then_it_is_not_known_yet(toy):
    assert "later" not in {p.request.number for p in citizens(toy, request("later", 200)).placed}


def test_city_without_requests_when_read_then_nothing_is_said(toy):
    found = read_citizens(toy.View().put(*city(), toy.problem()))
    assert (found.placed, found.joined(), found.around_works(), found.unexplained()) == ((), (), (), {})
