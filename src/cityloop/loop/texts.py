"""Every sentence the loop writes into a record, in both languages, divided by " | " as those of the domains."""

import re
from datetime import datetime

from cityloop.i18n import Pair

__all__ = ["NOTES", "REASONS", "RULES", "dated", "is_dated", "reason", "rule", "span"]

#: Notes on Problems; each begins with the day it was written, which tells them from the domain's own notes.
NOTES = {
    "no_longer_seen": Pair("No longer seen in the observations; closed.", "观测中已不再出现，予以关闭。"),
    "seen_again": Pair("Seen again after it was closed; reopened.", "关闭后再次出现，重新打开。"),
    "grown": Pair(
        "Dismissed before, but the gap grew from {before} to {now} {unit}, beyond its interval; reopened.",
        "此前已驳回，但差值由 {before} 增至 {now} {unit}，超出其区间，重新打开。",
    ),
    "target_closed": Pair(
        "The problem it was merged into is closed and this one is still seen; reopened.",
        "并入的问题已关闭，而本问题仍然存在，重新打开。",
    ),
    "acknowledged": Pair("Acknowledged by {who}. {why}", "由 {who} 确认。{why}"),
    "assigned": Pair("Assigned to {to} by {who}. {why}", "由 {who} 指派给 {to}。{why}"),
    "merged": Pair("Merged into {into} by {who}. {why}", "由 {who} 并入 {into}。{why}"),
    "dismissed": Pair("Dismissed by {who}: {why}", "由 {who} 驳回：{why}"),
    "reopened": Pair("Reopened by {who}. {why}", "由 {who} 重新打开。{why}"),
    "works_added": Pair("Works added by {who}: {project}.", "由 {who} 增加工程：{project}。"),
    "works_started": Pair("Works started: {project}.", "工程开工：{project}。"),
    "works_cancelled": Pair("Works cancelled: {project}.", "工程取消：{project}。"),
    "found_nothing": Pair("The crew found nothing: {project}.", "现场未发现问题：{project}。"),
    "found_cause": Pair("The crew found the trouble on site: {project}.", "现场已查实问题：{project}。"),
    "works_done": Pair("Works done: {project}.", "工程完成：{project}。"),
    "works_done_nothing": Pair(
        "Works done: {project}. No find is on record; the problem is open until the observations show their effect.",
        "工程完成：{project}。没有现场查实的记录；在观测显示效果之前，问题保持打开。",
    ),
    "listed_no_more": Pair("No longer in the project list {list}.", "已不在项目储备库《{list}》中。"),
    "withdrawn": Pair("No longer offered: the problem it answers has changed.", "不再提供：所针对的问题已变化。"),
}

#: Why a countermeasure is not in the plan.
REASONS = {
    "not_chosen": Pair("No longer part of the plan.", "不再列入方案。"),
    "money": Pair(
        "Its costs cannot be summed: {where}: {got}, allowed {allowed}. State the price under prices in city.toml.",
        "费用无法合计：{where} 为 {got}，应为 {allowed}。请在 city.toml 的 prices 中给出价格。",
    ),
    "running": Pair("Excluded by running works: {other}.", "与正在进行的工程互斥：{other}。"),
    "one_of": Pair("Excluded by {other}: only one of their group.", "与“{other}”互斥：同组只能选一项。"),
    "requires": Pair(
        "Needs {kind} at {target} first, which nothing in this plan provides.",
        "需先在 {target} 实施 {kind}，本方案未包含。",
    ),
    "negative": Pair(
        "Costs more than it is worth: net present value at best {value} {unit}.",
        "得不偿失：净现值最高为 {value} {unit}。",
    ),
    "budget_any": Pair(
        "Not affordable: it costs {cost} {unit} in one year, more than any year leaves ({left} {unit}).",
        "无力负担：单年费用 {cost} {unit}，超过任何一年可用预算（{left} {unit}）。",
    ),
    "budget": Pair(
        "Not affordable beside what is worth more: it costs {cost} {unit}.",
        "预算优先用于更有价值的对策：本项需 {cost} {unit}。",
    ),
    "limit": Pair(
        "Not enough {limit}: it needs {need}, {left} left in the best year.",
        "{limit} 不足：需要 {need}，最宽裕的年份仅余 {left}。",
    ),
    "no_target": Pair("It acts on what this city does not have: {target}.", "其作用对象在本城市中不存在：{target}。"),
    "cut": Pair(
        "The joint simulation breaks {limit} at {thing} with it.", "联合模拟显示：采用后 {thing} 处突破 {limit}。"
    ),
    "unpriced": Pair(
        "Its benefit has no price and its cost {cost} {unit} does not fit into the {share} % of the budget kept for such.",
        "效益无价格，费用 {cost} {unit} 超出为此类对策预留的 {share}% 预算。",
    ),
    "worth_less": Pair("Other countermeasures together are worth more.", "其他对策组合更有价值。"),
    "unsolved": Pair(
        "The search stopped ({by}) before it found any portfolio.", "求解提前停止（{by}），尚未得到任何组合。"
    ),
}

#: Rules that a Goal states.
RULES = {
    "share": Pair(
        "Close {share} % of the gap (policy target for {indicator}).",
        "消除差值的 {share}%（政策对 {indicator} 的目标）。",
    ),
    "norm": Pair("Keep the limit {limit} {unit} of {source}.", "满足 {source} 的限值 {limit} {unit}。"),
    "break_even": Pair(
        "Smallest effect worth acting on: the reduction whose yearly value pays the cheapest answer, {cost} {unit}.",
        "值得采取行动的最小效果：一年价值足以支付最便宜对策（{cost} {unit}）的降幅。",
    ),
    "tenth": Pair(
        "Smallest effect worth acting on: {percent} % of the observed value, at most half of the reduction aimed at; "
        "no cost was known yet.",
        "值得采取行动的最小效果：观测值的 {percent}%，且不超过目标降幅的一半；当时尚无费用数据。",
    ),
}

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}: ")


def _both(pair: Pair, values: dict[str, object]) -> str:
    """Both languages of a pair; a value that is itself "en | zh" gives each its own half."""
    halves = {k: v.split(" | ", 1) if isinstance(v, str) and " | " in v else [v, v] for k, v in values.items()}
    english = pair.in_("en", **{k: v[0] for k, v in halves.items()}).strip()
    chinese = pair.in_("zh", **{k: v[1] for k, v in halves.items()}).strip()
    return f"{english} | {chinese}"


def dated(key: str, when: datetime, **values: object) -> str:
    """One sentence of NOTES in both languages, after its day."""
    return f"{when.date().isoformat()}: {_both(NOTES[key], values)}"


def is_dated(text: str) -> bool:
    """Whether a note is one of the loop's or of a decision, not of a domain.

    >>> is_dated("2026-06-01: Seen again after it was closed; reopened. | ..."), is_dated("Ranked by 40 loggers.")
    (True, False)
    """
    return _DATED.match(text) is not None


def reason(key: str, **values: object) -> str:
    """Why a countermeasure is not chosen, in both languages."""
    return _both(REASONS[key], values)


def rule(key: str, **values: object) -> str:
    """A rule that a goal states, in both languages."""
    return _both(RULES[key], values)


def span(*texts: str) -> str:
    """Several bilingual texts as one: English parts joined, then Chinese parts.

    >>> span("A. | 甲。", "B. | 乙。")
    'A. B. | 甲。乙。'
    """
    halves = [t.split(" | ", 1) for t in texts if t]
    return f"{' '.join(h[0] for h in halves)} | {''.join(h[-1] for h in halves)}"
