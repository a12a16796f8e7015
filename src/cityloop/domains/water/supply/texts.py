"""Every sentence about supplies, shortage and what shortens it, in both languages."""

from cityloop.domains.water.texts import STATUSES
from cityloop.i18n import Pair

__all__ = ["NO_PRICE", "ROW_NOTES", "SUPPLY_KINDS", "SUPPLY_NOTES", "SUPPLY_TITLES", "sourced", "supply_note"]

SUPPLY_KINDS = {
    "surface": Pair("surface water", "地表水"),
    "ground": Pair("groundwater", "地下水"),
    "purchased": Pair("purchased water", "外购水"),
    "reclaimed": Pair("reclaimed water", "再生水"),
    "desalinated": Pair("desalinated water", "淡化海水"),
}

SUPPLY_TITLES = {
    "water_reuse": Pair(
        "Reclaimed water from {name} for users who need no drinking water, {volume} m³/day",
        "{name}：向非饮用水用户供再生水 {volume} m³/d",
    ),
    "buy_water": Pair("Further supply: {name}, up to {volume} m³/day", "新增水源{name}，最大 {volume} m³/d"),
    "use_restriction_voluntary": Pair("Ask all users to save water", "倡议全体用户节约用水"),
    "use_restriction_mandatory": Pair(
        "Restrict use by order: watering, washing, filling", "限制用水：浇洒、洗车、充水等"
    ),
    "household_feedback": Pair(
        "Water reports to the {households} households of {name}", "向{name} {households} 户发送用水报告"
    ),
    "district_meter": Pair(
        "Split {name} by a district meter at {meter}, {closed} valve(s) closed",
        "在 {meter} 处设分区计量表将{name}一分为二，关闭阀门 {closed} 处",
    ),
    "repair_check": Pair(
        "Check every repair by listening and the night flow within a week", "每处修复后一周内听漏并核对夜间流量"
    ),
    "faster_repair": Pair(
        "Repair within {target} days of approval instead of {now}", "漏点由批准后 {now} 天修复提速至 {target} 天以内"
    ),
}

SUPPLY_NOTES = {
    "shortage": Pair(
        "Over the next {days} days {short} % of the demand would be short on average of {courses} courses, {dry} % in a dry "
        "year (one in {one_in}).",
        "未来 {days} 天，{courses} 组来水与需水过程平均缺水率为 {short}%，枯水年（约 {one_in} 年一遇）为 {dry}%。",
    ),
    "stage": Pair("Stage today by {world}: {stage}.", "按{world}规则，当前为：{stage}。"),
    "no_stages": Pair("{world} has no common stages.", "{world}无统一分级。"),
    "storage": Pair(
        "{name} held {now} m3 on {day}, {share} % of what can be used.",
        "{name} {day} 蓄水量 {now} m³，可用蓄水率 {share}%。",
    ),
    "short_inflow": Pair(
        "The inflow record covers {years} years: less than one, so that it knows no season; its level is given a wide spread "
        "(assumed).",
        "来水记录仅 {years} 年，不足一年，无法反映季节变化，已按假设放宽来水水平的离散程度。",
    ),
    "few_years": Pair(
        "The inflow record covers {years} years; droughts longer or rarer than it holds are not in the draws.",
        "来水记录 {years} 年；比记录更长、更罕见的干旱不在抽样之内。",
    ),
    "short_demand": Pair(
        "Demand is known for {days} days: no yearly cycle can be read from it, ±{spread} % is assumed for a month.",
        "需水记录仅 {days} 天，无法得出年内变化，各月按 ±{spread}% 假设。",
    ),
    "no_inflow": Pair(
        "No inflow of {name} is on record: it is counted as none, on the safe side.",
        "{name}没有来水记录：按无来水计，偏于安全。",
    ),
    "unmetered": Pair(
        "Demand of {names} is not metered and not counted.", "{names} 的需水量没有计量，未计入。"
    ),
    "unread": Pair(
        "{names}: no reading of the storage within {days} days; not counted as supply.",
        "{names}：{days} 天内没有蓄水量读数，未计入供水。",
    ),
    "no_shortage_price": Pair(
        "A shortage has no price here: state shortage_per_m3 (what a missing cubic metre costs people) under prices in city.toml.",
        "缺水没有计价：请在 city.toml 的 prices 中给出 shortage_per_m3（每缺 1 m³ 水对用户的损失）。",
    ),
    "shortage_price": Pair(
        "Priced at {price} {currency} for each missing cubic metre ({source}, {status}).",
        "每缺 1 m³ 按 {price} {currency} 计（{source}，{status}）。",
    ),
    "lead": Pair(
        "Decide {lead} days before the stage begins ({source}, {status}).", "须在进入该级前 {lead} 天作出决定（{source}，{status}）。"
    ),
    "lacking": Pair("Not offered: {measure}; lacking: {what}.", "未提供：{measure}；缺少：{what}。"),
    "few_days": Pair(
        "Demand is known for {days} days; {least} are needed for a balance.", "需水记录仅 {days} 天，供需平衡至少需要 {least} 天。"
    ),
    "no_supply": Pair("No supply can be counted on.", "没有可计入的水源。"),
    "slow_repair": Pair(
        "{n} repairs on record took {days} days from approval to done (median; {low} to {high}); within {target} days is aimed "
        "at ({source}, {status}).",
        "已登记修复 {n} 处，自批准至完工中位数 {days} 天（{low}～{high}）；目标为 {target} 天以内（{source}，{status}）。",
    ),
    "seen_again": Pair(
        "After {again} of {n} repairs the same trouble was seen again.", "{n} 处修复后，有 {again} 处再次出现同样问题。"
    ),
    "coarse_district": Pair(
        "Leaks below {least} L/s do not show in the night flow of {name} within {days} days: its nights scatter by {sd} L/s.",
        "{name}夜间流量离散 {sd} L/s，{days} 天内看不出小于 {least} L/s 的漏点。",
    ),
    "breaks": Pair(
        "{breaks} new leaks a year by the break records; sizes of 0.5 to 10 L/s as assumed.",
        "按爆管记录每年新增漏点 {breaks} 处；单处 0.5～10 L/s 为假设。",
    ),
}  # fmt: skip


NO_PRICE = "no price given | 没有单价"
ROW_NOTES = {
    "shortage": Pair(
        "the balance of {days} days run with and without, {courses} courses; later years not counted",
        "{days} 天供需平衡有无对策各模拟一次，{courses} 组过程；以后年份未计",
    ),
    "not_used": Pair("drinking water that is not used", "替代的自来水"),
    "class": Pair("quality class {quality}", "水质标准 {quality}"),
    "further": Pair(
        "{kind}; what the coming {days} days use of it on average; later years not counted",
        "{kind}；未来 {days} 天平均取用量；以后年份未计",
    ),
    "feedback": Pair(
        "{n} published studies of water, random effects; bills of {days} days",
        "{n} 项用水研究的随机效应均值；{days} 天的账单",
    ),
    "people": Pair("for {days} days", "持续 {days} 天"),
    "noticed": Pair(
        "new leaks noticed earlier; scatter of nights of a part: share to the power {power} (assumed)",
        "新增漏点更早发现；部分区域夜间离散按份额的 {power} 次幂（假设）",
    ),
    "checked": Pair(
        "{leaks} new leaks a year, {again} of {n} repairs failed, each x {size} L/s x {days} days (assumed)",
        "每年新增漏点 {leaks} 处，{n} 处修复中有 {again} 处失败，每处×{size} L/s×{days} 天（假设）",
    ),
    "repaired": Pair(
        "{leaks} new leaks a year x {size} L/s x days saved", "每年新增漏点 {leaks} 处×{size} L/s×缩短天数"
    ),
}  # fmt: skip


def supply_note(key: str, **values: object) -> str:
    """One sentence of SUPPLY_NOTES in English and Chinese, divided by " | "; a Pair among the values goes to its side."""
    pair = SUPPLY_NOTES[key]
    english, chinese = dict(values), dict(values)
    for name, value in values.items():
        if isinstance(value, Pair):
            english[name], chinese[name] = value.en, value.zh
    if status := STATUSES.get(str(values.get("status"))):
        chinese["status"] = status.zh
    return f"{pair.in_('en', **english)} | {pair.in_('zh', **chinese)}"


def sourced(price: str, how: Pair, **values: object) -> str:
    """Source of a cost row in both languages: that of its price, then how its quantity came about.

    >>> sourced("bid 2026", Pair("{n} days", "{n} 天"), n=3)
    'bid 2026; 3 days | bid 2026；3 天'
    """
    english, _, chinese = price.partition(" | ")
    return f"{english}; {how.in_('en', **values)} | {chinese or english}；{how.in_('zh', **values)}"
