"""What is said about requests beside Problems and works, in both languages; the command line and the report agree."""

from cityloop.i18n import Pair
from cityloop.loop.requests import GAP_DAYS, MARGIN_DAYS, NEAR_M

__all__ = ["TEXTS", "TYPES", "UNTOLD"]

TYPES = {
    "consultation": Pair("consultation", "咨询"), "help": Pair("help", "求助"), "complaint": Pair("complaint", "投诉举报"),
    "suggestion": Pair("suggestion", "意见建议"), "other": Pair("other", "其他"), "": Pair("not stated", "未注明"),
}  # fmt: skip
UNTOLD = {
    "no_onset": Pair("no onset is known, so there is no time to join in", "起始时间未知，无法按时间关联"),
    "no_home": Pair("its place lies in no boundary that is known", "所在位置不属于已知分区"),
    "no_cover": Pair("the requests on record end before it began", "工单记录止于问题发生之前"),
    "no_comparison": Pair(
        "nothing to compare with: fewer than 28 days of requests before, and no other area of known size without such a problem",
        "没有可比对象：此前工单记录不足 28 天，也没有规模已知且无同类问题的其他分区",
    ),
    "no_dates": Pair("the works have no start or end on record", "工程缺少开工或完工日期"),
    "ends_before": Pair(
        "the requests on record end before the days that are judged: nothing can be said of the time after",
        "工单记录止于评定时段之前，工程之后的情况无从得知",
    ),
    "begins_after": Pair("the requests on record begin after the works", "工单记录始于工程之后"),
    "no_events": Pair("no request of this kind before or after", "工程前后均无此类诉求"),
}  # fmt: skip
TEXTS = {
    "since": Pair(
        f"{{n}} request(s) from {{start}} to {{end}} (from {MARGIN_DAYS} days before the onset), {{counted}} without repeats",
        f"{{start}} 至 {{end}}（自起始日前 {MARGIN_DAYS} 天起）共 {{n}} 件诉求，剔除重复后 {{counted}} 件",
    ),
    "earlier": Pair(
        "expected {expected} ({low} to {high}, {level}) by the same area's rate of the {days} days before",
        "按本分区此前 {days} 天的发生率，预期 {expected} 件（{level} 区间 {low}～{high}）",
    ),
    "elsewhere": Pair(
        "expected {expected} ({low} to {high}, {level}) by the rate of the other areas in the same days",
        "按同期其他分区的发生率，预期 {expected} 件（{level} 区间 {low}～{high}）",
    ),
    "ratio": Pair("{ratio} times as many ({low} to {high})", "为其 {ratio} 倍（{low}～{high}）"),
    "ratio_open": Pair("at least {low} times as many", "至少为其 {low} 倍"),
    "more": Pair("more than chance explains", "多于偶然可解释的数量"),
    "fewer": Pair("fewer than expected", "少于预期"),
    "same": Pair("no more than chance explains", "未超出偶然可解释的范围"),
    "untold": Pair("cannot be compared", "无法比较"),
    "near": Pair(
        f"{{hits}} of {{of}} within {NEAR_M:.0f} m of the likelier half of the search area, of the other requests here "
        "{other_hits} of {other_of}: as many by chance in {chance} of cases",
        f"{{of}} 件中 {{hits}} 件距排查范围较可能的一半不超过 {NEAR_M:.0f} m，本分区其他诉求为 {{other_of}} 件中 {{other_hits}} 件；"
        "纯属偶然达到此数的概率为 {chance}",
    ),
    "unplaced": Pair("{n} more of this kind and time have no place that can be told", "另有 {n} 件同类同期诉求位置无法确定"),
    "around": Pair(
        "before ({b0} to {b1}): {before} request(s); after ({a0} to {a1}): {after}", "工程前（{b0} 至 {b1}）{before} 件，工程后（{a0} 至 {a1}）{after} 件"
    ),
    "around_ratio": Pair(
        "rate after / before {ratio} ({low} to {high}, {level})", "发生率之比（后/前）{ratio}（{level} 区间 {low}～{high}）"
    ),
    "around_low": Pair("rate after / before at least {low}", "发生率之比（后/前）不低于 {low}"),
    "no_cause": Pair(
        "Requests are beside the measurement: they change no gap and are no measured effect of works.",
        "诉求仅作旁证：不改变实测差值，也不作为工程的实测效果。",
    ),
    "outside": Pair(
        f"{{n}} lie beyond a gap of more than {GAP_DAYS} days and are part of no rate",
        f"另有 {{n}} 件与其余记录相隔超过 {GAP_DAYS} 天，不计入发生率",
    ),
    "unexplained": Pair(
        "{where}: {n} request(s) that bear on “{kind}”, of which nothing was observed there",
        "{where}：{n} 件诉求涉及“{kind}”，而该处未观测到此类问题",
    ),
}  # fmt: skip
