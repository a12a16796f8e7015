"""`cityloop map`: what the columns of a file mean, proposed as a table to edit; accepted rows become a section of city.toml.

Nothing is applied unseen: without a table nothing is written but the table itself, with one only the rows that somebody
accepted are turned into text, and that text is shown; city.toml is changed with --write alone.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cityloop.cli.options import JsonOpt, LangOpt
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.contracts import Element
    from cityloop.formats.mapping_proposal import FileProposal
    from cityloop.formats.mapping_propose import Place
    from cityloop.settings import CitySettings

__all__ = ["TEXTS", "map_file"]

TEXTS = {
    "file": Pair("{file}: {form}, {columns} columns, header in line {line}, {rows} rows looked at{part}",
                 "{file}：{form}，{columns} 列，表头在第 {line} 行，查看 {rows} 行{part}"),
    "in_part": Pair(" (a sample)", "（抽样）"),
    "whole": Pair(" (all)", "（全部）"),
    "setting": Pair("setting", "设置"),
    "value": Pair("value", "建议值"),
    "column": Pair("column", "列"),
    "thing": Pair("thing", "对象"),
    "property": Pair("property", "物理量"),
    "unit": Pair("unit", "单位"),
    "statistic": Pair("statistic", "统计方式"),
    "step": Pair("step, s", "间隔(秒)"),
    "confidence": Pair("confidence", "置信度"),
    "others": Pair("open: candidates / reason", "待定：候选或理由"),
    "left_out": Pair("left out: {why}", "不采用：{why}"),
    "open": Pair("{field}: {list}", "{field}：{list}"),
    "unknown": Pair("not known", "不详"),
    "more": Pair("... and {n} more columns; all of them: --out TABLE.csv", "……另有 {n} 列，全部内容见 --out TABLE.csv"),
    "summary": Pair(
        "{n} columns: {sure} proposed throughout with confidence {level} or more, {check} to be checked or completed, {unknown} not known, {left} left out.",
        "共 {n} 列：{sure} 列各项建议的置信度均不低于 {level}，{check} 列需核对或补充，{unknown} 列不详，{left} 列不采用。",
    ),
    "no_city": Pair(
        "No city was named (--city): things and time zone are not proposed, and no model helps to tell coordinates.",
        "未指定城市（--city）：不建议对象与时区，也无法借助模型判断坐标系。",
    ),
    "aside": Pair("Columns left out: {names}", "不采用的列：{names}"),
    "untold": Pair("Neither readings nor positions nor a register: nothing to propose.", "既非观测数据，也非位置表或台账，无可建议。"),
    "written": Pair(
        "Written: {table}. Edit it, write yes into the column “accept” of what is right, then: cityloop map {file} --city CITY --table {table}",
        "已写出：{table}。请核对修改，在“采纳”列对正确的行填“是”，然后运行：cityloop map {file} --city CITY --table {table}",
    ),
    "next": Pair("Nothing was written. As a table to edit: --out TABLE.csv (or .xlsx).", "尚未写入任何内容。要得到可编辑的表，请加 --out TABLE.csv（或 .xlsx）。"),
    "accepted": Pair(
        "{series} series and {settings} settings accepted; {open} rows left open or refused are not used.",
        "采纳 {series} 个序列、{settings} 项设置；{open} 行未采纳，不使用。",
    ),
    "tried": Pair("The beginning of the file read on trial as stated: {rows} readings taken, {refused} rows refused.", "按此试读文件开头：收录 {rows} 个读数，拒收 {refused} 行。"),
    "refused": Pair("  refused: {n} x {reason}", "  拒收：{n} 行，{reason}"),
    "placed": Pair("Read on trial as stated: {rows} things, no fault.", "按此试读：{rows} 个对象，无误。"),
    "new_things": Pair("Things that the city does not have yet and that would be new: {names}", "本市尚无、将新建的对象：{names}"),
    "show": Pair("To be appended to {path}:", "将追加到 {path} 的内容："),
    "not_written": Pair("city.toml is unchanged. To append it: the same command with --write.", "city.toml 未改动。要追加，请在同一命令后加 --write。"),
    "appended": Pair("Appended to {path}; the former text is kept as {backup}.", "已追加到 {path}；原文件备份为 {backup}。"),
    "doctor": Pair("Next: cityloop doctor {city}, then cityloop take {city}.", "下一步：cityloop doctor {city}，再运行 cityloop take {city}。"),
}  # fmt: skip
_SHOWN = 60


def map_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, XLSX or Parquet / 数据文件")],
    city: Annotated[Path | None, typer.Option("--city", metavar="CITY", help="City folder / 城市文件夹")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="TABLE", help="Write the proposal, .csv or .xlsx / 写出建议表")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", metavar="TABLE", help="The edited proposal / 修改后的建议表")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Append what the table accepts to city.toml / 将采纳内容追加到 city.toml")
    ] = False,
    sheet: Annotated[str, typer.Option("--sheet", help="This sheet of a workbook / 工作簿中的该工作表")] = "",
    section: Annotated[
        Literal["source", "positions", "register"] | None,
        typer.Option("--section", help="Propose as this; default: what it looks like / 按此类建议，默认自动判断"),
    ] = None,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """What the columns of a file mean, as a table to edit / 建议文件各列的含义，供核对修改."""
    if table is not None:
        from cityloop.cli.map_accept import accept

        accept(file, city, table, write=write, sheet=sheet, as_json=as_json)
        return
    _refuse_without_table(write)
    from cityloop.cli.language import language, say
    from cityloop.cli.screen import print_json, print_lines, quiet_stdout

    with quiet_stdout():
        from cityloop.formats.mapping_propose import propose
        from cityloop.formats.mapping_table import write_table
        from cityloop.settings import load_city

        found = propose(file, place_of(load_city(city) if city else None), sheet=sheet, section=section or "")
        if out is not None:
            write_table(found, out, language())
    if as_json:
        print_json(document(found))
        return
    _tell(found, bool(city))
    if out is not None:
        print_lines(say(TEXTS["written"], table=out, file=file))
    elif found.section:
        print_lines(say(TEXTS["next"]))


def _refuse_without_table(write: bool) -> None:
    from cityloop.errors import InputError

    if write:
        raise InputError(
            "Nothing is written without a table that somebody has read.", where="--write", cure="Add --table TABLE."
        )


def place_of(settings: "CitySettings | None") -> "Place":
    """What is known of the city; a model that does not open is passed over, as `cityloop doctor` names it."""
    from contextlib import suppress

    from cityloop.errors import CityloopError
    from cityloop.formats.mapping_positions import Ground
    from cityloop.formats.mapping_propose import Place
    from cityloop.formats.mapping_things import known_things
    from cityloop.registry import engine

    if settings is None:
        return Place()
    elements: list[Element] = []
    points: dict[tuple[str, str], tuple[float, float]] = {}
    for stated in settings.models:
        with suppress(CityloopError):
            own = engine(stated.engine).open(stated.path(settings.folder)).elements()
            elements += own
            if stated.crs in ("", settings.crs):
                points |= {(e.kind, e.name): e.points[0] for e in own if e.points and not e.connects}
    return Place(known_things(settings, elements), settings.timezone, Ground(settings.crs, points))


# --- for a program -------------------------------------------------------------------------------------------------
def document(found: "FileProposal") -> dict[str, Any]:
    """The whole proposal, candidates and reasons in both languages."""

    def guess(g: Any) -> dict[str, Any]:
        return {"value": g.shown, "confidence": g.confidence, "candidates": g.candidates, "reason": g.why._asdict()}

    return {
        "file": found.path, "section": found.section, **found.facts,
        "settings": {k: guess(g) for k, g in found.settings.items()},
        "columns": [
            {
                "column": c.column, "confidence": round(c.confidence, 2), "values": c.about._asdict(),
                "left_out": c.left_out._asdict() if c.left_out else None, "notes": [n._asdict() for n in c.notes],
                **({} if c.left_out else {f: guess(g) for f, g in c.fields.items()}),
            }
            for c in found.columns
        ],
        "notes": [n._asdict() for n in found.notes],
    }  # fmt: skip


# --- for a person --------------------------------------------------------------------------------------------------
def _tell(found: "FileProposal", with_city: bool) -> None:
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table

    facts = dict(found.facts)
    part = say(TEXTS["whole" if facts["whole"] else "in_part"])
    words = {
        "form": facts["form"],
        "columns": facts["columns"],
        "line": facts["header_line"],
        "rows": f"{facts['rows_sampled']:,}",
    }
    print_lines(say(TEXTS["file"], file=found.path, part=part, **words), *(f"  {say(n)}" for n in found.notes))
    if not with_city:
        print_lines(say(TEXTS["no_city"]))
    if not found.section:
        print_lines(say(TEXTS["untold"]))
        return
    rows = [
        [key, g.shown or say(TEXTS["unknown"]), f"{g.confidence:.2f}" if g.shown else "", _candidates(g)]
        for key, g in found.settings.items()
    ]
    print_lines("")
    print_table([say(TEXTS[k]) for k in ("setting", "value", "confidence", "others")], rows)
    if found.columns:
        print_lines("")
        _tell_columns(found)


def _candidates(guess: Any) -> str:
    from cityloop.cli.language import say

    others = " | ".join(guess.candidates)
    return " ".join(filter(None, (f"[{others}]" if others else "", say(guess.why))))


def _tell_columns(found: "FileProposal") -> None:
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table
    from cityloop.formats.mapping_proposal import SURE

    heads = ("column", "thing", "property", "unit", "statistic", "step", "confidence", "others")
    columns = found.columns
    series = [c for c in columns if c.left_out is None]
    if found.section == "source":
        shown = [
            *(c for c in series if c.known),
            *(c for c in series if not c.known),
            *(c for c in columns if c.left_out),
        ]
        print_table([say(TEXTS[k]) for k in heads], [_row(c) for c in shown[:_SHOWN]])
        if len(shown) > _SHOWN:
            print_lines(say(TEXTS["more"], n=len(shown) - _SHOWN))
    needed = ("thing", "property", "unit", "statistic", "step_s")
    sure = [c for c in series if all(c.fields[f].shown and c.fields[f].confidence >= SURE for f in needed)]
    unknown = [c for c in series if not c.known]
    if found.section != "source" and columns:
        print_lines(say(TEXTS["aside"], names=say(Pair(", ", "、")).join(c.column for c in columns)))
    if found.section == "source":
        counts = {"n": len(columns), "sure": len(sure), "unknown": len(unknown), "left": len(columns) - len(series)}
        check = len(series) - len(sure) - len(unknown)
        print_lines("", say(TEXTS["summary"], level=SURE, check=check, **counts))


def _row(column: Any) -> list[str]:
    from cityloop.cli.language import say

    if column.left_out is not None:
        return [column.column, "", "", "", "", "", "", say(TEXTS["left_out"], why=say(column.left_out))]
    fields = column.fields
    open_ = [
        say(TEXTS["open"], field=say(TEXTS[f]), list=" | ".join(fields[f].candidates) or say(fields[f].why))
        for f in ("thing", "property", "unit", "statistic")
        if not fields[f].shown and (f in ("thing", "property") or column.known)
    ]
    own = [fields[f].shown for f in ("thing", "property", "unit", "statistic", "step_s")]
    degree = f"{column.confidence:.2f}" if column.confidence else ""
    return [column.column, *own, degree, say(Pair("; ", "；")).join([*open_, *(say(n) for n in column.notes)])]
