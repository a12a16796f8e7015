"""What a Verification says in words, in both languages, divided by " | " as everywhere in the loop."""

from cityloop.i18n import Pair

__all__ = ["NOTES", "say"]

NOTES = {
    "not_started": Pair("The works are not all done.", "工程尚未全部完成。"),
    "too_early": Pair(
        "{days} days observed after the works; judged from {least} on.", "工程后已观测 {days} 天，满 {least} 天起评定。"
    ),
    "too_few": Pair(
        "Only {days} usable days after the works until {until}; nothing can be told.",
        "工程后至 {until} 仅有 {days} 天可用数据，无法评定。",
    ),
    "unfit": Pair(
        "The time before the works was not observed well enough to judge by it.", "工程前观测不足，缺乏评定依据。"
    ),
    "window": Pair(
        "{used} usable days after the works, {start} to {end}, against the level just before them from {before} days.",
        "工程后 {start} 至 {end} 可用 {used} 天，与工程前 {before} 天的水平相比。",
    ),
    "placebo": Pair(
        "The interval is scaled by {n} placebo works in the boundary's own past.",
        "区间宽度由该分区历史上 {n} 次虚拟工程标定。",
    ),
    "short_past": Pair(
        "Few placebo works fit into the past ({n}); the interval leans on the model of noise and drift.",
        "历史较短，可用的虚拟工程很少（{n} 次），区间主要依据噪声与漂移模型给出。",
    ),
    "growing": Pair(
        "Before the works it grew by {rate} {unit} per day; the level at their start counts.",
        "工程前每天增长 {rate} {unit}，以开工时的水平为准。",
    ),
    "since": Pair(
        "The level before counts from {day} on, after a change of level.", "此前水平自 {day} 起计，之前水平有变化。"
    ),
    "cut": Pair("A later change of level from {day} on does not count.", "{day} 起水平再次变化，之后的数据不计入。"),
    "next_works": Pair("New works begin on {day}; later days do not count.", "{day} 起有新的工程，之后不计入。"),
    "crew_more": Pair(
        "The crew's own readings add up to {crew} {unit}, the meters show {low} to {high}: the readings are too large, or "
        "something else changed in these days.",
        "班组现场读数合计 {crew} {unit}，计量结果为 {low} 至 {high}：二者不符，可能是现场读数偏大，或同期另有变化。",
    ),
    "crew_less": Pair(
        "The crew's own readings add up to {crew} {unit}, the meters show {low} to {high}: more was mended than was read, or "
        "something else changed in these days.",
        "班组现场读数合计 {crew} {unit}，计量结果为 {low} 至 {high}：二者不符，可能是实际修复多于读数，或同期另有变化。",
    ),
    "joint": Pair("{n} projects are judged together.", "{n} 个项目合并评定。"),
}


def say(key: str, **values: object) -> str:
    """One sentence of NOTES in both languages."""
    pair = NOTES[key]
    return f"{pair.in_('en', **values)} | {pair.in_('zh', **values)}"
