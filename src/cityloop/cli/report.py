"""`cityloop report`: the pages and the workbook that say what was found, planned and measured."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "report"]

TEXTS = {
    "report": Pair("Report: {path}", "报告：{path}"),
    "workbook": Pair("Workbook: {path}", "工作簿：{path}"),
    "alone": Pair(
        "This page holds no ids, places or names and may be given to anybody; the whole report and loop.json may not.",
        "本页不含编号、具体位置和姓名，可对外公开；完整报告和 loop.json 不可。",
    ),
    "bad_name": Pair("Neither a folder nor an .html or .xlsx file.", "既不是文件夹，也不是 .html 或 .xlsx 文件。"),
    "bad_pair": Pair("A workbook for one reader.", "工作簿不分读者。"),
    "bad_pair_cure": Pair("Leave out --for, or write an .html file.", "请去掉 --for，或输出 .html 文件。"),
}
For = Literal["all", "crew", "manager", "public"]


def report(
    city: CityArg,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="Folder, FILE.html or FILE.xlsx; default: CITY/report / 文件夹、HTML 或 XLSX 文件",
        ),
    ] = None,
    reader: Annotated[
        For, typer.Option("--for", help="One reader's page alone / 只输出某类读者的页面：班组、管理者、公众")
    ] = "all",
    projects: Annotated[
        Path | None,
        typer.Option("--projects", metavar="FILE", help="Project list to set against the problems / 项目储备库文件"),
    ] = None,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Write report.html and loop.json, one reader's page, or a workbook / 生成报告、某类读者的页面或工作簿."""
    from cityloop.cli.language import language, say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_json, print_lines
    from cityloop.report import write_page, write_workbook

    path = _path(out or city / "report", reader)
    with opened(city) as open_city:
        now = open_city.view().now
        if path.suffix == ".xlsx":
            files = write_workbook(open_city, path, now=now, language=language(), projects=projects)
        else:
            files = write_page(open_city, path, now=now, reader=reader, projects=projects, language=language())
    if as_json:
        print_json({"now": now.isoformat(), "for": reader, "files": [str(f) for f in files]})
        return
    print_lines(*(say(TEXTS["workbook" if f.suffix == ".xlsx" else "report"], path=f) for f in files))
    if reader == "public":
        print_lines(say(TEXTS["alone"]))


def _path(out: Path, reader: For) -> Path:
    """The file to write: `out` itself where it names one, else in the folder `out`. Raises InputError for other names."""
    from cityloop.cli.language import say
    from cityloop.errors import InputError

    suffix = out.suffix.casefold()
    if suffix == ".xlsx" and reader != "all":
        raise InputError(say(TEXTS["bad_pair"]), where="--for", got=reader, cure=say(TEXTS["bad_pair_cure"]))
    if suffix in (".html", ".htm", ".xlsx") and not out.is_dir():
        return out.with_suffix(suffix)
    if suffix in (".pdf", ".docx", ".doc", ".xls", ".csv", ".json", ".txt") and not out.is_dir():
        raise InputError(say(TEXTS["bad_name"]), where="--out", got=out.name, allowed="DIR, .html, .xlsx")
    return out / ("report.html" if reader == "all" else f"report-{reader}.html")
