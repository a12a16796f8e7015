"""What each rule world says of one and the same water balance: a row for each question, a column for each world."""

from cityloop.domains.water.losses.verdicts import QUESTIONS, Verdict, differ, verdicts
from cityloop.domains.water.losses.water_balance import Balance
from cityloop.i18n import Pair
from cityloop.report.blocks import (
    Badge,
    Block,
    Details,
    Inline,
    Lines,
    Notice,
    Paragraph,
    Sentence,
    Subtitle,
    Table,
    joined,
)
from cityloop.report.facts import Facts
from cityloop.report.shipped_texts import shipped
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import WORLDS, both, named, status_badge, word

__all__ = ["balance_value", "world_verdicts"]

_WORLDS = Pair("What each rule world says of the same water", "同一水量在各规范体系下的判定")
_DIFFER = Pair(
    "The norms decide differently on: {what}. What binds here is {binding}; the others are shown for comparison.",
    "各规范判定不一致之处：{what}。本地执行{binding}规范，其余供对照。",
)
_AGREE = Pair(
    "Where two worlds have a rule for the same question, they decide alike here.",
    "凡两个以上规范体系有规定的事项，判定一致。",
)
_ON = Pair("{question}, {name}", "{name}：{question}")
_QUESTION = Pair("Question", "事项")
_CELL = Pair("{indicator}: {value}", "{indicator}：{value}")
_LIMIT_LOW = Pair("at least {limit}", "不低于 {limit}")
_LIMIT_HIGH = Pair("at most {limit}", "不高于 {limit}")
_READING = Pair("a reading: at least {limit}", "单次读数：不低于 {limit}")
_VERDICTS = {
    "meets": Badge(Pair("meets", "符合"), "good"),
    "fails": Badge(Pair("does not meet", "不符合"), "bad"),
    "undecided": Badge(Pair("undecided: the interval crosses the limit", "无法判定：区间跨越限值"), "unclear"),
    "not_known": Badge(Pair("not known", "未知"), "unclear"),
}
_NO_RULE = Pair("no rule: {why}", "无规定：{why}")
_NONE = Pair("no rule", "无规定")
_AREAS = Pair("The same for each area", "各分区判定")


def balance_value(facts: Facts, balance: Balance, key: str) -> Inline:
    """One indicator with its interval; why not where it is absent."""
    if key in balance.performance.indicators:
        return facts.trace.estimate(balance.id, f"performance.indicators[{key}]")
    if key in balance.performance.absent:
        return Sentence(Pair("not known: {why}", "未知：{why}"), {"why": both(balance.performance.absent[key])})
    return NOT_KNOWN


def world_verdicts(facts: Facts, balances: tuple[Balance, ...]) -> list[Block]:
    """One row per area and question, one column per rule world."""
    worlds = list(facts.norms)
    if not worlds:
        return []
    head = (_QUESTION, *(word(WORLDS, w) for w in worlds))
    rows: dict[str, list[tuple[Inline, ...]]] = {}
    differing: dict[str, list[Inline]] = {}
    for balance in balances:
        found = verdicts(facts.view, balance.performance)
        for question in differ(found):
            differing.setdefault(question, []).append(balance.name)
        for question, (title, _, _) in QUESTIONS.items():
            mine = [v for v in found if v.question == question]
            whole = balance is balances[-1]
            if not whole and not any(v.rule is not None and v.rule.limit is not None for v in mine):
                continue
            name = Sentence(_ON, {"question": title, "name": balance.name})
            cells = (name, *(_cell(facts, balance, v, sourced=whole) for v in mine))
            rows.setdefault(balance.id, []).append(cells)
    told: Block = Paragraph(_AGREE)
    if differing:
        what = [Sentence(_ON, {"question": QUESTIONS[q][0], "name": joined(names)}) for q, names in differing.items()]
        binding = word(WORLDS, facts.view.policy.binding_norm)
        told = Notice(Sentence(_DIFFER, {"what": joined([*what], Pair("; ", "；")), "binding": binding}), "plain")
    blocks: list[Block] = [Subtitle(_WORLDS), told, Table(head, tuple(rows.pop(balances[-1].id)))]
    if others := tuple(row for mine in rows.values() for row in mine):
        blocks.append(Details(_AREAS, (Table(head, others),)))
    return blocks


def _cell(facts: Facts, balance: Balance, v: Verdict, *, sourced: bool) -> Inline:
    told: list[Inline] = []
    if v.indicator:
        name = named(v.indicator.partition(":")[0])
        told.append(Sentence(_CELL, {"indicator": name, "value": balance_value(facts, balance, v.indicator)}))
    if v.beside is not None and v.beside.limit is not None:
        limit = facts.trace.exact(f"norm:{v.world}:{v.beside.key}", "limit", unit=v.beside.unit)
        told.append(Sentence(_READING, {"limit": limit}))
    if v.rule is not None and v.rule.limit is not None:
        limit = facts.trace.exact(f"norm:{v.world}:{v.rule.key}", "limit", unit=v.rule.unit)
        told.append(Sentence(_LIMIT_LOW if QUESTIONS[v.question][2] else _LIMIT_HIGH, {"limit": limit}))
        told += [_VERDICTS[v.verdict], *((shipped(v.rule.source), status_badge(v.status)) if sourced else ())]
    elif v.rule is not None and v.rule.reason_absent:
        told.append(Sentence(_NO_RULE, {"why": shipped(v.rule.reason_absent)}))
    else:
        told.append(_NONE)
    return Lines(tuple(told))
