"""Which observed Problem a row of a project list answers: by the place that it names and the words of the trouble.

Certain is only what names the place of one Problem and a word of the Problem itself; everything else is proposed with its
reason and left to a person. The words are those of the domains; nothing here knows a domain.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cityloop.contracts import Domain, View
from cityloop.formats.project_list import ListedProject
from cityloop.i18n import LANGUAGES, Pair
from cityloop.loop.candidates import answered, is_imported, is_own
from cityloop.records import Countermeasure, Problem, Thing

__all__ = ["MATCHED", "Match", "Matcher", "Tie"]

#: Problems that a listed project may answer.
MATCHED = ("open", "acknowledged", "in_works")
#: Of a match's score, 0 to 1: the place in its own column or elsewhere, a word of the trouble, a word of its answers.
PLACE, PLACE_ELSEWHERE, TROUBLE, ANSWER = 0.5, 0.4, 0.4, 0.1
#: More proposals than these say nothing.
MOST_PROPOSED = 3


@dataclass(frozen=True)
class Match:
    """A Problem, how well the row fits it (0 to 1), and by what."""

    problem: str
    score: float
    why: Pair


@dataclass(frozen=True)
class Tie:
    """How a row is tied to what is observed: `certain` may be written, `proposed` needs a person; `why` where neither."""

    certain: tuple[Match, ...]
    proposed: tuple[Match, ...]
    observed: bool
    """Whether the subject is one that this city observes at a place that the row names."""
    why: Pair


#: Networks that lie in the same street: a row that names another one than the domain's is no answer to it.
_TRADES = {
    "water": ("供水", "自来水", "给水", "drinking water", "water supply", "water main"),
    "sewage": ("污水", "排水", "雨水", "sewer", "sewage", "drain", "stormwater"),
    "gas": ("燃气", "煤气", "天然气", "gas"),
    "heat": ("供热", "热力", "供暖", "heating", "district heat"),
    "power": ("供电", "电网", "配电", "电力", "变压器", "充电", "electric", "power grid", "transformer"),
    "telecom": ("通信", "弱电", "光缆", "telecom", "fibre"),
}
#: Words of any works whatever, which tell no trouble: pairs of characters, and the first four letters.
_PLAIN = (
    "工程 项目 改造 建设 提升 更新 新改 管理 系统 设施 问题 增加 提高 持续 续增 增大 突发 明显 不足 偏高 频发 检查 检修 更换 整治 治理 综合 服务 最低 "
    "平均 流量 水量 不明 或更 并修 变化 改动 被改 下降 "
    "with from that high lowe grow fail chec repl repa rais mana serv mean work city proj impr upgr more ther thro boun "
    "chan cros unme syst inpu rate faul"
)


class Matcher:
    """The Problems of a city with the words and places by which a row can name them."""

    def __init__(self, view: View, domains: Sequence[Domain]) -> None:
        self.things = {t.id: t for t in view.records(Thing)}
        self.problems = [p for p in view.records(Problem) if p.status in MATCHED]
        by_name = {d.name: d for d in domains}
        self.trade = {d.name: _trade(f"{d.name} {d.title.en} {d.title.zh}") for d in domains}
        self.trouble = {p.id: self._trouble(p, by_name.get(p.domain)) for p in self.problems}
        self.answer: dict[str, set[str]] = {p.id: set() for p in self.problems}
        for measure in view.records(Countermeasure):
            if measure.domain in by_name and not is_own(measure) and not is_imported(measure):
                grams = _grams(by_name[measure.domain].words.get(measure.kind, Pair(measure.kind, "")))
                for problem in answered(view, measure):
                    if problem.id in self.answer:
                        self.answer[problem.id] |= grams
        self.boundaries = _told_apart({t.id: _names(t) for t in self.things.values() if t.kind == "boundary"})
        seen = {(p.domain, p.kind) for p in view.records(Problem)}
        self.subjects = {d.name: _subjects(d, [kind for name, kind in seen if name == d.name]) for d in domains}

    def _trouble(self, problem: Problem, domain: Domain | None) -> set[str]:
        words: Mapping[str, Pair] = domain.words if domain else {}
        plain = Pair(problem.kind.replace("_", " "), "")
        return _grams(words.get(problem.kind, plain)) | _grams(words.get(problem.indicator, Pair("", "")))

    def tie(self, project: ListedProject) -> Tie:
        """How the row is tied to the Problems as they stand."""
        whole = _flat("；".join(project.texts.values()))
        here = _flat(project.texts.get("place", ""))
        places = self._places(whole)
        certain: list[Match] = []
        proposed: list[Match] = []
        for problem in self.problems:
            found = self._match(problem, whole, here, places)
            if found is not None:
                (certain if found[1] else proposed).append(found[0])
        certain.sort(key=lambda m: (-m.score, m.problem))
        proposed.sort(key=lambda m: (-m.score, m.problem))
        if certain or len(proposed) > MOST_PROPOSED:
            best = proposed[0].score if proposed else 0.0
            kept = [m for m in proposed if m.score == best] if not certain else []
            proposed = kept if len(kept) <= MOST_PROPOSED else []
        subject = self._subject(whole)
        return Tie(tuple(certain), tuple(proposed), bool(subject and places), self._why_none(project, subject, places))

    def _match(
        self, problem: Problem, whole: str, here: str, places: Sequence[str]
    ) -> tuple[Match, bool] | None:  # fmt: skip
        """The match of one Problem and whether it is certain."""
        trades = _trades(whole)
        own = self.trade.get(problem.domain, "")
        others = trades - {own}
        if others and own not in trades:
            return None
        name, at, exact = self._place_of(problem, whole, here, places)
        if places and not name:
            return None
        words = _hits(self.trouble[problem.id], whole)
        answers = _hits(self.answer[problem.id] - self.trouble[problem.id], whole)
        if not words and not (answers and name):
            return None
        score = at + (TROUBLE if words else 0.0) + (ANSWER if answers else 0.0)
        said = [*words[:3], *answers[:2]]
        why = Pair(
            (f"names “{name}”" if name else "names no place of this city") + f" and “{'”, “'.join(said)}”",
            (f"写明“{name}”" if name else "未写明本市分区") + f"，含“{'”“'.join(said)}”",
        )
        return Match(problem.id, min(score, 1.0), why), bool(exact and words and not others)

    def _places(self, whole: str) -> list[str]:
        """Boundaries that the row names; a name within a longer one that it names does not count."""
        said = {id: name for id, names in self.boundaries.items() for name in names if _within(name, whole)}
        return [
            id for id, n in said.items() if not any(n != o and n in o and _only(n, o, whole) for o in said.values())
        ]

    def _place_of(self, problem: Problem, whole: str, here: str, places: Sequence[str]) -> tuple[str, float, bool]:
        """What the row calls the place of a Problem, its score, and whether it is the place itself: its boundary, or
        a thing or street of its ranked area; else the boundary that it is part of.
        """
        names = list(self.boundaries.get(problem.boundary, ())) if problem.boundary in places else []
        for id in (problem.boundary, problem.best_place, *(t.thing for t in problem.area)):
            thing = self.things.get(id)
            if thing is not None and thing.kind != "boundary":
                street = thing.properties.get("street", "")
                names += [n for n in (thing.name, str(street)) if _tells(n)]
        found = [n for n in dict.fromkeys(names) if _within(n, whole)]
        exact = bool(found)
        if not found and (thing := self.things.get(problem.boundary)) is not None:
            around = [r.thing for r in thing.relations if r.kind == "part_of" and r.thing in places]
            found = [n for id in around for n in self.boundaries[id] if _within(n, whole)]
        if not found:
            return "", 0.0, False
        name = max(found, key=lambda n: (_within(n, here), len(n)))
        return name, PLACE if _within(name, here) else PLACE_ELSEWHERE, exact

    def _subject(self, whole: str) -> str:
        """The domain whose subject the row is about; "" for one that this city does not observe."""
        trades = _trades(whole)
        for name, grams in self.subjects.items():
            if trades <= {self.trade.get(name, "")} and _hits(grams, whole):
                return name
        return ""

    def _why_none(self, project: ListedProject, subject: str, places: Sequence[str]) -> Pair:
        named = [self.things[p] for p in places]
        if not subject:
            return Pair(
                "its subject is nothing that this city's observations cover", "所涉内容不在本市观测范围内，无从判断"
            )
        if not named:
            return Pair("it names no place of this city", "未写明属于哪个分区")
        en, zh = ([str(t.properties.get(f"name_{lang}", "")) or t.name for t in named] for lang in LANGUAGES)
        return Pair(f"no problem of this kind is observed in {', '.join(en)}", f"{'、'.join(zh)}未观测到此类问题")


# --- words -------------------------------------------------------------------------------------------------------
def _flat(text: str) -> str:
    """Width and case taken away; "一、二区" written out.

    >>> _flat("一、二区和Ａ区")
    '一区、二区和a区'
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return _SEVERAL.sub(lambda m: "".join(f"{n}{m[2]}、" for n in re.findall(_ORDINAL, m[1])).rstrip("、"), text)


_ORDINAL = "[一二三四五六七八九十东西南北]"
_SEVERAL = re.compile(rf"({_ORDINAL}(?:[、,和及]{_ORDINAL})+)(片区|分区|区)")


def _names(thing: Thing) -> tuple[str, ...]:
    """What a boundary is called, the Chinese name first: whole, without brackets, and its parts ("二区·新城")."""
    found: list[str] = []
    for said in (thing.properties.get("name_zh", ""), thing.properties.get("name_en", ""), thing.name):
        whole = _flat(str(said))
        bare = re.sub(r"\(.*?\)", "", whole).strip()
        found += [whole, bare, *(part.strip() for part in re.split(r"[·•/|]| - ", bare))]
    return tuple(dict.fromkeys(n for n in found if _tells(n)))


def _told_apart(names: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The same without names that several have."""
    count = Counter(n for said in names.values() for n in said)
    return {id: tuple(n for n in said if count[n] == 1) for id, said in names.items()}


def _tells(name: str) -> bool:
    """Whether a name is long enough to be recognised in a text."""
    return len(name) >= (2 if not name.isascii() else 3) or (len(name) == 2 and name.isalnum() and not name.isdigit())


def _within(name: str, text: str) -> bool:
    """Whether a text names something: a Latin name as a whole, a Chinese one anywhere.

    >>> _within("p-1", "pipe p-12"), _within("p-1", "更换p-1管段")
    (False, True)
    """
    name = _flat(name)
    if not name.isascii():
        return name in text
    return re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9]|-[a-z0-9])", text) is not None


def _only(short: str, long: str, text: str) -> bool:
    """Whether the short name stands in the text only inside the long one."""
    return not _within(short, text.replace(long, "\n"))


def _grams(word: Pair) -> set[str]:
    """Pairs of Chinese characters and beginnings of English words that tell a subject."""
    found = set()
    for run in re.findall(r"[\u4e00-\u9fff]+", word.zh):
        found |= {run[i : i + 2] for i in range(len(run) - 1)}
    found |= {w[:4] for w in re.findall(r"[a-z]{4,}", word.en.casefold())}
    return found - set(_PLAIN.split()) - {w[:4] for words in _TRADES.values() for w in words}


def _hits(grams: set[str], text: str) -> list[str]:
    """Which of them a text holds, English ones as the whole word that it uses."""
    found = []
    for gram in sorted(grams):
        if not gram.isascii():
            found += [gram] if gram in text else []
        elif match := re.search(rf"(?<![a-z]){gram}[a-z]*", text):
            found.append(match[0])
    return found


def _trades(text: str) -> set[str]:
    return {
        trade for trade, words in _TRADES.items()
        if any(w in text if not w.isascii() else re.search(rf"(?<![a-z]){w}", text) for w in words)
    }  # fmt: skip


def _trade(text: str) -> str:
    """The network that a domain is about, by its title."""
    text = text.casefold()
    return next((t for t, words in _TRADES.items() if t in text.split() or any(w in text for w in words)), "")


def _subjects(domain: Domain, seen: Sequence[str]) -> set[str]:
    """Words of whatever the domain measures, does, and has found here at any time."""
    keys = (*domain.kinds(), *domain.indicators, *domain.causes, *seen)
    return {g for k in keys for g in _grams(domain.words.get(k, Pair(k.replace("_", " "), "")))}
