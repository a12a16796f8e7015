"""The section on supply and demand, of the made-up Chinese district as it stands when its files end."""

import json
import shutil
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cityloop.city import City
from cityloop.domains.water import domain
from cityloop.domains.water.supply.measures import shortage_measures
from cityloop.domains.water.supply.problems import shortage_problems
from cityloop.domains.water.supply.statement import supply_statement
from cityloop.records import Problem, Record
from cityloop.report.blocks import Drawing, Table
from cityloop.report.facts import read_facts
from cityloop.report.supply import supply
from cityloop.store.view import StoreView

FOLDER = Path(str(files("cityloop") / "cities" / "example-cn"))
NOW = datetime(2026, 6, 29, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(scope="module")
def dry(tmp_path_factory):
    """View of the district with its shortage and the answers to it, and its settings."""
    folder = tmp_path_factory.mktemp("dry") / "city"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("data"))
    with City.open(folder) as city:
        city.take(until=NOW)

        def view(records: list[Record]) -> StoreView:
            return StoreView(
                city.store, city=city.settings.id, timezone=city.settings.timezone, now=NOW, policy=city.settings.policy,
                norms=city.norms, overlay=records,
            )  # fmt: skip

        (problem,) = shortage_problems(view([]), domain.priors)
        answers = shortage_measures(view([problem]), problem, [], {}, domain.priors)
        yield view([problem, *answers]), city.settings, problem, answers


def test_district_when_it_is_dry_then_every_kind_of_answer_is_on_offer(dry):
    _, _, problem, answers = dry
    assert isinstance(problem, Problem) and problem.simulated
    assert 0 < problem.details["short_percent"] < problem.details["dry_year_short_percent"] < 20
    assert {a.kind for a in answers} == {"water_reuse", "buy_water", "household_feedback", "use_restriction"}
    assert sum(a.kind == "household_feedback" for a in answers) == 3
    for answer in answers:
        assert all(r.source and r.status for r in answer.costs), answer.kind
        assert answer.effects[-1].indicator == "supply_gap" and answer.effects[-1].estimate.value >= 0


def test_statement_when_made_then_it_is_plain_json_and_names_what_lacks(dry):
    stated = supply_statement(dry[0], domain.priors)
    assert json.loads(json.dumps(stated)) == stated
    assert {"kind": "repair_check", "of": "", "what": ["repair_check_each"]} in stated["lacking"]
    assert [w["world"] for w in stated["worlds"]] == ["cn", "eu", "us"]
    chances = [sum(e["chance"]) for e in stated["month_ends"]]
    assert chances == pytest.approx([1.0] * len(chances))
    by_number = {t["number"]: t["storage_m3"] for t in stated["triggers"]}
    light, medium = (by_number[n] for n in (1, 2))
    assert all(a > b for a, b in zip(light, medium, strict=True))


def test_section_when_drawn_then_it_has_the_chart_the_stages_and_the_measures(dry):
    view, settings, _, answers = dry
    facts = read_facts(view, settings, [domain])
    section = supply(facts)
    assert section is not None and section.title.zh == "供需平衡与干旱预案"
    (drawing,) = (b for b in section.blocks if isinstance(b, Drawing))
    assert drawing.svg.startswith("<svg") and len(drawing.keys) == 6
    tables = [b for b in section.blocks if isinstance(b, Table)]
    assert len(tables[-1].rows) == len(answers)
    (entry,) = facts.trace.loop_json["supply"]
    assert entry["noun"] == "supply" and entry["simulated"]
