"""The manifest: priors, indicators, norms, titles; and the real measured areas."""

import csv
import time
from datetime import UTC, datetime
from importlib.resources import files

import numpy as np
import pytest

from cityloop.domains.water import domain
from cityloop.domains.water.balance import boundaries
from cityloop.domains.water.indicators import INDICATORS
from cityloop.domains.water.texts import NOTES, TITLES
from cityloop.records import Datastream, Thing, record_id


def rows(*path):
    node = files("cityloop")
    for part in path:
        node = node / part
    return list(csv.DictReader(node.read_text(encoding="utf-8").splitlines()))


def test_priors_when_read_then_each_has_a_source_and_an_interval_around_its_value():
    for prior in domain.priors.values():
        assert prior.source and prior.status in ("confirmed", "unconfirmed", "assumed"), prior.key
        assert prior.low <= prior.value <= prior.high, prior.key
    assert {f"realisation_{kind}" for kind in domain.kinds()} <= set(domain.priors)
    assert domain.priors["survey_per_km"].value == pytest.approx(200_000 / (568 * 1.609344), rel=0.01)


def test_norms_when_an_indicator_is_ours_then_two_worlds_have_a_rule_or_all_say_why_not():
    worlds = {w: {r["key"]: r for r in rows("norms", w, "water.csv")} for w in ("cn", "us", "eu")}
    for indicator in rows("domains", "water", "indicators.csv"):
        found = [w[indicator["name"]] for w in worlds.values()]
        ruled = [r for r in found if r["formula"] or r["limit"]]
        absent = [r for r in found if r["reason_absent"]]
        assert len(ruled) + len(absent) == 3 and (len(ruled) >= 2 or len(absent) >= 2), indicator["name"]
    keys = [set(w) for w in worlds.values()]
    assert keys[0] == keys[1] == keys[2]


def test_norms_when_a_limit_is_a_converted_pressure_then_the_conversion_holds():
    limit = {
        w: float({r["key"]: r for r in rows("norms", w, "water.csv")}["service_pressure"]["limit"])
        for w in ("cn", "us", "eu")
    }
    assert limit["cn"] == pytest.approx(140 / 9.80665, abs=0.05)
    assert limit["us"] == pytest.approx(20 * 6.894757 / 9.80665, abs=0.05)
    assert limit["eu"] == pytest.approx(200 / 9.80665, abs=0.05)


def test_indicators_when_listed_then_series_knows_the_flows_and_pressure():
    assert set(INDICATORS) <= {r["name"] for r in rows("domains", "water", "indicators.csv")}


def test_texts_when_shown_then_both_languages_use_the_same_values():
    import string

    for pair in (*NOTES.values(), *TITLES.values()):
        english, chinese = ({f for _, f, _, _ in string.Formatter().parse(t) if f} for t in (pair.en, pair.zh))
        assert english == chinese and english == {f for f in english if f.isidentifier()}


# --- ten real areas ----------------------------------------------------------------------------------------------
@pytest.fixture
def areas(test_data, memory_view):
    """View of the ten areas from the published CSV, by UTC hours."""
    start = datetime(2020, 12, 31, 23, tzinfo=UTC)
    with (test_data / "bwdf" / "inflow_hourly.csv").open(encoding="utf-8") as file:
        inflow = list(csv.DictReader(file))
    with (test_data / "bwdf" / "weather_hourly.csv").open(encoding="utf-8") as file:
        weather = list(csv.DictReader(file))
    things, streams = [], {}

    def add(kind, name, observed, unit, values):
        thing = Thing(id=record_id("bwdf", "thing", kind, name), kind=kind, name=name)
        stream = Datastream(
            id=record_id("bwdf", "datastream", name), name=name, thing=thing.id, sensor="", observed_property=observed,
            unit=unit, statistic="mean", step_s=3600,
        )  # fmt: skip
        things.extend((thing, stream))
        streams[stream.id] = np.array([float(v) if v else np.nan for v in values])

    for i in range(1, 11):
        add("boundary", f"dma-{i}", "water_flow", "L/s", [r[f"dma_{i}"] for r in inflow])
    add("station", "weather", "air_temperature", "degC", [r["air_temperature_c"] for r in weather])
    now = datetime(2022, 7, 24, 22, tzinfo=UTC)
    return memory_view(tuple(things), streams, now, city="bwdf", timezone="Europe/Rome", origin=start)


def test_real_areas_when_judged_then_area_7_has_grown_and_no_more_than_half_are_raised(areas):
    begun = time.perf_counter()
    problems = domain.problems(areas, None)
    assert time.perf_counter() - begun < 5.0
    names = {b.id: b.name for b in boundaries(areas)}
    found = {names[p.boundary]: p for p in problems if p.indicator == "night_flow"}
    # monthly medians of the raw night flow of area 7: 12.5 L/s in January 2021, 20.7 L/s in July 2022
    assert "dma-7" in found and found["dma-7"].gap.low > 2.0 and found["dma-7"].gap.high < 16.0
    assert len(found) <= 5
    assert {p.kind for p in problems} <= {"burst", "growing_leakage", "failing_sensor"}
    for problem in found.values():
        assert problem.area == () and any("no pipes on record" in n for n in problem.notes)
        assert not problem.simulated


def test_real_areas_when_a_burst_is_put_in_then_it_is_found(areas):
    hit = 0
    for i in range(1, 11):
        stream = record_id("bwdf", "datastream", f"dma-{i}")
        values = areas.streams[stream].copy()
        night = float(np.nanquantile(values[-24 * 60 :], 0.1))
        values[-24 * 25 :] += 0.3 * night
        raised = domain.problems(areas.with_(streams={**areas.streams, stream: values}), None)
        hit += record_id("bwdf", "thing", "boundary", f"dma-{i}") in {p.boundary for p in raised}
    assert hit >= 6  # in July, when all rise, the others are held back until they stand out (docs/bench-detect.md)
