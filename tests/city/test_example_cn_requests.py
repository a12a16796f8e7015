"""Citizens' requests of the example city: the join finds the calls that were made about its two hidden leaks."""

import html
import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cityloop.city import City
from cityloop.loop.requests import read_citizens
from cityloop.records import (
    Estimate,
    Evidence,
    Goal,
    Problem,
    Project,
    RankedThing,
    StateEntry,
    Verification,
    record_id,
)
from cityloop.report import build, resolve
from cityloop.sources.requests import RequestSource

FOLDER = Path(__file__).parents[2] / "src" / "cityloop" / "cities" / "example-cn"
NOW = datetime(2026, 6, 29, 16, tzinfo=UTC)
#: Where the seeded scenario has its leaks, and from when.
LEAKS = {"dma-2": ("burst", "GX2045", date(2026, 5, 25)), "dma-3": ("growing_leakage", "GX3004", date(2026, 5, 5))}


def tid(kind: str, name: str) -> str:
    return record_id("example-cn", "thing", kind, name)


def problem(area: str) -> Problem:
    kind, pipe, onset = LEAKS[area]
    value = Estimate(value=5.0, low=4.0, high=6.0, level=0.9, unit="L/s")
    return Problem(
        id=record_id("example-cn", "problem", kind, tid("boundary", area)), domain="water", kind=kind,
        boundary=tid("boundary", area), indicator="night_flow", observed=value, expected=value, gap=value, onset=onset,
        detected=NOW, cost_per_year=None, simulated=True,
        area=(RankedThing(thing=tid("pipe", pipe), name=pipe, rank=1, probability=1.0, length_m=100.0),),
        evidence=Evidence(datastreams=(), start=NOW, end=NOW, as_of_seq=0, sha256=""),
    )  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The example city with its requests and the two leaks as problems; no meter is read."""
    folder = tmp_path_factory.mktemp("cn") / "city"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("data", "report"))
    with City.open(folder) as opened:
        (stated,) = opened.settings.requests
        source = RequestSource(
            stated, folder=folder, city="example-cn", timezone="Asia/Shanghai", standing=opened.requests
        )
        opened.take(until=NOW, sources=[source], only=True)
        opened.store.put([problem(area) for area in LEAKS])
        yield opened


def test_requests_when_taken_then_all_but_those_without_a_place_have_their_area(city):
    found = read_citizens(city.view(NOW))
    assert len(found.placed) == 150 and all(p.request.simulated for p in found.placed)
    nowhere = [p for p in found.placed if not p.boundary]
    assert {p.request.address for p in nowhere} == {""} and 3 <= len(nowhere) <= 12
    # the address names the quarter, which the place was not read from
    quarter = {
        tid("boundary", "dma-1"): "示例片区老城",
        tid("boundary", "dma-2"): "示例片区新城",
        tid("boundary", "dma-3"): "示例片区园区",
    }
    assert all(p.request.address.startswith(quarter[p.boundary]) for p in found.placed if p.boundary)


def test_join_when_a_leak_came_to_the_surface_then_the_calls_about_it_are_found_beside_its_pipe(city):
    joined = {j.problem.boundary: j for j in read_citizens(city.view(NOW)).joined()}
    for area in LEAKS:
        found = joined[tid("boundary", area)]
        assert all(p.request.service_code == "SL-0102" for p in found.placed)
        # the three nearest households called about each seepage, from its fourth day on
        assert sum(metres < 200 for metres in found.to_area_m.values()) >= 3
        assert found.verdict == "same"  # three calls of one trouble are no proof, and are not said to be
        assert found.comparisons[0].by == "earlier" and found.comparisons[0].days >= 28


def test_report_when_built_then_every_figure_of_the_section_resolves_and_both_languages_say_the_same(city):
    view = city.view(NOW)
    made = build(view, city.settings, city.domains)
    page, loop = made[0], json.loads(made[1])
    section = page[page.index('id="requests"') :]
    section = section[: section.index("<section")]
    refs = re.findall(r'data-ref="(requests:[^"]+)" data-value="([^"]*)"', section)
    assert len(refs) > 100
    for ref, value in refs:
        assert float(html.unescape(value)) == pytest.approx(resolve(loop, html.unescape(ref)))
    assert 'id="problems"' in page and "citizens&#39; request(s) without repeats since" in page.replace("'", "&#39;")
    assert section.count('lang="en"') == section.count('lang="zh-Hans"')
    assert "诉求仅作旁证" in section and "SL-0102" in section


def test_report_when_works_lie_within_the_table_then_calls_before_and_after_stand_beside_them(city):
    zone = tid("boundary", "dma-2")
    problem = next(p for p in city.view(NOW).records(Problem) if p.boundary == zone)
    value = Estimate(value=5.0, low=4.0, high=6.0, level=0.9, unit="L/s")
    goal = Goal(
        id=record_id("example-cn", "goal", "g"), problem=problem.id, indicator="night_flow", boundary=zone, start_value=value,
        target=value, due=date(2027, 1, 1), datastreams=(), method="before_after/1", level=0.9, days_before=56, days_after=56,
        settling_days=1, smallest_effect=1.0, unit="L/s", policy="own",
    )  # fmt: skip
    days = (("started", datetime(2026, 5, 4, 4, tzinfo=UTC)), ("done", datetime(2026, 5, 8, 4, tzinfo=UTC)))
    works = Project(
        id=record_id("example-cn", "project", "p"), countermeasure="none", plan="none", boundary=zone, name="Works | 工程",
        states=tuple(StateEntry(state=s, on=on, by="test") for s, on in days),
    )  # fmt: skip
    judged = Verification(
        id=record_id("example-cn", "verification", "v"), goal=goal.id, boundary=zone, indicator="night_flow", projects=(works.id,),
        baseline="none", start=date(2026, 5, 10), end=date(2026, 6, 28), days_used=50, measured=value, claimed=value,
        smallest_effect=1.0, grade="confirmed", realisation=None, evidence=problem.evidence,
    )  # fmt: skip
    view = city.view(NOW, overlay=[goal, works, judged])
    (around,) = read_citizens(view).around_works()
    assert around.before == (date(2026, 3, 9), date(2026, 5, 4)) and around.after == (
        date(2026, 5, 10),
        date(2026, 6, 29),
    )
    assert around.ratio is not None and around.events_before + around.events_after >= 4
    page, loop = build(view, city.settings, city.domains)
    section = page[page.index('id="requests"') :].split("<section")[0]
    assert "工程前后的诉求" in section and "Before and after the works" in section
    entry = next(r for r in json.loads(loop)["requests"] if r["id"] == f"requests:works:{judged.id}")
    assert (entry["before"], entry["after"]) == (around.events_before, around.events_after)
    assert f'data-ref="{entry["id"]}#ratio.value"' in section
