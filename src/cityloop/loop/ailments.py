"""Ten ailments of smart-city building, each as a rule over what a row of a project list says.

A rule fires on what the row says or leaves blank in a column that the list has; where the row is silent it says what to
state. Nothing is inferred from a project's name alone, except that the name promises what the content does not hold.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cityloop.formats.project_columns import COLUMNS
from cityloop.formats.project_list import ListedProject
from cityloop.i18n import LANGUAGES, Pair

__all__ = ["AILMENTS", "Ailment", "Diagnosis", "Row", "diagnose"]

Verdict = Literal["found", "clear", "cannot_tell"]


@dataclass(frozen=True)
class Row:
    """What the rules look at. `columns` = keys that the list has; `modes` = how many rows state each mode;
    `problem` = how the row is tied to an observed problem, `why` in words.
    """

    project: ListedProject
    columns: frozenset[str]
    modes: Mapping[str, int]
    problem: Literal["certain", "proposed", "none", "not_observed"]
    why: Pair

    def text(self, *keys: str) -> str:
        """The texts of some columns, all of them where none is named."""
        texts = self.project.texts
        return "；".join(texts[k] for k in (keys or texts) if texts.get(k))


@dataclass(frozen=True)
class Diagnosis:
    """One rule applied to one row: what it says, by which rule, and what would clear it or must be stated."""

    key: str
    title: Pair
    verdict: Verdict
    because: Pair
    cure: Pair


@dataclass(frozen=True)
class Ailment:
    """`column` = one made for the subject; `raised_by` (looked for in `raised_in`) and `cleared_by` = words; `own` = a rule of its own, first asked."""

    key: str
    title: Pair
    rule: Pair
    cure: Pair
    state: Pair
    column: str = ""
    raised_by: tuple[str, ...] = ()
    raised_in: tuple[str, ...] = ("name", "content")
    cleared_by: tuple[str, ...] = ()
    own: "Callable[[Row], tuple[Verdict, Pair] | None] | None" = field(default=None)


# --- what a text says ----------------------------------------------------------------------------------------------
_DENIED = re.compile(
    r"(?:没有|缺乏|缺少|尚未|暂未|暂无|未(?!来)|无(?!人机|锈|线|障碍)|不(?!仅|断|少|但|只|锈)|(?<![a-z])(?:no|not|without|never) )[^，。；,;.]{0,8}$"
)
_NOTHING = re.compile(r"(?:无|否|没有|暂无|未开展|未征求|none|no|n/a|-|/|—)[。.]?", re.IGNORECASE)


def _says(text: str, words: tuple[str, ...]) -> tuple[bool, str] | None:
    """Whether a text affirms (True) or denies (False) one of the words, and which; None where it names none."""
    denied = None
    text = text.casefold()
    for word in words:
        for match in re.finditer(_pattern(word), text):
            if not _DENIED.search(text[: match.start()]):
                return True, match[0]
            denied = denied or (False, match[0])
    return denied


def _pattern(word: str) -> str:
    """A Chinese word anywhere, an English one from its beginning, a short English one as a whole."""
    if not word.isascii():
        return re.escape(word)
    return rf"(?<![a-z]){re.escape(word)}" + ("(?![a-z])" if len(word) <= 3 else "")


def _fill(pair: Pair, **values: str | Pair) -> Pair:
    pairs = {k: v if isinstance(v, Pair) else Pair(v, v) for k, v in values.items()}
    return Pair(*(pair.in_(lang, **{k: v.in_(lang) for k, v in pairs.items()}) for lang in LANGUAGES))


_SAID = Pair("the row says “{word}”", "本行写明“{word}”")
_DENIES = Pair("the row itself denies it (“{word}”)", "本行自己写明没有（“{word}”）")
_COLUMN_SAYS = Pair("column {column}: “{text}”", "“{column}”一栏：“{text}”")
_COLUMN_EMPTY = Pair("the list has a column {column}, and it is empty here", "清单设有“{column}”一栏，本行为空")
_SILENT = Pair("the row does not say", "本行未说明")


def diagnose(row: Row) -> tuple[Diagnosis, ...]:
    """All ten rules on one row, in their order."""
    return tuple(_diagnose(ailment, row) for ailment in AILMENTS)


def _diagnose(ailment: Ailment, row: Row) -> Diagnosis:
    verdict, because = _judge(ailment, row)
    if verdict == "cannot_tell":
        cure = ailment.state
    else:
        cure = ailment.cure if verdict == "found" else Pair("", "")
    return Diagnosis(ailment.key, ailment.title, verdict, because, cure)


def _judge(ailment: Ailment, row: Row) -> tuple[Verdict, Pair]:
    if ailment.own is not None and (said := ailment.own(row)) is not None:
        return said
    if text := row.text(ailment.column) if ailment.column else "":
        told = _fill(_COLUMN_SAYS, column=COLUMNS[ailment.column][0], text=text[:60])
        return ("found" if _NOTHING.fullmatch(text.strip()) else "clear"), told
    if ailment.cleared_by and (said_words := _says(row.text(), ailment.cleared_by)) is not None:
        affirmed, word = said_words
        return ("clear", _fill(_SAID, word=word)) if affirmed else ("found", _fill(_DENIES, word=word))
    if (raised := _says(row.text(*ailment.raised_in), ailment.raised_by)) is not None and raised[0]:
        return "found", _fill(ailment.rule, word=raised[1])
    return "cannot_tell", _SILENT


# --- rules of their own --------------------------------------------------------------------------------------------
_COMPARED = ("比选", "多种模式", "组合模式", "混合模式", "compared", "alternative", "combination", "mixed")


def _one_mode(row: Row) -> tuple[Verdict, Pair] | None:
    mode = row.text("mode")
    if (said := _says(row.text(), _COMPARED)) and said[0]:
        return "clear", _fill(_SAID, word=said[1])
    if not mode:
        return None
    rows = sum(row.modes.values())
    if len(row.modes) > 1:
        return "clear", Pair(
            f"the list uses {len(row.modes)} modes ({', '.join(sorted(row.modes))})",
            f"清单采用 {len(row.modes)} 种模式（{'、'.join(sorted(row.modes))}）",
        )
    if rows >= 3:
        return "found", Pair(
            f"all {rows} rows that state a mode state the same: “{mode[:40]}”", f"写明模式的 {rows} 行均为“{mode[:40]}”"
        )
    return "cannot_tell", Pair(
        f"“{mode[:40]}”, but too few rows state a mode to compare", f"为“{mode[:40]}”，但写明模式的行太少，无从比较"
    )


_OPERATED = ("运营", "运维", "运行维护", "维护", "养护", "管护", "operation", "operated", "maintenance", "maintain")


def _no_thought_of_cost(row: Row) -> tuple[Verdict, Pair] | None:
    project = row.project
    if project.investment is None:
        if row.text("investment") or "investment" not in row.columns:
            return "cannot_tell", Pair("no investment that can be read", "没有可用的投资额")
        return "found", _fill(_COLUMN_EMPTY, column=COLUMNS["investment"][0])
    if project.operation is not None:
        return "clear", _fill(_COLUMN_SAYS, column=COLUMNS["operation"][0], text=project.operation.said)
    if (said := _says(row.text(), _OPERATED)) is not None:
        return ("clear", _fill(_SAID, word=said[1])) if said[0] else ("found", _fill(_DENIES, word=said[1]))
    if "operation" in row.columns and not row.text("operation"):
        return "found", _fill(_COLUMN_EMPTY, column=COLUMNS["operation"][0])
    return None


_FASHION = (
    "智慧", "智能化", "数字孪生", "元宇宙", "区块链", "大数据", "人工智能", "云计算", "物联网", "低空", "未来社区", "新基建", "5g", "ai",
    "smart", "digital twin", "metaverse", "blockchain", "big data", "artificial intelligence", "iot", "low-altitude",
)  # fmt: skip
_SUBSTANCE = (
    "数据", "监测", "监控", "系统", "软件", "模型", "算法", "传感", "采集", "感知", "记录仪", "信息", "遥测", "远传", "自动", "物联", "网关",
    "data", "monitor", "sensor", "software", "model", "system", "meter", "logger", "telemetry", "automat",
)  # fmt: skip


def _fashionable(row: Row) -> tuple[Verdict, Pair] | None:
    said = _says(row.text("name"), _FASHION) or _says(row.text("kind"), _FASHION)
    if said is None:
        return "clear", Pair("neither name nor category bears such a word", "名称和类别中没有此类概念词")
    content = row.text("content")
    if not content:
        return "cannot_tell", Pair(
            f"name or category says “{said[1]}”, no content is stated", f"名称或类别含“{said[1]}”，未写建设内容"
        )
    beside = content.casefold()
    for word in _FASHION:
        beside = re.sub(_pattern(word), " ", beside)
    if (held := _says(beside, _SUBSTANCE)) and held[0]:
        return "clear", Pair(
            f"name or category says “{said[1]}”, the content holds “{held[1]}”",
            f"名称或类别含“{said[1]}”，建设内容中有“{held[1]}”",
        )
    return "found", Pair(
        f"name or category says “{said[1]}”, the content (“{content[:60]}”) names no data, measuring or system behind it",
        f"名称或类别含“{said[1]}”，建设内容（“{content[:60]}”）没有相应的数据、监测或系统",
    )


def _real_problem(row: Row) -> tuple[Verdict, Pair] | None:
    verdicts: dict[str, Verdict] = {
        "certain": "clear", "none": "found", "proposed": "cannot_tell", "not_observed": "cannot_tell",
    }  # fmt: skip
    return verdicts[row.problem], row.why


_APPRAISED = (
    "内部收益率", "净现值", "投资回收期", "回收期", "财务分析", "成本效益分析", "资金平衡", "npv", "irr", "payback", "cost-benefit",
    "benefit-cost",
)  # fmt: skip


def _no_economics(row: Row) -> tuple[Verdict, Pair] | None:
    project, benefit = row.project, row.text("benefit")
    if (said := _says(row.text(), _APPRAISED)) is not None:
        return ("clear", _fill(_SAID, word=said[1])) if said[0] else ("found", _fill(_DENIES, word=said[1]))
    figure = project.income.said if project.income else project.yearly[0].said if project.yearly else ""
    if figure and project.investment is not None:
        return "clear", Pair(
            f"investment {project.investment.said}, yearly benefit “{figure}”",
            f"有总投资（{project.investment.said}）和年效益（“{figure}”）",
        )
    if figure:
        return "cannot_tell", Pair("a yearly benefit, but no investment that can be read", "有年效益，没有可用的投资额")
    if benefit and not re.search(r"\d", benefit):
        return "found", Pair(f"the benefit “{benefit[:60]}” holds no figure", f"效益“{benefit[:60]}”没有任何数值")
    if benefit:
        return "cannot_tell", Pair(
            f"the benefit “{benefit[:60]}” has figures, but none per year with a unit",
            f"效益“{benefit[:60]}”有数值，但没有带单位的年度数值",
        )
    return ("found", _fill(_COLUMN_EMPTY, column=COLUMNS["benefit"][0])) if "benefit" in row.columns else None


_PRIVATE = (
    "社会资本", "社会资金", "企业自筹", "企业投资", "民间", "民营", "特许经营", "市场化", "合同节水", "合同能源", "使用者付费", "股权", "reit", "ppp",
    "private", "concession", "equity", "user fee", "performance contract",
)  # fmt: skip
_PUBLIC = (
    "财政", "专项债", "国债", "上级", "中央", "预算内", "政府投资", "政府出资", "地方债", "budget", "bond", "grant", "treasury", "state funds",
    "public funds", "subsidy",
)  # fmt: skip


def _no_private_channel(row: Row) -> tuple[Verdict, Pair] | None:
    text = row.text("funding", "mode")
    if (said := _says(text, _PRIVATE)) is not None:
        return ("clear", _fill(_SAID, word=said[1])) if said[0] else ("found", _fill(_DENIES, word=said[1]))
    funding = row.text("funding")
    if not funding:
        return None
    public = _says(funding, _PUBLIC)
    if public is None or not public[0] or re.search(r"自筹|贷款|loan|own funds", funding.casefold()):
        return "cannot_tell", Pair(
            f"“{funding[:60]}” does not say whose money it is", f"“{funding[:60]}”未说明资金属于谁"
        )
    return "found", Pair(f"all funds are public: “{funding[:60]}”", f"资金全部为政府资金：“{funding[:60]}”")


# --- the ten -------------------------------------------------------------------------------------------------------
_HARDWARE = (
    "设备", "硬件", "摄像", "大屏", "机房", "服务器", "终端", "显示屏", "传感器", "记录仪", "监测仪", "智能水表", "远传水表", "智慧灯杆", "指挥中心",
    "hardware", "camera", "screen", "server", "terminal", "sensor", "logger", "smart meter", "control room",
)  # fmt: skip
_VOICE = (
    "征求意见", "意见征集", "征求居民", "征求群众", "居民意见", "群众意见", "公众参与", "居民参与", "市民参与", "听证", "问卷", "12345", "诉求", "投诉",
    "满意度", "居民议事", "居民协商", "入户调查", "public consultation", "consult", "residents asked", "participat", "complaint",
    "hearing", "questionnaire", "satisfaction", "citizen request",
)  # fmt: skip
_PLANNED = (
    "专项规划", "总体规划", "国土空间规划", "五年规划", "十四五", "十五五", "规划纲要", "实施方案", "总体方案", "行动方案", "行动计划", "顶层设计", "可研",
    "可行性研究", "立项批复", "已批复", "初步设计", "master plan", "feasibility", "action plan", "top-level", "approved design",
    "five-year plan", "programme",
)  # fmt: skip
_IDEAS = ("谋划", "意向", "设想", "概念", "未启动", "未开展", "idea", "concept", "not started")
_HARSH = (
    "拆除", "大拆大建", "砍伐", "移树", "迁移树木", "填湖", "填河", "河道硬化", "裁弯取直", "硬化", "占用绿地", "盖板", "削山", "历史街区改造",
    "demolish", "demolition", "felling", "fill in", "culvert", "channel lining", "pave",
)  # fmt: skip
_TENDED = (
    "生态", "环评", "环境影响", "海绵", "低碳", "节能", "节水", "绿化", "再生水", "历史文化", "文物", "古树", "风貌", "非遗", "文化保护", "ecolog",
    "environmental impact", "heritage", "cultural", "green", "low-carbon", "save water", "saves water", "reuse",
)  # fmt: skip
_IT = (
    "平台", "信息系统", "管理系统", "监控系统", "数据库", "信息化", "软件", "数据中心", "app", "platform", "information system", "database",
    "software", "data centre", "data center", "dashboard",
)  # fmt: skip
_SHARED = (
    "数据共享", "共享", "互联互通", "对接", "接入", "接口", "一网统管", "跨部门", "统一平台", "数据目录", "协同", "打通", "shared", "sharing",
    "interface", "interoperab", "connected to", "open data", "cross-department",
)  # fmt: skip
_NO_RULE = Pair("", "")
AILMENTS: tuple[Ailment, ...] = (
    Ailment(
        "hardware_without_voice",
        Pair("hardware without citizens' voice", "重硬件、轻市民参与"),
        Pair("hardware (“{word}”) and no word of citizens", "有硬件内容（“{word}”），全行未提市民参与"),
        Pair(
            "Say how residents were asked and what changed for it: consultation, 12345 requests, satisfaction before and after.",
            "写明征求居民意见的方式和采纳情况，如意见征集、12345 诉求、改造前后满意度。",
        ),
        Pair("how citizens were heard", "市民参与情况（意见征集、12345 诉求、满意度）"),
        column="citizens", raised_by=_HARDWARE, cleared_by=_VOICE,
    ),
    Ailment(
        "one_mode",
        Pair("one construction mode only", "建设模式单一"),
        _NO_RULE,
        Pair(
            "Compare at least two modes (own works, EPC, concession, performance contract) and give the reason for the choice.",
            "至少比选两种建设模式（自建、EPC、特许经营、合同节水等）并说明选择理由。",
        ),
        Pair("the mode of construction and those it was compared with", "建设模式及比选情况"),
        own=_one_mode,
    ),
    Ailment(
        "no_thought_of_cost",
        Pair("no thought of cost and later operation", "不计成本、无后期运营"),
        _NO_RULE,
        Pair(
            "State the total investment, the yearly operating cost, who bears it and which income it has.",
            "填写总投资、年运营费用、费用承担单位及运营收入。",
        ),
        Pair(
            "yearly operating cost and who bears it, and the total investment where it is open",
            "年运营费用及承担单位（总投资未填的一并填写）",
        ),
        own=_no_thought_of_cost,
    ),
    Ailment(
        "fashionable_name",
        Pair("unrelated works under a fashionable name", "借概念包装无关项目"),
        _NO_RULE,
        Pair(
            "Name the project after its works, or state what makes it what its name says.",
            "按实际建设内容命名，或写明与名称相符的具体内容。",
        ),
        Pair("the works themselves", "具体建设内容"),
        own=_fashionable,
    ),
    Ailment(
        "no_real_problem",
        Pair("not tied to a real problem", "与实际问题脱节"),
        _NO_RULE,
        Pair(
            "Name the observed problem that it answers, or measure first whether there is one.",
            "写明所针对的已观测问题；没有的，先监测、后立项。",
        ),
        Pair(
            "the observed problem that it answers, or the measured gap behind it",
            "所针对的已观测问题，或问题的实测依据",
        ),
        own=_real_problem,
    ),
    Ailment(
        "no_economics",
        Pair("no investment economics", "缺乏投资效益分析"),
        _NO_RULE,
        Pair(
            "State benefits per year as quantities with units or as money, and for how many years.",
            "填写带单位的年度效益（如年节水量、年收益）及效益年限。",
        ),
        Pair("benefits per year with their unit, and for how many years", "带单位的年度效益及效益年限"),
        own=_no_economics,
    ),
    Ailment(
        "no_top_level_design",
        Pair("no top-level design", "缺乏顶层设计"),
        Pair("only an idea so far (“{word}”), and no plan is named", "尚处于“{word}”阶段，未写明规划依据"),
        Pair("Name the plan that it belongs to and its approval.", "写明所属规划、方案及批复文号。"),
        Pair("the plan that it belongs to (title, document number)", "所属规划或方案（名称、文号）"),
        column="basis", raised_by=_IDEAS, raised_in=("stage",), cleared_by=_PLANNED,
    ),
    Ailment(
        "cut_off_from_ecology_and_culture",
        Pair("cut off from ecology and culture", "割裂生态与文化"),
        Pair(
            "works that change the place (“{word}”) and no word of ecology or culture",
            "有改变环境的内容（“{word}”），全行未提生态与文化保护",
        ),
        Pair(
            "State the effect on green, water and heritage and what is done about it.",
            "写明对绿地、水体、历史文化的影响及保护措施。",
        ),
        Pair("its effect on ecology and culture, or that there is none", "对生态与文化的影响（无影响的也请注明）"),
        column="ecology", raised_by=_HARSH, cleared_by=_TENDED,
    ),
    Ailment(
        "information_island",
        Pair("information island between departments", "部门信息孤岛"),
        Pair(
            "an information system (“{word}”) and no word of sharing or interfaces",
            "建设信息系统（“{word}”），未提数据共享或接口",
        ),
        Pair(
            "Name the departments that it gives data to and takes data from, and the interface.",
            "写明与哪些部门共享哪些数据、通过何种接口。",
        ),
        Pair("which departments' data it uses and gives", "使用和提供哪些部门的数据"),
        column="partners", raised_by=_IT, cleared_by=_SHARED,
    ),
    Ailment(
        "no_private_channel",
        Pair("no channel for private capital", "缺乏社会资本参与渠道"),
        _NO_RULE,
        Pair(
            "State which part has income or could be a performance contract, or why it is purely public.",
            "写明有收益、可由社会资本参与的部分，或说明属于纯公益的理由。",
        ),
        Pair("the source of funds, and whether private capital can take part", "资金来源及社会资本能否参与"),
        own=_no_private_channel,
    ),
)  # fmt: skip
