"""What `cityloop doctor` says about citizens' requests: what each table holds, what of it cannot be used, what was left alone."""

import glob
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cityloop.cli.finding import Finding, fault_of, filled, named
from cityloop.errors import CityloopError
from cityloop.formats.requests_table import RequestTable, read_requests_file
from cityloop.i18n import Pair
from cityloop.settings import CitySettings, RequestSettings

__all__ = ["TEXTS", "examine_requests", "strange_kinds"]

TEXTS = {
    "no_file": Pair("{name}: no file matches {path}", "{name}：没有文件匹配 {path}"),
    "read": Pair("{file}: {n} requests, {placed} with a position", "{file}：{n} 件诉求，{placed} 件有坐标"),
    "refused": Pair(
        "{file}: {n} rows refused, first row {row}: {why}", "{file}：拒收 {n} 行，首行为第 {row} 行：{why}"
    ),
    "remark": Pair("{file}: {text}", "{file}：{text}"),
    "rows": Pair("{file}: {n} rows: {text}", "{file}：{n} 行：{text}"),
    "unknown_kind": Pair("codes: no domain of this city knows “{kind}”", "codes：没有领域使用“{kind}”"),
    "uncoded": Pair(
        "{file}: {n} of {all} requests have a code that bears on no kind of problem (codes in city.toml)",
        "{file}：{all} 件中有 {n} 件的代码未与任何问题关联（见 city.toml 的 codes）",
    ),
}
_CHECK = Pair("requests", "市民诉求")
_ROWS = 5


def examine_requests(settings: CitySettings) -> list[Finding]:
    """One [[requests]] after the other."""
    found = []
    for stated in settings.requests:
        pattern = (
            stated.path if Path(stated.path).is_absolute() else f"{glob.escape(str(settings.folder))}/{stated.path}"
        )
        paths = sorted(Path(p) for p in glob.glob(pattern, recursive=True))
        if not paths:
            found.append(_say("fault", filled(TEXTS["no_file"], name=stated.name, path=stated.path)))
        for path in paths:
            try:
                table = read_requests_file(path, stated, city=settings.id, timezone=settings.timezone)
            except CityloopError as fault:
                found.append(fault_of(_CHECK.en, fault))
                continue
            found += _findings(path.name, table)
    strange = strange_kinds(settings.requests) if settings.requests else []
    return [*found, *(_say("note", filled(TEXTS["unknown_kind"], kind=kind)) for kind in strange)]


def strange_kinds(requests: Sequence[RequestSettings]) -> list[str]:
    """What codes are said to bear on that no domain names."""
    from cityloop.registry import domains

    known = {d.name for d in domains()} | {word for d in domains() for word in d.words}
    return sorted({kind for r in requests for kinds in r.codes.values() for kind in kinds} - known)


def _findings(file: str, table: RequestTable) -> list[Finding]:
    n, requests = f"{len(table.requests):,}", table.requests.values()
    found = [_say("ok", filled(TEXTS["read"], file=file, n=n, placed=f"{len(table.locations):,}"))]
    if table.refused:
        first = table.refused[0]
        found.append(
            _say("note", filled(TEXTS["refused"], file=file, n=len(table.refused), row=first.row, why=first.why))
        )
    found += [_say("note", filled(TEXTS["remark"], file=file, text=text)) for text in table.remarks]
    for text, rows in Counter(t for r in requests for t in r.remarks).most_common(_ROWS):
        found.append(_say("note", filled(TEXTS["rows"], file=file, n=rows, text=Pair(*text.split(" | ", 1)))))
    if uncoded := sum(not r.bears_on for r in requests):
        found.append(_say("note", filled(TEXTS["uncoded"], file=file, n=f"{uncoded:,}", all=n)))
    return found


def _say(level: str, text: Pair) -> Finding:
    return Finding(_CHECK.en, level, Pair(named(_CHECK.en, text).en, named(_CHECK.zh, text).zh))  # type: ignore[arg-type]
