"""`cityloop doctor`: everything that can be wrong with a city folder, looked at once, nothing changed."""

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "doctor"]

TEXTS = {
    "fault": Pair("FAULT", "故障"),
    "note": Pair("note", "提示"),
    "ok": Pair("ok", "正常"),
    "healthy": Pair("No fault found.", "未发现故障。"),
    "faults": Pair("{n} fault(s) found.", "发现 {n} 处故障。"),
}


def doctor(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Look for faults: definition, files, model, disk, lock, data / 检查定义、文件、模型、磁盘、占用与数据."""
    from cityloop.cli.exit_codes import FAULT
    from cityloop.cli.language import language, say
    from cityloop.cli.screen import print_json, print_lines, quiet_stdout

    with quiet_stdout():
        from datetime import UTC, datetime

        from cityloop.cli.examine import examine

        findings = examine(city, now=datetime.now(UTC))
    faults = [f for f in findings if f.level == "fault"]
    if as_json:
        rows = [{"check": f.check, "level": f.level, "text": f.text.in_(language()), "data": f.data} for f in findings]
        print_json({"city": str(city), "faults": len(faults), "findings": rows})
    else:
        print_lines(*(f"[{say(TEXTS[f.level])}] {f.text.in_(language())}" for f in findings))
        print_lines(say(TEXTS["faults"], n=len(faults)) if faults else say(TEXTS["healthy"]))
    if faults:
        raise typer.Exit(FAULT)
