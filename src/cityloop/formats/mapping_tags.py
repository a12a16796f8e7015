"""A tag or header taken apart: its unit, its words for quantity and statistic, and the tokens that name a thing."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cityloop.formats.mapping_words import (
    AMOUNTS,
    FILLERS,
    OUTSIDE,
    PROPERTY_WORDS,
    STATISTIC_WORDS,
    TEMPERATURE_WORDS,
    THING_WORDS,
    UNITS,
)

__all__ = ["KIND_WORDS", "VOCABULARY", "Tag", "canonical", "known_unit", "read_tag", "tokens"]

_BRACKETS = re.compile(r"[(\[{【〔<（]([^()\[\]{}【】〔〕<>（）]{1,16})[)\]}】〕>）]")
_SPLIT = re.compile(r"[a-z]+|[0-9]+|[一-鿿]+|[#%°]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_NUMERALS = {c: str(n) for n, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "两": "2"}
_COUNTED = re.compile(r"([零〇一二两三四五六七八九十]{1,3})(?=[号#区]|泵|分区|片区|池|厂|期)")
_CANONICAL = {word: words[0] for words in THING_WORDS.values() for word in words}
_BRACKETED = ("cmd", "cms")
"""Units only in brackets: elsewhere a command."""
_SHORT = 2
"""Units of so few letters at the end of a name count only where the name's own words agree."""

_PROPERTY_OF = {word: name for name, words in PROPERTY_WORDS.items() for word in words}
_STATISTIC_OF = {word: name for name, words in STATISTIC_WORDS.items() for word in words}
_KIND_OF = {word: kind for kind, words in THING_WORDS.items() for word in words}
VOCABULARY = frozenset([*_PROPERTY_OF, *_STATISTIC_OF, *OUTSIDE, *FILLERS, *TEMPERATURE_WORDS])
"""Every word that names a quantity, a way of measuring or nothing at all; kinds of things are not among them."""
KIND_WORDS = frozenset(_KIND_OF)
_CHINESE = sorted({w for w in VOCABULARY | KIND_WORDS if "一" <= w[0] <= "鿿"}, key=len, reverse=True)


@dataclass(frozen=True)
class Tag:
    """`text` as it stands, `name` without its unit; `odd_unit` = what stands in brackets where a unit would, and is none; `unit` = (as city.toml takes it, properties it fits, form) or None, `unit_text` as written.

    `properties`, `statistics`, `kinds`, `outside` = the words found for each; `amount` = one of them is of an amount;
    `all_tokens` = every token of name and description in order, `words` = these and every pair of neighbours.
    """

    text: str
    name: str
    unit: tuple[str, tuple[str, ...], str] | None
    unit_text: str
    properties: tuple[str, ...]
    statistics: tuple[str, ...]
    kinds: tuple[str, ...]
    outside: tuple[str, ...]
    amount: bool
    all_tokens: tuple[str, ...]
    words: frozenset[str]
    odd_unit: str = ""


def canonical(text: str) -> str:
    """Full-width letters and signs as plain ones, without blanks at the ends."""
    return unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-").strip()


@lru_cache(maxsize=65536)
def tokens(text: str) -> tuple[str, ...]:
    """Small letters, numbers without leading zeros, Chinese words; what separates them is left out.

    >>> tokens("DMA-03_Flow"), tokens("泵站1#泵电流"), tokens("三区")
    (('dma', '3', 'flow'), ('泵站', '1', '#', '泵', '电流'), ('3', '区'))
    """
    plain = _CAMEL.sub(" ", canonical(text))
    plain = _COUNTED.sub(lambda m: _number(m[1]), plain).casefold()
    found: list[str] = []
    for part in _SPLIT.findall(plain):
        if part.isdigit():
            found.append(part.lstrip("0") or "0")
        elif "一" <= part[0] <= "鿿":
            found += _chinese(part)
        else:
            found.append(part)
    return tuple(found)


def _number(text: str) -> str:
    """一 to 九十九 as digits."""
    if "十" not in text:
        return "".join(_NUMERALS[c] for c in text)
    tens, _, ones = text.partition("十")
    return str(int(_NUMERALS.get(tens, "1")) * 10 + int(_NUMERALS.get(ones, "0")))


def _chinese(text: str) -> Iterator[str]:
    """Known words, the longest first, and what stands between them."""
    rest, at = "", 0
    while at < len(text):
        word = next((w for w in _CHINESE if text.startswith(w, at)), "")
        if word:
            if rest:
                yield rest
            yield word
            rest, at = "", at + len(word)
        else:
            rest, at = rest + text[at], at + 1
    if rest:
        yield rest


def known_unit(text: str) -> tuple[str, tuple[str, ...], str] | None:
    """A spelling of a unit in either language; None for anything else.

    >>> known_unit("m³/h")[0], known_unit("万吨／日")[0], known_unit("flow")
    ('m3/h', '万m3/d', None)
    """
    plain = re.sub(r"\s+", "", canonical(text)).casefold()
    plain = plain.removeprefix("单位").lstrip(":").removeprefix("unit:").replace("㎥", "m3")
    return UNITS.get(plain)


def read_tag(text: str, context: Sequence[str] = ()) -> Tag:
    """A name with what other header rows say of it (description, unit): words of all, the unit of the first that has one."""
    own_name, unit, written = _take_unit(canonical(text))
    odd = "" if unit else next((m[1] for m in _BRACKETS.finditer(own_name)), "")
    pieces = [own_name]
    for other in context:
        if stated := known_unit(other):
            unit, written = unit or stated, written or other.strip()
            continue
        rest, there, how = _take_unit(canonical(other))
        unit, written = unit or there, written or how
        pieces.append(rest)
    own = [tokens(p) for p in pieces]
    joined = [t for part in own for t in part]
    words = frozenset(_grouped(own))
    return Tag(
        text=text, name=own_name, unit=unit, unit_text=written,
        properties=_found(_PROPERTY_OF, words), statistics=_found(_STATISTIC_OF, words), kinds=_found(_KIND_OF, words),
        outside=tuple(w for w in words if w in OUTSIDE), amount=bool(words & AMOUNTS),
        all_tokens=tuple(joined), words=words, odd_unit="" if unit else odd,
    )  # fmt: skip


def _grouped(parts: Sequence[Sequence[str]]) -> Iterator[str]:
    """Every token and every pair of neighbours, so that "air temperature" is one word."""
    for part in parts:
        yield from part
        yield from (a + b for a, b in zip(part, part[1:], strict=False))


def _found(table: Mapping[str, str], words: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(table[w] for w in sorted(words, key=len, reverse=True) if w in table))


def _take_unit(name: str) -> tuple[str, tuple[str, tuple[str, ...], str] | None, str]:
    """The name without its unit, the unit, and how it was written: in brackets, behind a sign, or as the last tokens."""
    for found in reversed(list(_BRACKETS.finditer(name))):
        if unit := known_unit(found[1]):
            return name[: found.start()] + " " + name[found.end() :], unit, found[1]
    for sign in ("单位:", ",", ":", " ", "_", "-", "."):
        head, _, tail = name.rpartition(sign)
        unit = known_unit(tail) if head and tail and tail.casefold() not in _BRACKETED else None
        if (
            unit
            and (len(tail) > _SHORT or tail.casefold() in ("kw", "wh") or not tail[0].isalpha() or _agrees(head, unit))
            and not tail.isdigit()
        ):
            return head, unit, tail
        before, _, last = head.rpartition(sign)
        double = known_unit(f"{last}/{tail}") if before and last and tail and sign in "_ -." else None
        if double:
            return before, double, f"{last}/{tail}"
    for part in re.split(r"[\s_.\-]+", name)[1:-1]:
        if (
            len(part) > _SHORT
            and part.casefold() not in _BRACKETED
            and (unit := known_unit(part))
            and _agrees(name, unit)
        ):
            return name.replace(part, " ", 1), unit, part
    first, _, rest = name.partition(" ")
    if rest and len(first) > 1 and (unit := known_unit(first)):
        return rest, unit, first
    if trailing := re.search(r"(?<=[一-鿿])([a-z°%/³0-9^]+)$", name, re.IGNORECASE):
        if unit := known_unit(trailing[1]):
            return name[: trailing.start()], unit, trailing[1]
    return name, None, ""


def _agrees(name: str, unit: tuple[str, tuple[str, ...], str]) -> bool:
    """Whether the words before a short unit speak of what it measures: level_m, not TANK_M."""
    words = frozenset(_grouped([tokens(name)]))
    said = {_PROPERTY_OF[w] for w in words if w in _PROPERTY_OF}
    if words & OUTSIDE.keys():
        return unit[2] == "outside"
    if unit[2] == "amount" and any(_STATISTIC_OF.get(w) in ("counter", "total") for w in words):
        return True
    return bool(said & set(unit[1]))
