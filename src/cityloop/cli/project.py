"""`cityloop project`: dated states with their paper trail, and what a crew found."""

from typing import Annotated, Any, Literal

import typer

from cityloop.cli.options import CityArg, IdArg, JsonOpt, LangOpt, OnOpt, ReasonOpt, WhoOpt
from cityloop.cli.project_import import import_list
from cityloop.i18n import Pair

__all__ = ["TEXTS", "app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Projects: works and findings / 项目：施工与发现")
app.command("import", short_help="Import a project list / 导入项目储备库")(import_list)
State = Literal["proposed", "approved", "funded", "started", "done", "cancelled"]

UNTOLD = ("flow_error_l_per_s", "realised_effect", "probability")
"""Of a finding: what the score keeps for learning, in --json only."""
TEXTS = {
    "name": Pair("project", "项目"),
    "state": Pair("state", "状态"),
    "on": Pair("on", "日期"),
    "boundary": Pair("where", "位置"),
    "cost": Pair("cost", "费用"),
    "states": Pair("states", "历次状态"),
    "findings": Pair("findings", "现场发现"),
    "measure": Pair("countermeasure", "对策"),
    "no_cost": Pair("A currency or price year without a cost.", "给了币种或价格年份，却没有费用。"),
    "no_cost_cure": Pair("Give --cost as well.", "请同时给出 --cost。"),
    "odd_cost": Pair("Not an amount.", "金额无效。"),
    "odd_flow": Pair("Not a flow.", "流量无效。"),
    "no_place": Pair("What was found inside a boundary needs its place.", "在分区内查实的问题必须给出位置。"),
    "no_place_cure": Pair("Name the pipe or junction: --place P-12.", "请注明管段或节点：--place P-12。"),
}


@app.command("list", short_help="List all / 列表")
def list_(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """List every project / 列出所有项目."""
    from cityloop.cli.language import one_language
    from cityloop.cli.listing import Names, list_records
    from cityloop.cli.show import iso, money, state
    from cityloop.records import Project

    def row(p: Project, known: Names, zone: str) -> list[str]:
        cost = next((s.cost for s in reversed(p.states) if s.cost), None)
        where, on = known.get(p.boundary, p.boundary), iso(p.states[-1].on, zone)[:10]
        return [state(p.state), on, one_language(p.name), where, money(cost)]

    columns = [TEXTS[k] for k in ("state", "on", "name", "boundary", "cost")]
    list_records(city, Project, "project", as_json, columns, row)


@app.command(short_help="Show one / 详情")
def show(city: CityArg, id: IdArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Show one project with its states and findings / 显示一个项目及其状态和现场发现."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.listing import Names, show_record, stated
    from cityloop.cli.show import iso, label, money, state
    from cityloop.records import Project

    def lines(p: Project, known: Names, zone: str) -> list[str]:
        rows = [("name", one_language(p.name)), ("state", state(p.state)), ("measure", p.countermeasure)]
        found = [label(TEXTS[k], text) for k, text in [*rows, ("boundary", known.get(p.boundary, p.boundary))]]
        comma = say(Pair(", ", "，"))
        found.append(label(TEXTS["states"]))
        for s in p.states:
            trail = [
                one_language(s.by),
                money(s.cost) if s.cost else "",
                s.department,
                s.document,
                one_language(s.note),
            ]
            found.append(f"  {iso(s.on, zone)}  {state(s.state)}  {comma.join(t for t in trail if t)}")
        if p.findings:
            found.append(label(TEXTS["findings"]))
        for finding in p.findings:
            parts = [stated(k, v, known, zone) for k, v in finding.items() if v != "" and k not in UNTOLD]
            found.append("  " + comma.join(parts))
        return found

    show_record(city, Project, "project", id, as_json, lines)


@app.command(short_help="Works of your own / 自有工程")
def add(
    city: CityArg,
    problem: Annotated[
        str, typer.Argument(metavar="PROBLEM", help="The problem it answers, id or row / 所针对的问题，编号或行号")
    ],
    name: Annotated[str, typer.Option("--name", help="What is done / 工程名称")],
    kind: Annotated[str, typer.Option("--kind", help="Kind of works / 工程类型")] = "",
    cost: Annotated[str, typer.Option("--cost", metavar="AMOUNT", help="In the policy's currency / 按政策币种")] = "",
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Add works of your own on a problem; they are verified like any other / 为问题增加自有工程，同样参与验证."""
    from cityloop.cli.listing import decide
    from cityloop.records import Problem

    amount = _amount(cost)
    data: dict[str, float | str] = {"name": name}
    data |= {"kind": kind} if kind else {}
    data |= {"cost": amount} if isinstance(amount, float) else {}
    decide(city, Problem, "problem", [problem], "add_project", who=who, reason=reason, data=lambda c, r: data)


@app.command("set", short_help="Set a state / 登记状态")
def set_(
    city: CityArg,
    id: IdArg,
    state: Annotated[State, typer.Argument(metavar="STATE", help="|".join(State.__args__))],
    on: OnOpt = "",
    cost: Annotated[str, typer.Option("--cost", metavar="AMOUNT", help='Amount, or "unknown" / 金额，或 unknown')] = "",
    currency: Annotated[str, typer.Option("--currency", help="Default: the policy's / 币种，默认同政策")] = "",
    price_year: Annotated[int | None, typer.Option("--price-year", help="Default: year of --on / 价格年份")] = None,
    department: Annotated[str, typer.Option("--department", help="Department / 部门")] = "",
    document: Annotated[str, typer.Option("--document", help="Number of the document / 文号")] = "",
    note: Annotated[str, typer.Option("--note", help="Note / 备注")] = "",
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Set the dated state of a project with cost and document / 登记项目状态、日期、费用和文号."""
    from cityloop.cli.language import say
    from cityloop.cli.listing import decide
    from cityloop.errors import InputError
    from cityloop.records import Project

    moment = _moment(on)
    amount = _amount(cost)
    if not isinstance(amount, float) and (currency or price_year):
        raise InputError(say(TEXTS["no_cost"]), cure=say(TEXTS["no_cost_cure"]))
    data: dict[str, float | str] = {"state": state, **moment}
    stated: dict[str, float | str | None] = {
        "cost": amount, "currency": currency, "price_year": float(price_year) if price_year else None,
        "department": department, "document": document, "note": note,
    }  # fmt: skip
    data |= {k: v for k, v in stated.items() if v is not None and v != ""}
    decide(city, Project, "project", [id], "set", who=who, reason=reason, data=lambda c, r: data)


def _amount(text: str) -> float | str:
    """A stated cost: a number from 0, "unknown", or "" where none is stated."""
    import math

    from cityloop.cli.language import say
    from cityloop.errors import InputError

    if text.strip().casefold() in ("", "unknown"):
        return text.strip().casefold()
    try:
        amount = float(text.replace(",", ""))
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        raise InputError(say(TEXTS["odd_cost"]), where="--cost", got=text, allowed=">= 0, unknown")
    return amount


@app.command(short_help="What the crew found / 登记现场发现")
def inspect(
    city: CityArg,
    id: IdArg,
    found: Annotated[
        str, typer.Option("--found", help="none, other, or the trouble: leak, ... / none、other，或所查问题，如 leak")
    ],
    place: Annotated[
        str, typer.Option("--place", help="Where: pipe, junction, ..., name or id / 位置：管段、节点等，名称或编号")
    ] = "",
    flow: Annotated[float | None, typer.Option("--flow", help="Flow of the leak in L/s / 漏量 L/s")] = None,
    on: OnOpt = "",
    problem: Annotated[str, typer.Option("--problem", metavar="ID", help="Of several, the one meant / 所指问题")] = "",
    note: Annotated[str, typer.Option("--note", help="Note / 备注")] = "",
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Tell what the crew found: it closes or reopens the problem / 登记现场发现，据此关闭或重开问题."""
    import math

    from cityloop.cli.language import say
    from cityloop.cli.listing import chosen_id, decide
    from cityloop.errors import InputError
    from cityloop.records import Filter, Project, Thing

    moment = _moment(on)
    if flow is not None and not (math.isfinite(flow) and flow >= 0):
        raise InputError(say(TEXTS["odd_flow"]), where="--flow", got=flow, allowed=">= 0 L/s")
    data: dict[str, float | str] = {"found": found, **moment}
    data |= {k: v for k, v in (("place", place), ("note", note)) if v}
    if flow is not None:
        data["flow_l_per_s"] = flow

    def told(open_city: Any, record: Project) -> dict[str, float | str]:
        where = open_city.store.get(Thing, record.boundary, Filter.operator())
        if where.kind == "boundary" and found not in ("none", "other") and not place:
            raise InputError(say(TEXTS["no_place"]), where="--place", cure=say(TEXTS["no_place_cure"]))
        return {**data, "problem": chosen_id(open_city, "problem", problem)} if problem else data

    decide(city, Project, "project", [id], "inspect", who=who, reason=reason, data=told)


def _moment(on: str) -> dict[str, float | str]:
    """The stated time; without one the decision's own moment counts."""
    from cityloop.cli.options import parse_time

    return {"on": parse_time(on, "--on").isoformat()} if on else {}
