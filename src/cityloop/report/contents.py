"""The report as a plain structure, from what was read of a city."""

from cityloop.i18n import Pair
from cityloop.report.balance import balance
from cityloop.report.blocks import Report, Section, Sentence
from cityloop.report.dig import dig_list
from cityloop.report.facts import Facts
from cityloop.report.headline import headline
from cityloop.report.lineage import lineage
from cityloop.report.maps import read_places
from cityloop.report.measures import measures
from cityloop.report.norms import norms
from cityloop.report.problems import map_section, problems
from cityloop.report.unknown import missing_shares, unknown, unknown_items
from cityloop.report.works import projects, verification

__all__ = ["contents"]

_TITLE = Pair("Cityloop report", "Cityloop 城市闭环报告")
_SUBTITLE = Pair("As of {now} ({zone})", "截至 {now}（{zone}）")


def contents(facts: Facts) -> Report:
    """Every section in the order of an engineer's and a manager's questions; one that has no facts does not appear."""
    places = read_places(facts)
    shares = missing_shares(facts)
    items = unknown_items(facts, shares)
    sections: tuple[Section | None, ...] = (
        headline(facts, items),
        problems(facts),
        map_section(facts, places),
        dig_list(facts, places),
        measures(facts),
        projects(facts),
        verification(facts),
        unknown(facts, items, shares),
        balance(facts),
        norms(facts),
        lineage(facts),
    )
    now = facts.view.now.astimezone(facts.trace.zone).strftime("%Y-%m-%d %H:%M")
    return Report(
        title=_TITLE,
        city=facts.settings.name,
        subtitle=Sentence(_SUBTITLE, {"now": now, "zone": facts.view.timezone}),
        simulated=facts.simulated,
        sections=tuple(s for s in sections if s is not None),
    )
