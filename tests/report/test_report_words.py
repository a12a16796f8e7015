"""Parity: whatever the loop and the shipped tables say has words in both languages."""

import re
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from cityloop.domains.water import domain
from cityloop.records import Problem, StateEntry, Verification
from cityloop.report import words
from cityloop.report.shipped_texts import shipped
from cityloop.report.words import both
from cityloop.settings import load_city, load_norms

CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Titles of publications and pure formulas read the same in both languages.
SAME = ("GB 50013", "建办城〔2022〕2号", "漏失水量 = ", "漏损水量 = ")


def texts():
    for world in ("cn", "us", "eu"):
        for rule in load_norms(world).values():
            yield from (rule.formula, rule.source) if rule.formula or rule.limit is not None else (rule.reason_absent,)
    yield from (prior.source for prior in domain.priors.values())
    city = load_city(Path(str(files("cityloop") / "cities" / "ky4")))
    yield from (stated.source for stated in city.stated.values())
    yield from (b.mains_km.source for b in city.boundaries if b.mains_km)
    yield from (b.connections.source for b in city.boundaries if b.connections)


def test_shipped_texts_when_shown_in_chinese_then_each_has_chinese():
    missing = [t for t in texts() if t and not CHINESE.search(shipped(t).zh) and not t.startswith(SAME)]
    assert not missing
    english = [t for t in texts() if t and shipped(t).zh == t and not t.startswith(SAME)]
    assert not english


def literal(record, field):
    return get_args(record.__annotations__[field])


@pytest.mark.parametrize(
    ("values", "table"),
    [
        (literal(Problem, "status"), words.STATES),
        (literal(StateEntry, "state"), words.STATES),
        (literal(Verification, "grade"), words.GRADES),
        (literal(Verification, "grade"), words.GRADE_MEANING),
        (("confirmed", "unconfirmed", "assumed", "given"), words.STATUSES),
        (("benefit", "cost", "non_monetary"), words.COST_KINDS),
        (("modelled", "published", "assumed"), words.EFFECT_GRADES),
        (domain.kinds(), domain.words),
        (("burst", "growing_leakage", "failing_sensor"), domain.words),
        (domain.indicators, domain.words),
        (domain.causes, domain.words),
    ],
)
def test_words_when_a_record_may_hold_a_value_then_it_has_a_word(values, table):
    assert set(values) <= set(table)
    for value in values:
        assert CHINESE.search(table[value].zh) and not CHINESE.search(table[value].en)


def test_both_when_a_text_holds_two_languages_then_each_is_shown_alone():
    assert both("A. | 甲。") == ("A.", "甲。")
    assert both("simulated works: 1 leak / 模拟作业：1 处") == ("simulated works: 1 leak", "模拟作业：1 处")
    assert both("plain / text").zh == "plain / text"


def test_both_when_a_text_holds_a_key_or_an_amount_then_each_reads_as_its_language_writes_it():
    target = both("Policy target for night_flow. | 政策对 night_flow 的目标。")
    assert target == ("Policy target for night flow.", "政策对夜间流量的目标。")
    amount = both(
        "At best -412,175 CNY (2026); costs 900 USD (2026). | 最高 -412,175 CNY (2026)；费用 900 USD (2026)。"
    )
    assert (
        amount.zh == "最高 −41.2 万元（2026 年价）；费用 900 美元（2026 年价）。" and "-412,175 CNY (2026)" in amount.en
    )
    assert both("file some_unknown_key.csv").en == "file some_unknown_key.csv"
