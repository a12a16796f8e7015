"""The errors that people meet most, in Chinese; a sentence that is not here stays in English behind its Chinese class."""

import re

__all__ = ["error_words"]

_WORDS = {
    # city.toml
    r"A required key is missing\.": "缺少必填项。",
    r"An unknown key\.": "未知的键。",
    r"An unknown time zone\.": "未知的时区。",
    r"A model file that does not exist\.": "模型文件不存在。",
    r"'(.+)' is not a unit of (\S+)\.": r"“\1”不是 \2 的单位。",
    r"State a unit of (\S+), for example '(.+)'\.?": r"请写出 \1 的单位，例如 \2",
    r"Did you mean '(.+)'\?": r"是否应为“\1”？",
    r"Did you mean (\S+)\?": r"是否应为“\1”？",
    # files
    r"Columns missing: (.+); more than once: (.+)\.": r"缺少列：\1；重复的列：\2。",
    r"Columns missing: (.+)\.": r"缺少列：\1。",
    r"Columns more than once: (.+)\.": r"重复的列：\1。",
    r"The header is one cell; state delimiter = (.+)": r"表头只有一格，请声明 delimiter = \1",
    r"Correct the column names in city\.toml, or delimiter and skip_lines\.": "请更正 city.toml 中的列名，或 delimiter 和 skip_lines",
    r"Source '(.+)' finds no file\.": r"来源“\1”找不到文件。",
    r"Correct the path; it is relative to the city folder\.": "请更正路径（相对于城市文件夹）",
    r"Source '(.+)' cannot read (\d+) files:": r"来源“\1”有 \2 个文件无法读取：",
    r"The file cannot be read\.": "文件无法读取。",
    r"The file is UTF-16 or binary\.": "文件为 UTF-16 或二进制。",
    r"Save it as CSV in UTF-8\.": "请另存为 UTF-8 编码的 CSV",
    # models
    r"EPANET cannot read the model\.": "EPANET 无法读取该模型。",
    r"Correct these lines of the file\.": "请更正文件中的这些行",
    r"The model gives an absurd result at (\d+) place\(s\)\.": r"模型在 \1 处给出不合常理的结果。",
    # data folder
    r"Another process owns this city\.": "该城市正被另一进程占用。",
    r"process (\d+)": r"进程 \1",
    r"Wait until process (\d+) ends or end it\.?": r"请等进程 \1 结束，或将其终止",
    r"No room left while .+; everything acknowledged before is safe\.": "磁盘空间已满；此前已确认写入的数据安全。",
    r"Free space on this disk and start the command again; it goes on where it stopped\.": "请清理磁盘后重新运行同一命令，将从中断处继续",
    r"The data folder may not be written while .+\.": "数据目录没有写入权限。",
    r"Give this user write access to the folder, or copy the city to a folder that can be written\.": (
        "请为当前用户授予写入权限，或将城市复制到可写的目录"
    ),
    r"The data folder is not a folder\.": "数据目录的位置上是一个文件。",
    r"The export folder is not empty\.": "导出目录不为空。",
    r"Name a new or an empty folder\.": "请指定新目录或空目录",
    r"The report cannot be written\.": "报告无法写入。",
    r"Name another folder with --out, or make room on the disk\.": "请用 --out 指定其他目录，或清理磁盘",
    r"The data folder is not empty\.": "数据目录不为空。",
    # decisions
    r"A project that is (\w+) cannot become (\w+)\.": r"状态为 \1 的项目不能改为 \2。",
    r"Go through the states in their order\.": "请按状态顺序逐步登记",
    r"Works that are (\w+) cannot be inspected\.": r"状态为 \1 的工程不能登记现场发现。",
    r"Set the project started first\.": "请先登记项目开工（started）",
    r"A problem that is (\w+) cannot be changed by (\w+)\.": r"状态为 \1 的问题不能执行 \2。",
    r"This plan is (\w+) already\.": r"该方案的状态已是 \1。",
    r"Approve the proposed plan, or run a turn to get a new one\.": "请批准待定（proposed）的方案，或运行一轮以得到新方案",
    r"(\w+) before it was (\w+)\.": r"\1 的时间早于 \2。",
    r"Correct the time of this state \(--on\), or give the one before it its own time\.": (
        "请更正该状态的时间（--on），或为前一状态写明其时间"
    ),
    r"from (\S+) on": r"\1 及以后",
    r"Done without a cost\.": "完工时未给出成本。",
    r"State data\.cost, or \"unknown\" where it cannot be told\.": "请用 --cost 给出成本，无法得知时写 unknown",
    r"A problem cannot be merged into itself\.": "问题不能并入自身。",
    r"Name another problem\.": "请指定另一个问题",
    r"Reopen it first\.": "请先重开",
    r"It is (\w+) already\.": r"其状态已是 \1",
}
_PATTERNS = tuple((re.compile(pattern), chinese) for pattern, chinese in _WORDS.items())


def error_words(text: str) -> str:
    """A sentence of an error in Chinese, or the sentence itself.

    >>> error_words("Columns missing: East.")
    '缺少列：East。'
    """
    for pattern, chinese in _PATTERNS:
        if (found := pattern.fullmatch(text)) is not None:
            return found.expand(chinese)
    return text
