"""What an examination finds, and its words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cityloop.cli.screen import error_text
from cityloop.errors import CityloopError
from cityloop.i18n import Pair

__all__ = ["Finding", "fault_of", "filled", "named"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `level` fault (exit code 1), note or ok."""

    check: str
    level: Literal["fault", "note", "ok"]
    text: Pair
    data: Mapping[str, Any] = field(default_factory=dict)


def fault_of(check: str, fault: CityloopError) -> Finding:
    """A fault in the words of the room that found it."""
    return Finding(check, "fault", named(check, Pair(error_text(fault, "en"), error_text(fault, "zh"))))


def named(check: str, text: Pair) -> Pair:
    """The text behind the name of what was looked at."""
    return Pair(f"{check}: {text.en}", f"{check}：{text.zh}")


def filled(pair: Pair, **values: object) -> Pair:
    """Both languages with the same values; a value that is a Pair gives each language its own."""
    en, zh = ({k: getattr(v, lang) if isinstance(v, Pair) else v for k, v in values.items()} for lang in ("en", "zh"))
    return Pair(pair.in_("en", **en), pair.in_("zh", **zh))
