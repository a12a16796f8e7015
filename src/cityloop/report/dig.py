"""The dig list, a crew's sheet: the works to do, where to search in which order, what to record and where."""

from cityloop.i18n import Pair
from cityloop.records import Problem
from cityloop.report.blocks import Block, Details, Inline, Paragraph, Section, Sentence, Subtitle, Table, joined
from cityloop.report.crew import JOBS, TO_DO, jobs, record
from cityloop.report.facts import Facts
from cityloop.report.headline import where_first, why_there
from cityloop.report.maps import Places
from cityloop.report.order import stands
from cityloop.report.problems import problem_name
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import with_badge

__all__ = ["dig_list"]

#: Rows of the dig list on the page; loop.json holds them all.
FIRST_ROWS, MOST_ROWS = 20, 300
WORK_DAYS = 5

_TITLE = Pair("Dig list", "检漏清单")
_HOW = Pair(
    "{boundary}: search in this order, the highest chance per metre first. {n} sections, {km}{speed}.{chosen} A chance is no "
    "proof, and holds only if the network model and the sensors are right.",
    "{boundary}：按此顺序排查（每米概率最高者在先），共 {n} 段、{km}{speed}。{chosen}概率不是证明，且以管网模型和测点数据无误为前提。",
)
_SPEED = Pair("; crew speed {speed}", "；班组速度 {speed}")
_ENDS = Pair(" The chosen survey ends at rank {rank} (marked).", "所选方案到第 {rank} 位为止（已标出）。")
_HEAD: tuple[Inline, ...] = (
    Pair("Rank", "排序"), Pair("Section", "管段"), Pair("Length", "长度"), Pair("Chance", "概率"),
    Pair("Cumulated", "累计概率"), Pair("Km so far", "累计长度"),
)  # fmt: skip
_STREET, _PIPE = Pair("Street", "所在道路"), Pair("Pipe", "管径、管材、敷设年份")
_CLOSED = Pair("No longer to be searched: {problem}, as it was ranked", "已不需排查：{problem}（当时的排序）")
_WEEKS = Pair("Crew-weeks so far", "累计班组·周")
_MIDDLE = Pair("Middle, {crs}", "中点（{crs}）")
_REST = Pair("Ranks {first} to {last}", "第 {first}～{last} 位")
_LEFT = Pair("Ranks from {first} on ({n} sections) stand in loop.json.", "第 {first} 位起的 {n} 段见 loop.json。")


def dig_list(facts: Facts, places: Places) -> Section | None:
    """Works to do, ranked sections of every placed problem, what to record; None where nothing is to do or ranked."""
    ranked = [p for p in facts.concerns if p.area and p.status not in ("dismissed", "merged")]
    if not ranked and not any(p.state in TO_DO for p in facts.projects):
        return None
    blocks = jobs(facts)
    for problem in (p for p in ranked if stands(p)):
        if len(ranked) > 1:
            blocks.append(Subtitle(problem_name(facts, problem)))
        blocks += [Paragraph(why_there(facts, problem)), Paragraph(where_first(facts, problem))]
        blocks += _list(facts, places, problem)
    blocks += record(facts, searched=bool(ranked))
    for problem in (p for p in ranked if not stands(p)):
        title = Sentence(_CLOSED, {"problem": problem_name(facts, problem)})
        blocks.append(Details(title, tuple(_list(facts, places, problem))))
    return Section("dig", _TITLE if ranked else JOBS, tuple(blocks))


def _chosen_rows(facts: Facts, problem: Problem) -> int:
    """How many ranks the chosen survey covers; 0 if none is chosen."""
    for id in facts.chosen:
        chosen = facts.countermeasure(id)
        if chosen is not None and problem.id in chosen.answers and chosen.area:
            covered = {row.thing for row in chosen.area}
            return sum(1 for row in problem.area if row.thing in covered)
    return 0


def _list(facts: Facts, places: Places, problem: Problem) -> list[Block]:
    chosen = _chosen_rows(facts, problem)
    speed: Inline = ""
    if facts.view.policy.crew_km_per_day > 0:
        speed = Sentence(_SPEED, {"speed": facts.trace.exact("city", "policy.crew_km_per_day", unit="km/day")})
    parts: dict[str, Inline] = {
        "boundary": with_badge(facts.name(problem.boundary), problem.simulated), "n": str(len(problem.area)),
        "km": facts.area_km(problem), "speed": speed,
        "chosen": Sentence(_ENDS, {"rank": str(chosen)}) if chosen else "",
    }  # fmt: skip
    told = (*((_STREET,) if _streets(facts, problem) else ()), *((_PIPE,) if _pipes(facts, problem) else ()))
    head = (*_HEAD[:2], *told, *_HEAD[2:], *((_WEEKS,) if speed else ()), Sentence(_MIDDLE, {"crs": places.crs.name}))
    rows = _rows(facts, places, problem)
    last = min(chosen - 1, len(rows) - 1)
    numeric = frozenset(range(2 + len(told), len(head)))
    blocks: list[Block] = [Paragraph(Sentence(_HOW, parts))]
    blocks.append(Table(head, tuple(rows[:FIRST_ROWS]), numeric=numeric, marked=frozenset([last] if last >= 0 else [])))
    if len(rows) > FIRST_ROWS:
        more = Table(head, tuple(rows[FIRST_ROWS:]), numeric=numeric, marked=frozenset([last - FIRST_ROWS]))
        blocks.append(
            Details(Sentence(_REST, {"first": str(FIRST_ROWS + 1), "last": str(len(rows))}), (more,), printed=True)
        )
    if len(problem.area) > len(rows):
        left = {"first": str(len(rows) + 1), "n": str(len(problem.area) - len(rows))}
        blocks.append(Paragraph(Sentence(_LEFT, left)))
    return blocks


def _streets(facts: Facts, problem: Problem) -> dict[str, str]:
    """The street of each section that a register names one for."""
    known = ((row.thing, facts.things.get(row.thing)) for row in problem.area)
    return {id: str(t.properties["street"]) for id, t in known if t is not None and t.properties.get("street")}


def _pipes(facts: Facts, problem: Problem) -> dict[str, Inline]:
    """Diameter, material and year of each section for which the model or a register states any."""
    found: dict[str, Inline] = {}
    for row in problem.area:
        thing = facts.things.get(row.thing)
        known = thing.properties if thing is not None else {}
        said: list[Inline] = []
        if isinstance(known.get("diameter_mm"), float | int):
            size = facts.trace.number(row.thing, "properties.diameter_mm", decimals=0, plain=True)
            said.append(Sentence(Pair("{d}\u00a0mm", "DN{d}"), {"d": size}))
        if known.get("material"):
            said.append(str(known["material"]))
        if isinstance(known.get("year"), float | int):
            said.append(facts.trace.number(row.thing, "properties.year", decimals=0, plain=True))
        if said:
            found[row.thing] = joined(said, Pair(", ", "，"))
    return found


def _rows(facts: Facts, places: Places, problem: Problem) -> list[tuple[Inline, ...]]:
    trace, id, of = facts.trace, problem.id, [f"{problem.id}#area"]
    speed = facts.view.policy.crew_km_per_day
    whole_km = sum(row.length_m for row in problem.area) / 1000
    decimals = 1 if whole_km > 50 * max(speed, 1e-9) else 2
    streets, pipes = _streets(facts, problem), _pipes(facts, problem)
    rows: list[tuple[Inline, ...]] = []
    share = km = 0.0
    for i, row in enumerate(problem.area[:MOST_ROWS]):
        share, km, at = share + row.probability, km + row.length_m / 1000, places.middle(row.thing)
        key = f"{id}:{row.rank}"
        weeks: list[Inline] = []
        if speed > 0:
            weeks = [
                trace.derived(
                    f"dig_weeks:{key}", km / speed / WORK_DAYS, decimals=decimals, of=[*of, "city#policy.crew_km_per_day"],
                    formula=f"sum of length_m up to this rank / 1000 / crew_km_per_day / {WORK_DAYS}",
                )
            ]  # fmt: skip
        cumulated = trace.derived(
            f"dig_share:{key}", share * 100, unit="%", decimals=1, of=of, formula="sum of probability"
        )
        rows.append(
            (
                trace.number(id, f"area[{i}].rank", decimals=0),
                trace.text(id, f"area[{i}].name"),
                *((streets.get(row.thing, ""),) if streets else ()),
                *((pipes.get(row.thing, ""),) if pipes else ()),
                trace.number(id, f"area[{i}].length_m", unit="m", decimals=0),
                trace.percent(id, f"area[{i}].probability"),
                cumulated,
                trace.derived(f"dig_km:{key}", km, unit="km", decimals=2, of=of, formula="sum of length_m / 1000"),
                *weeks,
                f"{at[0]:.7g},\u00a0{at[1]:.7g}" if at else NOT_KNOWN,
            )
        )
    return rows
