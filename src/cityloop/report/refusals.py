"""Why a row was refused, in both languages: the class of the reason has its words beside it, the detail is read by pattern."""

import re

from cityloop.i18n import Pair

__all__ = ["refused_reason"]

_DETAILS = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in {
        r"the line is not (\S+); it reads as (\S+): state encoding = (.+)": r"该行不是 \1 编码，可按 \2 读取：请写 encoding = \3",
        r"the line is not (\S+); state its encoding, for example (.+)": r"该行不是 \1 编码，请声明编码，例如 \2",
        r"a quote is not closed, or a carriage return stands inside the line": "引号未闭合，或行内有回车符",
        r"(\d+) cells where the header has (\d+)": r"该行 \1 列，表头 \2 列",
        r"the time is empty": "时间为空",
        r"the time cannot be read; state its form in time\.format": "时间无法识别，请在 time.format 中写明格式",
        r"the year is before 1971 or after 2099.*": "年份早于 1971 年或晚于 2099 年，多为时钟失电或 32 位时钟溢出",
        r"the time states an offset, but city\.toml states the clock otherwise.*": (
            "该行带时差，而 city.toml 另行声明了时区，请统一写法"
        ),
        r"the time states no offset from UTC, but city\.toml says offset_in_text = true": (
            "该行未带时差，而 city.toml 声明 offset_in_text = true"
        ),
        r"the offset is not a quarter of an hour between -12 and \+14 hours": "时差不是 −12～+14 小时之间的整刻钟",
        r"this local time does not exist: the clocks are put forward": "该时刻不存在：时钟拨快",
        r"this local time stands here for a third time": "该时刻第三次出现",
        r"the clocks are put back: this local time comes twice, the file has it once, without offset": (
            "时钟拨慢：该时刻应出现两次，文件中只有一次且未带时差"
        ),
        r"column '(.+)' says '(.*)', which no series names\. Did you mean '?(.+?)'?\?": (
            r"“\1”列为“\2”，没有对应的序列，是否应为“\3”"
        ),
        r"column '(.+)' says '(.*)', which no series names\.": r"“\1”列为“\2”，没有对应的序列",
        r"the row says '(.*)', series '(.+)' is declared in '(.+)'": r"该行单位为“\1”，序列“\2”声明为“\3”",
        r"column '(.+)' says (.+), which is not a finite number; the decimal sign is declared as '(.)'": (
            r"“\1”列为 \2，不是有效数值；小数点声明为“\3”"
        ),
        r"column '(.+)' says (.+), which is not a finite number": r"“\1”列为 \2，不是有效数值",
        r"line (\d+) gives another value for the same time": r"第 \1 行对同一时刻给出了另一个值",
        r"a register shows 0 to (\S+), the row says (\S+)": r"计数器量程为 0～\1，该行为 \2",
        r"the register fell from (\S+) to (\S+) and did not roll over: .*": r"读数由 \1 降至 \2 且并非翻转，按换表处理，该时段缺失",
        r"the register went from (\S+) to (\S+), more than 'highest' allows: .*": (
            r"读数由 \1 变为 \2，超过 highest 所允许，按换表处理，该时段缺失"
        ),
    }.items()
)


def refused_reason(text: str) -> Pair:
    """A stored reason `code: detail` in both languages; a detail without Chinese follows the Chinese class as it stands.

    >>> refused_reason("cells: 3 cells where the header has 4").zh
    '列数与表头不符：该行 3 列，表头 4 列'
    """
    from cityloop.formats.rows import REASONS

    code, divided, detail = text.partition(": ")
    if " | " in detail:  # the source gives both languages itself
        return Pair(*detail.split(" | ", 1))
    if not divided or code not in REASONS:
        return Pair(text, text)
    for pattern, chinese in _DETAILS:
        if (found := pattern.fullmatch(detail)) is not None:
            return Pair(text, f"{REASONS[code].zh}：{found.expand(chinese)}")
    return Pair(text, f"{REASONS[code].zh}：{detail}")
