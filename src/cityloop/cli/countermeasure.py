"""`cityloop countermeasure`: what can be done, what it claims and what it costs."""

import typer

from cityloop.cli.options import CityArg, IdArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "app", "cost_lines"]

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Countermeasures: what can be done / 对策：可以怎么做"
)

TEXTS = {
    "title": Pair("measure", "对策"),
    "boundary": Pair("where", "位置"),
    "claim": Pair("claimed effect", "预期效果"),
    "rate": Pair("realisation rate used", "采用的实现率"),
    "costs": Pair("costs and benefits", "成本与收益"),
    "row": Pair(
        "  {kind}: {name}, {quantity} x {unit}, life {life} y; source: {source} ({status})",
        "  {kind}：{name}，{quantity} × {unit}，寿命 {life} 年；来源：{source}（{status}）",
    ),
    "answers": Pair("answers", "针对"),
    "uses": Pair("uses", "占用"),
    "crew_days": Pair("crew-days {n}", "检漏班组 {n} 工日"),
    "lower": Pair("{indicator} lower by {effect} [{grade}]", "{indicator}降低 {effect}［{grade}］"),
    "rate_row": Pair("{rate}; {source} ({status})", "{rate}；{source}（{status}）"),
}


def _claim(effects: tuple[object, ...]) -> str:
    from cityloop.cli.language import say
    from cityloop.cli.show import estimate, kind
    from cityloop.records import Effect
    from cityloop.report.words import EFFECT_GRADES

    found = [e for e in effects if isinstance(e, Effect)]
    return (
        say(Pair("; ", "；")).join(
            say(
                TEXTS["lower"],
                indicator=kind(e.indicator),
                effect=estimate(e.estimate),
                grade=say(EFFECT_GRADES[e.grade]),
            )
            for e in found
        )
        or "-"
    )


def cost_lines(costs: tuple[object, ...]) -> list[str]:
    """Every cost row with its quantity, unit value, life and source."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.show import estimate, money, status
    from cityloop.records import CostRow
    from cityloop.report.words import COST_KINDS

    return [
        say(
            TEXTS["row"], kind=say(COST_KINDS[row.kind]), name=one_language(row.name), quantity=estimate(row.quantity),
            unit=money(row.unit_value), life=row.life, source=one_language(row.source) or "-", status=status(row.status),
        )
        for row in costs
        if isinstance(row, CostRow)
    ]  # fmt: skip


@app.command("list", short_help="List all / 列表")
def list_(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """List every countermeasure / 列出所有对策."""
    from cityloop.cli.language import language
    from cityloop.cli.listing import Names, list_records
    from cityloop.records import Countermeasure

    def row(c: Countermeasure, known: Names, zone: str) -> list[str]:
        title = c.title_zh if language() == "zh" else c.title_en
        return [title, known.get(c.boundary, c.boundary), _claim(c.effects)]

    columns = [TEXTS[k] for k in ("title", "boundary", "claim")]
    list_records(city, Countermeasure, "countermeasure", as_json, columns, row)


@app.command(short_help="Show one / 详情")
def show(city: CityArg, id: IdArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Show one countermeasure with costs and sources / 显示一项对策及其成本和来源."""
    from cityloop.cli.language import language, one_language, say
    from cityloop.cli.listing import Names, show_record
    from cityloop.cli.show import estimate, label, number, status
    from cityloop.records import Countermeasure

    def lines(c: Countermeasure, known: Names, zone: str) -> list[str]:
        rate = c.realisation
        uses = ", ".join(say(TEXTS[k], n=number(v)) if k in TEXTS else f"{k} {number(v)}" for k, v in c.uses.items())
        rows = [
            ("title", c.title_zh if language() == "zh" else c.title_en),
            ("boundary", known.get(c.boundary, c.boundary)),
            ("claim", _claim(c.effects)),
            (
                "rate",
                say(
                    TEXTS["rate_row"],
                    rate=estimate(rate.estimate),
                    source=one_language(rate.source),
                    status=status(rate.status),
                ),
            ),
            ("uses", uses),
            ("answers", ", ".join(c.answers)),
        ]
        found = [label(TEXTS[k], text) for k, text in rows if text]
        return [*found, label(TEXTS["costs"]), *cost_lines(c.costs)]

    show_record(city, Countermeasure, "countermeasure", id, as_json, lines)
