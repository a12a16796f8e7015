"""What the norms say about the city's indicators: the binding world first, no norm changes an observation."""

from cityloop.contracts import NormRule
from cityloop.i18n import Pair
from cityloop.report.blocks import Block, Details, Inline, Lines, Paragraph, Section, Sentence, Table
from cityloop.report.facts import RECENT_DAYS, Facts
from cityloop.report.shipped_texts import shipped
from cityloop.report.water_balance import observed_by_balance
from cityloop.report.words import WORLDS, status_badge, word

__all__ = ["norms"]

_TITLE = Pair("Norms", "规范要求")
_INTRO = Pair(
    "Binding: {binding}. Observed: the mean of the last {days} days, then the lowest and the highest day of all. "
    "“Unconfirmed” rules were read second-hand only.",
    "约束性规范：{binding}。实测：最近 {days} 天均值，以及全部观测日中的最低值和最高值。“未核实”表示仅见于二手资料。",
)
_BINDING = Pair("{world} (binding)", "{world}（约束性）")
_OBSERVED = Pair("Observed", "实测")
_INDICATOR = Pair("Indicator", "指标")
_NO_RULE = Pair("no rule: {why}", "无规定：{why}")
_NO_ROW = Pair("no rule", "无规定")
_NO_LIMIT = Pair("no limit", "无限值")
_SPREAD = Pair("{mean}; {low} to {high}", "{mean}；{low}～{high}")
_IN = Pair("{boundary}: {value}", "{boundary}：{value}")
_MORE = Pair("… and {n} more", "……另有 {n} 个")
_NOT_OBSERVED = Pair("not computed in this report", "本报告未计算")
_ALL = Pair("Rules on what is not computed here ({n})", "本报告未计算的指标的规定（{n} 项）")
_MOST = 3


def norms(facts: Facts) -> Section | None:
    """The section: what is observed and ruled first, the other rules on demand; None where no norm is named."""
    keys = list(dict.fromkeys(key for rules in facts.norms.values() for key in rules))
    if not keys or not facts.series:
        return None
    binding = facts.view.policy.binding_norm
    worlds = list(facts.norms)
    head: tuple[Inline, ...] = (
        _INDICATOR,
        _OBSERVED,
        *(Sentence(_BINDING, {"world": word(WORLDS, w)}) if w == binding else word(WORLDS, w) for w in worlds),
    )
    rows = {key: (_title(facts, key), _observed(facts, key), *(_cell(facts, w, key) for w in worlds)) for key in keys}
    seen = {indicator for _, indicator in facts.series} | {k for k in keys if observed_by_balance(facts, k) is not None}
    intro = Sentence(_INTRO, {"binding": word(WORLDS, binding), "days": str(RECENT_DAYS)})
    blocks: list[Block] = []
    if main := [k for k in keys if k in seen]:
        blocks += [Paragraph(intro), Table(head, tuple(rows[k] for k in main))]
    if rest := [k for k in keys if k not in seen]:
        more = Table(head, tuple(rows[k] for k in rest))
        blocks.append(Details(Sentence(_ALL, {"n": str(len(rest))}), (more,)))
    return Section("norms", _TITLE, tuple(blocks))


def _title(facts: Facts, key: str) -> Inline:
    return next(rules[key].title for rules in facts.norms.values() if key in rules)


def _observed(facts: Facts, key: str) -> Inline:
    """The city's own values of a norm's key, by Thing."""
    things = [thing for thing, indicator in facts.series if indicator == key]
    found: list[Inline] = []
    for thing in things[:_MOST]:
        unit = facts.series[(thing, key)].unit
        low, high = (facts.trace.value(thing, f"{key}.{end}_day") for end in ("lowest", "highest"))
        value: Inline = Sentence(
            _SPREAD,
            {
                "mean": facts.trace.number(thing, f"{key}.recent_mean", unit=unit),
                "low": facts.trace.number(thing, f"{key}[{low}]"),
                "high": facts.trace.number(thing, f"{key}[{high}]", unit=unit),
            },
        )
        if len(things) > 1:
            value = Sentence(_IN, {"value": value, "boundary": facts.name(thing)})
        found.append(value)
    if len(things) > _MOST:
        found.append(Sentence(_MORE, {"n": str(len(things) - _MOST)}))
    if not found and (told := observed_by_balance(facts, key)) is not None:
        return told
    return Lines(tuple(found)) if found else _NOT_OBSERVED


def _cell(facts: Facts, world: str, key: str) -> Inline:
    """One rule: limit, formula, source, status; or why there is none."""
    rule = facts.norms[world].get(key)
    if rule is None:
        return _NO_ROW
    if rule.limit is None and not rule.formula:
        return Sentence(_NO_RULE, {"why": shipped(rule.reason_absent)}) if rule.reason_absent else _NO_ROW
    return Lines((_limit(facts, rule), shipped(rule.formula), shipped(rule.source), status_badge(rule.status)))


def _limit(facts: Facts, rule: NormRule) -> Inline:
    if rule.limit is None:
        return _NO_LIMIT
    return facts.trace.exact(f"norm:{rule.world}:{rule.key}", "limit", unit=rule.unit)
