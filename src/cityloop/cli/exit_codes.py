"""What the exit codes of `cityloop` mean; errors.py says which error has which."""

from cityloop.i18n import Pair

__all__ = ["EXIT_CODES", "FAULT", "UNEXPECTED", "exit_code_lines"]

FAULT = 1
UNEXPECTED = 70
EXIT_CODES: dict[int, Pair] = {
    0: Pair("done", "完成"),
    FAULT: Pair("a fault was found, or the loop refused", "发现故障，或闭环拒绝执行"),
    2: Pair("input: arguments, city.toml, files, records", "输入有误：参数、city.toml、文件或记录"),
    3: Pair("data folder: locked, full, read-only, other version", "数据目录：被占用、已满、只读或版本不符"),
    4: Pair("an outside simulator refused", "外部仿真引擎报错"),
    5: Pair("forbidden", "无权访问"),
    UNEXPECTED: Pair("unexpected; details are in the named file", "意外错误，详情见所示文件"),
    130: Pair("stopped by you; what was committed stays", "用户中止，已提交的内容保留"),
}


def exit_code_lines() -> str:
    """The table as it stands at the end of `--help`."""
    rows = [f"  {code:>3}  {text.en} / {text.zh}" for code, text in EXIT_CODES.items()]
    return "\b\nExit codes / 退出码:\n" + "\n".join(rows)
