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
    "claim": Pair("claimed effect", "预计效果"),
    "rate": Pair("realisation rate used", "采用的实现率"),
    "costs": Pair("costs and benefits", "费用与效益"),
    "row": Pair(
        "  {kind}: {name}, {quantity}{price}; source: {source} ({status})",
        "  {kind}：{name}，{quantity}{price}；来源：{source}（{status}）",
    ),
    "price": Pair(" x {unit}", " × {unit}"),
    "each": Pair(", every {n} year(s) for {life} years", "，每 {n} 年一次，共 {life} 年"),
    "answers": Pair("answers", "针对"),
    "uses": Pair("uses", "占用"),
    "crew_days": Pair("{n} crew-days", "{n} 班组·天"),
    "lower": Pair("{indicator} lower by {effect} [{grade}]", "{indicator}降低 {effect}［{grade}］"),
    "higher": Pair("{indicator} higher by {effect} [{grade}]", "{indicator}升高 {effect}［{grade}］"),
    "rate_row": Pair("{rate}; {source} ({status})", "{rate}；{source}（{status}）"),
}


def _claim(effects: tuple[object, ...]) -> str:
    from cityloop.cli.language import say
    from cityloop.cli.show import estimate, kind, moved
    from cityloop.records import Effect
    from cityloop.report.words import EFFECT_GRADES

    said = []
    for e in effects:
        if isinstance(e, Effect):
            rises, by = moved(e.estimate, e.better)
            text, grade = TEXTS["higher" if rises else "lower"], say(EFFECT_GRADES[e.grade])
            said.append(say(text, indicator=kind(e.indicator), effect=estimate(by), grade=grade))
    return say(Pair("; ", "；")).join(said) or "-"


def cost_lines(costs: tuple[object, ...]) -> list[str]:
    """Every cost row with its quantity, unit value, recurrence and source."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.show import estimate, money, status
    from cityloop.records import CostRow
    from cityloop.report.words import COST_KINDS, named

    found = []
    for row in (c for c in costs if isinstance(c, CostRow)):
        price = say(TEXTS["price"], unit=money(row.unit_value)) if row.unit_value else ""
        if row.recurrence:
            price += say(TEXTS["each"], n=row.recurrence, life=row.life)
        found.append(
            say(
                TEXTS["row"], kind=say(COST_KINDS[row.kind]), name=one_language(say(named(row.name))), quantity=estimate(row.quantity),
                price=price, source=one_language(row.source) or "-", status=status(row.status),
            )
        )  # fmt: skip
    return found


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
    """Show one countermeasure with costs and sources / 显示一项对策及其费用和来源."""
    from cityloop.cli.language import language, one_language, say
    from cityloop.cli.listing import Names, show_record
    from cityloop.cli.show import estimate, kind, label, number, status
    from cityloop.records import Countermeasure

    def lines(c: Countermeasure, known: Names, zone: str) -> list[str]:
        rate = c.realisation
        uses = say(Pair(", ", "，")).join(
            say(TEXTS[k], n=number(v)) if k in TEXTS else f"{kind(k)} {number(v)}" for k, v in c.uses.items()
        )
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
