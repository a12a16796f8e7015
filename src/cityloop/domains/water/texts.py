"""Every sentence the water domain shows, in both languages; `note` writes both into one string, divided by " | "."""

from cityloop.i18n import Pair

__all__ = ["NOTES", "TITLES", "note"]

TITLES = {
    "water": Pair("Drinking water", "供水"),
    "survey_and_repair": Pair(
        "Leak survey of {name} until {share} % of the probability is searched, and repair",
        "{name}检漏至累计概率 {share}% 并修复",
    ),
    "survey_and_repair_whole": Pair(
        "Leak survey of all {km} km of mains of {name}, and repair", "{name}全部 {km} km 管网检漏并修复"
    ),
    "pressure_fixed": Pair("Lower pressure valves {valves} to {settings}", "调低减压阀 {valves} 至 {settings}"),
    "pressure_day_night": Pair(
        "Set pressure valves {valves} by day and night: {settings}", "减压阀 {valves} 昼夜分时调压：{settings}"
    ),
    "pressure_by_hours": Pair(
        "Set pressure valves {valves} by the time of day: {settings}", "减压阀 {valves} 多时段调压：{settings}"
    ),
    "raise_setting": Pair("Raise pressure valves {valves} to {settings}", "调高减压阀 {valves} 至 {settings}"),
    "open_link": Pair("Open the closed link {name}", "开启关闭的管段或阀门 {name}"),
    "upgrade_pump": Pair("Stronger pump {name}: {percent} % more power", "水泵 {name} 增容：功率增加 {percent}%"),
    "check_boundary_valves": Pair(
        "Check the valves between {name} and {other}, close what was opened",
        "核查 {name} 与 {other} 之间的边界阀门，关闭被误开者",
    ),
    "check_swapped_meters": Pair(
        "Check on site which meter serves {name} and which {other}", "现场核对 {name} 与 {other} 的流量计归属"
    ),
    "check_one_boundary": Pair("Check the meters and boundary valves of {name}", "核查 {name} 的流量计与边界阀门"),
    "renew_pipes": Pair("Renew {m} m of pipes around {name}", "更新改造 {name} 一带管道 {m} m"),
    "renew_street": Pair("Renew {m} m of pipes in {name}", "更新改造 {name} 管道 {m} m"),
    "pump_schedule": Pair(
        "Let pump {pump} fill the tank at {hours} and keep it above its lower level otherwise",
        "水泵 {pump} 错峰运行：{hours}充水，其余时段仅保下限水位",
    ),
    "pump_schedule_fixed": Pair("Run pump {pump} at {hours} only", "水泵 {pump} 仅在 {hours}运行"),
    "check_logger": Pair(
        "Check place and clock of the pressure logger at {name}", "现场核对 {name} 处压力计的安装位置与时钟"
    ),
    "replace_sensor": Pair("Check or replace the sensor at {name}", "检修或更换 {name} 处的传感器"),
}

STATUSES = {
    "confirmed": Pair("confirmed", "已核实"),
    "unconfirmed": Pair("unconfirmed", "未核实"),
    "assumed": Pair("assumed", "假设"),
    "given": Pair("given", "城市给定"),
}

NOTES = {
    "energy_bands": Pair(
        "Energy by band of the tariff, and its price of a cubic metre: {bands}.",
        "按电价时段的用电占比与吨水电费：{bands}。",
    ),
    "pump_best": Pair(
        "Held against the cheapest running of {pumps} in the same {days} days that brings as much water and keeps the tanks "
        "{tanks} within their limits; the other pumps stay as they ran.",
        "与同样 {days} 天内 {pumps} 的最省运行方式相比：供水量相同，水池 {tanks} 均在限位之内；其余水泵保持原有运行。",
    ),
    "pump_not_hydraulic": Pair(
        "By the volumes alone: how fast the pipes fill and empty each tank is told by the simulation of a measure only.",
        "此处只按水量计算：各水池充放水的快慢须由对策的水力模拟确定。",
    ),
    "tariff_source": Pair(
        "Tariff: {source}. Hours are priced at the mean of the tariff over the months, so that a season moves nothing.",
        "电价来源：{source}。各小时按全年各月电价的平均值计价，不受季节影响。",
    ),
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
    "searched": Pair(
        "{km} km that crews searched in {n} survey(s) since the leak began, without a find there, count by the chance that a "
        "survey passes a leak: the rest of the area is the more likely.",
        "漏损出现以来 {n} 次检漏已查 {km} km 未发现漏点，这些管段按漏检概率计入：其余区域的概率相应升高。",
    ),
    "excluded": Pair("Loggers left out: {names}.", "未采用的压力计：{names}。"),
    "contradicts": Pair(
        "In the weeks before the leak the model and the other loggers miss {name} by {misfit} standard errors (more than {most}): "
        "it stands elsewhere than on record, its clock is wrong, or an unknown closed valve lies between. It does not fail; until "
        "it is checked it is left out of the search for leaks.",
        "漏损出现前数周，模型与其他压力计对 {name} 的预测偏离 {misfit} 个标准误（超过 {most}）：安装位置与台账不符、时钟有误，"
        "或其间有未登记的关闭阀门。仪表本身未必故障；核查前不用于漏点定位。",
    ),
    "contradict": Pair(
        "Before the leak the model and the other loggers could not explain {names}: it stands elsewhere than on record, its "
        "clock is wrong, or an unknown closed valve lies between. Check on site.",
        "漏损出现之前，模型与其他压力计均无法解释 {names} 的读数：安装位置与台账不符、时钟有误，或其间有未登记的关闭阀门。请现场核查。",
    ),
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
    "below_zero": Pair(
        "The balance of {name} is {value} L/s by night; below zero is impossible. One of these meters is wrong, most likely an "
        "inflow that counts too little: {meters}.",
        "{name} 夜间水量平衡为 {value} L/s，负值不可能出现：下列仪表中必有误差，最可能是进水流量计少计：{meters}。",
    ),
    "parts_exceed": Pair(
        "Since {day} the metered parts of {name} take {percent} % more of its input than before; a leak between them would take "
        "away. Its own meters count too little, or a part's too much: {meters}.",
        "{day} 起，{name} 各计量子区水量占总进水的比例比此前高 {percent}%；其间若有漏损只会使比例降低。总表少计，或某子区表多计：{meters}。",
    ),
    "under_registering": Pair(
        "Since {day} {name} counts {percent} % less than before, judged by the tanks that it fills.",
        "自 {day} 起，对照其供水的水池水位，{name} 比此前少计 {percent}%。",
    ),
    "over_registering": Pair(
        "Since {day} {name} counts {percent} % more than before, judged by the tanks that it fills.",
        "自 {day} 起，对照其供水的水池水位，{name} 比此前多计 {percent}%。",
    ),
    "offset": Pair(
        "{name} reads {size} m away from the model at all times: wrong place, wrong elevation or wrong name.",
        "{name} 始终与模型相差 {size} m：位置、高程或名称有误。",
    ),
    "low_pressure": Pair(
        "Below {limit} m on {share} % of the last {days} days: {source} (rule world {world}, {status}).",
        "最近 {days} 天中有 {share}% 的日子低于 {limit} m：{source}（规则体系 {world}，{status}）。",
    ),
    "low_places": Pair(
        "{n} of {of} logger(s) too low, lowest at {name}: {value} m on average in the lowest hour of the day.",
        "{of} 个压力计中 {n} 个偏低，最低处为 {name}：日最低小时均值平均 {value} m。",
    ),
    "low_one_logger": Pair(
        "A single logger says so: check it on site before anything is set.",
        "仅一个压力计显示偏低：调整之前请先到现场核实该压力计。",
    ),
    "no_price_pressure": Pair(
        "No yearly cost: no price of missing pressure has been published.",
        "未计算年成本：未见公布的压力不足损失单价。",
    ),
    "excess_pressure": Pair(
        "Mean pressure by night {mean} m, lowest of any logger {lowest} m; {floor} m are owed: {source} (rule world {world}, "
        "{status}).",
        "夜间平均压力 {mean} m，压力计最低 {lowest} m，应保证 {floor} m：{source}（规则体系 {world}，{status}）。",
    ),
    "excess_by_n1": Pair(
        "The gap is leakage that would stop if all pressures fell by the spare {spare} m, by the N1 law with N1 = {n1} "
        "(0.5 to 1.5): computed, to be confirmed by works.",
        "差值为全部压力降低富余的 {spare} m 后可消除的漏失，按 N1 定律计算，N1 = {n1}（0.5 至 1.5）：属计算值，有待工程验证。",
    ),
    "leakage_by_population": Pair(
        "Leakage = night flow less the legitimate night use of the population.",
        "漏失 = 夜间流量减去人口的合法夜间用水。",
    ),
    "leakage_by_share": Pair(
        "Leakage taken as {share} % of the night flow, assumed: state the population of the boundary to replace it.",
        "漏失假设为夜间流量的 {share}%：在分区中给出人口数即可替代该假设。",
    ),
    "between_loggers": Pair(
        "What the pressure is between the loggers only the model tells; settings are tried out there first.",
        "压力计之间的压力只能由模型给出；阀门调定值先在模型中试算。",
    ),
    "boundary_change": Pair(
        "On {day} the night flow of {gained} rose by {gain} L/s and that of {lost} fell by {loss} L/s; by day the one gained what "
        "the other lost. So water crosses their boundary past the meters: most likely a boundary valve was opened.",
        "{day}，{gained} 的夜间流量升高 {gain} L/s，{lost} 同时下降 {loss} L/s，白天的增减也相抵：有水未经计量越过分区边界，最可能是边界阀门被打开。",
    ),
    "swapped_meters": Pair(
        "On {day} {gained} (+{gain} L/s) and {lost} (-{loss} L/s) went on at each other's former level, by night and by day: "
        "their meters, cables or names were exchanged.",
        "{day} 起，{gained}（+{gain} L/s）与 {lost}（-{loss} L/s）的昼夜流量互换为对方原有水平：两处流量计、接线或名称可能被对调。",
    ),
    "no_leak_there": Pair(
        "This is taken out before leakage is judged: {gained} is not said to leak for it, nor {lost} to have been mended.",
        "判断漏损前已扣除该变化：不据此认定 {gained} 漏损，也不认定 {lost} 已修复。",
    ),
    "shared_meter": Pair(
        "{gained} and {lost} share a meter: an error of that meter looks the same as a valve past it. Check the meter first.",
        "{gained} 与 {lost} 共用一台流量计：该表误差与绕表开阀的表现相同，应先校核该表。",
    ),
    "neighbours_unknown": Pair(
        "That {gained} and {lost} are neighbours is not on record; a leak in the one and a repair of the same size in the other "
        "on the same day would look the same.",
        "档案中未记载 {gained} 与 {lost} 相邻；若一处漏水、另一处同日修复等量漏点，表现相同。",
    ),
    "counts_more": Pair(
        "The flow of {name} rose by {percent} % by day and by night alike since about {day} against {n} other boundaries: its meter "
        "counts too much. A leak would be the larger share by night; use that grew alike at all hours looks the same.",
        "约自 {day} 起，相对其余 {n} 个分区，{name} 的流量昼夜同比增加 {percent}%：流量计偏大。若为漏损，夜间增幅应更大；"
        "全天用水同比增长的表现与此相同。",
    ),
    "counts_less": Pair(
        "The flow of {name} fell by {percent} % by day and by night alike since about {day} against {n} other boundaries: its meter "
        "counts too little. A mended leak would be the larger share by night; use that fell alike at all hours looks the same.",
        "约自 {day} 起，相对其余 {n} 个分区，{name} 的流量昼夜同比减少 {percent}%：流量计偏小。若为修漏，夜间降幅应更大；"
        "全天用水同比下降的表现与此相同。",
    ),
    "unexplained_fall": Pair(
        "On {day} the night flow of {name} fell by {size} L/s ({night} % by night, {by_day} % by day) below every level it had "
        "before; no works are on record and no other boundary gained it. A valve to an unmetered part, a meter that counts less, "
        "a customer gone or a repair without a record look alike; a meter that counts less takes the same share by night and day.",
        "{day}，{name} 的夜间流量下降 {size} L/s（夜间 {night}%，白天 {by_day}%），低于此前所有水平；无施工记录，也无其他分区相应增加。"
        "通往未计量区域的阀门被打开、流量计少计、用水大户停用或未登记的修漏，表现相似；流量计少计时昼夜降幅相同。",
    ),
    "no_check_price": Pair(
        "No valve check offered: no price in {currency} for check_valves_each; add it under prices in city.toml.",
        "未提供阀门核查：check_valves_each 没有以 {currency} 计的单价；请在 city.toml 的 prices 中补充。",
    ),
    "background": Pair(
        "Standing leakage by night {leakage} L/s after legitimate night use and the leak that is there now, {uarl} L/s are "
        "unavoidable at {pressure} m: ILI {ili}, {limit} is acceptable ({source}, {status}).",
        "扣除合法夜间用水和现有漏点后，夜间持续漏失 {leakage} L/s；在 {pressure} m 压力下不可避免的漏失为 {uarl} L/s：ILI 为 {ili}，可接受值 {limit}（{source}，{status}）。",
    ),
    "background_not_bursts": Pair(
        "Part of it may still be leaks that a survey can find: survey first, renew what leaks again.",
        "其中一部分可能仍是可检出的漏点：先检漏，反复漏损的管段再更新改造。",
    ),
    "frequent_breaks": Pair(
        "{n} breaks on record on {km} km: {rate} per 100 km a year against {reference} elsewhere ({source}).",
        "{km} km 管道记录爆管 {n} 次：每百公里每年 {rate} 次，参照值 {reference}（{source}）。",
    ),
    "renewal_not_judged": Pair(
        "No renewal offered for {name}: no pipe on record has a material with a published break rate or a record of breaks; add "
        "material, year, breaks and breaks_years to the pipes.",
        "未提供 {name} 的管网更新改造方案：管线台账缺少材质（有公开爆管率者）或爆管记录；请为管道补充 material、year、breaks、breaks_years。",
    ),
    "renewal_partly_judged": Pair(
        "{share} % of the length of pipes has a material or a break record; the rest is left as it is.",
        "管长中 {share}% 有材质或爆管记录，其余按现状处理。",
    ),
    "no_renew_price": Pair(
        "No renewal offered: no price in {currency} for renew_per_m (or renew_per_m_dn150 and so on by diameter); add it under "
        "prices in city.toml.",
        "未提供管网更新改造方案：renew_per_m（或按管径的 renew_per_m_dn150 等）没有以 {currency} 计的单价；请在 city.toml 的 prices 中补充。",
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
