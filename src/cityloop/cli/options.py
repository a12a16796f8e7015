"""Arguments and options that several verbs share, and how their texts are read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cityloop.cli.language import language, set_language
from cityloop.errors import InputError
from cityloop.i18n import Language, Pair

__all__ = ["CityArg", "IdArg", "JsonOpt", "LangOpt", "OutOpt", "ReasonOpt", "WhoOpt", "decider", "parse_time"]

TEXTS = {
    "no_offset": Pair("A time without its offset from UTC.", "时间缺少时区偏移。"),
    "no_time": Pair("Not a time.", "不是有效的时间。"),
    "form": Pair("ISO 8601 with offset", "带时区偏移的 ISO 8601"),
    "cure": Pair(
        "Write for example {example}; Z stands for UTC.", "例如写作 {example}；Z 表示 UTC。"
    ),
}  # fmt: skip


def _language(chosen: Language | None) -> Language:
    set_language(chosen)
    return language()


CityArg = Annotated[
    Path, typer.Argument(metavar="CITY", help="City folder (it holds city.toml) / 城市文件夹（内有 city.toml）")
]
IdArg = Annotated[
    str, typer.Argument(metavar="ID", help="Id, its unique beginning, or row of the list / 编号、其唯一前缀或列表行号")
]
LangOpt = Annotated[
    Language | None,
    typer.Option("--lang", callback=_language, is_eager=True, help="Language; default from LANG / 语言，默认取自 LANG"),
]
JsonOpt = Annotated[bool, typer.Option("--json", help="One JSON document / 只输出一个 JSON 文档")]
OutOpt = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder of the report / 报告文件夹")]
WhoOpt = Annotated[
    str, typer.Option("--who", metavar="NAME", help="Who decides; default: your user name / 决定人，默认当前用户")
]
OnOpt = Annotated[
    str, typer.Option("--on", metavar="TIME", help="When, ISO 8601 with offset; default now / 时间，带时区，默认现在")
]
ReasonOpt = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why / 理由")]


def decider(who: str) -> str:
    """The stated name, else the user of the operating system."""
    import getpass

    if who.strip():
        return who.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def parse_time(text: str, option: str) -> datetime:
    """An ISO 8601 time with offset, as UTC. Raises InputError for any other text: a zone is never guessed."""
    example = "2026-07-01T00:00+08:00"
    cure = TEXTS["cure"].in_(language(), example=example)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            TEXTS["no_time"].in_(language()), where=option, got=text, allowed=TEXTS["form"].in_(language()), cure=cure
        ) from None
    if found.tzinfo is None:
        raise InputError(TEXTS["no_offset"].in_(language()), where=option, got=text, cure=cure)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise InputError(TEXTS["no_time"].in_(language()), where=option, got=text, cure=cure) from None
