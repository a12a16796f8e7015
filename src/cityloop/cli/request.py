"""`cityloop request`: citizens' requests in and out (12345, Open311), what they are joined to, how they are served."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.cli.request_exchange import export, import_
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.loop.request_indicators import Service, Share, Span
    from cityloop.loop.request_places import Placed
    from cityloop.loop.requests import Citizens, Joined

__all__ = ["TEXTS", "app"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Citizens' requests, 12345 and Open311 / 市民诉求（12345、Open311）",
)
app.command("import", short_help="Take a table in / 收录工单表")(import_)
app.command(short_help="Write them out / 导出")(export)
TEXTS = {
    "number": Pair("number", "编号"),
    "accepted": Pair("accepted", "受理"),
    "type": Pair("type", "类型"),
    "code": Pair("code", "代码"),
    "where": Pair("area", "分区"),
    "how": Pair("placed by", "定位依据"),
    "state": Pair("state", "状态"),
    "due": Pair("due", "期限"),
    "resolved": Pair("resolved", "解决"),
    "satisfied": Pair("satisfied", "满意"),
    "away": Pair("to the search area", "距排查范围"),
    "repeat": Pair("repeat", "重复"),
    "open": Pair("open", "未办结"),
    "closed": Pair("closed", "已办结"),
    "yes": Pair("yes", "是"),
    "no": Pair("no", "否"),
    "none": Pair(
        "No requests on record. State a [[requests]] in city.toml, or: cityloop request import CITY FILE.",
        "尚无市民诉求。请在 city.toml 中写明 [[requests]]，或运行 cityloop request import CITY FILE。",
    ),
    "last": Pair("The last {n} of {all}; all of them with --all or --json.", "仅列最近 {n} 件，共 {all} 件；全部见 --all 或 --json。"),
    "covered": Pair("{system}: {n} requests, {start} to {end}", "{system}：{n} 件，{start} 至 {end}"),
    "unplaced": Pair("Without an area: {n} ({why})", "未能归入分区 {n} 件：{why}"),
    "remarks": Pair("Rows that say less than they should: {n}", "信息不全的行 {n} 行"),
    "remark": Pair("  {n} x {text}", "  {n} 行：{text}"),
    "not_joined": Pair("No request bears on this kind of problem: codes of [[requests]].", "没有与此类问题相关的诉求，见 [[requests]] 的 codes。"),
    "requests": Pair("requests", "件数"),
    "dispatch": Pair("hours to dispatch", "派单用时（h）"),
    "answer": Pair("hours to answer", "答复用时（h）"),
    "on_time": Pair("on time", "按时率"),
    "solved": Pair("resolved", "解决率"),
    "pleased": Pair("satisfied", "满意率"),
    "repeated": Pair("repeated", "重复"),
    "all": Pair("all", "全部"),
    "nowhere": Pair("no area", "未归入分区"),
    "denominators": Pair(
        "On time: of those answered, closed or overdue with a due time, an extension granted counts ({extended} had one). Resolved and "
        "satisfied: of those who answered the call-back; of all closed in brackets. Intervals {level} (Wilson; hours: median). * fewer than {few}.",
        "按时率：以有期限且已答复、已办结或已超期者为分母，准予延期的按延期后期限计（{extended} 件延期）。解决率、满意率：以回访作答者为分母，方括号内以全部办结件为分母。"
        "区间为 {level}（威尔逊法；用时为中位数）。* 表示不足 {few} 件。",
    ),
}  # fmt: skip
LAST = 50


@app.command("list", short_help="List them / 列表")
def list_(
    city: CityArg,
    problem: Annotated[
        str, typer.Option("--problem", metavar="ID", help="Those joined to a problem / 与某问题关联的诉求")
    ] = "",
    all_: Annotated[bool, typer.Option("--all", help="Not only the last 50 / 不限最近 50 件")] = False,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """List requests with their area and state; with --problem those joined to it / 列出市民诉求；加 --problem 列出与该问题关联者."""
    from cityloop.cli.language import say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_json, print_lines
    from cityloop.cli.show import names

    with opened(city) as open_city:
        from cityloop.cli.examine_requests import TEXTS as EXAMINED
        from cityloop.cli.examine_requests import strange_kinds
        from cityloop.cli.listing import chosen_id
        from cityloop.cli.request_lines import joined_lines, moment_of_requests
        from cityloop.loop.requests import read_citizens

        about = chosen_id(open_city, "problem", problem) if problem else ""
        citizens = read_citizens(open_city.view(moment_of_requests(open_city)))
        joined = next((j for j in citizens.joined() if j.problem.id == about), None) if about else None
        known, id, zone = names(open_city), open_city.settings.id, open_city.settings.timezone
        strange = strange_kinds(open_city.settings.requests)
    if as_json:
        print_json(_document(id, citizens, joined, about))
        return
    if not citizens.placed:
        print_lines(say(TEXTS["none"]))
        return
    if about and joined is None:
        print_lines(say(TEXTS["not_joined"]))
        return
    placed = sorted(joined.placed if joined else citizens.placed, key=lambda p: (p.request.requested, p.request.number))
    shown = placed if all_ or joined else placed[-LAST:]
    _print_rows(shown, citizens, joined, known, zone)
    if len(shown) < len(placed):
        print_lines(say(TEXTS["last"], n=LAST, all=len(placed)))
    print_lines(*(joined_lines(joined) if joined else _overview(citizens)))
    print_lines(*(say(EXAMINED["unknown_kind"], kind=kind) for kind in strange))


def _print_rows(
    placed: "Sequence[Placed]", citizens: "Citizens", joined: "Joined | None", known: Any, zone: str
) -> None:
    from zoneinfo import ZoneInfo

    from cityloop.cli.language import say
    from cityloop.cli.screen import print_table
    from cityloop.loop.request_texts import TYPES

    def clock(moment: Any) -> str:
        return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M") if moment else "-"

    def word(answer: bool | None) -> str:
        return "-" if answer is None else say(TEXTS["yes" if answer else "no"])

    rows = []
    for p in placed:
        r = p.request
        row = [
            r.number, clock(r.requested), say(TYPES[r.type]), r.service_code or r.service_name or "-",
            known.get(p.boundary, "-"), say(p.why), say(TEXTS[r.status]), clock(r.extended_due or r.due),
            word(r.resolved), word(r.satisfied), say(TEXTS["yes"]) if r.id in citizens.repeats else "-",
        ]  # fmt: skip
        if joined:
            away = joined.to_area_m.get(r.id)
            row.append("-" if away is None else f"{away:,.0f} m")
        rows.append(row)
    columns = ["number", "accepted", "type", "code", "where", "how", "state", "due", "resolved", "satisfied", "repeat"]
    print_table([say(TEXTS[c]) for c in (*columns, *(["away"] if joined else []))], rows)


def _overview(citizens: "Citizens") -> list[str]:
    """What each table covers, how many have no area, and what rows do not say."""
    from datetime import timedelta

    from cityloop.cli.language import one_language, say
    from cityloop.loop.request_texts import TEXTS as SAID

    lines = []
    for system, (start, end) in citizens.covered.items():
        n = sum(p.request.system == system for p in citizens.placed)
        lines.append(say(TEXTS["covered"], system=system, n=f"{n:,}", start=start, end=end - timedelta(days=1)))
    if citizens.outside:
        lines.append(say(SAID["outside"], n=citizens.outside))
    why = Counter(say(p.why) for p in citizens.placed if not p.boundary)
    lines += [say(TEXTS["unplaced"], n=n, why=text) for text, n in why.most_common()]
    remarks = Counter(text for p in citizens.placed for text in p.request.remarks)
    if remarks:
        lines.append(say(TEXTS["remarks"], n=sum(bool(p.request.remarks) for p in citizens.placed)))
        lines += [say(TEXTS["remark"], n=n, text=one_language(text)) for text, n in remarks.most_common(10)]
    return lines


def _document(id: str, citizens: "Citizens", joined: "Joined | None", about: str) -> dict[str, Any]:
    placed = joined.placed if joined else () if about else citizens.placed
    document: dict[str, Any] = {
        "city": id,
        "covered": {s: [a.isoformat(), b.isoformat()] for s, (a, b) in citizens.covered.items()},
        "requests": [
            {
                "request": p.request, "boundary": p.boundary, "placed_by": p.how, "why": p.why._asdict(),
                "nearest": p.thing, "away_m": p.away_m, "repeat": p.request.id in citizens.repeats,
            }
            for p in placed
        ],
    }  # fmt: skip
    if joined is not None:
        document["joined"] = {
            "problem": joined.problem.id, "start": joined.start, "end": joined.end, "counted": joined.counted,
            "unplaced": joined.unplaced, "verdict": joined.verdict, "untold": joined.untold, "near": joined.near,
            "comparisons": joined.comparisons, "to_area_m": joined.to_area_m,
        }  # fmt: skip
    return document


# --- how they are served -------------------------------------------------------------------------------------------
@app.command(short_help="How they are served / 办理指标")
def service(
    city: CityArg,
    by: Annotated[str, typer.Option("--by", help="area | type | month")] = "area",
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Response, on time, resolved, satisfied, by area, type or month / 响应、按时、解决、满意，按分区、类型或月份."""
    from cityloop.cli.language import say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_json, print_lines, print_table
    from cityloop.cli.show import names
    from cityloop.errors import InputError

    if by not in ("area", "type", "month"):
        raise InputError("An unknown value.", where="--by", got=by, allowed="area, type, month")
    with opened(city) as open_city:
        from cityloop.cli.request_lines import moment_of_requests
        from cityloop.loop.request_indicators import SMALL, service_by, service_of
        from cityloop.loop.request_texts import TYPES
        from cityloop.loop.requests import read_citizens

        citizens = read_citizens(open_city.view(moment_of_requests(open_city)))
        known, id = names(open_city), open_city.settings.id
        keys = {
            "area": lambda p: p.boundary, "type": lambda p: p.request.type,
            "month": lambda p: f"{citizens.day(p):%Y-%m}",
        }  # fmt: skip
        groups = service_by(citizens, keys[by])
        whole = service_of(citizens.placed, citizens)
    if as_json:
        print_json({"city": id, "by": by, "groups": groups, "all": whole})
        return
    if not citizens.placed:
        print_lines(say(TEXTS["none"]))
        return
    names_of = {"area": lambda k: known.get(k, say(TEXTS["nowhere"])), "type": lambda k: say(TYPES[k]), "month": str}
    rows = [_service_row(names_of[by](k), s) for k, s in groups.items()]  # type: ignore[operator]
    rows.append(_service_row(say(TEXTS["all"]), whole))
    columns = ("requests", "open", "dispatch", "answer", "on_time", "solved", "pleased", "repeated")
    print_table(["", *(say(TEXTS[c]) for c in columns)], rows)
    level = f"{whole.on_time.level:.0%}"
    print_lines(say(TEXTS["denominators"], extended=whole.extended, level=level, few=SMALL))


def _service_row(name: str, s: "Service") -> list[str]:
    return [
        name, f"{s.requests:,}", f"{s.open:,}", _hours(s.to_dispatch), _hours(s.to_answer), _share(s.on_time),
        f"{_share(s.resolved)} [{_short(s.resolved_of_closed)}]", f"{_share(s.satisfied)} [{_short(s.satisfied_of_closed)}]",
        _short(s.repeated),
    ]  # fmt: skip


def _hours(span: "Span | None") -> str:
    if span is None:
        return "-"
    limits = f" ({span.low:.1f}-{span.high:.1f})" if span.low is not None and span.high is not None else "*"
    return f"{span.hours:.1f}{limits}"


def _share(share: "Share") -> str:
    """58 % (45-70) of 60, with a star where they are few."""
    from cityloop.cli.language import say
    from cityloop.loop.request_indicators import SMALL

    if share.value is None:
        return "-"
    text = say(
        Pair("{v} ({low}-{high}) of {of}", "{v}（{low}～{high}，{of} 件）"), v=f"{share.value:.0%}", low=f"{share.low:.0%}",
        high=f"{share.high:.0%}", of=share.of,
    )  # fmt: skip
    return text + ("*" if share.of < SMALL else "")


def _short(share: "Share") -> str:
    return "-" if share.value is None else f"{share.hits}/{share.of}"
