"""The city's own project list: each row with its problem or none, its ailments, and what the plan made of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from cityloop.formats.project_list import ProjectList
from cityloop.i18n import Pair
from cityloop.loop.candidates import IMPORTED, WITHDRAWN, is_imported
from cityloop.loop.project_list import Examined
from cityloop.records import Countermeasure, record_id
from cityloop.report.blocks import (
    Badge,
    Block,
    Bullets,
    Details,
    Inline,
    Lines,
    Paragraph,
    Section,
    Sentence,
    Table,
    joined,
)
from cityloop.report.facts import Facts
from cityloop.report.problems import problem_name
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import both

__all__ = ["NOUN", "listed_rows", "project_list"]

#: List of loop.json that holds the rows of a project list.
NOUN = "ListedProject"

_TITLE = Pair("The city’s own project list", "项目储备库核对")
_INTRO = Pair(
    "{list}: {n} projects; {tied} answer an observed problem, {open} need a person to say, {none} answer none that is observed. "
    "What is entered competes in the plan with the other countermeasures; its benefits are what the list says, unverified.",
    "《{list}》共 {n} 个项目：{tied} 个对应已观测问题，{open} 个待人工确认，{none} 个无对应的已观测问题。录入的项目与其他对策一并比选；"
    "其效益为清单所述，未经验证。",
)
_ON_RECORD = Pair(
    "Entered from the city’s list; each competes in the plan with the other countermeasures. Its benefits are what the list says.",
    "以下项目录自储备库，与其他对策一并比选；效益为清单所述。",
)
_HEAD: tuple[Inline, ...] = (
    Pair("Row", "行"), Pair("Project", "项目名称"), Pair("Total investment", "总投资"), Pair("Observed problem", "对应的已观测问题"),
    Pair("Ailments", "病症"), Pair("In the plan", "方案结论"),
)  # fmt: skip
_NO_PROBLEM = Pair("no observed problem: {why}", "无对应的已观测问题：{why}")
_PROPOSED = Pair("perhaps {problems}: a person must say", "可能对应：{problems}，待人工确认")
_COUNTS = Pair("{n} found: {names}", "{n} 项：{names}")
_NO_AILMENT = Pair("none found", "未发现")
_SILENT = Pair("{n} cannot be told from the row", "{n} 项本行无从判断")
_STATES = {
    "ready": Pair("not entered yet", "尚未录入"),
    "confirm": Pair("not entered", "未录入"),
    "no_problem": Pair("listed only", "仅列示"),
    "no_investment": Pair("no investment stated, cannot be weighed", "缺少总投资，无法比选"),
    "other_currency": Pair("other currency, cannot be weighed", "币种不同，无法比选"),
    "faulty": Pair("faulty, cannot be weighed", "有错误，无法比选"),
    "decided": Pair("its works are decided on", "已决策实施"),
}
_CHOSEN, _LEFT_OUT = Pair("chosen", "入选"), Pair("not chosen: {why}", "未入选：{why}")
_WAITS = Pair("competes in the next turn", "参加下一轮比选")
_WITHDRAWN = Pair("taken back", "已撤回")
_DETAILS = Pair(
    "The ten ailments, row by row: which rule fired, what would clear it", "逐行核对十项病症：所依据的规则与消除办法"
)
_AILMENT_HEAD: tuple[Inline, ...] = (
    Pair("Project", "项目名称"), Pair("Ailment", "病症"), Pair("Rule that fired", "所依据的规则"), Pair("What would clear it", "消除办法"),
)  # fmt: skip
_STATE_IT = Pair("{name}: to be stated: {what}", "{name}：请补充{what}")
_TO_STATE = Pair("What the rows do not say, so that nothing can be told", "各行未说明、因而无从判断的内容")


def listed_rows(city: str, found: ProjectList, examined: Sequence[Examined], price_year: int) -> list[dict[str, Any]]:
    """The rows of a list as loop.json holds them, in the order of the file."""
    return [_entry(city, found, row, price_year) for row in examined]


def _entry(city: str, found: ProjectList, row: Examined, price_year: int) -> dict[str, Any]:
    project, amount = row.project, row.project.investment
    money = {"amount": amount.value, "currency": amount.currency, "price_year": price_year} if amount else None
    return {
        "noun": NOUN, "id": record_id(city, "listed", found.name, project.sheet, str(project.row)), "version": 1,
        "list": found.name, "sheet": project.sheet, "row": project.row, "name": project.name, "investment": money,
        "state": row.state, "problems": [m.problem for m in row.matches], "why": f"{row.why.en} | {row.why.zh}",
        "measure": row.measure if row.on_record else "",
        "ailments": [
            {
                "key": d.key, "title": f"{d.title.en} | {d.title.zh}", "verdict": d.verdict,
                "because": f"{d.because.en} | {d.because.zh}", "cure": f"{d.cure.en} | {d.cure.zh}",
            }
            for d in row.ailments
        ],
    }  # fmt: skip


def project_list(facts: Facts) -> Section | None:
    """The section; None where no list was read and nothing was entered from one."""
    rows: list[Mapping[str, Any]] = facts.trace.loop_json.get(NOUN, [])
    if rows:
        return Section("list", _TITLE, tuple(_of_file(facts, rows)))
    entered = [c for c in facts.countermeasures if is_imported(c)]
    if not entered:
        return None
    table = Table(_HEAD, tuple(_on_record(facts, c) for c in entered), numeric=frozenset([2]))
    return Section("list", _TITLE, (Paragraph(_ON_RECORD), table))


# --- a list that was read ----------------------------------------------------------------------------------------
def _of_file(facts: Facts, rows: Sequence[Mapping[str, Any]]) -> list[Block]:
    open_ones = sum(r["state"] == "confirm" for r in rows)
    none = sum(not r["problems"] for r in rows)
    counts = {"n": len(rows), "tied": len(rows) - open_ones - none, "open": open_ones, "none": none}
    said: dict[str, Inline] = {k: str(v) for k, v in counts.items()}
    blocks: list[Block] = [Paragraph(Sentence(_INTRO, {"list": str(rows[0]["list"]), **said}))]
    blocks.append(Table(_HEAD, tuple(_row(facts, r) for r in rows), numeric=frozenset([2])))
    fired = tuple(line for r in rows for line in _fired(facts, r))
    if fired:
        blocks.append(Details(_DETAILS, (Table(_AILMENT_HEAD, fired),)))
    silent = [s for r in rows if (s := _silent(r)) is not None]
    if silent:
        blocks.append(Details(_TO_STATE, (Bullets(tuple(silent)),)))
    return blocks


def _row(facts: Facts, row: Mapping[str, Any]) -> tuple[Inline, ...]:
    id = row["id"]
    known = {p.id: p for p in facts.problems}
    names = joined([problem_name(facts, known[p]) for p in row["problems"] if p in known], Pair("; ", "；"))
    problem: Inline = names
    if not row["problems"]:
        problem = Sentence(_NO_PROBLEM, {"why": both(row["why"])})
    elif row["state"] == "confirm":
        problem = Sentence(_PROPOSED, {"problems": names})
    elif row["why"]:
        problem = Lines((names, both(row["why"])))
    return (
        facts.trace.number(id, "row", decimals=0, plain=True), facts.trace.text(id, "name"),
        facts.trace.money(id, "investment"), problem, _ailments(row), _verdict(facts, row["measure"], row["state"]),
    )  # fmt: skip


def _ailments(row: Mapping[str, Any]) -> Inline:
    """Those found by name, and how many the row does not tell."""
    found = [both(a["title"]) for a in row["ailments"] if a["verdict"] == "found"]
    lines: list[Inline] = [
        Sentence(_COUNTS, {"n": str(len(found)), "names": joined(list(found), Pair("; ", "；"))})
        if found
        else _NO_AILMENT
    ]
    if silent := sum(a["verdict"] == "cannot_tell" for a in row["ailments"]):
        lines.append(Sentence(_SILENT, {"n": str(silent)}))
    return Lines(tuple(lines))


def _verdict(facts: Facts, measure: str, state: str) -> Inline:
    """What the plan made of it; for a row that is not entered, why."""
    if not measure:
        return _STATES[state]
    if measure in facts.chosen:
        return Badge(_CHOSEN, "good")
    why = next((p.rejected[measure] for p in facts.plans if measure in p.rejected), None)
    return Sentence(_LEFT_OUT, {"why": both(why)}) if why else _WAITS


def _fired(facts: Facts, row: Mapping[str, Any]) -> list[tuple[Inline, ...]]:
    found: list[tuple[Inline, ...]] = []
    for ailment in row["ailments"]:
        if ailment["verdict"] == "found":
            name = facts.trace.text(row["id"], "name") if not found else ""
            found.append((name, *(both(ailment[k]) for k in ("title", "because", "cure"))))
    return found


def _silent(row: Mapping[str, Any]) -> Inline | None:
    """What the row must state before its ailments can be told."""
    asked = [both(a["cure"]) for a in row["ailments"] if a["verdict"] == "cannot_tell"]
    if not asked:
        return None
    return Sentence(_STATE_IT, {"name": str(row["name"]), "what": joined(list(asked), Pair("; ", "；"))})


# --- what is on record -------------------------------------------------------------------------------------------
def _on_record(facts: Facts, measure: Countermeasure) -> tuple[Inline, ...]:
    known = {p.id: p for p in facts.problems}
    names = joined([problem_name(facts, known[a]) for a in measure.answers if a in known], Pair("; ", "；"))
    at = next((i for i, row in enumerate(measure.costs) if row.name == "investment"), None)
    cost = facts.trace.money(measure.id, f"costs[{at}].unit_value") if at is not None else NOT_KNOWN
    told = str(measure.details.get("ailments", ""))
    verdict: Inline = _WITHDRAWN if WITHDRAWN in measure.details else _verdict(facts, measure.id, "ready")
    where = f"{measure.details[IMPORTED]} {measure.details.get('row', '')}".strip()
    return (where, measure.title_zh, cost, names, both(told) if told else _NO_AILMENT, verdict)
