"""Writes docs/domains.md from what is installed: python docs/make_domains.py."""

import csv
import io
from importlib.resources import files
from pathlib import Path

from cityloop.contracts import Domain
from cityloop.registry import domains
from cityloop.settings import load_norms
from cityloop.settings.norms import WORLDS

PAGE = Path(__file__).with_name("domains.md")
HEAD = """\
# Domains and steps

Made by `python docs/make_domains.py` from the domains that are installed; do not edit. The five steps are the same code for every
domain: what differs is what a domain brings to each of them.

| domain | [problem](problem.md) | [goal](goal.md): limits in the norms | [countermeasure](countermeasure.md) | \
[plan](plan.md) | [verification](verification.md) |
|---|---|---|---|---|---|
"""
FOOT = """
Problem: indicators of the domain's indicators.csv. Goal: the rule worlds whose table has a limit for the indicator; elsewhere the
target of city.toml alone counts. Plan: a price is the city's, or one of these where its currency fits. Verification: the realisation
rate (verified / claimed) that a kind starts from, before the first works of the city.
"""


def domain_row(domain: Domain) -> str:
    """One row of the matrix."""
    indicators = _indicators(domain)
    worlds = {world: load_norms(world) for world in WORLDS}
    limits = {i: [w for w in WORLDS if i in worlds[w] and worlds[w][i].limit is not None] for i in indicators}
    priced = [p for p in domain.priors.values() if p.currency]
    rates = [
        f"`{kind}` {p.value:g} ({p.low:g} to {p.high:g}, {p.status})"
        for kind in domain.kinds()
        if (p := domain.priors.get(f"realisation_{kind}")) is not None
    ]
    cells = [
        f"{domain.title.en} {domain.title.zh} `{domain.name}`",
        ", ".join(f"`{i}`" for i in indicators) or "not listed",
        ", ".join(f"`{i}`: {', '.join(found)}" for i, found in limits.items() if found) or "none",
        ", ".join(f"`{k}`" for k in domain.kinds()) or "none",
        f"prices: {', '.join(f'`{p.key}` ({p.status})' for p in priced)}" if priced else "prices: the city's alone",
        ", ".join(rates) or "none",
    ]
    return f"| {' | '.join(cells)} |\n"


def _indicators(domain: Domain) -> list[str]:
    """Names in the indicators.csv of the domain's folder, if it has one."""
    table = files(type(domain).__module__) / "indicators.csv"
    if not table.is_file():
        return []
    return [row["name"] for row in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"), newline=""))]


def page() -> str:
    """The whole page."""
    return HEAD + "".join(domain_row(d) for d in domains()) + FOOT


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
