"""Which Thing of the city a tag names: by whole tokens, whatever its separators, padding, width of letters or language.

A name inside another (JD1 in JD1401) is no match; two Things that fit equally are both candidates and neither is proposed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cityloop.contracts import Element
from cityloop.errors import InputError
from cityloop.formats.mapping_proposal import Guess, filled
from cityloop.formats.mapping_tags import KIND_WORDS, VOCABULARY, Tag, canonical, tokens
from cityloop.formats.mapping_words import KINDS_OF, THING_WORDS
from cityloop.formats.positions import MOST_ROWS, cell_texts
from cityloop.formats.tables import open_table
from cityloop.i18n import Pair
from cityloop.settings import CitySettings, PositionSettings, RegisterSettings
from cityloop.settings.source_settings import split_ref

__all__ = ["KnownThing", "ThingIndex", "known_things"]

TEXTS = {
    "exact": Pair("the tag holds the name {name} itself", "标签中含有名称 {name}"),
    "near": Pair("the tag holds {name} in another spelling (separators, zeros, width)", "标签中含有 {name} 的另一写法（分隔符、补零或全半角不同）"),
    "word": Pair("the tag holds {name} by another word for it", "标签以同义词指称 {name}"),
    "alias": Pair("{alias} stands for {name} in {source}", "{source} 中 {alias} 对应 {name}"),
    "number": Pair("only the number {name} agrees", "仅编号 {name} 相同"),
    "more": Pair("but the tag names something more: {rest}", "但标签还另有所指：{rest}"),
    "kind": Pair("but {property} is seldom measured on a {kind}", "但 {kind} 通常不测 {property}"),
    "outward": Pair(
        "but “{word}” may flow out, and a flow of an area itself counts as inflow", "但“{word}”可能为流出，而分区自身的流量按流入计"
    ),
    "metered": Pair(
        "but city.toml names inflow meters of this area, to which its own flow would be added",
        "但 city.toml 已为该分区指定进水计量，分区自身的流量会与之相加",
    ),
    "kin": Pair("chosen by what is measured, others have the same name", "重名对象中按所测量选定"),
    "several": Pair("several things fit equally", "有多个对象同样相符"),
    "none": Pair("no thing of the city has this name; the candidate would be a new one", "本市没有同名对象；候选项为新建对象"),
    "no_city": Pair("no city was named (--city); the candidate is made from the tag", "未指定城市（--city）；候选项取自标签本身"),
    "nothing": Pair("the name says no thing", "名称未指明对象"),
}  # fmt: skip
_CANONICAL = {word: words[0] for words in THING_WORDS.values() for word in words}
_LETTERS = frozenset("pflqsh")
"""Codes of what is measured, before the name of a thing."""
_WEATHER = ("air_temperature", "rainfall", "relative_humidity", "wind_speed")
_COUNTED = frozenset(w for k in ("boundary", "pump", "tank") for w in THING_WORDS[k] if not w.isascii())
"""Chinese words that stand behind their number."""
_OUTWARD = frozenset(["outflow", "export", "transfer", "流出", "转供", "外供", "出口", "出水", "出水量", "out"])
"""Words of water that leaves an area."""
_DEVICES = frozenset(w[0] for k, w in THING_WORDS.items() if k not in ("boundary", "meter", "reservoir"))
"""Words that, beside the name of an area, name something inside it."""
_LONGEST = 8
"""Tokens of the longest name that is looked for."""


@dataclass(frozen=True)
class KnownThing:
    """A thing of the city: `names` other than its own (names of an area), `aliases` = (text, where it says so).

    `metered` = an area whose inflow meters city.toml names: a flow of the area itself would be added to theirs.
    """

    kind: str
    name: str
    names: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    metered: bool = False

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class _Entry:
    """One spelling of a thing: `how` is a key of TEXTS, `text` what the reason shows."""

    thing: KnownThing
    how: str
    text: str
    source: str = ""


@dataclass
class ThingIndex:
    """The spellings of every thing by their tokens. `shared` = tokens that (nearly) every tag of the file has."""

    things: Sequence[KnownThing]
    shared: frozenset[str] = frozenset()
    _entries: dict[tuple[str, ...], list[_Entry]] = field(default_factory=dict)
    _numbers: dict[str, list[KnownThing]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        short = Counter(s for t in self.things for n in t.names for s in _segments(n))
        for thing in self.things:
            self._add(thing, thing.name, "name")
            for name in thing.names:
                self._add(thing, name, "word")
                for segment in _segments(name):
                    if short[segment] <= len([n for n in thing.names if segment in _segments(n)]):
                        self._add(thing, segment, "word")
            for alias, source in thing.aliases:
                self._add(thing, alias, "alias", source)
            for token in tokens(thing.name):
                if token.isdigit():
                    self._numbers.setdefault(token, []).append(thing)

    def _add(self, thing: KnownThing, text: str, how: str, source: str = "") -> None:
        key = _key(tokens(text))
        if 0 < len(key) <= _LONGEST:
            entries = self._entries.setdefault(key, [])
            if thing not in [e.thing for e in entries]:
                entries.append(_Entry(thing, how, text, source))

    def match(self, tag: Tag, observed: str) -> Guess:
        """The thing of a tag that measures `observed` ("" = not known)."""
        own = _key(tokens(tag.name))
        hits = self._hits(own) or self._hits(_key(tag.all_tokens))
        if not hits:
            return self._unmatched(tag, observed, own)
        length, start, entries = hits[0]
        rest = [own[i] for i in range(len(own)) if not start <= i < start + length]
        return self._chosen(tag, observed, entries, own[start : start + length], rest, [h[2][0] for h in hits[1:]])

    def strange(self, tag: Tag) -> tuple[str, ...]:
        """Words of a tag that are neither vocabulary nor part of a thing's name nor shared by the whole file."""
        own = _key(tokens(tag.name))
        used: set[int] = set()
        for length, start, _ in self._hits(own):
            used |= set(range(start, start + length))
        left = [t for i, t in enumerate(own) if i not in used and self._unexplained(t)]
        return tuple(t for i, t in enumerate(left) if not t.isdigit() and (len(t) > 1 or not t.isascii()))

    def _hits(self, own: tuple[str, ...]) -> list[tuple[int, int, list[_Entry]]]:
        """Stretches of the tokens that are names of things, none inside another; the most telling first."""
        found: list[tuple[int, int, list[_Entry]]] = []
        for length in range(min(_LONGEST, len(own)), 0, -1):
            for start in range(len(own) - length + 1):
                inside = any(s <= start and start + length <= s + n for n, s, _ in found)
                key = own[start : start + length]
                if not inside and key in self._entries and not _meaningless(key):
                    found.append((length, start, self._entries[key]))
        return sorted(found, key=lambda h: (-_telling(own[h[1] : h[1] + h[0]]), h[2][0].thing.kind == "boundary"))

    def _chosen(
        self, tag: Tag, observed: str, entries: list[_Entry], key: tuple[str, ...], rest: list[str], others: list[_Entry]
    ) -> Guess:  # fmt: skip
        own_first = tag.all_tokens[0] if tag.all_tokens else ""
        fitting = [e for e in entries if not observed or e.thing.kind in KINDS_OF.get(observed, ())]
        said = [e for e in entries if e.thing.kind in _kinds_said(rest, key)]
        best = said or fitting or entries
        refs = tuple(dict.fromkeys(e.thing.ref for e in (*best, *entries, *others)))
        if len({e.thing.ref for e in best}) > 1:
            likely = min(best, key=lambda e: _rank(e.thing.kind, observed))
            second = sorted(_rank(e.thing.kind, observed) for e in best)[1]
            if not observed or second == _rank(likely.thing.kind, observed):
                return Guess("", 0.4, TEXTS["several"], refs)
            best = [likely]
        entry = best[0]
        sure, why = self._sureness(tag, entry, key)
        parts = [why]
        if len(entries) > 1:
            sure, parts = sure - 0.14, [*parts, TEXTS["kin"]]
        coded = rest[:1] if own_first in _LETTERS and rest and rest[0] == own_first else []
        if odd := [t for t in rest[len(coded) :] if self._unexplained(t)]:
            numbered = any(c.isdigit() for t in odd for c in t)
            sure, parts = sure - (0.3 if numbered else 0.15), [*parts, filled(TEXTS["more"], rest=" ".join(odd))]
        if entry.thing.kind == "boundary" and (inside := [t for t in rest if t in _DEVICES]):
            sure, parts = sure - 0.3, [*parts, filled(TEXTS["more"], rest=" ".join(inside))]
        if entry.thing.kind == "boundary" and observed == "water_flow":
            if outward := tag.words & _OUTWARD:
                sure, parts = sure - 0.5, [*parts, filled(TEXTS["outward"], word=max(outward, key=len))]
            if entry.thing.metered:
                sure, parts = sure - 0.3, [*parts, TEXTS["metered"]]
        if observed and entry.thing.kind not in KINDS_OF.get(observed, ()):
            words = {"property": observed, "kind": entry.thing.kind}
            sure, parts = sure - 0.25, [*parts, filled(TEXTS["kind"], **words)]
        if others and any(o.thing.kind != "boundary" for o in others):
            sure -= 0.2
        why = Pair(", ".join(p.en for p in parts), "，".join(p.zh for p in parts))
        return Guess(
            entry.thing.ref, round(max(sure, 0.05), 2), why, tuple(r for r in refs if r != entry.thing.ref)[:5]
        )

    def _sureness(self, tag: Tag, entry: _Entry, key: tuple[str, ...]) -> tuple[float, Pair]:
        """How telling a spelling is: letters and numbers together are, a bare number is not."""
        name = entry.thing.ref
        if entry.how == "alias":
            return 0.95, filled(TEXTS["alias"], alias=entry.text, name=name, source=entry.source)
        letters = [t for t in key if not t.isdigit() and t != "#"]
        if not letters:
            return (0.66 if len("".join(key)) >= 4 else 0.45), filled(TEXTS["number"], name=entry.text)
        short = len("".join(key)) < 2
        if entry.text.casefold() in canonical(tag.text).casefold() and not short:
            return (0.97 if len(key) > 1 or len(key[0]) > 3 else 0.86), filled(TEXTS["exact"], name=entry.text)
        if entry.how == "word":
            return 0.88, filled(TEXTS["word"], name=name)
        spelt = set(tokens(entry.text)) <= set(tokens(tag.name))
        return (0.94 if spelt else 0.87), filled(TEXTS["near" if spelt else "word"], name=name)

    def _unexplained(self, token: str) -> bool:
        """A token that is no word of quantity, statistic or kind, and not shared by all tags of the file."""
        return token not in VOCABULARY and token not in KIND_WORDS and token not in self.shared

    def _unmatched(self, tag: Tag, observed: str, own: tuple[str, ...]) -> Guess:
        kinds = KINDS_OF.get(observed, ())
        numbers = [t for t in own if t.isdigit()]
        same = [t for n in reversed(numbers) for t in self._numbers.get(n, ()) if not kinds or t.kind in kinds]
        alike = tuple(dict.fromkeys(t.ref for t in same))[:5] if len(same) <= 20 else ()
        named = _identity(tag)
        fresh: tuple[str, ...] = ()
        if observed in _WEATHER:
            fresh = ("station:weather",)
        elif named and any(c.isdigit() for c in named):
            kind = next((k for k in (*tag.kinds, *kinds) if k != "boundary"), "meter")
            fresh = (f"{kind}:{named}",)
        why = TEXTS["none"] if self.things else TEXTS["no_city"]
        return Guess("", 0.0, why if alike or fresh else TEXTS["nothing"], (*alike, *fresh))


def _kinds_said(rest: Sequence[str], key: Sequence[str]) -> set[str]:
    words = {*rest, *key}
    return {kind for kind, spelt in THING_WORDS.items() if spelt[0] in words}


def _rank(kind: str, observed: str) -> int:
    kinds = KINDS_OF.get(observed, ())
    return kinds.index(kind) if kind in kinds else len(kinds)


def _key(found: Sequence[str]) -> tuple[str, ...]:
    """Tokens with one word per kind of thing, and a number before its word put behind it (3 区 as dma 3, 1# 泵 as pump 1)."""
    kept: list[str] = []
    for i, token in enumerate(found):
        word = _CANONICAL.get(token, token)
        signed = i > 0 and found[i - 1] in ("#", "号")
        if word in ("#", "号"):
            continue
        free = len(kept) < 2 or not kept[-2].isascii() or kept[-2].isdigit() or kept[-2] in VOCABULARY
        if kept and kept[-1].isdigit() and token in _COUNTED and (signed or free):
            kept.insert(-1, word)
        elif (
            token.isdigit()
            and i + 1 < len(found)
            and found[i + 1] == "#"
            and found[i + 2 : i + 3] != ()
            and (found[i + 2] not in _COUNTED)
        ):
            kept.append(f"#{token}")  # "2#" of something else: no part of the number before it
        else:
            kept.append(word)
    return tuple(kept)


def _meaningless(key: tuple[str, ...]) -> bool:
    """A name that is one common word says nothing."""
    return len(key) == 1 and (key[0] in VOCABULARY or key[0] in KIND_WORDS or len(key[0]) < 2)


def _telling(key: Sequence[str]) -> float:
    """Letters and digits of a name; a name of digits alone counts half."""
    size = float(sum(len(t) * (2 if not t.isascii() else 1) for t in key))
    return size / 2 if all(t.isdigit() for t in key) else size + len(key)


def _segments(name: str) -> list[str]:
    """The parts of a long name that may stand alone: between dots, colons and brackets."""
    plain = canonical(name)
    for sign in "·:：()（）,，;、":
        plain = plain.replace(sign, "|")
    parts = [p.strip() for p in plain.split("|")]
    return [p for p in parts if len(p) >= (2 if any(c > "一" for c in p) else 5) and p != plain]


def _identity(tag: Tag) -> str:
    """What is left of a tag to name a new thing."""
    skip = {w for w in tag.words if w in VOCABULARY and not w.isdigit()} | {"#"}
    text = tag.name
    kept = [p for p in text.replace(".", " ").replace("_", " ").split() if not set(tokens(p)) <= skip]
    return " ".join(kept).strip()


# --- the things of a city ------------------------------------------------------------------------------------------
def known_things(settings: CitySettings, elements: Iterable[Element]) -> tuple[KnownThing, ...]:
    """Boundaries, the elements of the models, what city.toml and its tables name, with what these tables call them."""
    names: dict[tuple[str, str], list[str]] = {}
    for boundary in settings.boundaries:
        names["boundary", boundary.id] = [n for n in (boundary.name.en, boundary.name.zh) if n]
        for ref in (*boundary.inflow, *boundary.outflow, *boundary.storage):
            names.setdefault(ref, [])
    for element in elements:
        if not element.whole:
            names.setdefault((element.kind, element.name), [])
    for source in settings.files:
        for series in source.series:
            if series.thing_name and "{" not in series.thing_name:
                names.setdefault((series.thing_kind, series.thing_name), [])
    for stated in settings.things:
        names.setdefault((stated.kind, stated.name), [])
    metered = {("boundary", b.id) for b in settings.boundaries if b.inflow}
    aliases: dict[tuple[str, str], list[tuple[str, str]]] = {}
    drawn = {kind for kind, _ in names}
    tables: tuple[PositionSettings | RegisterSettings, ...] = (*settings.positions, *settings.registers)
    for table in tables:
        _from_table(settings, table, names, aliases, drawn)
    return tuple(
        KnownThing(kind, name, tuple(said), tuple(aliases.get((kind, name), ())), (kind, name) in metered)
        for (kind, name), said in names.items()
    )


def _from_table(
    settings: CitySettings, stated: PositionSettings | RegisterSettings, names: dict[tuple[str, str], list[str]],
    aliases: dict[tuple[str, str], list[tuple[str, str]]], drawn: set[str],
) -> None:  # fmt: skip
    """The things of one table; a further column with a name of its own in every row gives each thing that name too."""
    path = settings.folder / stated.path
    try:
        table = open_table(
            path, encoding=stated.encoding, delimiter=stated.delimiter, skip_lines=stated.skip_lines, sheet=stated.sheet,
            decimal=stated.decimal, time_format="",
        )  # fmt: skip
        if stated.id_column not in table.header or len(set(table.header)) < len(table.header):
            return
        chunk = next(iter(table.chunks(table.header, start=None, rows=MOST_ROWS)), None)
    except (InputError, OSError):
        return  # `cityloop doctor` names what is wrong with the table
    if chunk is None:
        return
    refs = [
        split_ref(stated.thing.replace("{id}", i)) if i else None for i in cell_texts(chunk.columns[stated.id_column])
    ]
    for ref in refs:
        if ref and ref[0] not in drawn:
            names.setdefault(ref, [])
    taken = {name for _, name in names}
    for column in table.header:
        cells = cell_texts(chunk.columns[column])
        if column == stated.id_column or not _is_naming(cells, taken):
            continue
        for ref, cell in zip(refs, cells, strict=True):
            if ref in names:
                aliases.setdefault(ref, []).append((cell, _file_name(stated.path)))


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _is_naming(cells: Sequence[str], taken: set[str]) -> bool:
    """Whether a column gives every row a name of its own that no thing has: YL-01, not 31.2 and not a pipe's end."""
    said = [c for c in cells if c]
    if len(said) < 2 or len(set(said)) < len(said) or len(said) < 0.8 * len(cells):
        return False
    lettered = sum(any(ch.isdigit() for ch in c) and any(ch.isalpha() for ch in c) for c in said)
    return lettered > 0.9 * len(said) and sum(c in taken for c in said) < 0.2 * len(said) and max(map(len, said)) <= 40
