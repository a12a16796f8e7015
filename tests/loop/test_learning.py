"""Realisation rates: the prior alone, with verified works, and the pooling against a published meta-analysis."""

import math
from dataclasses import replace
from datetime import date

import msgspec
import pytest

from cityloop.evidence.pooling import random_effects
from cityloop.loop.learning import realisation_rates
from cityloop.records import Countermeasure, Estimate, Evidence, Pattern, Project, Verification

# Thirteen trials of BCG vaccine (Colditz et al. 1994): cases and others, vaccinated and control.
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip


def test_random_effects_of_the_bcg_trials_then_the_published_values():
    values = [math.log(a / (a + b) / (c / (c + d))) for a, b, c, d in BCG]
    ses = [math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)) for a, b, c, d in BCG]
    pooled = random_effects(values, ses)
    # Viechtbauer (2010) and later: tau2 0.31 to 0.32 by method, Paule-Mandel 0.318; mean -0.71 to -0.72, se 0.18
    assert pooled.tau2 == pytest.approx(0.318, abs=0.001)
    assert pooled.mean == pytest.approx(-0.715, abs=0.002) and pooled.se == pytest.approx(0.181, abs=0.002)


def test_random_effects_of_agreeing_values_then_the_fixed_effect_mean_by_hand():
    pooled = random_effects([1.0, 1.2], [0.1, 0.2])
    # weights 100 and 25
    assert (pooled.mean, pooled.se, pooled.tau2) == pytest.approx((1.04, math.sqrt(1 / 125), 0.0))


def test_random_effects_of_two_disagreeing_values_then_tau2_by_hand():
    # (0.8 - 0.2)^2 / (2 tau2 + 0.24^2 + 0.05^2) = 1
    assert random_effects([0.8, 0.2], [0.24, 0.05]).tau2 == pytest.approx((0.36 - 0.0601) / 2, abs=1e-9)


def test_random_effects_of_one_value_then_itself():
    pooled = random_effects([0.7], [0.2])
    assert (pooled.mean, pooled.tau2) == (0.7, 0.0) and pooled.spread == pytest.approx(0.2)


@pytest.mark.parametrize(("values", "ses"), [([], []), ([1.0], []), ([1.0], [0.0])])
def test_random_effects_without_sense_then_refused(values, ses):
    with pytest.raises(ValueError, match="se above 0"):
        random_effects(values, ses)


def rate(value, half, level=0.9):
    return Estimate(value=value, low=value - half, high=value + half, level=level, unit="1")


def verified(toy, name, realisation, *projects, **changes):
    when = toy.NOW
    flow = toy.estimate(2.0, 1.0)
    made = Verification(
        id=f"toy:verification:{name}", goal="", boundary="b1", indicator="night_flow", projects=projects, baseline="",
        start=date(2026, 3, 1), end=date(2026, 5, 1), days_used=60, measured=flow, claimed=flow, smallest_effect=1.0,
        grade="confirmed", realisation=realisation,
        evidence=Evidence(datastreams=(), start=when, end=when, as_of_seq=1, sha256=""),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


@pytest.fixture
def works(toy):
    """A view with a done project of kind repair and one of kind other."""
    a, b = toy.measure("a"), toy.measure("b", kind="other")
    done = [toy.project(m, "proposed", "approved", "started", "done") for m in (a, b)]
    return toy.View().put(a, b, *done), done[0].id, done[1].id


def test_realisation_rates_without_works_then_the_prior_itself_unconfirmed(toy):
    (got,) = realisation_rates(toy.View(), [toy.Domain()]).values()
    assert (got.estimate.value, got.estimate.low, got.estimate.high) == (0.8, 0.3, 1.1)
    assert got.studies == 0 and got.status == "unconfirmed" and got.source == "a wide prior"


def test_realisation_rates_with_one_precise_works_then_pulled_to_it_and_narrower(toy, works):
    view, project, _ = works
    got = realisation_rates(view.put(verified(toy, "v", rate(0.75, 0.125), project)), [toy.Domain()])["repair"]
    # the claim contained a rate of 0.8: the works brought 0.6 (0.5 to 0.7) of what it would have been without it
    # weights: prior (0.8 / 3.28971)^-2, works (0.2 / 3.28971)^-2: 16.91 and 270.6
    assert got.estimate.value == pytest.approx((16.911 * 0.8 + 270.57 * 0.6) / (16.911 + 270.57), abs=1e-3)
    assert got.estimate.high - got.estimate.low == pytest.approx(3.28971 * (287.48) ** -0.5, abs=1e-3)
    assert got.studies == 1 and got.status == "unconfirmed" and "1 verified works" in got.source


def test_realisation_rates_with_disagreeing_works_then_the_interval_covers_them(toy, works):
    view, project, _ = works
    for i, value in enumerate((0.1, 0.9, 1.4)):
        view.put(verified(toy, f"v{i}", rate(value, 0.05), project))
    got = realisation_rates(view, [toy.Domain()])["repair"]
    assert got.status == "confirmed" and got.estimate.low < 0.1 and got.estimate.high > 1.4


def test_realisation_rates_then_works_of_mixed_kinds_and_without_rate_do_not_count(toy, works):
    view, project, other = works
    view.put(verified(toy, "mixed", rate(0.1, 0.1), project, other), verified(toy, "none", None, project))
    view.put(verified(toy, "other", rate(0.1, 0.1), other))
    assert realisation_rates(view, [toy.Domain()])["repair"].studies == 0


def test_realisation_rates_with_patterns_then_only_those_of_other_cities_count(toy, works):
    view = works[0]
    common = {"title_en": "", "title_zh": "", "measured": rate(2, 1), "realisation": rate(0.5, 0.1), "conditions": {}}
    view.put(
        Pattern(id="toy:pattern:1", kind="repair", verifications=("toy:verification:v",), **common),
        Pattern(id="far:pattern:1", kind="repair", verifications=("far:verification:v",), **common),
    )
    assert realisation_rates(view, [toy.Domain()])["repair"].studies == 1


def test_realisation_rates_with_two_published_values_then_both_are_pooled(toy):
    second = replace(toy.PRIOR, key="realisation_repair_2", value=0.7, low=0.6, high=0.8, source="a paper")
    domain = toy.Domain(priors={p.key: p for p in (toy.PRIOR, second)})
    got = realisation_rates(toy.View(), [domain])["repair"]
    assert 0.7 < got.estimate.value < 0.8 and got.source.startswith("a wide prior; a paper")


def test_realisation_rates_with_inspected_works_then_the_find_counts_until_they_are_verified(toy, works):
    view, project, _ = works
    done = view.get(Project, project)
    claim = sum(e.estimate.value for e in view.get(Countermeasure, done.countermeasure).effects) / 0.8
    found = ({"found": "leak", "realised_effect": 0.25 * claim}, {"found": "leak", "realised_effect": 0.25 * claim})
    view.put(msgspec.structs.replace(done, findings=found))
    got = realisation_rates(view, [toy.Domain()])["repair"]
    # prior 0.8 with half-width 0.4, inspected 0.5 with half-width 0.5: weights 1/0.16 and 1/0.25
    assert got.estimate.value == pytest.approx((0.8 / 0.16 + 0.5 / 0.25) / (1 / 0.16 + 1 / 0.25), abs=1e-6)
    assert got.studies == 0 and got.status == "unconfirmed" and "1 inspected works" in got.source
    view.put(verified(toy, "v", rate(0.75, 0.125), project))
    got = realisation_rates(view, [toy.Domain()])["repair"]
    assert got.studies == 1 and "inspected" not in got.source


def test_realisation_rates_when_the_crew_found_nothing_then_the_rate_falls(toy, works):
    view, project, _ = works
    done = view.get(Project, project)
    view.put(msgspec.structs.replace(done, findings=({"found": "none", "realised_effect": 0.0},)))
    assert realisation_rates(view, [toy.Domain()])["repair"].estimate.value < 0.8
