"""For whom the report is: the whole of it, or one reader's own page cut from the same sections."""

from typing import Literal, get_args

from cityloop.i18n import Pair

__all__ = ["DOORS", "READERS", "Reader", "TITLES"]

Reader = Literal["all", "crew", "manager", "public"]
READERS: tuple[Reader, ...] = get_args(Reader)

#: What is written on the doors at the top of the whole report, and what stands behind each.
DOORS: dict[Reader, tuple[Pair, Pair]] = {
    "all": (Pair("Everything", "完整报告"), Pair("all sections", "全部内容")),
    "crew": (Pair("Crew", "班组"), Pair("where to dig, what to record", "去哪里查、记录什么")),
    "manager": (Pair("Manager", "管理者"), Pair("balance, money, risk, decisions", "平衡、资金、风险、决策")),
    "public": (Pair("Public", "公众"), Pair("in plain words", "通俗说明")),
}
TITLES: dict[Reader, Pair] = {
    "all": Pair("Cityloop report", "Cityloop 城市闭环报告"),
    "crew": Pair("Cityloop report: for the crew", "Cityloop 城市闭环报告·班组作业单"),
    "manager": Pair("Cityloop report: for the manager", "Cityloop 城市闭环报告·管理者简报"),
    "public": Pair("Cityloop report: for the public", "Cityloop 城市闭环报告·公众说明"),
}
