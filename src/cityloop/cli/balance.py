"""`cityloop balance`: the water balance from billed volumes, and what each rule world says of it."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.errors import InputError
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.contracts import View
    from cityloop.domains.water.losses.water_balance import Balance, Balances

__all__ = ["TEXTS", "balance"]

TEXTS = {
    "none": Pair(
        "No billed volumes are on record: name their table under [[billing]] in city.toml and take it.",
        "没有售水量数据：请在 city.toml 的 [[billing]] 中写明售水量表并收录。",
    ),
    "head": Pair("{name}: {start} to {end}, {days} days{simulated}", "{name}：{start} 至 {end}，{days} 天{simulated}"),
    "simulated": Pair(" (SIMULATED)", "（模拟）"),
    "part": Pair("part (IWA)", "构成（IWA）"),
    "volume": Pair("volume", "水量"),
    "index": Pair("index", "指标"),
    "value": Pair("value", "数值"),
    "question": Pair("question", "事项"),
    "world": Pair("world", "规范"),
    "limit": Pair("limit", "限值"),
    "verdict": Pair("verdict", "判定"),
    "status": Pair("status", "状态"),
    "meets": Pair("meets", "符合"),
    "fails": Pair("does not meet", "不符合"),
    "undecided": Pair("undecided", "无法判定"),
    "no_rule": Pair("no rule", "无规定"),
    "not_known": Pair("not known", "未知"),
    "absent": Pair("{name}: not known, {why}", "{name}：未知，{why}"),
    "missing": Pair("No balance of {name}: {why}", "{name}无法作水量平衡：{why}"),
    "findings": Pair("What does not fit together:", "相互矛盾、尚待查明之处："),
    "periods": Pair("Whole billing periods, nothing apportioned:", "完整账期（不作折算）："),
    "area": Pair("area", "分区"),
    "period": Pair("period", "账期"),
    "input": Pair("system input", "供水量"),
    "billed": Pair("billed", "售水量"),
    "nrw": Pair("non-revenue water", "产销差率"),
    "gross": Pair("gross loss rate", "综合漏损率"),
    "no_day": Pair("Not a day.", "不是有效的日期。"),
    "turned": Pair("The last day lies before the first.", "截止日早于起始日。"),
}
FromOpt = Annotated[str, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD / 起始日")]
ToOpt = Annotated[str, typer.Option("--to", metavar="DAY", help="Last day, included / 截止日（含当日）")]


def balance(
    city: CityArg, first: FromOpt = "", last: ToOpt = "", lang: LangOpt = None, as_json: JsonOpt = False
) -> None:
    """Water balance, 漏损率, ILI, 产销差率, service / 水量平衡与漏损指标."""
    from datetime import timedelta

    from cityloop.cli.language import one_language, say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_json, print_lines

    start, end = _day(first, "--from"), _day(last, "--to")
    if start is not None and end is not None and end < start:
        raise InputError(say(TEXTS["turned"]), where="--from, --to", got=f"{first}, {last}")
    with opened(city) as open_city:
        from cityloop.domains.water import domain
        from cityloop.domains.water.losses.water_balance import water_balances

        view = open_city.view()
        found = water_balances(view, domain.priors, start=start, end=end + timedelta(days=1) if end else None)
        id = open_city.settings.id
    if as_json:
        print_json({"city": id, **_document(view, found)})
        return
    if not found.balances and not found.missing:
        print_lines(say(TEXTS["none"]))
        return
    for one in found.balances:
        _show(view, one)
    _show_periods(found)
    print_lines(*(say(TEXTS["missing"], name=say(m.name), why=one_language(m.why)) for m in found.missing))
    if found.findings:
        print_lines(say(TEXTS["findings"]), *(f"  {one_language(text)}" for text in found.findings))


def _day(text: str, option: str) -> date | None:
    from cityloop.cli.language import say

    if not text:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(say(TEXTS["no_day"]), where=option, got=text, allowed="YYYY-MM-DD") from None


def _show(view: "View", balance: "Balance") -> None:
    """One balance as text and tables."""
    from cityloop.cli.language import language, one_language, say
    from cityloop.cli.screen import print_lines, print_table
    from cityloop.cli.show import estimate, kind, number, status
    from cityloop.domains.water.losses.balance_volumes import last_day
    from cityloop.domains.water.losses.verdicts import QUESTIONS, verdicts
    from cityloop.report.numbers import unit_text
    from cityloop.report.words import WORLDS, word

    simulated = say(TEXTS["simulated"]) if balance.simulated else ""
    values = {"start": balance.start, "end": last_day(balance.end), "days": balance.days, "simulated": simulated}
    print_lines(say(TEXTS["head"], name=say(balance.name), **values), "")
    lines = [(kind(key), estimate(value)) for key, value in balance.lines.items()]
    print_table([say(TEXTS["part"]), say(TEXTS["volume"])], lines)
    print_lines("")
    indices = [(_name(key), estimate(value)) for key, value in balance.performance.indicators.items()]
    print_table([say(TEXTS["index"]), say(TEXTS["value"])], indices)
    print_lines("")
    judged = []
    for v in verdicts(view, balance.performance):
        ruled = v.rule is not None and v.rule.limit is not None
        limit = f"{number(v.rule.limit)} {unit_text(v.rule.unit).in_(language())}" if v.rule and v.rule.limit else "-"
        judged.append(
            (
                say(QUESTIONS[v.question][0]), say(word(WORLDS, v.world)), _name(v.indicator) if v.indicator else "-",
                estimate(v.value), limit.strip(), say(TEXTS[v.verdict]), status(v.status) if ruled else "-",
            )
        )  # fmt: skip
    columns = ("question", "world", "index", "value", "limit", "verdict", "status")
    print_table([say(TEXTS[c]) for c in columns], judged)
    print_lines("")
    absent = balance.performance.absent.items()
    print_lines(*(f"  {say(TEXTS['absent'], name=_name(key), why=one_language(why))}" for key, why in absent))
    print_lines(*(f"  {one_language(note)}" for note in balance.notes), "")


def _show_periods(found: "Balances") -> None:
    """Whole billing periods as a table."""
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table
    from cityloop.cli.show import estimate
    from cityloop.domains.water.losses.balance_volumes import last_day

    rows = [
        (say(p.name), f"{p.start} – {last_day(p.end)}", *map(estimate, (p.system_input, p.billed, p.nrw, p.gross_loss)))
        for p in found.periods
    ]
    if rows:
        print_lines(say(TEXTS["periods"]), "")
        print_table([say(TEXTS[c]) for c in ("area", "period", "input", "billed", "nrw", "gross")], rows)
        print_lines("")


def _name(key: str) -> str:
    """Name of an indicator; of one by rule world with the world behind it."""
    from cityloop.cli.language import say
    from cityloop.cli.show import kind
    from cityloop.report.words import WORLDS, word

    head, divided, world = key.partition(":")
    return f"{kind(head)} ({say(word(WORLDS, world))})" if divided else kind(head)


def _document(view: "View", found: "Balances") -> dict[str, Any]:
    """Everything as one document; days are inclusive, texts in the language of this run."""
    from cityloop.cli.language import one_language, say
    from cityloop.domains.water.losses.balance_volumes import last_day
    from cityloop.domains.water.losses.verdicts import verdicts

    balances = [
        {
            "id": b.id, "thing": b.thing, "name": say(b.name), "start": b.start, "end": last_day(b.end), "days": b.days,
            "full_year": b.days >= 365, "simulated": b.simulated, "lines": dict(b.lines),
            "indicators": dict(b.performance.indicators),
            "absent": {key: one_language(why) for key, why in b.performance.absent.items()},
            "used": {key: vars(used) for key, used in b.performance.used.items()},
            "verdicts": [
                {
                    "question": v.question, "world": v.world, "rule": v.rule.key if v.rule else None,
                    "indicator": v.indicator, "value": v.value, "limit": v.rule.limit if v.rule else None,
                    "unit": v.rule.unit if v.rule else "", "verdict": v.verdict, "status": v.status,
                    "source": v.rule.source if v.rule else "",
                }
                for v in verdicts(view, b.performance)
            ],
            "notes": [one_language(note) for note in b.notes], "evidence": b.evidence,
        }
        for b in found.balances
    ]  # fmt: skip
    periods = [
        {
            "thing": p.thing, "name": say(p.name), "start": p.start, "end": last_day(p.end),
            "system_input": p.system_input, "billed": p.billed, "nrw": p.nrw, "composite_loss_rate": p.gross_loss,
        }
        for p in found.periods
    ]  # fmt: skip
    return {
        "balances": balances,
        "periods": periods,
        "missing": [{"thing": m.thing, "name": say(m.name), "why": one_language(m.why)} for m in found.missing],
        "findings": [one_language(text) for text in found.findings],
    }
