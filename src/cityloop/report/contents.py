"""The report as a plain structure, from what was read of a city."""

from dataclasses import replace

from cityloop.i18n import Language, Pair
from cityloop.loop.requests import read_citizens
from cityloop.report.balance import balance
from cityloop.report.blocks import Report, Section, Sentence
from cityloop.report.dig import dig_list
from cityloop.report.facts import Facts
from cityloop.report.headline import headline
from cityloop.report.lineage import lineage
from cityloop.report.manager import manager
from cityloop.report.maps import read_places
from cityloop.report.measures import measures
from cityloop.report.norms import norms
from cityloop.report.problems import map_section, problems
from cityloop.report.project_list import project_list
from cityloop.report.public import public
from cityloop.report.readers import TITLES, Reader
from cityloop.report.requests import beside_problems, requests
from cityloop.report.supply import supply
from cityloop.report.unknown import missing_shares, unknown, unknown_items
from cityloop.report.water_balance import water_balance
from cityloop.report.works import projects, verification

__all__ = ["contents", "other_sections"]

_SUBTITLE = Pair("As of {now} ({zone})", "截至 {now}（{zone}）")
#: Section -> whose own page holds it; the whole report holds all of them, and what stands in no line here.
FOR: dict[str, tuple[Reader, ...]] = {
    "summary": ("manager",),
    "problems": ("manager",),
    "map": ("crew",),
    "dig": ("crew",),
    "manager": ("manager",),
    "list": ("manager",),
    "verification": ("manager",),
    "requests": ("manager",),
    "unknown": ("manager",),
    "balance": ("manager",),
    "water-balance": ("manager",),
    "supply": ("manager",),
    "public": ("public",),
}


def contents(facts: Facts, reader: Reader = "all", language: Language = "en") -> Report:
    """Every section in the order of an engineer's and a manager's questions, or one reader's own.

    A section that has no facts does not appear. What is for the public is drawn up alone: nothing else is even read.
    """
    now = facts.view.now.astimezone(facts.trace.zone).strftime("%Y-%m-%d %H:%M")
    sections = [public(facts)] if reader == "public" else _sections(facts)
    told = (replace(s, readers=FOR.get(s.id, ())) for s in sections if s is not None)
    return Report(
        title=TITLES[reader],
        city=facts.settings.name,
        subtitle=Sentence(_SUBTITLE, {"now": now, "zone": facts.view.timezone}),
        simulated=facts.simulated,
        sections=tuple(s for s in told if reader == "all" or reader in s.readers),
        reader=reader,
        traced=reader != "public",
        language=language,
    )


def _sections(facts: Facts) -> list[Section | None]:
    """All sections in their order."""
    places = read_places(facts)
    shares = missing_shares(facts)
    items = unknown_items(facts, shares)
    citizens = read_citizens(facts.view)
    return [
        headline(facts, items),
        beside_problems(facts, problems(facts), citizens),
        dig_list(facts, places),
        map_section(facts, places),
        manager(facts),
        measures(facts),
        project_list(facts),
        projects(facts),
        verification(facts),
        requests(facts, citizens),
        unknown(facts, items, shares),
        balance(facts),
        water_balance(facts),
        supply(facts),
        norms(facts),
        public(facts),
        lineage(facts),
    ]


def other_sections(facts: Facts) -> list[Section | None]:
    """What a domain or a data source adds where the city has it; the workbook holds these as well."""
    return [water_balance(facts), supply(facts), requests(facts)]
