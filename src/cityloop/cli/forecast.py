"""`cityloop forecast`: hourly demand of the metered boundaries up to a week ahead, as a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt, parse_time
from cityloop.cli.table_file import write_table
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.contracts import View
    from cityloop.forecast import Forecast
    from cityloop.records import Datastream

__all__ = ["COLUMNS", "TEXTS", "bench_forecast", "forecast"]

COLUMNS = ("time", "datastream", "value", "low", "high", "level")
TEXTS = {
    "done": Pair(
        "Forecast: {path}: {series} series, {hours} hours from {begin}, intervals at {level:.0%}",
        "预测结果：{path}：{series} 个序列，自 {begin} 起 {hours} 小时，区间水平 {level:.0%}",
    ),
    "method": Pair("Method: {method}", "方法：{method}"),
    "no_series": Pair("No boundary has an inflow meter with a flow.", "没有任何分区具有进水流量计的流量序列。"),
    "no_series_cure": Pair(
        "Name a datastream: --datastream NAME.", "请用 --datastream 名称 指定序列。"
    ),
    "unknown": Pair("No such datastream.", "没有该数据序列。"),
    "taken": Pair("No observation was there yet; taken up to {until}.", "此前尚无观测，已收录至 {until}。"),
    "week": Pair("week from", "起始周"),
    "pi1": Pair("day 1, mean error", "第 1 天平均误差"),
    "pi2": Pair("day 1, largest error", "第 1 天最大误差"),
    "pi3": Pair("days 2 to 7, mean error", "第 2～7 天平均误差"),
    "sum": Pair("sum", "合计"),
    "naive_sum": Pair("sum of the plain median", "简单中位数法合计"),
    "ratio": Pair("ratio", "比值"),
    "coverage": Pair("coverage", "区间覆盖率"),
    "all": Pair("all", "全部"),
    "errors": Pair(
        "Errors in L/s; nominal coverage {nominal}; method: {method}; {area_weeks} area-weeks; {seconds} s; {date}; {machine}",
        "误差单位 L/s；名义覆盖率 {nominal}；方法：{method}；{area_weeks} 个分区周；{seconds} s；{date}；{machine}",
    ),
}  # fmt: skip
AtOpt = Annotated[
    str, typer.Option("--at", metavar="TIME", help="Moment of the forecast, ISO 8601 with offset / 预测时刻，带时区")
]
HoursOpt = Annotated[int, typer.Option("--hours", min=1, max=168, help="Hours ahead, 168 is a week / 预测小时数")]
FileOpt = Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="Table to write / 输出的 CSV 文件")]
StreamOpt = Annotated[
    list[str] | None,
    typer.Option("--datastream", metavar="NAME", help="Name or id; default: inflows / 序列名称或编号，默认各分区进水"),
]
LevelOpt = Annotated[
    float | None,
    typer.Option(
        "--level", min=0.5, max=0.99, help="Of the intervals; default: city.toml / 区间水平，默认取 city.toml"
    ),
]


def forecast(
    city: CityArg, at: AtOpt, out: FileOpt, hours: HoursOpt = 168, datastream: StreamOpt = None,
    level: LevelOpt = None, lang: LangOpt = None, as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """Forecast hourly demand with intervals / 预测逐小时用水量及区间."""
    from datetime import timedelta

    from cityloop.cli.language import language, say
    from cityloop.cli.opening import interruptible, opened, teller
    from cityloop.cli.screen import print_json, print_lines

    moment = parse_time(at, "--at")
    with interruptible() as cancel, opened(city) as open_city:
        from cityloop.forecast import TITLES
        from cityloop.forecast import forecast as ahead

        progress, lines = teller(cancel), []
        if open_city.last_observation() is None and open_city.settings.twin is None:
            until = moment + timedelta(hours=hours)  # with the weather ahead, where the city has it
            open_city.take(until=until, progress=progress)
            lines.append(say(TEXTS["taken"], until=until.isoformat(timespec="minutes")))
        view = open_city.view(moment if open_city.last_observation() is not None else None)
        streams = _streams(view, datastream or ())
        found = ahead(
            view, [s.id for s in streams], at=moment, hours=hours, level=level or view.policy.level, progress=progress
        )
        progress(1.0, "")
        id = open_city.settings.id
    names = {s.id: s.name for s in streams}
    write_table(out, COLUMNS, _rows(found, names))
    begin = f"{found.times[0].astype('datetime64[m]')}Z"
    if as_json:
        print_json(
            {
                "city": id, "file": str(out), "at": moment.isoformat(), "begin": begin, "hours": hours,
                "datastreams": [names[d] for d in found.datastreams], "level": found.level, "method": found.method,
                "notes": [n.in_(language()) for n in found.notes],
            }
        )  # fmt: skip
        return
    print_lines(
        *lines,
        say(TEXTS["done"], path=out, series=len(found.datastreams), hours=hours, begin=begin, level=found.level),
        say(TEXTS["method"], method=say(TITLES[found.method])),
        *(n.in_(language()) for n in found.notes),
    )


def bench_forecast(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the measured areas / 实测数据文件夹")],
    weeks: Annotated[
        str, typer.Option("--weeks", metavar="WEEKS", help="official, other, or first days with commas / 评测周")
    ] = "official",
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Weeks of real series, forecast and held against a plain median / 在真实序列上检验预测."""
    from cityloop.cli.language import say
    from cityloop.cli.opening import interruptible, teller
    from cityloop.cli.screen import print_json, print_lines, print_table, quiet_stdout

    with interruptible() as cancel, quiet_stdout():
        from cityloop.bench.forecast import OFFICIAL_WEEKS, OTHER_WEEKS, run

        named = {"official": OFFICIAL_WEEKS, "other": OTHER_WEEKS}
        chosen = named.get(weeks, tuple(w.strip() for w in weeks.split(",")))
        found = run(data, weeks=chosen, progress=teller(cancel))
    if as_json:
        print_json(found)
        return
    columns = ("pi1", "pi2", "pi3", "sum", "naive_sum", "ratio", "coverage")
    rows = [
        (name, *(f"{f[c]:.3f}" for c in columns)) for name, f in [*found["by_week"].items(), (say(TEXTS["all"]), found)]
    ]
    print_table([say(TEXTS[c]) for c in ("week", *columns)], rows)
    print_lines(
        say(TEXTS["errors"], **{k: found[k] for k in ("nominal", "method", "area_weeks", "seconds", "date", "machine")})
    )


def _streams(view: "View", wanted: Sequence[str]) -> "list[Datastream]":
    """The datastreams asked for by name or id, else the inflow of every boundary. Raises InputError if there is none."""
    from cityloop.cli.language import say
    from cityloop.errors import InputError
    from cityloop.records import Datastream, Thing

    known = sorted(view.records(Datastream), key=lambda s: s.name)
    if not wanted:
        boundaries = [t for t in view.records(Thing) if t.kind == "boundary"]
        meters = {b.id for b in boundaries} | {r.thing for b in boundaries for r in b.relations if r.kind == "inflow"}
        found = [s for s in known if s.thing in meters and s.observed_property == "water_flow"]
        if not found:
            raise InputError(
                say(TEXTS["no_series"]), allowed=_listed(known), cure=say(TEXTS["no_series_cure"])
            )  # fmt: skip
        return found
    for text in wanted:
        if not any(text in (s.id, s.name) for s in known):
            raise InputError(say(TEXTS["unknown"]), where="--datastream", got=text, allowed=_listed(known))
    return [s for s in known if s.id in wanted or s.name in wanted]


def _listed(known: "Sequence[Datastream]") -> str:
    return ", ".join(s.name for s in known[:12]) + (" ..." if len(known) > 12 else "")


def _rows(found: "Forecast", names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """A row per hour and datastream in UTC, six digits."""
    for i, time in enumerate(found.times.astype("datetime64[s]")):
        for j, id in enumerate(found.datastreams):
            figures = (f"{x[i, j]:.6g}" for x in (found.value, found.low, found.high))
            yield (f"{time}Z", names[id], *figures, f"{found.level:g}")
