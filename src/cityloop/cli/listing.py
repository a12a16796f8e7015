"""Reading verbs: a noun as a list, one record with its history; and deciding verbs, which change a record by a Decision."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cityloop.cli.choose import choose, hash_of, in_order
from cityloop.cli.language import one_language, say
from cityloop.cli.opening import opened
from cityloop.cli.options import decider
from cityloop.cli.screen import print_json, print_lines, print_table
from cityloop.cli.show import amount, iso, label, names, state
from cityloop.errors import InputError, RecordError
from cityloop.i18n import Pair
from cityloop.records import (
    Countermeasure,
    Decision,
    Filter,
    Goal,
    Plan,
    Problem,
    Project,
    Record,
    RecordT,
    Verification,
    record_id,
)
from cityloop.report.words import FINDINGS, named

__all__ = ["NOUNS", "Names", "chosen_id", "decide", "list_records", "required", "show_record", "stated"]

Names = Mapping[str, str]
#: Word of the command line -> (record type, key of its list in a JSON document).
NOUNS: dict[str, tuple[type[Record], str]] = {
    "problem": (Problem, "problems"),
    "goal": (Goal, "goals"),
    "countermeasure": (Countermeasure, "countermeasures"),
    "plan": (Plan, "plans"),
    "project": (Project, "projects"),
    "verification": (Verification, "verifications"),
}
TEXTS = {
    "none": Pair("None yet. Run a turn: cityloop turn CITY.", "暂无。请先运行一轮：cityloop turn CITY。"),
    "history": Pair("Versions", "版本"),
    "decisions": Pair("Decisions", "决定"),
    "simulated": Pair("simulated", "模拟"),
    "done": Pair("{id}: {verb}. Now: {state}.", "{id}：{verb}。当前状态：{state}。"),
    "same": Pair("{id}: nothing changed.", "{id}：没有变化。"),
    "no_ids": Pair("No record was named.", "没有指明记录。"),
}
VERBS = {
    "acknowledge": Pair("acknowledge", "确认"), "assign": Pair("assign", "指派"), "merge": Pair("merge", "并入"),
    "dismiss": Pair("dismiss", "驳回"), "reopen": Pair("reopen", "重开"), "approve": Pair("approve", "批准"),
    "set": Pair("set", "登记状态"), "inspect": Pair("inspect", "登记现场发现"), "add_project": Pair("add works", "增加工程"),
    "import_project": Pair("enter a listed project", "录入储备库项目"),
    "withdraw_project": Pair("withdraw a listed project", "撤回储备库项目"),
}  # fmt: skip
DATA = {
    "to": Pair("to", "给"), "into": Pair("into", "至"), "state": Pair("state", "状态"), "on": Pair("on", "时间"),
    "cost": Pair("cost", "费用"), "currency": Pair("currency", "币种"), "price_year": Pair("price year", "价格年份"),
    "department": Pair("department", "部门"), "document": Pair("document", "文号"), "note": Pair("note", "备注"),
    "found": Pair("found", "发现"), "place": Pair("place", "位置"), "problem": Pair("problem", "问题"), "by": Pair("by", "登记人"),
    "name": Pair("name", "名称"), "kind": Pair("kind", "类型"), "key": Pair("key", "标识"), "list": Pair("list", "清单"),
    "row": Pair("row", "行"), "answers": Pair("problems", "对应问题"), "why": Pair("matched by", "匹配依据"),
    "matched": Pair("matched", "匹配方式"), "start": Pair("start", "开工"), "end": Pair("completion", "竣工"),
    "funding": Pair("funds", "资金来源"), "stage": Pair("stage", "阶段"), "benefit": Pair("benefit", "预期效益"),
    "ailments": Pair("ailments", "病症"), "life": Pair("years of use", "使用年限"), "income": Pair("yearly income", "年收益"),
    "yearly_cost": Pair("yearly operating cost", "年运营费用"), "water_m3": Pair("m³ of water a year", "年节水量（m³）"),
    "energy_kwh": Pair("kWh a year", "年节电量（kWh）"), "measure": Pair("countermeasure", "对策"),
}  # fmt: skip
_ALL = Filter.operator()


def list_records(
    folder: Path, cls: type[RecordT], noun: str, as_json: bool, columns: Sequence[Pair],
    row: Callable[[RecordT, Names, str], Sequence[str]],
) -> None:  # fmt: skip
    """Every record of a noun in the order of choose.py, as a table (`row(record, names, time zone)`) or as JSON."""
    with opened(folder) as city:
        found = in_order(city.store.records(cls, _ALL))
        known = {} if as_json else names(city)
        id, zone = city.settings.id, city.settings.timezone
    if as_json:
        print_json({"city": id, NOUNS[noun][1]: found})
    elif not found:
        print_lines(say(TEXTS["none"]))
    else:
        rows = [(str(n), hash_of(r.id), *row(r, known, zone)) for n, r in enumerate(found, 1)]
        print_table(["#", "id", *(say(c) for c in columns)], rows)


def show_record(
    folder: Path, cls: type[RecordT], noun: str, text: str, as_json: bool,
    lines: Callable[[RecordT, Names, str], Sequence[str]],
) -> None:  # fmt: skip
    """One record, its versions and the decisions about it; `lines(record, names, time zone)` tells the record."""
    with opened(folder) as city:
        record = choose(city.store.records(cls, _ALL), text, noun=noun)
        history = list(city.store.history(record.id, _ALL))
        decisions = [d for d in city.store.records(Decision, _ALL) if d.about == record.id]
        known, zone, id = names(city), city.settings.timezone, city.settings.id
    decisions.sort(key=lambda d: d.when)
    if as_json:
        print_json({"city": id, noun: record, "history": history, "decisions": decisions})
        return
    simulated = f" [{say(TEXTS['simulated'])}]" if record.simulated else ""
    print_lines(f"{record.id} v{record.version}{simulated}", *lines(record, known, zone))
    if decisions:
        print_lines(label(TEXTS["decisions"]))
        print_lines(
            *(
                "  " + label(_plain(f"{iso(d.when, zone)}  {one_language(d.who)}"), _decided(d, known, zone))
                for d in decisions
            )
        )


def _plain(text: str) -> Pair:
    return Pair(text, text)


def _verb(verb: str) -> str:
    return say(VERBS.get(verb, _plain(verb)))


def _decided(decision: Decision, known: Names, zone: str) -> str:
    """Verb, what was stated, reason: `approve; reason`, `set (state done, cost 1,424)`."""
    data = say(Pair(", ", "，")).join(stated(key, value, known, zone) for key, value in decision.data.items())
    said = _verb(decision.verb) + (say(Pair(" ({data})", "（{data}）"), data=data) if data else "")
    reason = one_language(decision.reason)
    return said + (say(Pair("; {reason}", "；{reason}"), reason=reason) if reason else "")


def stated(key: str, value: float | str, known: Names, zone: str) -> str:
    """One thing that a decision or a crew stated: its word and what it says."""
    name, unit = FINDINGS[key] if key in FINDINGS else (DATA.get(key) or named(key), "")
    if isinstance(value, float | int):
        text = f"{value:g}" if key == "price_year" else amount(value, unit)
    elif key == "state":
        text = state(value)
    elif key == "found":
        text = say(named(value))
    elif key == "on":
        text = iso(datetime.fromisoformat(value), zone)
    else:
        text = known.get(value, one_language(value))
    return f"{say(name)} {text}"


def decide(
    folder: Path, cls: type[RecordT], noun: str, texts: Sequence[str], verb: str, *, who: str, reason: str = "",
    data: Callable[[Any, RecordT], dict[str, float | str]] | None = None,
) -> None:  # fmt: skip
    """Decide the same about one or more records; all are found before the first is decided.

    `data(city, record)` gives what the decision states besides.
    """
    if not texts:
        raise InputError(say(TEXTS["no_ids"]), where=noun)
    told: list[str] = []
    try:
        with opened(folder) as city:
            known = city.store.records(cls, _ALL)
            chosen = [choose(known, text, noun=noun) for text in texts]
            for record in dict.fromkeys(r.id for r in chosen):
                told.append(_decide_one(city, city.store.get(cls, record, _ALL), verb, decider(who), reason, data))
    finally:
        print_lines(*told)


def _decide_one(
    city: Any, record: RecordT, verb: str, who: str, reason: str,
    data: Callable[[Any, RecordT], dict[str, float | str]] | None,
) -> str:  # fmt: skip
    when = datetime.now(UTC)
    decision = Decision(
        id=record_id(city.settings.id, "decision", who, verb, record.id, when.isoformat()), who=who, when=when,
        about=record.id, verb=verb, reason=reason.strip(), data=data(city, record) if data else {},
    )  # fmt: skip
    stored = city.decide(decision)
    after = city.store.get(type(record), record.id, _ALL)
    if not stored or after == record:
        return say(TEXTS["same"], id=record.id)
    now = getattr(after, "status", None) or getattr(after, "state", "")
    return say(TEXTS["done"], id=record.id, verb=_verb(verb), state=state(str(now)))


def chosen_id(city: Any, noun: str, text: str) -> str:
    """Id of the record that an option names, for example `--into`."""
    cls, _ = NOUNS[noun]
    chosen: Record = choose(city.store.records(cls, _ALL), text, noun=noun)
    return chosen.id


def required(value: str | None, option: str, what: Pair) -> str:
    """The text of an option that this verb cannot do without."""
    if value is None or not value.strip():
        raise RecordError(say(what), where=option)
    return value.strip()
