"""Every sentence of the water balance, in both languages; `say` writes both into one string, divided by " | "."""

from collections.abc import Mapping

from cityloop.i18n import Pair

__all__ = ["BALANCE_TEXTS", "say"]

BALANCE_TEXTS: Mapping[str, Pair] = {
    "short": Pair(
        "{days} days, no year: CJJ 92 asks for the year and the ILI is a yearly index; read both as the state of these days.",
        "仅 {days} 天，不足一年：CJJ 92 要求按年度统计，ILI 亦为年度指标；以下结果只反映该时段，不是年度评定。",
    ),
    "apportioned": Pair(
        "{n} bills reach beyond {start} to {end} and are counted by their days inside; the interval is wider by that. Their "
        "periods: {names}.",
        "{n} 笔账单跨出 {start} 至 {end}，按落在期内的天数折算，区间相应放宽。账期：{names}。",
    ),
    "filled": Pair(
        "{hours} h of the inflow are missing ({share} %) and were filled by the mean of the same hour of the day; the interval is "
        "wider by that.",
        "进水缺测 {hours} 小时（{share}%），按同一时刻均值补齐，区间相应放宽。",
    ),
    "default_unbilled": Pair(
        "No unbilled use is on record: {share} % of the input is taken for it ({source}; {status}). CJJ 92 counts what is on "
        "record alone.",
        "无免费或未计费用水记录：按供水量的 {share}% 计（{source}；{status}）。CJJ 92 只计有记录的注册用户用水量。",
    ),
    "estimated": Pair(
        "{share} % of the billed and registered volume are estimates, not readings.",
        "售水量和注册用户用水量中有 {share}% 为估算，并非抄表。",
    ),
    "summed": Pair(
        "{rows} rows share account and period with another row: all of them are counted.",
        "有 {rows} 行与另一行的账目和账期相同：全部计入。",
    ),
    "corrections": Pair(
        "Corrections of {volume} m³ are booked in these days; they may concern earlier ones.",
        "期内登记退补（更正）水量 {volume} m³，可能属于更早的账期。",
    ),
    "corrections_outside": Pair(
        "{name}: corrections of {volume} m³ ({n} bills) are booked outside {start} to {end} and do not count there.",
        "{name}：有 {n} 笔退补（{volume} m³）登记在 {start} 至 {end} 之外，未计入。",
    ),
    "trunk": Pair(
        "The whole city is the sum of its metered areas: mains upstream of the area meters are in none of them.",
        "全市为各计量分区之和：分区总表上游的输水干线不在其中。",
    ),
    "energy_pumps": Pair(
        "Energy is that of the metered pumps ({names}); pumps without an energy meter are not in it.",
        "电耗仅含有电量计量的水泵（{names}），未计量的水泵不在其中。",
    ),
    "no_bills": Pair("no billed volumes are on record", "没有售水量数据"),
    "no_inflow": Pair("not all of its inflow and storage is metered", "进水或蓄水未全部计量"),
    "no_volume": Pair("nothing flowed in by its meters", "进水总表显示没有进水"),
    "no_common_days": Pair(
        "bills and metered inflow have {days} days in a row in common, at least {least} are needed",
        "账单与进水计量连续重合仅 {days} 天，至少需要 {least} 天",
    ),
    "city_area_missing": Pair(
        "not every area has bills and a metered inflow: {names}", "并非每个分区都有售水量和进水计量：{names}"
    ),
    "one_area": Pair("the same as that of its only area", "与其唯一分区相同"),
    "gap": Pair(
        "{name}: what was used from {start} to {end} is on no bill ({account}).",
        "{name}：{start} 至 {end} 的用水没有账单（{account}）。",
    ),
    "unequal": Pair(
        "{name}: bills of {account} cover {start} to {end} only, those of other classes more: the balance ends where one ends.",
        "{name}：{account}的账单仅覆盖 {start} 至 {end}，短于其他类别；水量平衡止于最短者。",
    ),
    "more_than_input": Pair(
        "{name}: {volume} m³ are billed for {start} to {end}, and only {input} m³ flowed in: inflow meter, area of the bills or "
        "their period is wrong. Which of them is not known.",
        "{name}：{start} 至 {end} 售水 {volume} m³，而同期进水只有 {input} m³：进水表、账单所属分区或账期有误，具体是哪一项尚不清楚。",
    ),
    "swapped": Pair(
        "As billed, {name} loses {one} % and {other} {two} %, which leaves one of them no room for leaks; with their bills "
        "exchanged it would be {third} % and {fourth} %. Bills or meters of the two may be exchanged: check on site. Nothing was "
        "moved here.",
        "按现有账单，{name}漏损 {one}%、{other}漏损 {two}%，其中一区已无漏点的余量；若两区账单互换，则为 {third}% 和 {fourth}%。"
        "两区的账单或水表可能互换归属，请现场核对；本报告未作任何调整。",
    ),
    "negative_real": Pair(
        "{name}: the real losses come out below zero ({value} m³ a day): an input is wrong, the balance does not hold.",
        "{name}：真实漏失水量为负（{value} m³/d）：输入有误，水量平衡不成立。",
    ),
    "bottom_up_agrees": Pair(
        "Night flow and balance agree: {night} against {balance} m³ a day.",
        "夜间流量法与水量平衡相符：{night} 对 {balance} m³/d。",
    ),
    "bottom_up_differs": Pair(
        "{name}: night flow and balance do not agree ({night} against {balance} m³ a day): legitimate night use (that of residents "
        "alone is taken off, not that of businesses), apparent losses, a meter or the bills are not as assumed.",
        "{name}：夜间流量法与水量平衡不符（{night} 对 {balance} m³/d）：合法夜间用水（仅扣除居民用水，未扣除非居民夜间用水）、表观漏损、总表或账单至少有一项与假设不同。",
    ),
    "foreign_night_use": Pair(
        "Legitimate night use is a figure of another rule world ({source}); where cisterns differ it misleads.",
        "合法夜间用水采用其他规范体系的取值（{source}）；卫生器具不同则会误导。",
    ),
    "energy_of_city": Pair(
        "pumps serve several areas: energy is told for the city", "水泵服务多个分区，电耗按全市统计"
    ),
    "not_stated": Pair("{key} is not stated in city.toml", "city.toml 未注明 {key}"),
    "no_loggers": Pair("no pressure logger with enough readings", "没有读数足够的测压点"),
    "no_energy": Pair("no pump has an energy meter", "水泵无电量计量"),
    "no_night_rule": Pair("no rule for legitimate night use is known", "没有合法夜间用水的规定"),
    "few_nights": Pair(
        "{n} nights have a value, at least {least} are needed", "有数据的夜间仅 {n} 个，至少需要 {least} 个"
    ),
    "correction_unknown": Pair(
        "{key} is not stated: anywhere from {low} to {high} points, none in the value",
        "未注明 {key}：可能为 {low}～{high} 个百分点，取值按 0 计"
    ),
    "few_loggers": Pair(
        "{name}: {n} loggers measure the pressure; the Chinese standard asks for 3 and one per 10 km2.",
        "{name}：测压点 {n} 个；中国标准要求不少于 3 个且每 10 km² 一个。",
    ),
}  # fmt: skip


def say(key: str, /, **values: object) -> str:
    """One sentence in both languages; a value that is a Pair is filled in by language.

    >>> say("no_bills")
    'no billed volumes are on record | 没有售水量数据'
    """
    pair = BALANCE_TEXTS[key]
    halves = []
    for language in ("en", "zh"):
        said = {k: v.in_(language) if isinstance(v, Pair) else v for k, v in values.items()}
        halves.append(pair.in_(language, **said))
    return " | ".join(halves)
