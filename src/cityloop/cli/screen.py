"""What a person or a program reads: lines and tables on standard output, one JSON document, errors in red beside it."""

import ctypes
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from cityloop.cli.error_words import error_words
from cityloop.cli.language import language
from cityloop.errors import CityloopError, SettingsError
from cityloop.i18n import Language, Pair

__all__ = [
    "ERROR_LABELS",
    "error_text",
    "print_json",
    "print_lines",
    "print_table",
    "quiet_stdout",
    "relabelled",
    "show_error",
]

ERROR_LABELS = {
    "where": Pair("Where", "位置"),
    "got": Pair("Got", "实际"),
    "allowed": Pair("Allowed", "允许"),
    "cure": Pair("Cure", "处置"),
}
_ERROR_CLASSES = {
    "InputError": Pair("", "输入有误。"),
    "SettingsError": Pair("", "城市定义 city.toml 有误。"),
    "RecordError": Pair("", "记录或决定不被接受。"),
    "StoreError": Pair("", "数据目录无法读写。"),
    "CityLocked": Pair("", "该城市正被另一进程占用。"),
    "StoreVersion": Pair("", "数据目录的版本不符。"),
    "EngineError": Pair("", "外部仿真引擎报错。"),
    "Forbidden": Pair("", "无权访问。"),
    "Cancelled": Pair("", "已中止，已提交的内容保留。"),
}


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Inside, nothing reaches standard output, not even what a library in C prints: it goes to standard error."""
    before = sys.stdout
    before.flush()
    real = _is_real(before)
    kept = os.dup(1) if real else -1
    try:
        if real:
            os.dup2(2, 1)
        sys.stdout = sys.stderr
        yield
    finally:
        sys.stdout.flush()
        sys.stdout = before
        if real:
            _flush_c()
            os.dup2(kept, 1)
            os.close(kept)


def _is_real(stream: Any) -> bool:
    try:
        return bool(stream.fileno() == 1)
    except (OSError, ValueError, AttributeError):
        return False


def _flush_c() -> None:
    """Empty the buffers of the C library, so that an engine's late words do not follow ours."""
    if os.name != "nt":
        ctypes.CDLL(None).fflush(None)


def print_json(document: Any) -> None:
    """One JSON document in UTF-8 whatever the terminal's encoding is; records with their noun, times in ISO 8601."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(document, enc_hook=_encode), indent=2) + b"\n"
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(text.decode())
    else:
        sys.stdout.flush()
        stream.write(text)
    sys.stdout.flush()


def _encode(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def print_lines(*lines: str) -> None:
    """Lines of text; a character that the terminal cannot show is replaced, never a fault."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for line in lines:
        sys.stdout.write(line.rstrip().encode(encoding, errors="replace").decode(encoding) + "\n")
    sys.stdout.flush()


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: fitted to a terminal, never cut where there is none."""
    import io

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    width = Console().width if terminal else 400
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    drawn = io.StringIO()
    Console(file=drawn, width=width, highlight=False, no_color=not terminal).print(table)
    print_lines(*drawn.getvalue().splitlines())


def error_text(fault: CityloopError, spoken: Language | None = None) -> str:
    """An error in the language of this run or in `spoken`: in Chinese its class, and its parts with native labels."""
    lang = spoken or language()
    if lang == "en":
        return str(fault)
    opening = next(
        (_ERROR_CLASSES[c.__name__].in_(lang) for c in type(fault).__mro__ if c.__name__ in _ERROR_CLASSES), ""
    )
    if isinstance(fault, SettingsError):
        listed = "\n".join(f"  {i}. {relabelled(text)}" for i, text in enumerate(fault.faults, 1))
        return f"{opening}共 {len(fault.faults)} 处：\n{listed}"
    parts: Mapping[str, Any] = {k: getattr(fault, k) for k in ERROR_LABELS}
    said = [
        _ended(f"{ERROR_LABELS[k].in_(lang)}：{error_words(str(v))}")
        for k, v in parts.items()
        if v is not None and v != ""
    ]
    what = "\n".join(map(relabelled, fault.what.splitlines()))
    return "".join([opening if not _is_chinese(what) else "", what, *said])


def _ended(text: str) -> str:
    """With one full stop in Chinese, whatever it ends with."""
    text = text.rstrip(".。")
    return text if text.endswith(("?", "？")) else f"{text}。"


def relabelled(fault: str) -> str:
    """A fault out of a list of several in Chinese, its number kept, with native labels."""
    number = (re.match(r" *\d+\. ", fault) or [""])[0]
    what, *rest = re.split(r" (?=(?:Where|Got|Allowed|Cure): )", fault.removeprefix(number))
    said = [number, error_words(what)]
    for part in rest:
        name, _, value = part.partition(": ")
        said.append(_ended(f"{ERROR_LABELS[name.casefold()].zh}：{error_words(value)}"))
    return "".join(said)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def show_error(text: str) -> None:
    """One message on standard error, red on a terminal that has colours."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    shown = text.encode(encoding, errors="replace").decode(encoding)
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sys.stderr.write(f"\x1b[31m{shown}\x1b[0m\n" if colour else f"{shown}\n")
    sys.stderr.flush()
