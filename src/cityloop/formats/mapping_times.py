"""Which columns hold the time, in which format, on which clock, and at which step; what two formats read alike is left open."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.formats.mapping_header import looks_like_number, looks_like_time
from cityloop.formats.mapping_proposal import Guess, filled
from cityloop.formats.mapping_sample import Sample
from cityloop.formats.mapping_tags import canonical, tokens
from cityloop.i18n import Pair

__all__ = ["Clock", "read_clock", "read_step"]

Ints = npt.NDArray[np.int64]
_NAMES = frozenset(
    [
        "时间",
        "日期",
        "时刻",
        "time",
        "date",
        "datetime",
        "timestamp",
        "ts",
        "stamp",
        "数据",
        "采集",
        "zeit",
        "data",
        "ora",
    ]
)
_ORDERS = (
    ("%Y{s}%m{s}%d", "ymd"),
    ("%d{s}%m{s}%Y", "dmy"),
    ("%m{s}%d{s}%Y", "mdy"),
    ("%d{s}%m{s}%y", "dmy2"),
    ("%m{s}%d{s}%y", "mdy2"),
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:.*)?$")
_OFFSET = re.compile(r":[0-9]{2}(\.[0-9]+)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})$")
TEXTS = {
    "name": Pair("the column reads as time throughout", "该列各行均可识别为时间"),
    "two": Pair("date and time stand in two columns", "日期与时刻分列两栏"),
    "by_name": Pair("by its name only; there is no row", "仅依列名，文件没有数据行"),
    "no_time": Pair("no column reads as time", "没有可识别为时间的列"),
    "format": Pair("all of the sample ({n}) read so, for example {example}", "抽样的 {n} 个均可按此识别，例如 {example}"),
    "some": Pair("{share} % of the sample read so, for example {example}; not so: {odd}", "抽样中 {share}% 可按此识别，例如 {example}；不符者：{odd}"),
    "by_day": Pair("day and month are told by values above 12", "由大于 12 的数值判定日、月顺序"),
    "by_step": Pair(
        "day or month first cannot be told from the numbers; only this order gives an even step",
        "仅看数字无法判定日、月先后；只有此顺序的时间间隔均匀",
    ),
    "ambiguous": Pair(
        "day first or month first: both can be read, and nothing in the sample decides it",
        "日在前还是月在前：两种均可读通，抽样数据无法判定",
    ),
    "epoch": Pair("seconds or milliseconds since 1970, in UTC", "自 1970 年起的秒或毫秒数，UTC"),
    "serial": Pair(
        "numbers like {example} look like dates of a spreadsheet: format the column as date and save it again",
        "{example} 一类的数字疑为电子表格的日期序号：请将该列设为日期格式后另存",
    ),
    "unread": Pair("the form of {example} is not known", "无法识别 {example} 的格式"),
    "in_text": Pair("every time states its offset from UTC", "每个时间都带有与 UTC 的时差"),
    "offset": Pair("column of offsets from UTC", "与 UTC 时差所在的列"),
    "city_zone": Pair(
        "not stated by the file; the city's own zone is taken: check that the system does not write UTC or, all year, standard time",
        "文件未注明时区，暂按本市时区；请核对系统是否按 UTC 或全年标准时记录",
    ),
    "no_zone": Pair("not stated by the file; name the city (--city) or write the IANA zone", "文件未注明时区；请用 --city 指定城市，或填写 IANA 时区"),
    "step": Pair("{share} % of the steps between rows are {step} s", "{share}% 的相邻间隔为 {step} 秒"),
    "uneven": Pair("the steps are uneven, {step} s in the middle: written on change?", "间隔不均，中位数为 {step} 秒，疑为变化上传"),
    "few": Pair("too few times to tell the step", "时间过少，无法判断间隔"),
}  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """`columns` by number, the settings of `time` as guesses by key, and microseconds as written (n,), None if unread.

    `serial` = a column of times holds a spreadsheet's serial numbers, which no source reads.
    """

    columns: tuple[int, ...]
    settings: dict[str, Guess]
    us: Ints | None
    serial: bool = False


def read_clock(sample: Sample, timezone: str) -> Clock:
    """The clock of a table; `timezone` of the city, "" where no city is named."""
    columns, cells = _time_columns(sample)
    if not sample.rows and (called := [i for i, n in enumerate(sample.header.names) if set(tokens(n)) & _NAMES]):
        guess = Guess(sample.header.names[called[0]], 0.6, TEXTS["by_name"])
        return Clock((called[0],), {"time.column": guess, **_zone(sample, [], Guess(), timezone)}, None)
    if not columns:
        serial = _serial(sample)
        why = filled(TEXTS["serial"], example=serial) if serial else TEXTS["no_time"]
        return Clock((), {"time.column": Guess("", 0.0, why)}, None, bool(serial))
    named = [sample.header.names[c] for c in columns]
    why = TEXTS["two"] if len(columns) > 1 else TEXTS["name"]
    sure = 0.97 if any(set(tokens(n)) & _NAMES for n in named) else 0.88
    settings = {"time.column": Guess(" + ".join(named), sure, why)}
    form, us, _ = _format(cells, sample.part, dates=sample.form != "csv")
    settings["time.format"] = form
    settings |= _zone(sample, cells, form, timezone)
    return Clock(columns, settings, us)


def _time_columns(sample: Sample) -> tuple[tuple[int, ...], list[str]]:
    """The time column, or a date and a time column, and the joined cells."""
    found = []
    for j, column in enumerate(sample.columns[:400]):
        cells = [canonical(c) for c in column.slice(0, 300).to_pylist()]
        said = [c for c in cells if c]
        if not said:
            continue
        hint = bool(set(tokens(sample.header.names[j])) & _NAMES)
        share = sum(looks_like_time(c) or _is_epoch(c, hint) for c in said) / len(said)
        if share > 0.6:
            found.append((j, bool(hint), all(re.match(r"[0-9]{1,2}:", c) for c in said), _dates_only(said)))
    if not found:
        return (), []
    dates = [f for f in found if not f[2]]
    best = max(dates or found, key=lambda f: (f[1], -f[0]))
    columns: tuple[int, ...] = (best[0],)
    clock = next((f for f in found if f[2]), None)
    if clock and best[3] and clock[0] != best[0]:
        columns = (best[0], clock[0])
    texts = [[canonical(c) for c in sample.columns[j].to_pylist()] for j in columns]
    return columns, texts[0] if len(texts) == 1 else [" ".join(parts) for parts in zip(*texts, strict=True)]


def _dates_only(cells: Sequence[str]) -> bool:
    return not any(":" in c or "时" in c or len(re.sub(r"\D", "", c)) > 8 for c in cells)


def _is_epoch(cell: str, hint: bool) -> bool:
    """Seconds or milliseconds of the years 2001 to 2100, in a column that calls itself a time."""
    return hint and re.fullmatch(r"[1-3][0-9]{9}([0-9]{3})?", cell) is not None


def _serial(sample: Sample) -> str:
    """An example of a spreadsheet's serial dates in a column that calls itself a time."""
    for j, name in enumerate(sample.header.names[:400]):
        cells = [c for c in sample.columns[j].slice(0, 50).to_pylist() if c]
        if set(tokens(name)) & _NAMES and cells and all(re.fullmatch(r"[345][0-9]{4}(\.[0-9]+)?", c) for c in cells):
            return str(cells[0])
    return ""


def _format(cells: list[str], part: Ints, *, dates: bool) -> tuple[Guess, Ints | None, npt.NDArray[np.bool_] | None]:
    """The format in which most cells read, with microseconds of every cell; `dates` = cells may be dates, written in ISO 8601."""
    said = [c for c in cells if c]
    example = said[0] if said else ""
    if looks_like_number(example) and len(example) in (10, 13) and not re.match(r"(19|20)\d{2}[01]\d[0-3]\d", example):
        scale, name = (1_000_000, "epoch_s") if len(example) == 10 else (1000, "epoch_ms")
        values = np.array([float(c) if looks_like_number(c) else np.nan for c in cells])
        good = np.isfinite(values)
        return Guess(name, 0.95, TEXTS["epoch"]), (np.where(good, values, 0) * scale).astype(np.int64), good
    tried = []
    for form in ["ISO8601"] if dates and all(_ISO.match(c) for c in said) else _forms(said):
        us, good = _parse(cells, form)
        tried.append((float(good.sum()) / max(len(said), 1), form, us, good))
    tried = [t for t in tried if t[0] > 0.6]
    if not tried:
        return Guess("", 0.0, filled(TEXTS["unread"], example=example)), None, None
    top = max(t[0] for t in tried)
    alike = [t for t in tried if t[0] >= top - 0.002]
    if len(alike) > 1:
        return _decided(alike, part)
    share, form, us, good = alike[0]
    if share > 0.999:
        why = filled(TEXTS["format"], n=len(said), example=example)
        if len(tried) > 1 or _order(form) in ("dmy", "mdy", "dmy2", "mdy2"):
            why = TEXTS["by_day"]
        return Guess(form, 0.98, why), us, good
    odd = next((c for c, g in zip(cells, good, strict=True) if c and not g), "")
    why = filled(TEXTS["some"], share=f"{share:.1%}".rstrip("%"), example=example, odd=odd)
    return Guess(form, 0.9 if share > 0.95 else 0.7, why), us, good


def _decided(
    alike: list[tuple[float, str, Ints, npt.NDArray[np.bool_]]], part: Ints
) -> tuple[Guess, Ints | None, npt.NDArray[np.bool_] | None]:
    """Of orders that read alike, the one whose steps are even; else none."""
    even = [(_evenness(us, good, part), form, us, good) for _, form, us, good in alike]
    even.sort(key=lambda e: -e[0])
    if even[0][0] > 0.9 and even[1][0] < even[0][0] - 0.003:
        _, form, us, good = even[0]
        return Guess(form, 0.9, TEXTS["by_step"], tuple(e[1] for e in even[1:])), us, good
    return Guess("", 0.4, TEXTS["ambiguous"], tuple(e[1] for e in even)), None, None


def _evenness(us: Ints, good: npt.NDArray[np.bool_], part: Ints) -> float:
    """The share of the commonest positive step among all steps that are not zero."""
    steps = np.diff(us)[good[1:] & good[:-1] & (part[1:] == part[:-1])]
    steps = steps[steps != 0]
    if len(steps) < 3:
        return 0.0
    values, counts = np.unique(steps, return_counts=True)
    return float(counts[np.argmax(counts)] / len(steps)) if values[np.argmax(counts)] > 0 else 0.0


def _order(form: str) -> str:
    letters = "".join(re.findall(r"%([YymdB])", form))
    return {"Ymd": "ymd", "dmY": "dmy", "mdY": "mdy", "dmy": "dmy2", "mdy": "mdy2"}.get(letters, "")


def _forms(said: list[str]) -> list[str]:
    """Formats that the first cells could have."""
    found: dict[str, None] = {}
    for cell in dict.fromkeys([*said[:20], *said[-20:]]):
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?(Z|[+-][0-9]{2}:?[0-9]{2})", cell) and ":" in cell:
            found["ISO8601"] = None
            continue
        for date, rest in _date_forms(cell):
            clock = _clock_form(rest)
            if clock is not None:
                found[date + clock] = None
    return list(found)


def _date_forms(cell: str) -> list[tuple[str, str]]:
    """Every reading of the date at the beginning, with what follows it."""
    if m := re.match(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日", cell):
        return [("%Y年%m月%d日", cell[m.end() :])]
    if m := re.match(r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}", cell):
        return [("%Y{s}%m{s}%d".format(s=m[1]), cell[m.end() :])]
    if m := re.match(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1([0-9]{4}|[0-9]{2})(?![0-9])", cell):
        year = "%Y" if len(m[2]) == 4 else "%y"
        return [(f"{a}{m[1]}{b}{m[1]}{year}", cell[m.end() :]) for a, b in (("%d", "%m"), ("%m", "%d"))]
    if m := re.match(r"[0-9]{1,2}-[A-Za-z]{3}-([0-9]{4}|[0-9]{2})", cell):
        return [(f"%d-%b-{'%Y' if len(m[1]) == 4 else '%y'}", cell[m.end() :])]
    if m := re.match(r"(19|20)[0-9]{6}(?=$|[ T]|[0-9]{4}$|[0-9]{6}$)", cell):
        return [("%Y%m%d", cell[m.end() :])]
    return []


def _clock_form(rest: str) -> str | None:
    """The format of what follows the date, "" for nothing; None for what is not known."""
    sign = re.match(r"\s*T|\s+|", rest)
    lead = sign[0] if sign else ""
    body, noon = rest[len(lead) :], ""
    if m := re.search(r"(\s*)([AaPp]\.?[Mm]\.?)$", body):
        body, noon = body[: m.start()], m[1] + "%p"
    hour = "%I" if noon else "%H"
    if body == "":
        return "" if not noon else None
    shapes = (
        (r"[0-9]{1,2}:[0-9]{2}", f"{hour}:%M"), (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}", f"{hour}:%M:%S"),
        (r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,6}", f"{hour}:%M:%S.%f"), (r"[0-9]{4}", "%H%M"), (r"[0-9]{6}", "%H%M%S"),
        (r"[0-9]{1,2}时[0-9]{1,2}分", "%H时%M分"), (r"[0-9]{1,2}时[0-9]{1,2}分[0-9]{1,2}秒", "%H时%M分%S秒"), (r"[0-9]{1,2}时", "%H时"),
    )  # fmt: skip
    for shape, form in shapes:
        if re.fullmatch(shape, body):
            return lead + form + noon
    return None


def _parse(cells: list[str], form: str) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Microseconds and whether each cell reads. Distinct cells are parsed once."""
    import pandas as pd

    kinds, back = np.unique(np.array(cells, dtype=object).astype(str), return_inverse=True)
    read = pd.to_datetime(pd.Series(kinds), format=form, errors="coerce", utc=True)
    us = read.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)
    good = us != np.iinfo(np.int64).min
    return np.where(good, us, 0)[back], good[back]


def _zone(sample: Sample, cells: list[str], form: Guess, timezone: str) -> dict[str, Guess]:
    """The one statement of the clock that the file itself or the city gives."""
    if form.value.startswith("epoch"):
        return {}
    if form.value == "ISO8601" and all(_OFFSET.search(c) for c in cells[:50] if c):
        return {"time.offset_in_text": Guess("true", 0.98, TEXTS["in_text"])}
    for name, column in zip(sample.header.names, sample.columns, strict=True):
        words = set(tokens(name))
        if ("offset" in words and words & {"utc", "gmt", "hours"}) or words & {"时差"}:
            texts = [c for c in column.slice(0, 200).to_pylist() if c]
            if texts and all(looks_like_number(c) and -12 <= float(c.replace(",", ".")) <= 14 for c in texts):
                return {"time.utc_offset_column": Guess(name, 0.95, TEXTS["offset"])}
    if timezone:
        return {"time.zone": Guess(timezone, 0.75, TEXTS["city_zone"])}
    return {"time.zone": Guess("", 0.0, TEXTS["no_zone"])}


def read_step(us: Ints, part: Ints) -> Guess:
    """The step of one series from its times in microseconds (n,); neighbours are those of one stretch."""
    steps = np.diff(us)[part[1:] == part[:-1]] // 1_000_000
    steps = steps[steps > 0]
    if len(steps) < 3:
        return Guess("", 0.0, TEXTS["few"])
    values, counts = np.unique(steps, return_counts=True)
    usual, share = int(values[np.argmax(counts)]), float(counts.max() / len(steps))
    if share >= 0.6:
        why = filled(TEXTS["step"], share=f"{share:.0%}".rstrip("%"), step=usual)
        return Guess(str(usual), 0.98 if share >= 0.9 else 0.85, why)
    middle = int(np.median(steps))
    return Guess(str(middle), 0.5, filled(TEXTS["uneven"], step=middle))
