"""Two languages for every user-visible string: a pair beside its owner, chosen where it is shown."""

from typing import Literal, NamedTuple

__all__ = ["LANGUAGES", "Language", "Pair"]

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Pair(NamedTuple):
    """One string in English and Chinese; `{names}` are filled by `in_`.

    >>> Pair("{n} leaks", "{n} 处漏点").in_("zh", n=2)
    '2 处漏点'
    """

    en: str
    zh: str

    def in_(self, language: Language, **values: object) -> str:
        """The string in one language with its placeholders filled; a missing value raises KeyError."""
        text = self.zh if language == "zh" else self.en
        return text.format(**values) if values else text
