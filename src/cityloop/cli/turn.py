"""`cityloop turn` and `cityloop take`: observations in, one turn of the loop, a report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt, OutOpt
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.city import City, TakeSummary

__all__ = ["TEXTS", "take", "turn"]

TEXTS = {
    "taken": Pair("{source}: {rows} rows taken, {rejected} refused", "{source}：收录 {rows} 行，拒收 {rejected} 行"),
    "quarantine": Pair(
        "Refused rows are kept with their reasons: cityloop doctor {folder}",
        "拒收的行连同原因均已保留：cityloop doctor {folder}",
    ),
    "waiting": Pair(
        "  {n} values lie after the limit and wait for a later take", "  另有 {n} 个值晚于截止时刻，留待下次收录"
    ),
    "empty": Pair("  {n} cells are empty", "  {n} 个单元格为空"),
    "identical": Pair("  {n} values stand there twice and count once", "  {n} 个值重复出现，只计一次"),
    "requests": Pair(
        "{source}: {n} requests of citizens read, {rejected} rows refused",
        "{source}：读取市民诉求 {n} 件，拒收 {rejected} 行",
    ),
    "bills": Pair(
        "{source}: {n} bills taken, {rejected} rows refused", "{source}：收录账单 {n} 笔，拒收 {rejected} 行"
    ),
    "bills_added": Pair(
        "  {n} rows share account and period with another and were added to it",
        "  {n} 行与另一行账目、账期相同，已相加",
    ),
    "bills_waiting": Pair(
        "  {n} bills end after the limit and wait for a later take", "  另有 {n} 笔账单的账期晚于截止时刻，留待下次收录"
    ),
    "bills_withdrawn": Pair(
        "  {n} bills no longer stand in the table and were withdrawn", "  有 {n} 笔账单已不在表中，予以撤回"
    ),
    "older": Pair("  {n} are older than what is on record", "  另有 {n} 件早于已收录的状态"),
    "turn": Pair("Turn at {now}: {steps}", "{now} 的一轮：{steps}"),
    "resumed": Pair("It went on at the step: {step}", "从此步骤继续：{step}"),
    "what_if": Pair("What-if: nothing of it was kept.", "假设推演：未保存任何结果。"),
    "report": Pair("Report: {path}", "报告：{path}"),
    "model_fault": Pair("Model {file}: {fault}", "模型 {file}：{fault}"),
    "model_faults": Pair(
        "  {n} more fault(s) of the models: cityloop doctor {folder}", "  模型另有 {n} 处问题：cityloop doctor {folder}"
    ),
    "no_rows": Pair("This city has no observations yet.", "该城市尚无观测数据。"),
    "no_rows_cure": Pair("Check the [[source]] tables of city.toml.", "请检查 city.toml 的 [[source]]。"),
}
_FAULTS = 5
UntilOpt = Annotated[
    str, typer.Option("--until", metavar="TIME", help="ISO 8601 with offset; default: now / 带时区，默认现在")
]
NowOpt = Annotated[
    str,
    typer.Option(
        "--now", metavar="TIME", help="Moment of the turn; default: end of the last reading / 默认最后观测时刻"
    ),
]
WhatIfOpt = Annotated[bool, typer.Option("--what-if", help="Keep nothing, write no report / 仅推演，不保存、不出报告")]


def take(city: CityArg, until: UntilOpt = "", lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Take new observations from every source / 收录各来源的新观测."""
    from cityloop.cli.opening import interruptible, opened, teller
    from cityloop.cli.screen import print_json, print_lines

    limit = _moment(until, "--until") if until else _clock()
    with interruptible() as cancel, opened(city) as open_city:
        taken = open_city.take(until=limit, progress=teller(cancel))
        id = open_city.settings.id
    if as_json:
        print_json({"city": id, "until": limit.isoformat(), "taken": [_plain(t) for t in taken]})
    else:
        print_lines(*_taken_lines(taken, city))


def turn(
    city: CityArg,
    now: NowOpt = "",
    what_if: WhatIfOpt = False,
    out: OutOpt = None,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Take new observations and run one turn of the loop / 收录新观测并运行一轮闭环."""
    from cityloop.cli.language import say
    from cityloop.cli.opening import interruptible, opened, teller
    from cityloop.cli.result import facts_of, result_lines
    from cityloop.cli.screen import print_json, print_lines
    from cityloop.errors import InputError

    stated = _moment(now, "--now") if now else None
    with interruptible() as cancel, opened(city) as open_city:
        progress = teller(cancel)
        taken = () if what_if else open_city.take(until=stated or _clock(), progress=progress)
        moment = stated or open_city.last_observation()
        if moment is None:
            raise InputError(say(TEXTS["no_rows"]), where=str(city), cure=say(TEXTS["no_rows_cure"]))
        model_faults = _model_faults(open_city)
        summary = open_city.turn(moment, progress=progress, commit=not what_if)
        files: tuple[Path, ...] = ()
        if not what_if:
            from cityloop.report import write_report

            files = write_report(open_city, out or city / "report", now=summary.now)
        id, facts = open_city.settings.id, facts_of(open_city)
    if as_json:
        print_json(
            {
                "city": id, "turn": summary.turn, "now": summary.now.isoformat(), "resumed_at": summary.resumed_at,
                "committed": summary.committed, "taken": [_plain(t) for t in taken],
                "model_faults": [{"file": file, "fault": fault} for file, fault in model_faults],
                "steps": {name: list(records) for name, records in summary.steps.items()},
                "files": [str(f) for f in files],
            }
        )  # fmt: skip
        return
    lines = [*_taken_lines(taken, city), *_model_lines(model_faults, city), *_turn_lines(summary, facts.zone), ""]
    if what_if:
        print_lines(*lines, *_what_if_lines(summary))
    else:
        print_lines(*lines, *result_lines(facts), *(say(TEXTS["report"], path=f) for f in files))


def _taken_lines(taken: "tuple[TakeSummary, ...]", folder: Path) -> list[str]:
    from cityloop.cli.language import say

    lines = []
    for t in taken:
        kind = next((k for k in ("requests", "bills") if k in t.counts), "taken")
        n = t.counts.get(kind, t.rows)
        lines.append(say(TEXTS[kind], source=t.source, rows=f"{n:,}", n=f"{n:,}", rejected=f"{t.rejected:,}"))
        told = ("waiting", "empty", "identical", "older", "bills_added", "bills_waiting", "bills_withdrawn")
        lines += [say(TEXTS[k], n=f"{t.counts[k]:,}") for k in told if t.counts.get(k)]
    if any(t.rejected for t in taken):
        lines.append(say(TEXTS["quarantine"], folder=folder))
    return lines


def _model_faults(city: "City") -> list[tuple[str, str]]:
    """Every fault that an engine names in a model of its, as (file, sentence): what is simulated with it is doubtful."""
    return [
        (stated.file, str(fault))
        for stated, model in city.models
        for fault in (model.check() if hasattr(model, "check") else ())
    ]


def _model_lines(faults: list[tuple[str, str]], folder: Path) -> list[str]:
    """The first faults of the models, one line each."""
    from cityloop.cli.language import language, say
    from cityloop.cli.screen import relabelled

    lines = [
        say(TEXTS["model_fault"], file=file, fault=relabelled(fault) if language() == "zh" else fault)
        for file, fault in faults[:_FAULTS]
    ]
    if len(faults) > _FAULTS:
        lines.append(say(TEXTS["model_faults"], n=len(faults) - _FAULTS, folder=folder))
    return lines


def _turn_lines(summary: Any, zone: str) -> list[str]:
    from cityloop.city import STEPS
    from cityloop.cli.language import say
    from cityloop.cli.show import iso

    counts = say(Pair(", ", "，")).join(f"{say(STEPS[name])} {len(records)}" for name, records in summary.steps.items())
    lines = [say(TEXTS["turn"], now=iso(summary.now, zone), steps=counts)]
    if summary.resumed_at:
        lines.append(say(TEXTS["resumed"], step=say(STEPS[summary.resumed_at])))
    return lines


def _what_if_lines(summary: Any) -> list[str]:
    """What the turn would have made, one line per record."""
    from cityloop.city import STEPS
    from cityloop.cli.language import say

    lines = [say(TEXTS["what_if"])]
    for name, records in summary.steps.items():
        lines += [f"  {say(STEPS[name])}: {r.id} v{r.version}" for r in records]
    return lines


def _plain(summary: Any) -> dict[str, Any]:
    return {
        "source": summary.source, "rows": summary.rows, "rejected": summary.rejected, "counts": dict(summary.counts)
    }  # fmt: skip


def _moment(text: str, option: str) -> Any:
    from cityloop.cli.options import parse_time

    return parse_time(text, option)


def _clock() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(microsecond=0)
