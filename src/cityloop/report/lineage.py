"""Where every number is from: datastreams, evidence windows, hashes."""

from cityloop.i18n import Pair
from cityloop.records import Baseline, Evidence
from cityloop.report.blocks import Block, Details, Inline, Paragraph, Section, Sentence, Table
from cityloop.report.facts import Facts
from cityloop.report.words import PROPERTIES, STATISTICS, named, simulated, word

__all__ = ["lineage"]

_TITLE = Pair("Sources and lineage", "数据来源与溯源")
_HOW = Pair(
    "Observations up to number {seq}, as of {now}. Every figure of this page leads to its record in loop.json (data-ref); the "
    "hashes are over exactly the rows that were read.",
    "观测数据截至 {now}、序号 {seq}。本页每个数字均可追溯到 loop.json 中的记录（data-ref）；哈希值对应实际读取的数据行。",
)
_STREAMS = Pair("Datastreams ({n})", "数据流（{n}）")
_STREAM_HEAD: tuple[Inline, ...] = (
    Pair("Name", "名称"), Pair("Thing", "对象"), Pair("Observed", "观测量"), Pair("Unit (as declared)", "单位（原始单位）"),
    Pair("Statistic", "统计方式"), Pair("Interval, s", "间隔（秒）"), Pair("Source", "来源"), Pair("", ""),
)  # fmt: skip
_EVIDENCE = Pair("Evidence ({n})", "依据的数据（{n}）")
_EVIDENCE_HEAD: tuple[Inline, ...] = (
    Pair("Of", "所属"), Pair("Record", "记录"), Pair("Datastreams", "数据流数"), Pair("From", "起"), Pair("To", "止"),
    Pair("Up to number", "截至序号"), Pair("SHA-256", "SHA-256"),
)  # fmt: skip
_SERIES = Pair("daily {indicator}, {boundary}", "{boundary}逐日{indicator}")
_BASELINE, _VERIFICATION = Pair("frozen baseline", "冻结基线"), Pair("verification", "效果验证")


def lineage(facts: Facts) -> Section:
    """The section."""
    trace = facts.trace
    clock = facts.view.now.astimezone(trace.zone).strftime("%Y-%m-%d %H:%M")
    streams = tuple(
        (
            s.name, facts.name(s.thing), word(PROPERTIES, s.observed_property),
            f"{s.unit} ({s.declared_unit})" if s.declared_unit and s.declared_unit != s.unit else s.unit,
            word(STATISTICS, s.statistic), trace.number(s.id, "step_s", decimals=0), s.source, simulated(s.simulated),
        )
        for s in facts.datastreams
    )  # fmt: skip
    blocks: list[Block] = [Paragraph(Sentence(_HOW, {"seq": str(facts.view.as_of_seq), "now": clock}))]
    rows = _evidence_rows(facts)
    if rows:
        table = Table(_EVIDENCE_HEAD, tuple(rows), numeric=frozenset([2, 5]))
        blocks.append(Details(Sentence(_EVIDENCE, {"n": str(len(rows))}), (table,)))
    if streams:
        table = Table(_STREAM_HEAD, streams, numeric=frozenset([5]))
        blocks.append(Details(Sentence(_STREAMS, {"n": str(len(streams))}), (table,)))
    return Section("sources", _TITLE, tuple(blocks))


def _evidence_rows(facts: Facts) -> list[tuple[Inline, ...]]:
    rows = []
    for problem in facts.problems:
        rows.append(_evidence(facts, named(problem.kind), problem.id, "evidence", problem.evidence))
    for baseline in facts.view.records(Baseline):
        rows.append(_evidence(facts, _BASELINE, baseline.id, "evidence", baseline.evidence))
    for found in facts.verifications:
        rows.append(_evidence(facts, _VERIFICATION, found.id, "evidence", found.evidence))
    for boundary, indicator in facts.series:
        parts: dict[str, Inline] = {"indicator": named(indicator), "boundary": facts.name(boundary)}
        rows.append(_evidence(facts, Sentence(_SERIES, parts), boundary, f"{indicator}.evidence", None))
    return rows


def _evidence(facts: Facts, what: Inline, id: str, path: str, evidence: Evidence | None) -> tuple[Inline, ...]:
    trace = facts.trace
    streams = evidence.datastreams if evidence else trace.value(id, f"{path}.datastreams")
    return (
        what, id, str(len(streams)), trace.day(id, f"{path}.start", clock=True), trace.day(id, f"{path}.end", clock=True),
        trace.number(id, f"{path}.as_of_seq", decimals=0), trace.text(id, f"{path}.sha256"),
    )  # fmt: skip
