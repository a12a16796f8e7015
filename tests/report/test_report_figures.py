"""Every figure of the page leads to loop.json and is the rounding of what stands there."""

import json
import math
import random
import re
from datetime import datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cityloop.records import record_id
from cityloop.report import resolve


class Figures(HTMLParser):
    """All elements with a data-ref: (ref, data-value, scale, shown text)."""

    def __init__(self):
        super().__init__()
        self.found, self._open = [], None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "data-ref" in given:
            self._open = [given["data-ref"], given["data-value"], float(given.get("data-scale", 1)), ""]

    def handle_data(self, data):
        if self._open is not None:
            self._open[3] += data

    def handle_endtag(self, tag):
        if self._open is not None:
            self.found.append(tuple(self._open))
            self._open = None


@pytest.fixture(scope="module")
def figures(built):
    parser = Figures()
    parser.feed(built[0])
    return parser.found


@pytest.fixture(scope="module")
def loop_json(built):
    return json.loads(built[1])


def test_figures_when_resolved_then_each_equals_its_data_value(figures, loop_json):
    assert len(figures) > 500
    for ref, value, _, _ in figures:
        found = resolve(loop_json, ref)
        assert value == (found if isinstance(found, str) else repr(found)), ref


def test_figures_when_shown_then_text_is_the_rounding_of_the_value(figures):
    for ref, value, scale, text in figures:
        if not re.fullmatch(r"−?[\d,]+(\.\d+)?", text) or not re.fullmatch(r"-?[\d.e+-]+", value):
            continue
        shown = float(text.replace("−", "-").replace(",", ""))
        decimals = len(text.partition(".")[2])
        exact = float(value) * scale
        digits = text.replace(",", "").lstrip("−")
        zeros = 0 if decimals else len(digits) - len(digits.rstrip("0"))
        assert abs(shown - exact) <= 0.5000001 * 10.0 ** (zeros - decimals), (ref, value, text)


def test_figures_when_dates_then_text_is_the_local_day(figures):
    zone = ZoneInfo("America/Kentucky/Louisville")
    checked = 0
    for _, value, _, text in figures:
        if re.match(r"\d{4}-\d\d-\d\dT", value):
            assert datetime.fromisoformat(value).astimezone(zone).strftime("%Y-%m-%d %H:%M").startswith(text)
            checked += 1
    assert checked > 5


def test_figures_when_ten_are_drawn_then_recomputed_from_the_observations(figures, loop_json, view):
    """Night flow of a day: mean of 01:00-05:00 local of inflow - area * change of level, computed here anew."""
    zone = ZoneInfo("America/Kentucky/Louisville")
    flow = view.streams[record_id("ky4", "datastream", "pump-1 flow")]
    level = view.streams[record_id("ky4", "datastream", "T-3 level")]
    days = sorted({r for r, *_ in figures if "#night_flow[" in r})
    for ref in random.Random(3).sample(days, 10):
        day = datetime.fromisoformat(ref[-11:-1])
        hours = []
        for hour in range(1, 5):
            at = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
            i = int((at - datetime(2026, 4, 6, 4, tzinfo=ZoneInfo("UTC"))).total_seconds() // 3600)
            hours.append(flow[i] - 141.26 * (level[i + 1] - level[i]) * 1000 / 3600)
        assert resolve(loop_json, ref) == pytest.approx(np.mean(hours), rel=1e-9)


def test_derived_figures_when_traced_then_they_name_formula_and_inputs(loop_json):
    assert loop_json["derived"]
    for entry in loop_json["derived"]:
        assert entry["formula"] and entry["of"] and math.isfinite(entry["value"])
    amount = next(d for d in loop_json["derived"] if d["id"].startswith("derived:cost:") and len(d["of"]) == 2)
    rows = [resolve(loop_json, ref) for ref in amount["of"]]
    assert amount["value"] == pytest.approx(sum(r["quantity"]["value"] * r["unit_value"]["amount"] for r in rows))


def test_loop_json_when_written_then_lists_per_noun_with_noun_id_version(loop_json):
    for noun in ("Problem", "Goal", "Countermeasure", "Plan", "Project", "Baseline", "Verification", "Thing"):
        assert loop_json[noun], noun
        for record in loop_json[noun]:
            assert record["noun"] == noun and record["id"].startswith("ky4:") and record["version"] >= 1
    problem = next(p for p in loop_json["Problem"] if p["kind"] == "burst")
    assert set(problem["gap"]) == {"value", "low", "high", "level", "unit"}
    assert len(problem["evidence"]["sha256"]) == 64
    assert loop_json["city"]["id"] == "ky4" and loop_json["now"].startswith("2026-08-04T04:00")
    assert loop_json["norms"]["us"]["service_pressure"]["limit"] == 14.1
    for series in loop_json["series"]:
        assert series["datastreams"] and len(series["evidence"]["sha256"]) == 64


def test_resolve_when_the_ref_names_nothing_then_key_error(loop_json):
    known = loop_json["Problem"][0]["id"]
    for ref in ("nothing", "ky4:problem:none#gap", f"{known}#nothing", f"{known}#gap.nothing", f"{known}#area[9999]"):
        with pytest.raises(KeyError):
            resolve(loop_json, ref)


def test_report_when_built_twice_then_the_same_bytes(built, view, settings, rates):
    from cityloop.domains.water import domain
    from cityloop.report import build
    from cityloop.report.facts import Refused

    refused = (Refused("meters", "A value that is not a number.", 3, "row 17: 2026-05-01 00:00,n/a"),)
    assert build(view, settings, [domain], refused=refused, rates=rates) == built
