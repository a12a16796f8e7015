"""What the columns of a city's project list are called, in Chinese as the forms of 发改委 and 住建局 do and in English."""

import re
import unicodedata

from cityloop.i18n import Pair

__all__ = ["COLUMNS", "field_of", "plain"]

#: Key -> (its name, what headers say).
COLUMNS: dict[str, tuple[Pair, tuple[str, ...]]] = {
    "serial": (Pair("No.", "序号"), ("序号", "no", "no.", "#", "serial", "row")),
    "name": (
        Pair("Project", "项目名称"),
        ("项目名称", "工程名称", "项目", "名称", "project name", "project", "name", "title", "project title"),
    ),
    "code": (
        Pair("Project code", "项目代码"),
        ("项目代码", "项目编码", "项目编号", "编号", "代码", "project code", "project id", "project no", "code", "id"),
    ),
    "kind": (
        Pair("Category", "项目类别"),
        ("项目类别", "项目类型", "类别", "类型", "建设性质", "所属行业", "行业", "category", "type", "sector"),
    ),
    "content": (
        Pair("Content", "建设内容"),
        (
            "建设内容", "主要建设内容", "建设内容及规模", "建设规模及内容", "建设规模", "项目概况", "项目简介", "项目内容", "工程内容",
            "content", "scope", "scope of works", "description", "works", "main works",
        ),
    ),
    "necessity": (
        Pair("Problem to be solved", "建设必要性"),
        (
            "建设必要性", "必要性", "解决的问题", "拟解决的问题", "存在问题", "问题描述", "现状问题",
            "need", "necessity", "problem", "problem addressed", "problem to be solved",
        ),
    ),
    "place": (
        Pair("Place", "建设地点"),
        (
            "建设地点", "建设地址", "建设位置", "项目地点", "项目位置", "实施地点", "位置", "地点", "所在区域", "所属片区", "所属区域", "片区", "所在街道", "街道",
            "location", "site", "place", "area", "district", "where",
        ),
    ),
    "investment": (
        Pair("Total investment", "总投资"),
        (
            "总投资", "项目总投资", "工程总投资", "总投资额", "投资总额", "投资估算", "总投资估算", "估算总投资", "估算投资", "计划总投资", "概算总投资",
            "投资额", "投资规模", "项目投资", "investment", "total investment", "cost", "total cost", "capital cost", "estimate",
        ),
    ),
    "currency": (Pair("Currency", "币种"), ("币种", "货币", "currency")),
    "funding": (
        Pair("Source of funds", "资金来源"),
        (
            "资金来源", "资金筹措", "资金筹措方式", "资金筹集", "筹资方式", "投资来源", "资金渠道",
            "funding", "source of funds", "funding source", "financing", "finance",
        ),
    ),
    "unit": (
        Pair("Responsible body", "建设单位"),
        (
            "建设单位", "责任单位", "建设单位/责任单位", "项目单位", "业主单位", "项目业主", "实施主体", "实施单位", "申报单位", "主管部门", "牵头单位", "牵头部门",
            "项目法人", "owner", "client", "responsible", "responsible body", "responsible unit", "department", "agency",
        ),
    ),
    "partners": (
        Pair("Cooperating departments", "配合单位"),
        (
            "配合单位", "配合部门", "协同部门", "协作单位", "参与部门", "责任部门", "partners", "cooperating departments",
            "other departments",
        ),
    ),
    "period": (
        Pair("Years of construction", "建设起止年限"),
        (
            "建设起止年限", "起止年限", "建设年限", "建设起止时间", "起止时间", "建设周期", "建设工期", "建设时间", "实施期限", "实施年限",
            "period", "years", "schedule", "construction period", "start and end",
        ),
    ),
    "start": (
        Pair("Start", "开工时间"),
        ("开工时间", "计划开工", "计划开工时间", "拟开工", "开工", "拟开工时间", "预计开工时间", "开工日期", "开始时间", "start", "start date", "start of works"),
    ),
    "end": (
        Pair("Completion", "竣工时间"),
        (
            "竣工时间", "计划竣工", "计划完工", "竣工", "完工", "计划竣工时间", "完工时间", "预计完工时间", "竣工日期", "完成时间", "end", "end date", "completion",
            "completion date",
        ),
    ),
    "stage": (
        Pair("Stage", "项目阶段"),
        (
            "项目阶段", "前期进展", "前期工作进展", "前期工作情况", "项目阶段/前期进展", "前期工作", "项目进展", "进展情况", "工作进展", "当前进展", "项目状态",
            "目前进展", "stage", "status", "progress", "preparation",
        ),
    ),
    "mode": (
        Pair("Mode of construction", "建设模式"),
        (
            "建设模式", "实施模式", "投资模式", "运作模式", "建设方式", "实施方式", "建设运营模式", "mode", "delivery mode", "procurement",
            "mode of construction",
        ),
    ),
    "basis": (
        Pair("Basis in plans", "规划依据"),
        (
            "规划依据", "立项依据", "建设依据", "政策依据", "依据", "所属规划", "basis", "plan", "planning basis", "legal basis",
        ),
    ),
    "benefit": (
        Pair("Expected benefits", "预期效益"),
        (
            "预期效益", "预期效果", "效益", "效益分析", "社会经济效益", "经济社会效益", "项目效益", "绩效目标", "预期目标", "建设成效", "预期成效",
            "benefit", "benefits", "expected benefit", "expected benefits", "outcome", "expected outcome",
        ),
    ),
    "income": (
        Pair("Yearly income", "年收益"),
        (
            "年收益", "年收入", "年经营收入", "年运营收入", "预期年收益", "预计年收益", "年均收益", "年经济效益", "yearly income", "annual income",
            "annual revenue", "yearly benefit", "annual benefit",
        ),
    ),
    "operation": (
        Pair("Yearly operating cost", "年运营费用"),
        (
            "年运营费用", "年运维费用", "年运行费用", "年运营成本", "年运维成本", "运维费用", "运营费用", "运营成本", "运维经费", "年运维费", "operating cost",
            "annual operating cost", "yearly operating cost", "o&m", "o&m cost", "running cost",
        ),
    ),
    "life": (
        Pair("Years of use", "使用年限"),
        ("使用年限", "运营期", "运营年限", "效益年限", "设计使用年限", "service life", "life", "years of use", "years of operation"),
    ),
    "citizens": (
        Pair("Citizens' part", "公众参与"),
        (
            "公众参与", "群众参与", "居民意见", "群众意见", "公众参与情况", "citizens", "public participation", "consultation",
        ),
    ),
    "ecology": (
        Pair("Ecology and culture", "生态与文化影响"),
        (
            "环境影响", "生态影响", "环评情况", "生态环境影响", "文化保护", "生态与文化影响", "environment", "ecology", "environmental impact",
            "ecology and culture",
        ),
    ),
    "remarks": (Pair("Remarks", "备注"), ("备注", "说明", "其他说明", "remarks", "remark", "notes", "note", "comment", "comments")),
}  # fmt: skip
_KNOWN = {word: key for key, (_, words) in COLUMNS.items() for word in words}
#: A header that merely contains one of these is that column too ("项目总投资估算" is, "序号" within another word is not).
_WITHIN = {
    word: key for word, key in _KNOWN.items() if len(word) >= (3 if word >= "\u4e00" else 9) and key not in ("serial",)
}
#: A part or a share of the money, of one year or up to now, is not the total.
_NO_TOTAL = re.compile(
    r"\d{4}|年度|本年|当年|今年|明年|已完成|完成投资|累计|截至|到位|下达|其中|资本金|so far|spent|this year|annual"
)


def plain(text: str) -> str:
    """A header or name without width, case and spacing; brackets of both languages become one.

    >>> plain("总 投 资（万元） ")
    '总投资(万元)'
    """
    text = unicodedata.normalize("NFKC", text).strip().casefold()
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", re.sub(r"\s+", " ", text)).strip("*:： ")


def field_of(header: str) -> str:
    """The key of the column with this header, "" for one that is not read.

    >>> field_of("项目总投资（万元）"), field_of("2025年计划投资（万元）"), field_of("Yearly operating cost (USD)")
    ('investment', '', 'operation')
    """
    whole = plain(header)
    bare = re.sub(r"\(.*?\)|\[.*?\]", "", whole).strip(" *:,，")
    for text in (whole, bare):
        if text in _KNOWN:
            return _KNOWN[text]
    if _NO_TOTAL.search(whole):
        return ""
    near = [word for word in _WITHIN if word in bare]
    return _WITHIN[max(near, key=len)] if near else ""
