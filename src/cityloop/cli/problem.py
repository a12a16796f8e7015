"""`cityloop problem`: what is wrong, and what people decide about it."""

from typing import Annotated

import typer

from cityloop.cli.options import CityArg, IdArg, JsonOpt, LangOpt, ReasonOpt, WhoOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Problems: what is wrong / 问题：哪里不对")
IdsArg = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, beginnings or rows / 编号、前缀或行号")]

TEXTS = {
    "status": Pair("status", "状态"),
    "kind": Pair("kind", "类型"),
    "boundary": Pair("where", "位置"),
    "gap": Pair("gap", "差距"),
    "cost": Pair("cost per year", "年损失"),
    "onset": Pair("since", "起始"),
    "assigned": Pair("assigned to", "负责人"),
    "observed": Pair("observed", "观测值"),
    "expected": Pair("expected", "预期值"),
    "best": Pair("where first", "先查哪里"),
    "by": Pair("why there", "依据"),
    "area": Pair("to search, in this order ({n} sections, {km} km)", "按此顺序排查（共 {n} 段、{km} km）"),
    "pipe": Pair(
        "  {rank}. {name}: {share}, together {sum} of the probability; {length} m",
        "  {rank}. {name}：概率 {share}，累计 {sum}；长 {length} m",
    ),
    "more": Pair("  ... and {n} more; all with --json", "  ……另有 {n} 段，完整清单见 --json"),
    "notes": Pair("notes", "说明"),
    "merged": Pair("merged into", "并入"),
    "requests": Pair("citizens' requests beside it", "相关市民诉求"),
    "no_reason": Pair("A dismissal needs its reason.", "驳回问题必须说明理由。"),
    "no_person": Pair("Nobody to assign it to was named.", "没有指明负责人。"),
    "no_target": Pair("The problem to merge into was not named.", "没有指明并入哪个问题。"),
}


@app.command("list", short_help="List all / 列表")
def list_(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """List every problem / 列出所有问题."""
    from cityloop.cli.listing import Names, list_records
    from cityloop.cli.show import estimate, kind, state
    from cityloop.records import Problem

    def row(p: Problem, known: Names, zone: str) -> list[str]:
        where = known.get(p.boundary, p.boundary)
        onset = p.onset.isoformat() if p.onset else "-"
        return [state(p.status), kind(p.kind), where, estimate(p.gap), estimate(p.cost_per_year), onset, p.assigned_to]

    columns = [TEXTS[k] for k in ("status", "kind", "boundary", "gap", "cost", "onset", "assigned")]
    list_records(city, Problem, "problem", as_json, columns, row)


@app.command(short_help="Show one / 详情")
def show(city: CityArg, id: IdArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Show one problem with its ranked area and history / 显示一个问题及其排查清单和历史."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.listing import Names, show_record
    from cityloop.cli.opening import opened
    from cityloop.cli.request_lines import problem_lines
    from cityloop.cli.show import estimate, kind, label, number, state, where_first
    from cityloop.records import Filter, Problem, Thing
    from cityloop.report.order import stands

    with opened(city) as open_city:
        things = {t.id: t for t in open_city.store.records(Thing, Filter.operator())}
        beside = problem_lines(open_city)

    def lines(p: Problem, known: Names, zone: str) -> list[str]:
        where = known.get(p.boundary, p.boundary)
        first = where_first(p, things, known) if stands(p) else known.get(p.best_place, p.best_place)
        rows = [
            ("kind", kind(p.kind)), ("status", state(p.status)), ("boundary", where),
            ("best", first if first != where else ""), ("by", one_language(str(p.details.get("located_by", "")))),
            ("gap", estimate(p.gap)), ("observed", estimate(p.observed)), ("expected", estimate(p.expected)),
            ("cost", estimate(p.cost_per_year)), ("onset", p.onset.isoformat() if p.onset else "-"),
            ("assigned", p.assigned_to), ("merged", p.merged_into),
        ]  # fmt: skip
        found = [label(TEXTS[k], text) for k, text in rows if text]
        if p.area:
            km = number(sum(r.length_m for r in p.area) / 1000)
            found.append(label(Pair(*(t.format(n=len(p.area), km=km) for t in TEXTS["area"]))))
        total = 0.0
        for r in p.area[:10]:
            total += r.probability
            share = {"share": f"{r.probability:.1%}", "sum": f"{total:.1%}"}
            found.append(say(TEXTS["pipe"], rank=r.rank, name=r.name, length=number(r.length_m), **share))
        if len(p.area) > 10:
            found.append(say(TEXTS["more"], n=len(p.area) - 10))
        if p.notes:
            found += [label(TEXTS["notes"]), *(f"  - {one_language(n)}" for n in p.notes)]
        if p.id in beside:
            found += [label(TEXTS["requests"]), *(f"  {line}" for line in beside[p.id])]
        return found

    show_record(city, Problem, "problem", id, as_json, lines)


@app.command(short_help="Seen and believed / 确认")
def acknowledge(city: CityArg, ids: IdsArg, who: WhoOpt = "", reason: ReasonOpt = "", lang: LangOpt = None) -> None:
    """Acknowledge problems: seen, and believed / 确认问题：已知悉并采信."""
    from cityloop.cli.listing import decide
    from cityloop.records import Problem

    decide(city, Problem, "problem", ids, "acknowledge", who=who, reason=reason)


@app.command(short_help="Give it to somebody / 指派")
def assign(
    city: CityArg,
    ids: IdsArg,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME", help="Who takes it on / 由谁负责")] = None,
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Assign problems to a person or department / 把问题指派给个人或部门."""
    from cityloop.cli.listing import decide, required
    from cityloop.records import Problem

    name = required(to, "--to", TEXTS["no_person"])
    decide(city, Problem, "problem", ids, "assign", who=who, reason=reason, data=lambda c, r: {"to": name})


@app.command(short_help="The same trouble / 合并")
def merge(
    city: CityArg,
    ids: IdsArg,
    into: Annotated[
        str | None, typer.Option("--into", metavar="ID", help="The problem that stays / 保留的问题")
    ] = None,
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Merge problems into another one: the same trouble / 把问题并入另一个：实为同一问题."""
    from cityloop.cli.listing import chosen_id, decide, required
    from cityloop.records import Problem

    name = required(into, "--into", TEXTS["no_target"])
    decide(
        city, Problem, "problem", ids, "merge", who=who, reason=reason,
        data=lambda c, r: {"into": chosen_id(c, "problem", name)},
    )  # fmt: skip


@app.command(short_help="No trouble / 驳回")
def dismiss(city: CityArg, ids: IdsArg, who: WhoOpt = "", reason: ReasonOpt = "", lang: LangOpt = None) -> None:
    """Dismiss problems; --reason is needed / 驳回问题，须用 --reason 说明理由."""
    from cityloop.cli.listing import decide, required
    from cityloop.records import Problem

    stated = required(reason, "--reason", TEXTS["no_reason"])
    decide(city, Problem, "problem", ids, "dismiss", who=who, reason=stated)


@app.command(short_help="Open again / 重开")
def reopen(city: CityArg, ids: IdsArg, who: WhoOpt = "", reason: ReasonOpt = "", lang: LangOpt = None) -> None:
    """Reopen problems / 重新打开问题."""
    from cityloop.cli.listing import decide
    from cityloop.records import Problem

    decide(city, Problem, "problem", ids, "reopen", who=who, reason=reason)
