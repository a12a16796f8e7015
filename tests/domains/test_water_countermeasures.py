"""What is proposed, what it costs and claims; figures by hand."""

from dataclasses import replace

import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.countermeasures import expected_km, search_until
from cityloop.records import Estimate, RankedThing, Realisation, Thing

RATE = Realisation(
    kind="survey_and_repair", estimate=Estimate(value=0.8, low=0.6, high=1.0, level=0.9, unit="1"), studies=3,
    source="three works", status="confirmed",
)  # fmt: skip


def rows(*parts):
    return tuple(
        RankedThing(thing=f"p{i}", name=f"P{i}", rank=i + 1, probability=p, length_m=m)
        for i, (p, m) in enumerate(parts)
    )


AREA = rows((0.5, 1000.0), (0.3, 2000.0), (0.15, 3000.0), (0.05, 4000.0))


@pytest.mark.parametrize(("share", "count"), [(0.5, 1), (0.8, 2), (0.95, 3), (0.999, 4)])
def test_search_when_a_share_is_asked_then_the_first_rows_that_reach_it(share, count):
    assert len(search_until(AREA, share)) == count


def test_expected_km_when_it_may_be_missed_then_the_whole_search_is_paid():
    # 0.5 * 0.5 km + 0.3 * 2 km + 0.2 * 3 km (not there: both pipes walked)
    mean, low, high = expected_km(AREA[:2])
    assert mean == pytest.approx(0.25 + 0.6 + 0.6) and low == 0.5 and high == 3.0


def test_expected_km_when_there_are_two_leaks_then_all_is_walked():
    assert expected_km(AREA[:3], leaks=2) == (6.0, 6.0, 6.0)


@pytest.fixture
def proposed(square):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)], noise_m=0.02).build()
    problems = domain.problems(view, network)
    network.runs.clear()
    return view, network, problems[0], domain.countermeasures(view, network, problems, (), {"survey_and_repair": RATE})


def test_survey_when_there_is_an_area_then_three_variants_exclude_each_other(proposed):
    _, network, problem, found = proposed
    assert [c.details["variant"] for c in found] == ["50", "80", "95"]
    assert len({c.one_of for c in found}) == 1 and len({c.id for c in found}) == 3
    assert network.runs.count("run") == 2  # with and without the leak, once for all variants
    for measure in found:
        assert measure.answers == (problem.id,) and measure.realisation == RATE
        assert measure.effects[0].grade == "modelled" and measure.effects[0].indicator == "night_flow"
        assert [(c.thing, c.property, c.value) for c in measure.changes] == [
            (problem.best_place, "leak_coefficient", 0.0)
        ]


def test_claim_when_the_leak_may_be_missed_then_chance_times_flow_times_rate(proposed):
    _, _, problem, found = proposed
    for measure in found:
        chance = sum(row.probability for row in measure.area)
        effect = measure.effects[0].estimate
        assert effect.value == pytest.approx(chance * problem.gap.value * 0.8)
        assert effect.low < effect.value < effect.high
    assert found[0].effects[0].estimate.low == 0.0  # half the probability: it may well not be there
    assert found[2].effects[0].estimate.value > found[0].effects[0].estimate.value


def test_cost_when_priced_then_km_crew_and_water_add_up(proposed):
    _view, _, _problem, found = proposed
    measure = found[1]
    cost = {row.name: row for row in measure.costs}
    km, chance = measure.details["km_expected"], measure.details["probability_found"]
    assert cost["survey"].quantity.value == km and cost["survey"].unit_value.amount == 219
    assert cost["survey"].unit_value.price_year == 2011 and "NHDES" in cost["survey"].source
    assert cost["repair"].status == "assumed" and cost["repair"].quantity.value == pytest.approx(chance)
    assert measure.uses["crew_days"] == pytest.approx(km / 5.6 + 2 * chance)
    factor = measure.details["flow_factor_mean_over_night"]
    assert cost["saved water"].quantity.value == pytest.approx(measure.effects[0].estimate.value * 31_536 * factor)
    assert cost["saved water"].kind == "benefit" and cost["saved water"].unit_value.amount == 0.3
    assert cost["pump energy"].kind == "non_monetary" and cost["pump energy"].unit_value is None
    # the square's pump takes 0.5 kW for each L/s: 24 h of the leak's mean flow
    assert measure.details["modelled_energy_saved_kwh_per_day"] == pytest.approx(
        12 * measure.details["modelled_leak_l_per_s"]
    )
    assert all(row.source for row in measure.costs)


def test_survey_when_the_currency_has_no_prices_then_nothing_is_offered(square):
    view, network = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    euro = view.with_(policy=replace(view.policy, currency="EUR"))
    problems = domain.problems(euro, network)
    assert domain.countermeasures(euro, network, problems, (), {}) == []
    priced = replace(
        euro.policy, prices={"survey_per_km": (200.0, "bid", "given"), "repair_each": (3000.0, "bid", "given")}
    )
    found = domain.countermeasures(euro.with_(policy=priced), network, problems, (), {})
    cost = {row.name: row for row in found[0].costs}
    assert cost["survey"].unit_value.currency == "EUR" and cost["survey"].status == "given"
    assert cost["saved water"].kind == "non_monetary"


def test_survey_when_only_the_length_is_known_then_the_whole_boundary_is_walked(square):
    view, _ = square(leaks=[(21, 40, 5.0, 0.0)]).build()
    (problem,) = [p for p in domain.problems(view, None) if p.indicator == "night_flow"]
    assert domain.countermeasures(view, None, [problem], (), {}) == []
    zone = next(t for t in view.records(Thing) if t.kind == "boundary")
    known = Thing(id=zone.id, kind=zone.kind, name=zone.name, relations=zone.relations, properties={"mains_km": 12.0})
    view = view.with_(things=tuple(known if t.id == zone.id else t for t in view.things))
    (measure,) = domain.countermeasures(view, None, [problem], (), {})
    assert measure.details["km_whole"] == 12.0 and measure.changes == () and measure.area == ()
    assert measure.effects[0].grade == "assumed" and measure.realisation.status == "unconfirmed"


def test_sensor_when_it_fails_then_its_exchange_has_a_cost_and_no_price_on_its_use(square, stream_id):
    view, _ = square(days=60).build()
    values = view.streams[stream_id("p20")].copy()
    values[50 * 24 :] = values[50 * 24]
    view = view.with_(streams={**view.streams, stream_id("p20"): values})
    (measure,) = domain.countermeasures(view, None, domain.problems(view, None), (), {})
    assert measure.kind == "replace_sensor" and [row.kind for row in measure.costs] == ["cost", "non_monetary"]
    assert measure.costs[0].status == "assumed" and "J-20" in measure.title_en and "J-20" in measure.title_zh
