"""Every sentence the water domain shows, in both languages; `note` writes both into one string, divided by " | "."""

from cityloop.i18n import Pair

__all__ = ["NOTES", "TITLES", "note"]

TITLES = {
    "water": Pair("Drinking water", "供水"),
    "survey_and_repair": Pair(
        "Leak survey until {share} % of the probability is searched, and repair", "检漏至累计概率 {share}% 并修复"
    ),
    "survey_and_repair_whole": Pair("Leak survey of all {km} km of mains, and repair", "全部 {km} km 管网检漏并修复"),
    "replace_sensor": Pair("Check or replace the sensor at {name}", "检修或更换 {name} 处的传感器"),
}

STATUSES = {
    "confirmed": Pair("confirmed", "已核实"),
    "unconfirmed": Pair("unconfirmed", "未核实"),
    "assumed": Pair("assumed", "假设"),
    "given": Pair("given", "城市给定"),
}

NOTES = {
    "no_price": Pair(
        "No yearly cost: the policy gives no price water_per_m3 (marginal cost of a cubic metre).",
        "未计算年成本：政策中没有给出 water_per_m3（每立方米水的边际成本）。",
    ),
    "price": Pair(
        "Cost: {price} {currency}/m3 ({source}, {status}).", "成本单价：{price} {currency}/m³（{source}，{status}）。"
    ),
    "steps": Pair("{n} lasting change(s) since the reference level.", "自参照水平以来共有 {n} 次持续性变化。"),
    "growing": Pair(
        "It grows by about {rate} L/s per day since its onset.", "自出现以来约以每天 {rate} L/s 的速度增大。"
    ),
    "left_by_works": Pair(
        "A large part of the rise is still there after finished works.", "工程完成后，升高的大部分仍然存在。"
    ),
    "drift": Pair(
        "The night flow of this boundary drifts by {drift} L/s per four weeks at all times (one standard deviation); "
        "the interval counts it.",
        "该分区夜间流量本身每四周漂移约 {drift} L/s（一个标准差），已计入区间。",
    ),
    "seasonal": Pair(
        "A yearly cycle and a trend were estimated from {days} days; below two years they cannot be told apart well.",
        "由 {days} 天数据估计年周期和趋势；不足两年时二者难以完全区分。",
    ),
    "not_only_leaks": Pair(
        "A lasting rise of the night flow is not always leakage: new night use looks the same until someone looks.",
        "夜间流量持续升高不一定是漏损：新增夜间用水在现场核实前看起来相同。",
    ),
    "balance": Pair(
        "Night flow from the demand balance over {n} tank(s), not from the inflow.",
        "夜间流量由 {n} 座水池的水量平衡得出，而非进水流量。",
    ),
    "incomplete": Pair("The balance is incomplete: {what}.", "水量平衡不完整：{what}。"),
    "no_network": Pair(
        "No ranked area: this boundary has no network model and no pipes on record.",
        "没有排序的检漏区域：该分区没有管网模型，也没有管线台账。",
    ),
    "no_simulator": Pair(
        "No ranked area: no model of the network could be run.", "没有排序的检漏区域：没有可运行的管网模型。"
    ),
    "no_loggers": Pair(
        "No ranked area: {n} usable pressure logger(s), at least 3 are needed.",
        "没有排序的检漏区域：可用压力计仅 {n} 个，至少需要 3 个。",
    ),
    "too_short": Pair(
        "No ranked area yet: {hours} usable hours on one side of the onset, at least {least} are needed.",
        "暂无排序的检漏区域：出现时刻一侧仅有 {hours} 个可用小时，至少需要 {least} 个。",
    ),
    "ranked": Pair(
        "Ranked by {n} pressure loggers against the network model; the area is a share of probability, not a proof.",
        "由 {n} 个压力计与管网模型对比排序；区域代表概率份额，不是证明。",
    ),
    "several": Pair(
        "{n} leaks are ranked together: the area mixes theirs, weighted by flow.",
        "{n} 处漏点合并排序：区域按流量加权混合。",
    ),
    "excluded": Pair("Loggers left out: {names}.", "未采用的压力计：{names}。"),
    "stuck": Pair(
        "{name} has shown the same value {value} for {hours} h; before, at most {normal} h.",
        "{name} 已连续 {hours} 小时显示同一数值 {value}，此前最长 {normal} 小时。",
    ),
    "gaps": Pair(
        "{name} delivered nothing in {share} % of the last {days} days.",
        "{name} 最近 {days} 天有 {share}% 时间无数据。",
    ),
    "jump": Pair(
        "{name} jumped by {size} {unit} on {day} against what its neighbours and the model say.",
        "{name} 于 {day} 相对邻近测点和模型跳变 {size} {unit}。",
    ),
    "drift_sensor": Pair(
        "{name} drifts by {size} {unit} per week against what its neighbours and the model say.",
        "{name} 相对邻近测点和模型每周漂移 {size} {unit}。",
    ),
    "offset": Pair(
        "{name} reads {size} m away from the model at all times: wrong place, wrong elevation or wrong name.",
        "{name} 始终与模型相差 {size} m：位置、高程或名称有误。",
    ),
    "no_unit_cost": Pair(
        "No survey offered: no price in {currency} for {names}; add it under prices in city.toml.",
        "未提供检漏方案：{names} 没有以 {currency} 计的单价；请在 city.toml 的 prices 中补充。",
    ),
    "no_survey": Pair(
        "No survey offered for {name}: its length of mains is not known; add the property mains_km to the boundary.",
        "未提供 {name} 的检漏方案：管网长度未知；请为该分区补充属性 mains_km。",
    ),
}


def note(key: str, **values: object) -> str:
    """One sentence of NOTES in English and Chinese, divided by " | ".

    >>> note("no_loggers", n=2).split(" | ")[0]
    'No ranked area: 2 usable pressure logger(s), at least 3 are needed.'
    """
    pair = NOTES[key]
    status = STATUSES.get(str(values.get("status")))
    said = {**values, "status": status.zh} if status else values
    return f"{pair.in_('en', **values)} | {pair.in_('zh', **said)}"
