"""The language of this run: --lang, else the environment (zh where it says Chinese), else English."""

import os
from collections.abc import Mapping
from contextvars import ContextVar

from cityloop.i18n import Language, Pair

__all__ = ["environment_language", "language", "one_language", "say", "set_language"]

_CHOSEN: ContextVar[Language | None] = ContextVar("language", default=None)


def environment_language(environ: Mapping[str, str] | None = None) -> Language:
    """Language of LC_ALL, LC_MESSAGES or LANG, the first that is set.

    >>> environment_language({"LANG": "zh_CN.UTF-8"}), environment_language({"LC_ALL": "C", "LANG": "zh_CN"})
    ('zh', 'en')
    """
    env = os.environ if environ is None else environ
    stated = next((env[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(k)), "")
    return "zh" if stated.casefold().startswith("zh") else "en"


def set_language(chosen: Language | None) -> None:
    """Fix the language of this run; None gives it back to the environment."""
    _CHOSEN.set(chosen)


def language() -> Language:
    """The language to speak."""
    return _CHOSEN.get() or environment_language()


def say(pair: Pair, **values: object) -> str:
    """A pair in the language of this run."""
    return pair.in_(language(), **values)


def one_language(text: str) -> str:
    """The half of a record's "English | 中文" text that this run speaks; a text in one language unchanged."""
    from cityloop.report.words import both

    return both(text).in_(language())
