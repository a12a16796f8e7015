"""The verbs of `cityloop`, put together; every one leaves through the same guard."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cityloop import __version__
from cityloop.cli import countermeasure, goal, plan, problem, project, request
from cityloop.cli.balance import balance
from cityloop.cli.demo import demo
from cityloop.cli.doctor import doctor
from cityloop.cli.exit_codes import exit_code_lines
from cityloop.cli.forecast import bench_forecast, forecast
from cityloop.cli.guard import guarded
from cityloop.cli.language import set_language
from cityloop.cli.map import map_file
from cityloop.cli.outcome import bench, verify
from cityloop.cli.place import place
from cityloop.cli.report import report
from cityloop.cli.resilience import resilience
from cityloop.cli.serve import app as key_app
from cityloop.cli.serve import bench_ingest, serve
from cityloop.cli.supply import supply
from cityloop.cli.transfer import export, import_
from cityloop.cli.turn import take, turn

__all__ = ["app"]


class _Guarded(TyperGroup):
    """The group of all verbs: an error of any of them becomes a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        set_language(None)
        return guarded(lambda: super(_Guarded, self).invoke(ctx))


app = typer.Typer(
    cls=_Guarded,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="The closed loop of a city district: problem, goal, countermeasure, plan, verification.\n\n"
    "城市片区闭环：问题、目标、对策、方案、验证。",
    epilog=exit_code_lines(),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cityloop {__version__}")
        raise typer.Exit


@app.callback()
def _cityloop(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Version / 版本")
    ] = False,
) -> None:
    pass


app.command(short_help="Play a pilot, simulated / 演示试点城市")(demo)
app.command(short_help="One turn of the loop / 运行一轮闭环")(turn)
app.command(short_help="Take new observations / 收录新观测")(take)
for _name, _part in (
    ("problem", problem), ("goal", goal), ("countermeasure", countermeasure), ("plan", plan), ("project", project),
    ("request", request),
):  # fmt: skip
    app.add_typer(_part.app, name=_name)
app.command(short_help="What was measured / 验证结果")(verify)
app.command(short_help="Water balance and losses / 水量平衡与漏损")(balance)
app.command(short_help="Supply and demand, drought / 供需平衡与干旱预案")(supply)
app.command(short_help="Write the report / 生成报告")(report)
app.command(short_help="Demand ahead / 用水量预测")(forecast)
app.command(short_help="Fire flow and N-1 / 消防与 N-1 校核")(resilience)
app.command(short_help="The next sensors / 监测点选址")(place)
bench.command("forecast")(bench_forecast)
bench.command("ingest")(bench_ingest)
app.add_typer(bench, name="bench")
app.command(short_help="Look for faults / 检查故障")(doctor)
app.command("map", short_help="What a file's columns mean / 建议数据文件各列的含义")(map_file)
app.command(short_help="The HTTP interface / HTTP 接口")(serve)
app.add_typer(key_app, name="key")
app.command(short_help="Everything out / 导出全部")(export)
app.command("import", short_help="Everything back / 导入全部")(import_)
