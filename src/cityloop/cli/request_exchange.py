"""`cityloop request import` and `export`: tables of citizens' requests in and out, in both profiles."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "export", "import_"]

TEXTS = {
    "remark": Pair("  {n} x {text}", "  {n} 行：{text}"),
    "read": Pair("{file}: {n} requests, {placed} with a position, {refused} rows refused", "{file}：{n} 件诉求，{placed} 件有坐标，拒收 {refused} 行"),
    "refused": Pair("  {place}: {why}", "  {place}：{why}"),
    "more": Pair("  ... and {n} more; all with --json", "  ……另有 {n} 行，完整清单见 --json"),
    "nothing_written": Pair("Nothing was written. To take them in: the same command with --yes.", "尚未写入任何内容。确认后请在同一命令后加 --yes。"),
    "taken": Pair("{n} taken in; {older} older than what is on record.", "已收录 {n} 件；{older} 件早于已收录的状态。"),
    "waiting": Pair("{n} accepted after {until} wait.", "受理时间晚于 {until} 的 {n} 件未收录。"),
    "which": Pair("Which [[requests]] of city.toml this file is was not said.", "未说明该文件属于 city.toml 中哪一个 [[requests]]。"),
    "which_cure": Pair("Add --as NAME.", "请加 --as 名称。"),
    "not_settled": Pair("City.toml has no [[requests]]: the file is read with the usual columns, codes bear on nothing.", "city.toml 中没有 [[requests]]：按通用列名读取，代码不与任何问题关联。"),
    "written": Pair("{file}: {n} requests, {placed} with a position.", "{file}：{n} 件诉求，{placed} 件带坐标。"),
    "left_out": Pair(
        "{n} positions are in another system than WGS 84 and were left out; --wgs84 converts them.",
        "{n} 个坐标不是 WGS 84，未写出；加 --wgs84 可换算。",
    ),
    "accuracy": Pair("Positions were brought to WGS 84; their error is up to {m} m more.", "坐标已换算为 WGS 84，误差最多增加 {m} m。"),
}  # fmt: skip
_SHOWN = 50
ProfileOpt = Annotated[str, typer.Option("--profile", help="open311 | 12345")]


def import_(
    city: CityArg,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="XLSX, XLS, ODS, CSV, JSON, XML / 工单文件")],
    as_: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Which [[requests]] it is / 属于哪一个 [[requests]]")
    ] = "",
    profile: ProfileOpt = "",
    sheet: Annotated[
        str,
        typer.Option(
            "--sheet", metavar="NAME", help="This sheet; * = every visible one / 只读该工作表；* 为全部可见工作表"
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Take them in / 确认收录")] = False,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Show what a table of requests says; take it in with --yes / 核对工单表，加 --yes 后收录."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from cityloop.cli.exit_codes import FAULT
    from cityloop.cli.language import say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_json, print_lines

    now = datetime.now(UTC).replace(microsecond=0)
    with opened(city) as open_city:
        from cityloop.formats.requests_table import read_requests_file
        from cityloop.sources.requests import RequestSource

        settings, told = _settings_for(open_city.settings, file, as_, profile)
        settings = replace(settings, sheet=sheet.strip("*")) if sheet else settings
        stated = open_city.settings
        table = read_requests_file(file, settings, city=stated.id, timezone=stated.timezone)
        counts = {"requests": 0, "older": 0, "waiting": 0}
        if yes:
            source = RequestSource(
                settings, folder=stated.folder, city=stated.id, timezone=stated.timezone, standing=open_city.requests
            )
            open_city.take(until=now, sources=[source], only=True)
            counts = source.counts
    if as_json:
        refused = [{**vars(r), "why": r.why._asdict()} for r in table.refused]
        print_json(
            {
                "city": stated.id, "file": str(file), "system": settings.name, "columns": table.columns,
                "remarks": [r._asdict() for r in table.remarks], "refused": refused, "taken": yes, "counts": counts,
                "requests": list(table.requests.values()), "locations": list(table.locations.values()),
            }
        )  # fmt: skip
    else:
        lines = [say(TEXTS["not_settled"])] if not told else []
        n = {
            "n": f"{len(table.requests):,}",
            "placed": f"{len(table.locations):,}",
            "refused": f"{len(table.refused):,}",
        }
        lines += [
            say(TEXTS["read"], file=file, **n),
            *(f"  {say(r)}" for r in table.remarks),
            *_refused_lines(table.refused),
        ]
        lines += _remark_lines(list(table.requests.values()))
        if yes:
            lines.append(say(TEXTS["taken"], n=f"{counts['requests']:,}", older=f"{counts['older']:,}"))
            if counts["waiting"]:
                lines.append(say(TEXTS["waiting"], n=f"{counts['waiting']:,}", until=now.isoformat()))
        else:
            lines.append(say(TEXTS["nothing_written"]))
        print_lines(*lines)
    if table.refused:
        raise typer.Exit(FAULT)


def _settings_for(settings: Any, file: Path, name: str, profile: str) -> tuple[Any, bool]:
    """The [[requests]] by which a file is read, its path replaced; whether city.toml has one."""
    from dataclasses import replace

    from cityloop.cli.language import say
    from cityloop.errors import InputError
    from cityloop.settings import RequestSettings
    from cityloop.settings.requests import PROFILES

    if profile not in ("", *PROFILES):
        raise InputError("An unknown value.", where="--profile", got=profile, allowed=", ".join(PROFILES))
    found = [r for r in settings.requests if name in ("", r.name) and profile in ("", r.profile)]
    path = str(file.resolve())
    if len(found) == 1:
        return replace(found[0], path=path), True
    if not found and not settings.requests and not name:
        chosen = profile or ("open311" if file.suffix.lower() in (".json", ".xml") else "12345")
        return RequestSettings(chosen, path, chosen), False  # type: ignore[arg-type]
    names = ", ".join(r.name for r in settings.requests)
    raise InputError(
        say(TEXTS["which"]), where="--as", got=name or profile, allowed=names, cure=say(TEXTS["which_cure"])
    )


def _refused_lines(refused: Sequence[Any]) -> list[str]:
    from cityloop.cli.language import say

    place = Pair("{sheet}, row {row}", "{sheet} 第 {row} 行")
    lines = [
        say(TEXTS["refused"], place=say(place, sheet=r.sheet, row=r.row), why=say(r.why)) for r in refused[:_SHOWN]
    ]
    return [*lines, *([say(TEXTS["more"], n=len(refused) - _SHOWN)] if len(refused) > _SHOWN else [])]


def _remark_lines(requests: Sequence[Any]) -> list[str]:
    from cityloop.cli.language import one_language, say

    remarks = Counter(text for r in requests for text in r.remarks)
    return [say(TEXTS["remark"], n=n, text=one_language(text)) for text, n in remarks.most_common(20)]


def export(
    city: CityArg,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=".csv .xlsx; open311: .json .xml / 输出文件")],
    profile: ProfileOpt = "12345",
    wgs84: Annotated[
        bool, typer.Option("--wgs84", help="Convert positions to WGS 84 (open311) / 坐标换算为 WGS 84")
    ] = False,
    lang: LangOpt = None,
) -> None:
    """Write every request in one of the two profiles / 按两种格式之一导出全部诉求."""
    from cityloop.cli.language import say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_lines
    from cityloop.errors import InputError
    from cityloop.settings.requests import PROFILES

    if profile not in PROFILES:
        raise InputError("An unknown value.", where="--profile", got=profile, allowed=", ".join(PROFILES))
    with opened(city) as open_city:
        from cityloop.formats.requests_write import write_requests_file
        from cityloop.records import Filter, Location

        who = Filter.operator()
        requests = sorted(open_city.requests().values(), key=lambda r: (r.requested, r.number))
        places = {p.id: p for p in open_city.store.records(Location, who)}
        zone = open_city.settings.timezone
        found = write_requests_file(out, requests, places, profile=profile, timezone=zone, to_wgs84=wgs84)
    lines = [say(TEXTS["written"], file=out, n=f"{found.rows:,}", placed=f"{found.placed:,}")]
    if found.unplaced:
        lines.append(say(TEXTS["left_out"], n=f"{found.unplaced:,}"))
    if found.accuracy_m is not None:
        lines.append(say(TEXTS["accuracy"], m=f"{found.accuracy_m:.0f}"))
    print_lines(*lines)
