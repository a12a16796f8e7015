"""A city's project list against what is observed: each row with its Problem or none, its ailments, and what is missing.

Nothing is decided here: `import_data` is what a Decision states of a row once a person has seen it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cityloop.contracts import Domain, View
from cityloop.formats.project_list import ListedProject, ProjectList
from cityloop.i18n import Pair
from cityloop.loop.ailments import Diagnosis, Row, diagnose
from cityloop.loop.candidates import IMPORTED, RUNNING, WITHDRAWN, is_imported
from cityloop.loop.listed_project import BY_PERSON, BY_WORDS, measure_id
from cityloop.loop.project_match import MATCHED, Match, Matcher, Tie
from cityloop.records import Countermeasure, Problem, Project

__all__ = ["Examined", "State", "absent", "examine", "import_data", "list_remarks"]

State = Literal["ready", "confirm", "no_problem", "no_investment", "other_currency", "faulty", "decided"]
_BY_PERSON = Pair("stated by a person", "由人工指定")


@dataclass(frozen=True)
class Examined:
    """One row: `answers` = ids of the Problems that it may be written for (state "ready"), by `matches`.

    `state`: ready | confirm (proposed only, a person must say) | no_problem | no_investment (a plan cannot weigh it) |
    other_currency | faulty | decided (its works are decided on; its record stays). `measure` = id of its Countermeasure, `on_record` whether that stands.
    """

    project: ListedProject
    state: State
    answers: tuple[str, ...]
    matches: tuple[Match, ...]
    why: Pair
    ailments: tuple[Diagnosis, ...]
    measure: str
    on_record: bool
    by_person: bool = False


def examine(
    found: ProjectList, view: View, domains: Sequence[Domain], stated: Mapping[tuple[str, int], Sequence[str]]
) -> tuple[Examined, ...]:
    """Every row examined; `stated` = (sheet, row) -> ids of the Problems that a person names for it."""
    matcher = Matcher(view, domains)
    modes = {
        s: Counter(p.texts["mode"] for p in found.projects if p.sheet == s and "mode" in p.texts) for s in found.columns
    }
    known = {c.id: c for c in view.records(Countermeasure) if is_imported(c)}
    running = {p.countermeasure for p in view.records(Project) if p.state in RUNNING}
    open_ones = {p.id for p in view.records(Problem) if p.status in MATCHED}
    examined = []
    for project in found.projects:
        id = measure_id(view.city, project.key)
        record, tie = known.get(id), matcher.tie(project)
        named = tuple(stated.get((project.sheet, project.row), ()))
        if not named and record is not None and record.details.get("matched") == BY_PERSON:
            named = tuple(a for a in record.answers if a in open_ones)
        matches = tuple(Match(p, 1.0, _BY_PERSON) for p in named) or tie.certain or tie.proposed
        answers = named or tuple(m.problem for m in tie.certain)
        seen = _row(found, project, modes[project.sheet], tie, bool(named))
        examined.append(
            Examined(
                project, _state(project, view.policy.currency, answers, tie, id in running), answers, matches, seen.why,
                diagnose(seen), id, record is not None and WITHDRAWN not in record.details, bool(named),
            )
        )  # fmt: skip
    return tuple(examined)


def _state(project: ListedProject, currency: str, answers: Sequence[str], tie: Tie, running: bool) -> State:
    if project.faulty:
        return "faulty"
    if running:
        return "decided"
    if not answers:
        return "confirm" if tie.proposed else "no_problem"
    if project.investment is None or project.investment.value <= 0:
        return "no_investment"
    money = [a.currency for a in (project.investment, project.operation, project.income) if a is not None]
    money += [y.unit for y in project.yearly if y.what == "money"]
    return "ready" if set(money) <= {currency} else "other_currency"


def _row(found: ProjectList, project: ListedProject, modes: Mapping[str, int], tie: Tie, named: bool) -> Row:
    """What the ten rules look at."""
    columns = frozenset(found.columns[project.sheet])
    if named:
        return Row(project, columns, modes, "certain", _BY_PERSON)
    if tie.certain or tie.proposed:
        best = (tie.certain or tie.proposed)[0]
        return Row(project, columns, modes, "certain" if tie.certain else "proposed", best.why)
    return Row(project, columns, modes, "none" if tie.observed else "not_observed", tie.why)


def absent(found: ProjectList, view: View) -> tuple[Countermeasure, ...]:
    """Projects on record from a list of this name that it no longer holds, those withdrawn left out."""
    here = {measure_id(view.city, p.key) for p in found.projects}
    return tuple(
        c for c in view.records(Countermeasure)
        if c.details.get(IMPORTED) == found.name and WITHDRAWN not in c.details and c.id not in here
    )  # fmt: skip


def list_remarks(found: ProjectList, currency: str) -> tuple[Pair, ...]:
    """What holds for the whole list: its currencies, where they are not the city's alone."""
    sums: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for project in found.projects:
        if project.investment is not None:
            sums[project.investment.currency] += project.investment.value  # type: ignore[assignment]
            count[project.investment.currency] += 1
    if set(count) <= {currency}:
        return ()
    en = "; ".join(f"{c} {sums[c]:,.0f} in {count[c]} rows" for c in sorted(count))
    zh = "；".join(f"{c} {sums[c]:,.0f}（{count[c]} 行）" for c in sorted(count))
    return (
        Pair(
            f"The list holds other currencies than the plan's {currency}: {en}. They are kept apart and not converted; rows "
            f"in another currency are not entered.",
            f"清单中有与规划币种 {currency} 不同的币种：{zh}。分别列出、不作换算，非 {currency} 的行不录入。",
        ),
    )


def import_data(row: Examined, found: ProjectList) -> dict[str, float | str]:
    """What the Decision on a row states: amounts as the list has them, quantities per year, the ailments found."""
    project, texts = row.project, row.project.texts
    data: dict[str, float | str] = {
        "name": project.name, "key": project.key, "list": found.name, "row": f"{project.sheet} {project.row}",
        "answers": " ".join(row.answers), "why": f"{row.why.en} | {row.why.zh}",
        "matched": BY_PERSON if row.by_person else BY_WORDS, "start": project.start, "end": project.end,
        "department": texts.get("unit", ""), "funding": texts.get("funding", ""), "stage": texts.get("stage", ""),
        "benefit": texts.get("benefit", ""), "ailments": _titles(row.ailments),
    }  # fmt: skip
    if project.investment is not None:
        data |= {"currency": project.investment.currency} | _range("cost", project.investment)
    if project.operation is not None:
        data |= {"currency": project.operation.currency, "yearly_cost": project.operation.value}
    stated = {y.what: y for y in reversed(project.yearly)}
    income = project.income or stated.get("money")
    if income is not None:
        data |= _range("income", income)
    for what, key in (("water", "water_m3"), ("energy", "energy_kwh")):
        if what in stated:
            data |= _range(key, stated[what])
    if project.life is not None:
        data["life"] = project.life
    return {k: v for k, v in data.items() if v != ""}


def _titles(ailments: Sequence[Diagnosis]) -> str:
    """The ailments found, in both languages; "" for none."""
    titles = [d.title for d in ailments if d.verdict == "found"]
    return f"{'; '.join(t.en for t in titles)} | {'；'.join(t.zh for t in titles)}" if titles else ""


def _range(key: str, stated: object) -> dict[str, float | str]:
    """A value with its ends, where the list states a range."""
    value, low, high = (float(getattr(stated, k)) for k in ("value", "low", "high"))
    ends: dict[str, float | str] = {f"{key}_low": low, f"{key}_high": high} if low < high else {}
    return {key: value, **ends}
