"""`cityloop goal`: what is wanted, and how it will be judged."""

import typer

from cityloop.cli.options import CityArg, IdArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Goals: what is wanted / 目标：要达到什么")

TEXTS = {
    "boundary": Pair("where", "位置"),
    "indicator": Pair("indicator", "指标"),
    "start": Pair("now", "现状"),
    "target": Pair("target", "目标值"),
    "due": Pair("due", "期限"),
    "method": Pair("judged by (registered before the works)", "评判方法（施工前登记）"),
    "window": Pair(
        "{before} days before, {settling} to settle, {after} after; {level} interval",
        "工前 {before} 天，稳定期 {settling} 天，工后 {after} 天；{level} 区间",
    ),
    "smallest": Pair("smallest effect worth acting on", "值得采取行动的最小效果"),
    "policy": Pair("policy", "政策依据"),
    "norm": Pair("norm", "规范依据"),
    "problem": Pair("problem", "对应问题"),
}


@app.command("list", short_help="List all / 列表")
def list_(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """List every goal / 列出所有目标."""
    from cityloop.cli.listing import Names, list_records
    from cityloop.cli.show import estimate, kind
    from cityloop.records import Goal

    def row(g: Goal, known: Names, zone: str) -> list[str]:
        where = known.get(g.boundary, g.boundary)
        return [where, kind(g.indicator), estimate(g.start_value), estimate(g.target), g.due.isoformat()]

    columns = [TEXTS[k] for k in ("boundary", "indicator", "start", "target", "due")]
    list_records(city, Goal, "goal", as_json, columns, row)


@app.command(short_help="Show one / 详情")
def show(city: CityArg, id: IdArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Show one goal and how it will be judged / 显示一个目标及其评判方法."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.listing import Names, show_record
    from cityloop.cli.show import estimate, kind, label, number
    from cityloop.records import Goal

    def lines(g: Goal, known: Names, zone: str) -> list[str]:
        window = say(
            TEXTS["window"], before=g.days_before, settling=g.settling_days, after=g.days_after, level=f"{g.level:.0%}"
        )
        rows = [
            ("boundary", known.get(g.boundary, g.boundary)), ("indicator", kind(g.indicator)),
            ("start", estimate(g.start_value)), ("target", estimate(g.target)), ("due", g.due.isoformat()),
            ("method", f"{g.method}{say(Pair(': ', '：'))}{window}"), ("smallest", f"{number(g.smallest_effect)} {g.unit}"),
            ("policy", one_language(g.policy)), ("norm", one_language(g.norm)), ("problem", g.problem),
        ]  # fmt: skip
        return [label(TEXTS[k], text) for k, text in rows if text]

    show_record(city, Goal, "goal", id, as_json, lines)
