"""The norm tables' own words in Chinese; a text that is not here is shown as it stands in the table."""

from cityloop.i18n import Pair

__all__ = ["norm_text"]

_CHINESE: dict[str, str] = {}


def norm_text(text: str) -> Pair:
    """A formula, source or reason of a norm table in both languages."""
    return Pair(text, _CHINESE.get(text, text))
