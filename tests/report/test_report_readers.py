"""Three readers: each door and each page holds what its reader needs, and the public's bytes nothing that is not for it."""

import re

import msgspec
import pytest

from cityloop.domains.water import domain
from cityloop.records import Decision, Problem, Project, Thing
from cityloop.report import build
from cityloop.report.readers import READERS

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def waiting(view):
    """The city with its survey approved and not yet done, a street and a pipe's data on record, and who decided."""
    things = []
    for record in view.things:
        if isinstance(record, Project) and len(record.states) > 2:
            record = msgspec.structs.replace(record, states=record.states[:2], findings=())
        if isinstance(record, Thing) and record.kind == "pipe":
            told = {
                **record.properties,
                "street": "Elm Street",
                "diameter_mm": 200.0,
                "material": "cast iron",
                "year": 1962.0,
            }
            record = msgspec.structs.replace(record, properties=told)
        things.append(record)
    plan = next(r for r in things if r.id.startswith("ky4:plan"))
    said = Decision(
        id="ky4:decision:1", who="Ada Secretname", when=view.now, about=plan.id, verb="approve", reason="it pays"
    )
    return (*things, said)


@pytest.fixture(scope="module")
def pages(view, settings, rates, waiting):
    """Every reader's page."""
    from dataclasses import replace

    city = replace(view, things=waiting)
    return {reader: build(city, settings, [domain], rates=rates, reader=reader)[0] for reader in READERS}


def text(page, language="en"):
    other = "zh" if language == "en" else "en"
    page = re.sub(
        rf'<span class="{other}"[^>]*>(?:(?!<span class="en"|<span class="zh").)*?</span>(?=\s*<|\s*[^<])',
        " ",
        page,
        flags=re.DOTALL,
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")


def test_public_page_when_read_as_bytes_then_no_id_place_name_or_trace_is_in_it(pages, view, waiting):
    page = pages["public"]
    assert "data-ref" not in page and "data-value" not in page and "ky4:" not in page and "loop.json" not in page
    names = {t.name for t in waiting if isinstance(t, Thing) and t.kind not in ("boundary",)}
    for name in names:
        assert not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page), name
    for said in ("Ada Secretname", "M. Lee", "WO-17", "Elm Street", "cast iron", "4950", "3960"):
        assert said not in page, said
    for record in waiting:
        assert record.id.rsplit(":", 1)[-1] not in page or len(record.id.rsplit(":", 1)[-1]) < 6


def test_public_page_when_read_then_plain_words_for_the_four_questions_in_both_languages(pages):
    page = pages["public"]
    for said in (
        "What was wrong", "What was done", "What was measured afterwards", "What comes next", "What we do not know yet",
        "发现了什么问题", "做了什么", "实测效果如何", "接下来做什么", "还有哪些不清楚",
        "more water flows at night than people there used to take", "the true fall lies between 5.25 and 6.57",
        "decided", "已由计量数据证实",
    ):  # fmt: skip
        assert said in page.replace("\u00a0", " "), said
    assert page.count("<section") == 1 and "<svg" in page and 'id="for-' not in page


def test_crew_page_when_read_then_works_streets_pipes_and_what_to_record(pages):
    page = pages["crew"].replace("\u00a0", " ")
    for said in ("Works to do", "Elm Street", "P-0-8", "DN", "cast iron", "1962", "Crew-weeks so far", "project inspect CITY",
                 "--found leak", "To be filled in on site", "待实施的工程", "现场填写"):  # fmt: skip
        assert said in page, said
    assert page.index('id="dig"') < page.index('id="map"')
    assert "Net present value" not in page and 'id="norms"' not in page


def test_manager_page_when_read_then_decisions_money_and_risk(pages):
    page = pages["manager"].replace("\u00a0", " ")
    for said in ("What is to be decided or done next", "release the money, send the crew", "What was decided (1)", "Ada Secretname",
                 "If this is another value", "Turns to zero at", "A search may end without a find", "决策、资金与风险"):  # fmt: skip
        assert said in page, said
    assert 'id="dig"' not in page


def test_whole_report_when_opened_then_three_doors_that_need_no_script(pages):
    page = pages["all"]
    for reader in READERS:
        assert f'id="for-{reader}"' in page and f'for="for-{reader}"' in page
        if reader != "all":
            assert f"#for-{reader}:checked ~ .page :is(section, nav li):not(.to-{reader})" in page
            assert f'class="to-{reader}"' in page
    body = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert 'name="for"' in body and '<section id="sources" class="">' in body


def test_figures_when_a_section_is_new_then_each_number_of_it_has_its_trace(pages):
    page = pages["manager"]
    section = page[page.index('<section id="manager"') :]
    section = section[: section.index("</section>")]
    assert len(re.findall(r"data-ref=", section)) > 20
    bare = re.sub(r"<data[^>]*>.*?</data>", "", section)
    bare = re.sub(r"<[^>]+>", " ", bare)
    # what is left are counts of records, hashes of titles and words
    assert not re.search(r"\d[\d,]*\.\d", bare), re.search(r".{40}\d[\d,]*\.\d.{20}", bare)


def test_switch_value_when_a_price_turns_the_plan_then_the_net_present_value_is_zero_there(view, settings, waiting):
    from dataclasses import replace

    from cityloop.economics import npv
    from cityloop.report.facts import read_facts
    from cityloop.report.risk import lines_of, npv_of, price_ranges, switch_value

    water = view.policy.prices["water_per_m3"]
    things = tuple(
        msgspec.structs.replace(
            r, costs=tuple(msgspec.structs.replace(c, source=water[1]) if c.name == "saved water" else c for c in r.costs)
        )
        if hasattr(r, "costs") else r for r in waiting
    )  # fmt: skip
    facts = read_facts(replace(view, things=things), settings, [domain])
    lines, prices = lines_of(facts), price_ranges(facts)
    zero = switch_value(lines, 0.03, prices, "water_per_m3")
    rows = lines[0].measure.costs
    paid = -npv([r for r in rows if r.kind == "cost"], 0.03)
    saved = next(r.quantity.value for r in rows if r.name == "saved water")
    assert zero == pytest.approx(paid / saved)
    assert npv_of(lines, 0.03, prices=prices, changed={"water_per_m3": zero}) == pytest.approx(0.0, abs=1e-6)
    assert switch_value(lines, 0.03, prices, "energy_per_kwh") is None


def test_public_page_when_a_problem_is_a_thing_s_then_only_that_it_is_somewhere(view, settings):
    from dataclasses import replace

    pump = next(t for t in view.things if isinstance(t, Thing) and t.kind == "pump")
    things = tuple(
        msgspec.structs.replace(r, boundary=pump.id) if isinstance(r, Problem) and r.kind == "burst" else r
        for r in view.things
    )
    page = build(replace(view, things=things), settings, [domain], reader="public")[0]
    assert "one place of the network" in page and "管网某处" in page and pump.name not in page
