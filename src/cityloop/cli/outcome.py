"""`cityloop verify`, `cityloop bench`: what was measured, and how well that is judged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "bench", "verify"]

TEXTS = {
    "grade": Pair("result", "结论"),
    "indicator": Pair("indicator", "指标"),
    "boundary": Pair("where", "位置"),
    "measured": Pair("measured effect", "实测效果"),
    "claimed": Pair("claimed", "预计"),
    "days": Pair("days", "天数"),
    "period": Pair("from - to", "起止"),
    "none": Pair("No verification yet.", "尚无验证。"),
    "why": Pair("{indicator} in {where}: {why}", "{where}{indicator}：{why}"),
    "no_goals": Pair(
        "There is no goal yet; run a turn: cityloop turn CITY.", "尚无目标，请先运行一轮：cityloop turn CITY。"
    ),
    "works": Pair("works (placebo and injected)", "工程数（安慰剂与注入）"),
    "placebo_confirmed_share": Pair(
        "placebo works confirmed (aim: 0.07 or less)", "安慰剂工程被证实的比例（目标 ≤ 0.07）"
    ),
    "coverage": Pair("coverage of the intervals (aim: 0.85 to 0.95)", "区间覆盖率（目标 0.85 至 0.95）"),
    "halfwidth_ratio": Pair("median half-width / mean night flow", "区间半宽中位数 / 平均夜间流量"),
    "inconclusive_share": Pair("inconclusive of reductions of 10 % and more", "降幅 ≥ 10% 中无法定论的比例"),
    "value_ratio": Pair("net value / that of an all-knowing planner", "净收益 / 全知规划者的净收益"),
    "value_ratio_naive": Pair("the best naive policy / the same planner", "最佳简单策略 / 全知规划者"),
    "naive": Pair("the best naive policy", "最佳简单策略"),
    "leaks": Pair("hidden leaks", "隐藏漏点数"),
    "detected_share": Pair("leaks detected within 8 weeks", "8 周内发现的漏点比例"),
    "detected_share_above_1ls": Pair("leaks above 1 L/s detected within 8 weeks", "大于 1 L/s 的漏点 8 周内发现比例"),
    "days_to_detect": Pair("days to detect (median, weekly looks)", "发现所需天数（中位数，每周查看）"),
    "false_problems_per_year": Pair("false problems per year", "每年误报问题数"),
    "false_problems_per_year_with_hidden_fault": Pair(
        "of these, about a logger that is mislabelled or slow", "其中：记录仪位置标错或时钟偏慢"
    ),
    "localisation_m_median": Pair(
        "metres along pipes to the nearest named place (median)", "沿管道至最近所指位置的距离（米，中位数）"
    ),
    "localised_300m_share": Pair("leaks within 300 m of a named place", "300 米内定位的漏点比例"),
    "survey_km_median": Pair("km surveyed (median)", "检漏公里数（中位数）"),
    "verifications": Pair("verifications of the night flow", "夜间流量验证数"),
    "ci90_coverage": Pair("intervals that hold the true fall (90 %)", "90% 区间包含真实降幅的比例"),
    "interval_halfwidth": Pair("half-width of the interval, L/s (median)", "区间半宽（L/s，中位数）"),
    "confirmed_share": Pair("verifications that confirm", "验证为已确认的比例"),
    "alarms": Pair(
        "False alarms per 1,000 sensor-weeks (aim: 1): {rate} = {n} in {weeks} area-weeks of the series as they are; of these "
        "{lasting} lasting, {again} told again. A real event in them cannot be told from a false alarm.",
        "每千传感器周误报数（目标 1）：{rate}，即原始序列 {weeks} 个分区周内 {n} 次；其中持续性 {lasting} 次，重复报告 {again} 次。"
        "序列中的真实事件无法与误报区分。",
    ),
    "injected_kind": Pair("injected", "注入类型"),
    "size": Pair("share of the mean flow", "占平均流量的份额"),
    "mean_size": Pair("L/s (mean)", "L/s（平均）"),
    "share_seen": Pair("seen", "发现比例"),
    "median_days": Pair("days (median)", "天数（中位数）"),
    "called": Pair("{kind} was called: {names}", "{kind} 被判为：{names}"),
    "nothing": Pair("nothing", "未发现"),
    "stuck_fault": Pair("{kind}: stuck", "{kind}：卡滞"),
    "gaps_fault": Pair("{kind}: silent", "{kind}：缺数"),
    "under_registering_fault": Pair("{kind}: counts too little", "{kind}：计量偏小"),
    "over_registering_fault": Pair("{kind}: counts too much", "{kind}：计量偏大"),
    "listed": Pair("{name} {count}", "{name} {count} 次"),
    "ran": Pair(
        "{injected} events injected, {seconds} s, {date}, {machine}",
        "注入事件 {injected} 个；{seconds} s；{date}；{machine}",
    ),
    "leak": Pair("lasting leak", "持续漏损"),
    "growing_leak": Pair("growing leak (8 weeks)", "缓慢增大的漏损（8 周）"),
    "burst": Pair("burst, repaired after 48 h", "爆管（48 小时后修复）"),
    "short_burst": Pair("burst, repaired after 8 h", "爆管（8 小时后修复）"),
    "drift": Pair("drifting meter (8 weeks)", "流量计漂移（8 周）"),
    "stuck": Pair("stuck meter", "流量计卡滞"),
    "assumed": Pair(
        "Assumed, without a source: {survey} USD per km surveyed, {repair} USD per repair; water at {water} USD/m3.",
        "无来源的假设：检漏每公里 {survey} 美元，修复每处 {repair} 美元；水价 {water} 美元/立方米。",
    ),
}
bench = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Own benches on real data / 用真实数据自测")


def verify(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """List verifications, and why there is none yet / 列出验证结果及尚无验证的原因."""
    from cityloop.cli.choose import hash_of, in_order
    from cityloop.cli.language import one_language, say
    from cityloop.cli.opening import opened
    from cityloop.cli.request_lines import works_lines
    from cityloop.cli.result import TEXTS as RESULT
    from cityloop.cli.result import not_judged, why_not_verified
    from cityloop.cli.screen import print_json, print_lines, print_table
    from cityloop.cli.show import estimate, grade, kind, names
    from cityloop.records import Filter, Goal, Verification

    with opened(city) as open_city:
        found = in_order(open_city.store.records(Verification, Filter.operator()))
        waiting, unjudged = why_not_verified(open_city), not_judged(open_city)
        goals = open_city.store.records(Goal, Filter.operator())
        known, id = names(open_city), open_city.settings.id
        beside = works_lines(open_city)
    if as_json:
        print_json(
            {
                "city": id, "verifications": found, "not_yet": [{"goal": g.id, "reason": why} for g, why in waiting],
                "not_judged": [{"works": works, "reason": why} for works, why in unjudged],
            }
        )  # fmt: skip
        return
    if found:
        rows = [
            (
                str(n), hash_of(v.id), grade(v.grade), kind(v.indicator), known.get(v.boundary, v.boundary),
                estimate(v.measured), estimate(v.claimed), str(v.days_used), f"{v.start} - {v.end}",
            )
            for n, v in enumerate(found, 1)
        ]  # fmt: skip
        columns = ("grade", "indicator", "boundary", "measured", "claimed", "days", "period")
        print_table(["#", "id", *(say(TEXTS[c]) for c in columns)], rows)
        print_lines(*(f"  {one_language(v.note)}" for v in found if v.note), *beside)
    else:
        print_lines(say(TEXTS["none"]))
    print_lines(*(say(RESULT["unjudged"], works=works, why=why).strip() for works, why in unjudged))
    for goal, why in waiting:
        where = known.get(goal.boundary, goal.boundary)
        print_lines(say(TEXTS["why"], indicator=kind(goal.indicator), where=where, why=why))
    if not goals:
        print_lines(say(TEXTS["no_goals"]))


@bench.command("verify")
def bench_verify(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the measured areas / 实测数据文件夹")],
    works: Annotated[
        int, typer.Option("--works", min=1, help="Placebo works, and as many injected / 每类工程数")
    ] = 500,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random dates / 随机种子")] = 7,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Placebo works and injected reductions on real series / 在真实序列上检验验证方法本身."""
    from cityloop.cli.opening import interruptible, teller
    from cityloop.cli.screen import print_json, print_lines, quiet_stdout

    with interruptible() as cancel, quiet_stdout():
        from cityloop.bench.verify import run

        found = run(data, works=works, seed=seed, progress=teller(cancel))
    if as_json:
        print_json(found)
        return
    print_lines(*_figure_lines(found))


@bench.command("detect")
def bench_detect(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the measured areas / 实测数据文件夹")],
    seed: Annotated[int, typer.Option("--seed", help="Seed of what is injected / 随机种子")] = 7,
    each: Annotated[int, typer.Option("--each", min=1, help="Events of each kind and size / 每类每种大小的事件数")] = 5,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes / 并行进程数")] = 2,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Leaks, bursts, drifts and stuck meters put into real series / 在真实序列中注入漏损、爆管与仪表故障."""
    from cityloop.cli.opening import interruptible, teller
    from cityloop.cli.screen import print_json, quiet_stdout

    with interruptible() as cancel, quiet_stdout():
        from cityloop.bench.detect import run

        found = run(data, each=each, seed=seed, workers=workers, progress=teller(cancel))
    if as_json:
        print_json(found)
        return
    _tell_detection(found)


def _tell_detection(found: Mapping[str, Any]) -> None:
    """The false alarms, a table of what was injected, and what it was called."""
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table

    print_lines(
        say(
            TEXTS["alarms"], rate=found["false_alarms_per_1000_sensor_weeks"], n=found["false_alarms"],
            weeks=found["sensor_weeks"], lasting=found["false_alarms_lasting"], again=found["false_alarms_told_again"],
        )
    )  # fmt: skip
    columns = ("injected_kind", "size", "mean_size", "share_seen", "median_days")
    rows = [
        (
            say(TEXTS[kind]), size, str(found["mean_l_per_s_by_size"][kind].get(size, "-")),
            "-" if share is None else f"{share:.0%}", str(found["median_days_by_size"][kind][size] or "-"),
        )
        for kind, sizes in found["detected_share_by_size"].items()
        for size, share in sizes.items()
    ]  # fmt: skip
    print_table([say(TEXTS[c]) for c in columns], rows)

    def spoken(kinds: str) -> str:
        parts = [part.split(": ") for part in kinds.split(" + ")]
        return " + ".join(_spoken(*part) for part in parts)

    comma = say(Pair(", ", "，"))
    print_lines(
        *(
            say(
                TEXTS["called"], kind=say(TEXTS[k]),
                names=comma.join(say(TEXTS["listed"], name=spoken(n), count=c) for n, c in names.items()),
            )
            for k, names in found["called"].items()
        ),
        say(TEXTS["ran"], **{k: found[k] for k in ("injected", "seconds", "date", "machine")}),
    )  # fmt: skip


def _spoken(kind: str, fault: str = "") -> str:
    """A kind of problem, of a meter with its fault, as people say it."""
    from cityloop.cli.language import say
    from cityloop.cli.show import kind as named

    if kind == "nothing":
        return say(TEXTS["nothing"])
    return say(TEXTS[f"{fault}_fault"], kind=named(kind)) if f"{fault}_fault" in TEXTS else named(kind)


@bench.command("loop")
def bench_loop(
    city: Annotated[
        str, typer.Option("--city", metavar="CITY", help="mount-washington (ky4) / 试点城市")
    ] = "mount-washington",
    scenarios: Annotated[int, typer.Option("--scenarios", min=1, help="Hidden scenarios / 情景数")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the scenarios / 随机种子")] = 7,
    mismatch: Annotated[
        int, typer.Option("--mismatch", min=0, max=2, help="How wrong the known network is / 模型失配程度")
    ] = 1,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="PART", help="Leave a part of the mismatch out / 去掉失配的某一部分"),
    ] = None,
    sensors: Annotated[int, typer.Option("--sensors", min=1, help="Pressure loggers / 压力记录仪数")] = 40,
    inp: Annotated[
        Path | None, typer.Option("--inp", metavar="FILE.inp", help="Any EPANET network instead / 任意 EPANET 管网")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Scenarios at once / 并行情景数")] = 2,
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """The whole loop against hidden leaks (simulated) / 以隐藏漏点检验整个闭环（模拟）."""
    from cityloop.cli.language import say
    from cityloop.cli.opening import interruptible, teller
    from cityloop.cli.screen import print_json, print_lines, quiet_stdout

    with interruptible() as cancel, quiet_stdout():
        from cityloop.bench.loop import run

        found = run(
            city=city, scenarios=scenarios, seed=seed, mismatch=mismatch, without=without or (), sensors=sensors,
            inp=inp, workers=workers, progress=teller(cancel),
        )  # fmt: skip
    if as_json:
        print_json(found)
        return
    costs = found["assumed"]
    assumed = say(
        TEXTS["assumed"], survey=costs["survey_usd_per_km"], repair=costs["repair_usd"], water=costs["water_usd_per_m3"]
    )
    print_lines(*_figure_lines(found), assumed)


def _figure_lines(found: Mapping[str, Any]) -> list[str]:
    """A line per figure; tables (each area, each scenario) are in the JSON document only."""
    from cityloop.cli.language import say

    lines = []
    for key, value in found.items():
        if not isinstance(value, dict | list):
            text = say(TEXTS[key]) if key in TEXTS else key
            lines.append(f"{text}: {value:.3f}" if isinstance(value, float) else f"{text}: {value}")
    return lines
