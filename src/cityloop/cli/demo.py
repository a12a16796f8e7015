"""`cityloop demo`: a pilot through the whole loop, ending with a short result and a report."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cityloop.cli.options import LangOpt
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.city import City

__all__ = ["TEXTS", "demo"]

TEXTS = {
    "title": Pair("Demo: {name}", "演示：{name}"),
    "report": Pair("The report: {path}", "报告：{path}"),
    "data": Pair("All records: {path}", "全部记录：{path}"),
    "city": Pair("The city, for the other verbs: {path}", "城市文件夹（可用于其他命令）：{path}"),
    "played": Pair("This demo was played before; --fresh plays it anew.", "该演示此前已完成；加 --fresh 可重新演示。"),
}
DEFAULT_OUT = Path("cityloop-demo")


def demo(
    city: Annotated[
        str, typer.Argument(metavar="[CITY]", help="Pilot: ky4, example-cn / 试点城市：ky4、example-cn（虚构）")
    ] = "ky4",
    sensors: Annotated[
        int | None, typer.Option("--sensors", min=1, help="Pressure loggers, 20 or 40 / 压力记录仪数，20 或 40")
    ] = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="End when the report is written / 写完报告即结束")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of city and report / 输出文件夹")
    ] = DEFAULT_OUT,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove an earlier demo first / 先删除旧演示")] = False,
    lang: LangOpt = None,
) -> None:
    """Play a pilot city through the whole loop (simulated) / 用孪生演示完整闭环（模拟）."""
    from cityloop.cli.language import language, say
    from cityloop.cli.opening import interruptible, opened, watcher
    from cityloop.cli.result import facts_of, result_lines
    from cityloop.cli.screen import print_lines, quiet_stdout
    from cityloop.jobs.demo import Demo

    def finish(open_city: "City", now: datetime) -> tuple[Path, Path]:
        from cityloop.report import write_report

        return write_report(open_city, out, now=now)

    with interruptible() as cancel, quiet_stdout():
        job = Demo(city, out, finish, sensors=sensors, fresh=fresh, cancel=cancel)
        played = (out / "report.html").exists() and not fresh
        with watcher() as watch:
            noted = job.run(watch)
        with opened(job.folder) as open_city:
            if not (out / "report.html").exists():
                finish(open_city, datetime.fromisoformat(noted["verify"]["now"]))
            facts = facts_of(open_city)
            name = open_city.settings.name.in_(language())
    places = (("report", out / "report.html"), ("data", out / "loop.json"), ("city", job.folder))
    print_lines(say(TEXTS["title"], name=name), "", *result_lines(facts))
    print_lines(*(say(TEXTS[key], path=path.resolve()) for key, path in places))
    if played:
        print_lines(say(TEXTS["played"]))
