"""Worn pipes: told from records and from leakage above the unavoidable, renewed where it pays; figures by hand."""

from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
import pytest

from cityloop.contracts import NormRule
from cityloop.domains.water import domain
from cityloop.domains.water.pipes.renewal import material_of, outlook, read_condition, uarl_l_per_s
from cityloop.economics import linear_form, npv
from cityloop.i18n import Pair
from cityloop.records import Thing

KINDS = ("high_background_leakage", "frequent_breaks")
PRICES = {
    "water_per_m3": (0.6, "test", "given"), "repair_each": (5000.0, "test", "given"),
    "renew_per_m": (400.0, "tender 2026", "given"),
}  # fmt: skip


def rule(key, limit, unit):
    return NormRule(
        world="eu", key=key, title=Pair(key, key), formula="", limit=limit, unit=unit, source=f"rule {key}", date="",
        status="confirmed",
    )  # fmt: skip


@pytest.fixture
def town(square, memory_view):
    """The square with what a register says about its 60 pipes of 100 m, and prices."""

    @dataclass
    class Town(memory_view):
        norms: dict = field(default_factory=dict)

        def norm(self, key, world=None):
            return self.norms.get(key)

    def build(pipes=None, zone=None, prices=PRICES, norms=None, leak=0.0):
        plain, _ = square(days=60, tank=False, leaks=[(20, 0, leak, 0.0)] if leak else ()).build()
        things = []
        for thing in plain.things:
            extra = {}
            if isinstance(thing, Thing) and thing.kind == "pipe":
                extra = pipes(thing.name) if pipes else {}
            if isinstance(thing, Thing) and thing.kind == "boundary":
                extra = zone or {}
            things.append(msgspec.structs.replace(thing, properties={**thing.properties, **extra}) if extra else thing)
        return Town(
            things=tuple(things), streams=plain.streams, now=plain.now, origin=plain.origin,
            policy=replace(plain.policy, prices=prices), norms=norms or {},
        )  # fmt: skip

    return build


#: Four pipes in a row that broke often in ten years, all others hardly.
BAD = ("P-14-15", "P-15-16", "P-16-17", "P-14-20")


def register(name):
    row = {"material": "ductile iron", "year": 1990.0, "diameter_mm": 150.0, "breaks": 0.0, "breaks_years": 10.0}
    return {**row, "material": "灰口铸铁", "year": 1955.0, "breaks": 6.0} if name in BAD else row


def worn(view):
    return [p for p in domain.problems(view, None) if p.kind in KINDS]


def test_problems_when_the_register_shows_many_breaks_then_said_with_their_rate(town):
    (problem,) = worn(town(register))
    # 24 breaks on 6 km in ten years = 24 / 0.6 per 100 km and year = 40
    assert problem.kind == "frequent_breaks" and problem.observed.value == pytest.approx(40.0)
    assert 21.9 < problem.observed.low < 40 < problem.observed.high < 60 and problem.expected.value == 21.9
    assert "24" in problem.notes[0] and "Canad" in problem.notes[0]


def test_problems_when_breaks_are_few_or_none_is_on_record_then_none(town):
    assert worn(town(lambda name: {**register(name), "breaks": 0.0})) == []
    assert worn(town(lambda name: {"material": "pvc", "year": 2010.0})) == []
    assert worn(town()) == []


def test_condition_when_a_pipe_has_a_record_then_between_its_material_and_its_record(town):
    view = town(register)
    pipes = read_condition(view, view.get(Thing, next(t.id for t in view.things if t.name == "zone")), domain.priors)
    by_name = {c.pipe.name: c for c in pipes.conditions}
    assert len(by_name) == 60 and pipes.length_m == 6000.0
    # cast iron 35.9 per 100 km -> 0.0359 a year on 100 m; gamma(1 + 6, 1 / (1 / 0.0359 + 10))
    assert by_name["P-14-15"].breaks_per_year == pytest.approx(7 / (1 / 0.0359 + 10))
    assert by_name["P-0-1"].breaks_per_year == pytest.approx(1 / (1 / 0.0095 + 10))
    assert np.mean(by_name["P-14-15"].drawn) == pytest.approx(by_name["P-14-15"].breaks_per_year, rel=0.05)


@pytest.mark.parametrize(
    ("named", "key"), [("Cast Iron", "cast_iron"), ("球墨铸铁", "ductile_iron"), ("PE", ""), ("", ""), ("PVC-U", "pvc")]
)
def test_material_when_a_register_names_it_then_the_published_row_or_none(named, key):
    assert material_of(Thing(id="p", kind="pipe", name="P", properties={"material": named})) == key


def test_outlook_when_pipes_are_renewed_then_fewer_breaks_that_grow_as_published(town):
    view = town(register)
    pipes = read_condition(view, view.get(Thing, next(t.id for t in view.things if t.name == "zone")), domain.priors)
    bad = frozenset(c.pipe.id for c in pipes.conditions if c.pipe.name in BAD)
    zero = np.zeros(1000)
    asked = {"years": 20, "leakage": zero, "expected_leakage": 0.0, "mains_share": zero}
    without, with_ = (outlook(pipes, renewed, domain.priors, **asked) for renewed in (frozenset(), bad))
    # four pipes of 100 m: 4 * (0.1850 - 0.0007) breaks a year less
    assert without.breaks_by_year[0] - with_.breaks_by_year[0] == pytest.approx(4 * (7 / (1 / 0.0359 + 10) - 0.0007))
    assert without.breaks_by_year[20] / without.breaks_by_year[0] == pytest.approx(np.exp(0.05 * 20))
    unknown_age = town(lambda name: {k: v for k, v in register(name).items() if k != "year"})
    flat = outlook(read_condition(unknown_age, unknown_age.get(Thing, pipes.conditions[0].pipe.id), domain.priors), bad, domain.priors, **asked)  # fmt: skip
    assert flat.breaks_by_year[20] < 1.1 * flat.breaks_by_year[0]


def test_measures_when_pipes_broke_often_then_the_worst_touching_ones_first_with_against_without(town):
    view = town(register)
    problems = worn(view)
    found = [c for c in domain.countermeasures(view, None, problems, (), {}) if c.kind == "renew_pipes"]
    assert 1 <= len(found) <= 5 and len({c.id for c in found}) == len(found)
    best = found[0]
    names = {t.id: t.name for t in view.records(Thing)}
    assert {names[t] for t in best.targets} == set(BAD) and best.answers == (problems[0].id,)
    assert best.uses["road_metres"] == 400.0 and best.uses["crew_days"] == pytest.approx(400 / 15)
    fewer = best.details["breaks_per_year_without"] - best.details["breaks_per_year_with"]
    assert fewer == pytest.approx(4 * (7 / (1 / 0.0359 + 10) - 0.0007))
    (effect,) = best.effects
    assert effect.indicator == "break_rate" and effect.grade == "published"
    # realisation 0.8, per 100 km of 6 km
    assert (
        effect.estimate.value == pytest.approx(0.8 * fewer / 0.06) and 0 <= effect.estimate.low < effect.estimate.value
    )
    rows = {r.name: r for r in best.costs}
    assert rows["pipe renewal"].quantity.value == 400.0 and rows["pipe renewal"].unit_value.amount == 400.0
    assert rows["pipe renewal"].life == 20 and rows["pipe renewal"].residual == pytest.approx(0.6)
    assert (
        rows["avoided repairs"].recurrence == 1
        and rows["avoided repairs"].quantity.high > 2 * rows["avoided repairs"].quantity.low
    )
    form = linear_form(best.costs, 0.03, years=3, level=0.9)
    assert form.spend[0] == pytest.approx(160_000) and form.priced
    assert npv(best.costs, 0.03) > npv([rows["pipe renewal"]], 0.03)


def test_measures_when_streets_are_on_record_then_a_package_is_a_street(town):
    def streets(name):
        return {**register(name), **({"street": "Mill Lane"} if name in BAD[:3] else {})}

    view = town(streets)
    found = domain.countermeasures(view, None, worn(view), (), {})
    titles = [c.title_en for c in found if c.kind == "renew_pipes"]
    assert "Renew 300 m of pipes in Mill Lane" in titles


def test_measures_when_prices_go_by_diameter_then_the_smallest_class_that_holds_the_pipe(town):
    prices = {**PRICES, "renew_per_m_dn100": (250.0, "a", "given"), "renew_per_m_dn200": (330.0, "b", "given")}
    view = town(register, prices=prices)
    best = next(c for c in domain.countermeasures(view, None, worn(view), (), {}) if c.kind == "renew_pipes")
    assert [r.unit_value.amount for r in best.costs if r.name == "pipe renewal"] == [330.0]


def test_measures_when_the_city_states_no_price_then_none_and_said(town):
    view = town(register, prices={k: v for k, v in PRICES.items() if k != "renew_per_m"})
    problems = worn(view)
    assert any("renew_per_m" in n for n in problems[0].notes)
    assert domain.countermeasures(view, None, problems, (), {}) == []


# --- leakage above the unavoidable ------------------------------------------------------------------------------
ZONE = {"mains_km": 6.0, "connections": 400.0, "population": 1500.0}
NORMS = {"legitimate_night_use": rule("legitimate_night_use", 0.6, "l/person/h"), "ili": rule("ili", 2.0, "1")}


def test_uarl_when_published_case_then_its_value():
    assert uarl_l_per_s(260, 8000, 50.8) * 86_400 == pytest.approx(562_864, rel=1e-6)


def test_problems_when_standing_leakage_is_above_the_unavoidable_then_by_how_much(town):
    (problem,) = worn(town(zone=ZONE, norms=NORMS))
    assert problem.kind == "high_background_leakage" and problem.indicator == "night_flow"
    pressure = problem.details["mean_pressure_by_night_m"]
    assert problem.details["uarl_l_per_s"] == pytest.approx((18 * 6 + 0.8 * 400) * pressure / 86_400)
    leakage = problem.observed.value - 1500 * 0.6 / 3600
    assert problem.details["leakage_l_per_s"] == pytest.approx(leakage)
    assert problem.gap.value == pytest.approx(leakage - 2 * problem.details["uarl_l_per_s"]) and problem.gap.low > 0
    assert any("material" in n for n in problem.notes)  # no register: why no renewal can be judged
    assert domain.countermeasures(town(zone=ZONE, norms=NORMS), None, [problem], (), {}) == []


def test_problems_when_leakage_is_acceptable_or_population_unknown_then_none(town):
    many = {"mains_km": 300.0, "connections": 9000.0, "population": 1500.0}
    assert worn(town(zone=many, norms=NORMS)) == []
    assert worn(town(zone={k: v for k, v in ZONE.items() if k != "population"}, norms=NORMS)) == []
    assert worn(town(zone=ZONE)) == []  # no rule for legitimate night use


def test_measures_when_leakage_is_known_then_water_saved_with_against_without_and_wide(town):
    view = town(
        lambda name: {k: v for k, v in register(name).items() if not k.startswith("breaks")}, zone=ZONE, norms=NORMS
    )
    problems = worn(view)
    assert [p.kind for p in problems] == ["high_background_leakage"]
    best = next(c for c in domain.countermeasures(view, None, problems, (), {}) if c.kind == "renew_pipes")
    (effect,) = best.effects
    without, with_ = (best.details[f"leakage_above_unavoidable_{k}_l_per_s"] for k in ("without", "with"))
    assert effect.indicator == "night_flow" and effect.grade == "assumed"
    assert effect.estimate.value == pytest.approx(0.8 * (without - with_)) and effect.estimate.value > 0
    assert effect.estimate.high > 2 * effect.estimate.low
    assert {"saved water", "avoided repairs", "pipe renewal", "road dug up"} == {r.name for r in best.costs}


def test_problems_when_another_boundary_has_no_pipes_of_its_own_then_only_the_one_that_names_the_network(town):
    view = town(register)
    other = Thing(id="square:thing:other", kind="boundary", name="other")
    view = view.with_(things=(*view.things, other))
    assert [view.get(Thing, p.boundary).name for p in worn(view)] == ["zone"]
    assert read_condition(view, other, domain.priors) is None
