"""`cityloop supply`: supply against demand over the coming days, drought stages by norm, and what shortens the gap."""

from typing import Any

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "supply"]

TEXTS = {
    "none": Pair(
        "No balance of supply and demand: name the supplies under [[supply]] in city.toml and take their storage and the "
        "inflow of a boundary (28 days at least).",
        "无法作供需平衡：请在 city.toml 的 [[supply]] 中写明水源，并收录其蓄水量和至少一个分区的进水量（不少于 28 天）。",
    ),
    "head": Pair(
        "Supply and demand from {start} on (the balance is simulated{simulated})",
        "{start} 起的供需平衡（平衡为模拟结果{simulated}）",
    ),
    "simulated": Pair("; the observations too", "，观测数据亦为模拟"),
    "source": Pair("supply", "水源"),
    "kind": Pair("kind", "类别"),
    "capacity": Pair("capacity, m3/day", "供水能力（m³/d）"),
    "stored": Pair("stored, m3", "蓄水量（m³）"),
    "usable": Pair("of what can be used", "可用蓄水率"),
    "possible": Pair("{name} (not there yet)", "{name}（尚未建成）"),
    "days": Pair("days ahead", "时段（天）"),
    "demand": Pair("demand, m3/day", "需水量（m³/d）"),
    "given": Pair("can be supplied, m3/day", "可供水量（m³/d）"),
    "short": Pair("short, %", "缺水率（%）"),
    "dry": Pair(
        "In a dry year {percent} % would be short over {days} days.", "枯水年 {days} 天缺水率 {percent}%。"
    ),
    "stage": Pair("Today by the rules of {world}: {stage}.", "按{world}规则，当前为：{stage}。"),
    "no_stage": Pair("no stage of drought", "未达干旱等级"),
    "no_rule": Pair("By the rules of {world}: no common stages.", "{world}无统一分级。"),
    "month": Pair("end of month", "月末"),
    "no": Pair("none", "无"),
    "measure": Pair("measure", "对策"),
    "chosen": Pair("in the plan", "已选"),
    "less": Pair("less demand, m3/day", "减少需水（m³/d）"),
    "gap": Pair("less short, m3/day", "减少缺水（m³/d）"),
    "yes": Pair("yes", "是"),
    "joint": Pair(
        "All chosen together: {joint} m3/day less short; alone they add up to {sum}. Left: {left} m3/day, {dry} % in a dry year.",
        "已选对策同时实施：减少缺水 {joint} m³/d；单独相加为 {sum}。剩余 {left} m³/d，枯水年缺水率 {dry}%。",
    ),
    "lacking": Pair("Not offered: {measure}; lacking: {what}.", "未提供：{measure}；缺少：{what}。"),
}  # fmt: skip


def supply(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Supply against demand, drought stages, what shortens the gap / 供需平衡与干旱预案."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_json, print_lines

    with opened(city) as open_city:
        from cityloop.domains.water import domain
        from cityloop.domains.water.supply.problems import why_no_balance
        from cityloop.domains.water.supply.statement import supply_statement

        view = open_city.view()
        stated, why = supply_statement(view, domain.priors), why_no_balance(view)
        id = open_city.settings.id
    if as_json:
        print_json({"city": id, "supply": stated})
    elif stated is None:
        print_lines(*([one_language(note) for note in why] or [say(TEXTS["none"])]))
    else:
        _show(stated)


def _show(stated: dict[str, Any]) -> None:
    """The statement as tables and sentences."""
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table

    simulated = say(TEXTS["simulated"]) if stated["simulated"] else ""
    print_lines(say(TEXTS["head"], start=stated["start"], simulated=simulated), "")
    print_table([say(TEXTS[k]) for k in ("source", "kind", "capacity", "stored", "usable")], _sources(stated))
    horizons = [
        (
            str(h["days"]),
            _number(h["demand_m3_per_day"]),
            _number(h["given_m3_per_day"]),
            _interval(h["short_percent"], 1),
        )
        for h in stated["horizons"]
    ]
    print_table([say(TEXTS[k]) for k in ("days", "demand", "given", "short")], horizons)
    days = f"{stated['assessment']['days']['value']:g}"
    print_lines(say(TEXTS["dry"], percent=f"{stated['dry_percent']:.1f}", days=days), *_stages(stated), "")
    if stated["month_ends"]:
        heads = [say(TEXTS["month"]), say(TEXTS["no"]), *(_title(s) for s in stated["stages"])]
        print_table(heads, [(e["day"], *(f"{100 * c:.0f} %" for c in e["chance"])) for e in stated["month_ends"]])
    _show_measures(stated)


def _sources(stated: dict[str, Any]) -> list[tuple[str, ...]]:
    from cityloop.cli.language import say
    from cityloop.domains.water.supply.texts import SUPPLY_KINDS

    rows: list[tuple[str, ...]] = []
    for source in stated["sources"]:
        name = say(Pair(source["name_en"], source["name_zh"]))
        if source["state"] == "possible":
            name = say(TEXTS["possible"], name=name)
        share = source["usable_share"]
        rows.append(
            (
                name, say(SUPPLY_KINDS[source["kind"]]), _number(source["capacity_m3_per_day"]),
                _number(source["storage_m3"]), "" if share is None else f"{100 * share:.0f} %",
            )
        )  # fmt: skip
    return rows


def _stages(stated: dict[str, Any]) -> list[str]:
    """Today's stage by every norm that the policy names."""
    from cityloop.cli.language import say
    from cityloop.domains.water.supply.problems import WORLDS

    found = []
    for world in stated["worlds"]:
        name = say(WORLDS.get(world["world"], Pair(world["world"], world["world"])))
        stage = _title(world) if world["number"] else say(TEXTS["no_stage"])
        known = world["number"] is not None
        found.append(say(TEXTS["stage"], world=name, stage=stage) if known else say(TEXTS["no_rule"], world=name))
    return found


def _title(stage: dict[str, Any]) -> str:
    from cityloop.cli.language import say

    return say(Pair(stage["title_en"], stage["title_zh"]))


def _show_measures(stated: dict[str, Any]) -> None:
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table
    from cityloop.cli.show import kind

    order = sorted(stated["measures"], key=lambda m: (not m["chosen"], -m["gap_less"]["value"]))
    rows = [
        (
            say(Pair(m["title_en"], m["title_zh"])), say(TEXTS["yes"]) if m["chosen"] else "",
            _number(m["less_demand_m3_per_day"]), _interval(m["gap_less"], 0),
        )
        for m in order
    ]  # fmt: skip
    if rows:
        print_table([say(TEXTS[k]) for k in ("measure", "chosen", "less", "gap")], rows)
    if (joint := stated["joint"]) is not None:
        values = {
            "joint": _number(joint["together"]["value"]), "sum": _number(joint["sum_m3_per_day"]),
            "left": _number(joint["gap_left_m3_per_day"]), "dry": f"{joint['dry_percent']:.1f}",
        }  # fmt: skip
        print_lines(say(TEXTS["joint"], **values))
    for item in stated["lacking"]:
        measure = f"{kind(item['kind'])} {item['of']}".strip()
        what = ", ".join(kind(w) if w.isidentifier() else w for w in item["what"])
        print_lines(say(TEXTS["lacking"], measure=measure, what=what))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _interval(estimate: dict[str, Any], decimals: int) -> str:
    value, low, high = (f"{estimate[k]:,.{decimals}f}" for k in ("value", "low", "high"))
    return f"{value} ({low} … {high})"
