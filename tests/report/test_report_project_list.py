"""The city's own project list in the report: each row with its problem or none, its ailments, and the plan's verdict."""

import json
import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from cityloop.domains.water import domain
from cityloop.formats.project_list import read_project_list
from cityloop.loop.project_list import examine
from cityloop.records import Countermeasure
from cityloop.report import build, resolve
from cityloop.report.project_list import listed_rows


@pytest.fixture(scope="module")
def rows(view):
    """The list of the example city, against the problems of another city: nothing of it is observed there."""
    path = Path(str(files("cityloop") / "cities" / "example-cn" / "项目储备库.xlsx"))
    found = read_project_list(path)
    return listed_rows(view.city, found, examine(found, view, [domain], {}), view.policy.price_year)


def test_list_when_read_then_every_row_stands_with_its_problem_and_its_ailments(view, settings, rows):
    page, loop = build(view, settings, [domain], listed=rows)
    section = page[page.index('<section id="list"') :]
    section = section[: section.index("</section>")]
    assert len(rows) > 10
    for row in rows:
        assert row["name"] in section
    for said in ("no observed problem", "无对应的已观测问题", "借概念包装无关项目", "按实际建设内容命名", "no channel for private capital",
                 "What would clear it", "请补充"):  # fmt: skip
        assert said in section, said
    document = json.loads(loop)
    for ref, value in re.findall(r'data-ref="([^"]+)" data-value="([^"]*)"', section):
        assert str(resolve(document, ref)) == value or float(resolve(document, ref)) == float(value), ref


def test_list_when_a_project_was_entered_then_it_is_shown_without_the_file(view, settings):
    from dataclasses import replace

    measure = next(r for r in view.things if isinstance(r, Countermeasure))
    told = {"imported_from": "list.xlsx", "row": "Sheet1 5", "ailments": "one construction mode only | 建设模式单一"}
    entered = msgspec.structs.replace(
        measure, id="ky4:countermeasure:listed", kind="imported_project", title_en="Dig", title_zh="挖", details=told,
        one_of="", costs=(msgspec.structs.replace(measure.costs[0], name="investment"),),
    )  # fmt: skip
    page, _ = build(replace(view, things=(*view.things, entered)), settings, [domain])
    section = page[page.index('<section id="list"') :]
    section = section[: section.index("</section>")]
    for said in ("list.xlsx Sheet1 5", "建设模式单一", "219", "competes in the next turn", "Burst"):
        assert said in section, said


def test_list_when_there_is_none_then_no_section(built):
    assert 'id="list"' not in built[0]
