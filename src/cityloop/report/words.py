"""Words of the records in both languages: kinds, states, grades, cost rows; and texts that carry both already."""

import re
from collections.abc import Mapping

from cityloop.i18n import Language, Pair
from cityloop.registry import words
from cityloop.report.blocks import Badge, Inline, Sentence
from cityloop.report.numbers import money_unit, shown, significant
from cityloop.report.shipped_texts import shipped

__all__ = [
    "COST_KINDS", "DECISIONS", "EFFECT_GRADES", "FINDINGS", "GRADES", "GRADE_MEANING", "LEAST_DAYS", "PROPERTIES", "STATES",
    "STATISTICS", "STATUSES", "UNSHOWN", "WORLDS", "both", "named", "simulated", "status_badge", "with_badge", "word",
]  # fmt: skip

#: Days before "nothing was found" may be said: a reference of 21 and a week in which something may rise above it.
LEAST_DAYS = 28

STATES = {
    "open": Pair("open", "待处理"), "acknowledged": Pair("acknowledged", "已确认"),
    "dismissed": Pair("dismissed", "已驳回"), "merged": Pair("merged", "已并入"), "in_works": Pair("in works", "施工中"),
    "closed": Pair("closed", "已关闭"), "proposed": Pair("proposed", "已提出"), "approved": Pair("approved", "已批准"),
    "funded": Pair("funded", "资金已落实"), "started": Pair("started", "已开工"), "done": Pair("done", "已完工"),
    "cancelled": Pair("cancelled", "已取消"), "superseded": Pair("superseded", "已被替代"),
    "optimal": Pair("proved best", "已证明最优"), "nodes": Pair("node limit", "达到节点上限"),
    "time": Pair("time limit", "达到时间上限"), "infeasible": Pair("no feasible portfolio", "无可行组合"),
}  # fmt: skip
#: Verbs of a Decision, as a person reads what was decided.
DECISIONS = {
    "acknowledge": Pair("acknowledged", "确认"), "assign": Pair("assigned", "指派"), "merge": Pair("merged", "并入"),
    "dismiss": Pair("dismissed", "驳回"), "reopen": Pair("reopened", "重开"), "approve": Pair("approved", "批准"),
    "set": Pair("state recorded", "登记状态"), "inspect": Pair("finding recorded", "登记现场发现"),
    "add_project": Pair("works added", "增加工程"), "import_project": Pair("listed project entered", "录入储备库项目"),
    "withdraw_project": Pair("listed project withdrawn", "撤回储备库项目"),
}  # fmt: skip
STATUSES = {
    "confirmed": Pair("confirmed", "已核实"),
    "unconfirmed": Pair("unconfirmed", "未核实"),
    "assumed": Pair("assumed", "假设"),
    "given": Pair("given by the city", "城市给定"),
}
GRADES = {
    "confirmed": Pair("confirmed", "得到证实"),
    "refuted": Pair("refuted", "被否定"),
    "inconclusive": Pair("inconclusive", "尚无定论"),
}
GRADE_MEANING = {
    "confirmed": Pair(
        "the whole interval lies above zero and it reaches the smallest effect worth acting on",
        "区间全部大于零，且达到值得采取行动的最小效果",
    ),
    "refuted": Pair(
        "the whole interval lies below the smallest effect worth acting on", "区间全部低于值得采取行动的最小效果"
    ),
    "inconclusive": Pair(
        "the observations cannot tell an effect worth acting on from none", "观测数据不足以区分有无值得采取行动的效果"
    ),
}
EFFECT_GRADES = {
    "modelled": Pair("modelled", "模型推算"),
    "published": Pair("published", "文献取值"),
    "assumed": Pair("assumed", "假设"),
}
COST_KINDS = {
    "benefit": Pair("benefit", "效益"),
    "cost": Pair("cost", "费用"),
    "non_monetary": Pair("not priced", "不计价"),
}
PROPERTIES = {
    "water_flow": Pair("water flow", "流量"), "water_pressure": Pair("pressure", "压力"),
    "water_level": Pair("water level", "水位"), "volume": Pair("volume", "水量"), "power": Pair("power", "功率"),
    "energy": Pair("energy", "电量"), "status": Pair("status", "状态"),
    "air_temperature": Pair("air temperature", "气温"), "rainfall": Pair("rainfall", "降雨量"),
    "billed_volume": Pair("billed volume", "售水量"), "billed_days": Pair("days of the bill", "账期天数"),
    "billed_rows": Pair("rows of the table", "账单行数"), "billed_estimated": Pair("rows estimated", "估算行数"),
    "relative_humidity": Pair("relative humidity", "相对湿度"), "wind_speed": Pair("wind speed", "风速"),
}  # fmt: skip
STATISTICS = {
    "instant": Pair("instant", "瞬时值"),
    "mean": Pair("mean", "时段均值"),
    "total": Pair("total", "时段累计"),
    "counter": Pair("counter", "累计读数"),
}
WORLDS = {"cn": Pair("China", "中国"), "us": Pair("United States", "美国"), "eu": Pair("European Union", "欧盟")}

#: Names that no domain gives: what a crew may find anywhere, what any policy states.
_COMMON = {
    "none": Pair("nothing", "未发现问题"), "other": Pair("something else", "其他情况"),
    "own_works": Pair("Works of the city's own", "自有工程"), "discount_rate": Pair("Discount rate", "折现率"),
    "imported_project": Pair("Project of the city's list", "储备库项目"), "investment": Pair("Total investment", "总投资"),
    "yearly operating cost": Pair("Yearly operating cost", "年运营费用"),
    "yearly income": Pair("Yearly income as the list states it", "年收益（清单所列）"),
    "energy saved": Pair("Energy saved", "节约电量"),
    "crew_km_per_day": Pair("Crew speed, km a day", "班组速度（km/天）"), "population": Pair("Population", "人口"),
}  # fmt: skip

#: What a crew and its score may state of a finding: name and unit. Other keys show as they are named by a domain.
FINDINGS = {
    "flow_l_per_s": (Pair("flow", "流量"), "L/s"),
    "distance_m": (Pair("from the likeliest place", "距最可能位置"), "m"),
    "rank": (Pair("rank", "排序"), ""),
    "km_searched": (Pair("searched until then", "此前已排查"), "km"),
}
#: Stated of a finding but shown elsewhere or kept for loop.json.
UNSHOWN = ("on", "found", "place", "note", "by", "problem", "probability", "flow_error_l_per_s", "realised_effect")

_KEY = re.compile(r"( ?)\b([a-z0-9]+(?:_[a-z0-9]+)+)\b( ?)")
_MONEY = re.compile(r"([-−]?\d[\d,]*(?:\.\d+)?) ([A-Z]{3})(?: \((\d{4})\))(?![\w/])")
_DATE = re.compile(r"^(\d{4}-\d{2}-\d{2}: )")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(r"\b[a-z]{3,}\b")
"""A word of an English sentence: it may hold Chinese names (of sensors, of a price's source)."""


def word(table: Mapping[str, Pair], key: str) -> Pair:
    """A word of a table, or the key itself made readable."""
    text = key.replace("_", " ")
    return table.get(key, Pair(text, text))


def named(key: str) -> Pair:
    """The name that a domain gives to a kind, an indicator, a cost row or a cause; else the key made readable."""
    return words().get(key) or word(_COMMON, key)


def both(text: str) -> Pair:
    """A record's text "English | 中文" by language; else in Chinese where it is known.

    >>> both("2026-06-01: Closed. | 关闭。")
    Pair(en='2026-06-01: Closed.', zh='2026-06-01：关闭。')
    >>> both("At best -412,175 CNY (2026). | 最高 -412,175 CNY (2026)。").zh
    '最高 −41.2 万元（2026 年价）。'
    >>> both("Left out: 测压点 3. | 未采用：测压点 3。").en
    'Left out: 测压点 3.'
    """
    pair = _divided(text)
    return Pair(_spoken(pair.en, "en"), _spoken(pair.zh, "zh"))


def _divided(text: str) -> Pair:
    for mark in (" | ", " / "):
        head, divided, tail = text.partition(mark)
        chinese_names = mark == " | " and _ENGLISH.search(head)
        if divided and _CHINESE.search(tail) and (chinese_names or not _CHINESE.search(head)):
            break
    else:
        return words().get(text) or shipped(text)
    dated, tail = _DATE.match(head), shipped(tail).zh
    return Pair(head, f"{dated[1].rstrip(': ')}：{tail}" if dated else tail)


def _spoken(text: str, language: Language) -> str:
    """Keys of indicators and kinds by their names; amounts as the language writes them."""

    def name(match: re.Match[str]) -> str:
        if match[2] not in words():
            return match[0]
        told = words()[match[2]].in_(language)
        return told if language == "zh" else f"{match[1]}{told}{match[3]}"

    text = _KEY.sub(name, text)
    return _MONEY.sub(_in_yuan, text) if language == "zh" else text


def _in_yuan(match: re.Match[str]) -> str:
    """An amount of "-412,175 CNY (2026)" as a Chinese reader writes it."""
    amount = float(match[1].replace(",", "").replace("−", "-"))
    unit, (_, scale) = money_unit(match[2], amount)
    year = f"（{match[3]} 年价）" if match[3] else ""
    return f"{shown(amount * scale, significant(amount * scale) if scale != 1 else 0)} {unit.zh}{year}"


def simulated(flag: bool) -> Inline:
    """The badge of whatever rests on simulated observations; empty otherwise."""
    return Badge(Pair("SIMULATED", "模拟"), "simulated") if flag else ""


def status_badge(status: str) -> Inline:
    """How well a number is known."""
    kind = {"confirmed": "good", "given": "good", "unconfirmed": "unclear", "assumed": "unclear"}.get(status, "status")
    return Badge(word(STATUSES, status), kind)


def with_badge(text: Inline, flag: bool) -> Inline:
    """Text followed by the badge, if it is simulated."""
    return (
        Sentence(Pair("{text} {badge}", "{text} {badge}"), {"text": text, "badge": simulated(True)}) if flag else text
    )
