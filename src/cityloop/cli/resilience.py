"""`cityloop resilience`: fire flow and N-1 in the model, as the network is and with the plan."""

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.contracts import NormRule
    from cityloop.domains.water.resilience.fire_flow import FireRule
    from cityloop.domains.water.resilience.study import Case, Resilience

__all__ = ["TEXTS", "resilience"]

#: Rows of each table on the screen; --json has them all.
ROWS = 10
TEXTS = {
    "no_model": Pair("This city has no model.", "该城市没有模型。"),
    "no_model_cure": Pair("Name a model file under [[model]] in city.toml.", "请在 city.toml 的 [[model]] 中指定模型文件。"),
    "part": Pair(
        "State the flow, the duration and the pressure of a fire together.", "火灾流量、延续时间与剩余压力须一并给出。"
    ),
    "fire": Pair(
        "Fire flow: {flow} L/s for {hours} h in addition to the highest day, at least {pressure} m left at the fire and elsewhere",
        "消防校核：最高日用水量加 {flow} L/s、历时 {hours} h，着火点及其他各处压力不低于 {pressure} m",
    ),
    "rule": Pair("  {title} {limit} {unit}: {source} ({status})", "  {title} {limit} {unit}：{source}（{status}）"),
    "given": Pair("  as given with --fire-flow, --duration and --residual", "  按 --fire-flow、--duration、--residual 给定"),
    "met": Pair("{met} of {all} places meet it ({share:.0%})", "{all} 处中 {met} 处满足（{share:.0%}）"),
    "met_plan": Pair("with the plan: {met} of {all} ({share:.0%})", "实施方案后：{all} 处中 {met} 处满足（{share:.0%}）"),
    "lost": Pair("Met now, no longer with the plan ({n}): {names}", "现状满足、实施方案后不再满足（{n} 处）：{names}"),
    "lost_none": Pair("The plan takes it from no place.", "方案未使任何一处由满足变为不满足。"),
    "place": Pair("place", "位置"), "before": Pair("before, m", "火灾前压力 m"),
    "left": Pair("left, m", "着火点剩余压力 m"), "left_plan": Pair("left with the plan, m", "实施方案后剩余压力 m"),
    "available": Pair("at the limit, L/s", "限值下可供流量 L/s"), "elsewhere": Pair("lowest elsewhere", "其他各处最低压力"),
    "out": Pair("N-1: one pipe out at {hour} h, {demand} L/s; limit {limit} m", "N-1 校核：{hour} 时（{demand} L/s）逐一停用管段，限值 {limit} m"),
    "out_none": Pair("No pipe out leaves anybody without water or below the limit.", "停用任何一根管段均无断水或低压。"),
    "out_count": Pair(
        "{cut} of {all} pipes cut somebody off, {low} bring somebody below the limit",
        "{all} 根管段中，停用后造成断水的 {cut} 根，造成低压的 {low} 根",
    ),
    "out_worse": Pair("Worse with the plan ({n}): {names}", "实施方案后影响加重（{n} 根）：{names}"),
    "out_same": Pair("With the plan no outage is worse.", "实施方案后没有停用影响加重。"),
    "link": Pair("pipe", "管段"), "diameter": Pair("mm", "管径 mm"), "cut": Pair("cut off, L/s (places)", "断水 L/s（处）"),
    "low": Pair("below the limit, L/s (places)", "低压 L/s（处）"), "share": Pair("of the demand", "占用水量"),
    "with_plan": Pair("with the plan, L/s", "实施方案后 L/s"),
    "pumps": Pair("One pump out for a day, from the hour with least stored", "单台水泵停运一日（自蓄水最少时起）"),
    "pump": Pair("pump", "水泵"), "above": Pair("hours until below the limit", "至压力低于限值时数"),
    "empty": Pair("hours until a tank is empty", "至水池放空时数"), "lowest": Pair("lowest, m", "最低压力 m"),
    "plan": Pair("Plan: {titles}", "方案：{titles}"),
    "no_plan": Pair("No plan changes the network: only the network as it is.", "没有改变管网的方案，仅校核现状。"),
    "never": Pair("24+", "24 以上"), "none": Pair("none", "无"), "no_water": Pair("no water", "无水"),
}  # fmt: skip
FlowOpt = Annotated[
    float | None, typer.Option("--fire-flow", min=0.1, metavar="L/S", help="Of one fire / 单处火灾流量")
]
HoursOpt = Annotated[float | None, typer.Option("--duration", min=0.1, metavar="H", help="Of the fire / 火灾延续时间")]
LeftOpt = Annotated[
    float | None, typer.Option("--residual", min=0.0, metavar="M", help="Pressure that must be left / 剩余压力")
]
DayOpt = Annotated[
    float | None, typer.Option("--highest-day", min=0.01, metavar="L/S", help="Mean demand of it / 最高日平均用水量")
]
DiameterOpt = Annotated[
    float, typer.Option("--diameter", min=0.0, metavar="MM", help="Only pipes from here on / 仅校核不小于此管径的管段")
]


def resilience(
    city: CityArg, fire_flow: FlowOpt = None, duration: HoursOpt = None, residual: LeftOpt = None,
    highest_day: DayOpt = None, diameter: DiameterOpt = 0.0, lang: LangOpt = None, as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """Fire flow and N-1, before and after the plan, in the model / 消防与 N-1 校核（方案前后，模型计算）."""
    from datetime import UTC, datetime

    from cityloop.cli.language import language, say
    from cityloop.cli.opening import interruptible, opened, teller
    from cityloop.cli.screen import print_json
    from cityloop.errors import InputError

    rule = _rule(fire_flow, duration, residual)
    with interruptible() as cancel, opened(city) as open_city:
        from cityloop.domains.water import domain
        from cityloop.domains.water.resilience.study import resilience as study

        progress = teller(cancel)
        open_city.define()
        if open_city.simulator is None:
            raise InputError(say(TEXTS["no_model"]), where=str(city), cure=say(TEXTS["no_model_cure"]))
        view = open_city.view(open_city.last_observation() or datetime.now(UTC))
        found = study(
            view, open_city.simulator, domain.priors, rule=rule, highest_day_l_per_s=highest_day, least_diameter_mm=diameter,
            progress=lambda share: progress(share, "N-1"),
        )  # fmt: skip
        progress(1.0, "")
        id = open_city.settings.id
    if as_json:
        print_json(_document(found, id, language()))
        return
    _show(found)


def _rule(flow: float | None, hours: float | None, left: float | None) -> "FireRule | None":
    """The fire that the options state; None where they state none. Raises InputError for a part of one."""
    from cityloop.cli.language import say
    from cityloop.domains.water.resilience.fire_flow import FireRule
    from cityloop.errors import InputError

    if flow is None and hours is None and left is None:
        return None
    if flow is None or hours is None or left is None:
        raise InputError(say(TEXTS["part"]), allowed="--fire-flow, --duration, --residual")
    return FireRule(flow, hours, left)


# --- screen ------------------------------------------------------------------------------------------------------
def _show(found: "Resilience") -> None:
    from cityloop.cli.language import language, say
    from cityloop.cli.screen import print_lines

    titles = say(Pair("; ", "；")).join(say(Pair(m.title_en, m.title_zh)) for m in found.measures)
    print_lines(say(TEXTS["plan"], titles=titles) if found.planned else say(TEXTS["no_plan"]), "")
    _show_fire(found)
    print_lines("")
    _show_outages(found)
    print_lines("", *(f"- {note.in_(language())}" for note in found.notes))


def _show_fire(found: "Resilience") -> None:
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table

    rule, now, after = found.rule, found.now.fires, found.planned.fires if found.planned else None
    print_lines(
        say(TEXTS["fire"], flow=f"{rule.flow_l_per_s:g}", hours=f"{rule.hours:g}", pressure=f"{rule.pressure_m:g}"),
        *(_cited(r) for r in rule.rules),
        *(() if rule.rules else (say(TEXTS["given"]),)),
        say(TEXTS["met"], met=int(now.met.sum()), all=len(now.met), share=float(now.met.mean()) if len(now.met) else 0.0),
    )  # fmt: skip
    if after is not None:
        lost = [p.name for p, a, b in zip(now.places, now.met, after.met, strict=True) if a and not b]
        print_lines(
            say(TEXTS["met_plan"], met=int(after.met.sum()), all=len(after.met), share=float(after.met.mean())),
            say(TEXTS["lost"], n=len(lost), names=_some(lost)) if lost else say(TEXTS["lost_none"]),
        )  # fmt: skip
    available = dict(found.now.available)
    columns = ["place", "before", "left", "available", "elsewhere", *(["left_plan"] if after is not None else [])]
    rows = []
    for i in now.worst[:ROWS]:
        place, other = now.places[i], now.elsewhere[i]
        beside = f"{_metres(now.elsewhere_m[i])} ({other.name})" if other is not None else "-"
        flow = f"{available[place.id]:.1f}" if place.id in available else f"≥ {rule.flow_l_per_s:g}"
        row = [place.name, _metres(now.without_m[i]), _metres(now.residual_m[i]), flow, beside]
        rows.append([*row, *([_metres(after.residual_m[i])] if after is not None else [])])
    print_table([say(TEXTS[c]) for c in columns], rows)


def _cited(rule: "NormRule") -> str:
    """A rule with its source and how sure that is."""
    from cityloop.cli.language import language, say
    from cityloop.cli.show import status
    from cityloop.report.shipped_texts import shipped

    return say(
        TEXTS["rule"], title=say(rule.title), limit=f"{rule.limit:g}", unit=rule.unit,
        source=shipped(rule.source).in_(language()), status=status(rule.status),
    )  # fmt: skip


def _show_outages(found: "Resilience") -> None:
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table

    case, day = found.now, found.now.day
    total = float(day.demand_l_per_s[day.peak_hour])
    hit = [o for o in case.outages if o.affected_l_per_s > 0]
    print_lines(
        say(TEXTS["out"], hour=day.peak_hour, demand=f"{total:.1f}", limit=f"{found.limit_m:g}"),
        say(
            TEXTS["out_count"], all=len(case.outages), cut=sum(o.cut_off_l_per_s > 0 for o in hit),
            low=sum(bool(o.below) for o in hit),
        ),
    )  # fmt: skip
    after = _by_link(found.planned)
    if found.planned is not None:
        worse = _worse(found)
        print_lines(say(TEXTS["out_worse"], n=len(worse), names=_some(worse)) if worse else say(TEXTS["out_same"]))
    columns = ["link", "diameter", "cut", "low", "share", "lowest", *(["with_plan"] if after else [])]
    rows = [
        [
            o.link.name, f"{float(o.link.properties.get('diameter_mm', 0)):.0f}", f"{o.cut_off_l_per_s:.1f} ({len(o.cut_off)})",
            f"{o.below_l_per_s:.1f} ({len(o.below)})", f"{o.affected_l_per_s / max(total, 1e-9):.1%}", _metres(o.lowest_m),
            *([f"{after[o.link.id]:.1f}"] if after else []),
        ]
        for o in hit[:ROWS]
    ]  # fmt: skip
    if rows:
        print_table([say(TEXTS[c]) for c in columns], rows)
    else:
        print_lines(say(TEXTS["out_none"]))
    if case.pumps:
        print_lines("", say(TEXTS["pumps"]))
        never = say(TEXTS["never"])
        print_table(
            [say(TEXTS[c]) for c in ("pump", "above", "empty", "lowest")],
            [
                [p.pump.name, *(f"{h:.0f}" if h < 24 else never for h in (p.hours_above_limit, p.hours_until_empty)), _metres(p.lowest_m)]
                for p in case.pumps
            ],
        )  # fmt: skip


def _metres(value: float) -> str:
    from cityloop.cli.language import say

    return f"{value:.1f}" if math.isfinite(value) else say(TEXTS["no_water"])


def _some(names: "list[str]") -> str:
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")


def _by_link(case: "Case | None") -> dict[str, float]:
    return {o.link.id: o.affected_l_per_s for o in case.outages} if case is not None else {}


def _worse(found: "Resilience") -> list[str]:
    """Links whose outage affects more with the plan, by more than a hundredth of the demand."""
    after = _by_link(found.planned)
    least = 0.01 * found.demand_l_per_s
    return [o.link.name for o in found.now.outages if after.get(o.link.id, 0.0) > o.affected_l_per_s + least]


# --- JSON --------------------------------------------------------------------------------------------------------
def _document(found: "Resilience", id: str, language: Any) -> dict[str, Any]:
    rule = found.rule
    return {
        "city": id, "modelled": True, "fire_flow_l_per_s": rule.flow_l_per_s, "fire_hours": rule.hours,
        "fire_residual_m": rule.pressure_m, "sources": [f"{r.key} {r.limit:g} {r.unit}: {r.source} ({r.status})" for r in rule.rules], "service_limit_m": found.limit_m,
        "highest_day_l_per_s": found.demand_l_per_s, "notes": [n.in_(language) for n in found.notes],
        "measures": [m.id for m in found.measures], "now": _case(found.now),
        "with_plan": _case(found.planned) if found.planned else None,
        "fire_lost_with_plan": _lost(found), "outages_worse_with_plan": _worse(found),
    }  # fmt: skip


def _lost(found: "Resilience") -> list[str]:
    if found.planned is None:
        return []
    now, after = found.now.fires, found.planned.fires
    return [p.name for p, a, b in zip(now.places, now.met, after.met, strict=True) if a and not b]


def _case(case: "Case") -> dict[str, Any]:
    fires, names = case.fires, {p.id: p.name for p in case.fires.places}
    return {
        "fire_hour": case.fire_hour, "peak_hour": case.day.peak_hour, "fires_met": int(fires.met.sum()),
        "fires": [
            {
                "place": fires.places[i].name, "before_m": _figure(fires.without_m[i]), "left_m": _figure(fires.residual_m[i]),
                "elsewhere_m": _figure(fires.elsewhere_m[i]), "met": bool(fires.met[i]),
                "elsewhere": other.name if (other := fires.elsewhere[i]) is not None else None,
            }
            for i in fires.worst
        ],
        "available_l_per_s": {names[place]: flow for place, flow in case.available},
        "outages": [
            {
                "link": o.link.name, "cut_off_l_per_s": o.cut_off_l_per_s, "cut_off_places": len(o.cut_off),
                "below_l_per_s": o.below_l_per_s, "below_places": len(o.below), "lowest_m": _figure(o.lowest_m),
            }
            for o in case.outages
            if o.affected_l_per_s > 0
        ],
        "outages_tried": len(case.outages),
        "pumps": [
            {"pump": p.pump.name, "hours_above_limit": p.hours_above_limit, "hours_until_empty": p.hours_until_empty,
             "lowest_m": _figure(p.lowest_m)}
            for p in case.pumps
        ],
        "below_before": case.below, "negative_before": case.negative, "cut_off_before": case.cut_off,
    }  # fmt: skip


def _figure(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
