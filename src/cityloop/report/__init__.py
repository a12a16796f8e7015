"""Reports: one HTML file in two languages with map and charts, and loop.json that every figure leads back to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from cityloop.contracts import Domain, View
from cityloop.errors import StoreError
from cityloop.records import Filter, Realisation
from cityloop.report.trace import resolve
from cityloop.settings import CitySettings

__all__ = ["REPORT", "LOOP", "build", "resolve", "write_report"]

REPORT, LOOP = "report.html", "loop.json"


class _Store(Protocol):
    def quarantine(self, who: Filter) -> Any:
        """Refused rows as an Arrow table."""


class ReportedCity(Protocol):
    """What a report needs of a city."""

    @property
    def settings(self) -> CitySettings:
        """city.toml."""

    @property
    def store(self) -> Any:
        """The store, for its quarantine."""

    @property
    def domains(self) -> Sequence[Domain]:
        """The domains that show their indicators."""

    def view(self, now: datetime | None = None) -> View:
        """The city as it stood at `now`."""


def write_report(city: ReportedCity, out: Path, *, now: datetime) -> tuple[Path, Path]:
    """Write report.html and loop.json into the folder `out` (made if it is missing); returns both paths.

    Written beside and renamed, so an interrupted run leaves the former report whole. Raises StoreError where the folder
    cannot be written.
    """
    from cityloop.loop.learning import realisation_rates
    from cityloop.loop.verification import unjudged
    from cityloop.report.facts import refused_from

    view = city.view(now)
    refused = refused_from(city.store.quarantine(Filter.operator()))
    rates = realisation_rates(view, city.domains)
    waiting = unjudged(view, city.domains)
    page, loop_json = build(view, city.settings, city.domains, refused=refused, rates=rates, unjudged=waiting)
    folder = Path(out)
    report, loop = folder / REPORT, folder / LOOP
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(report, page.encode("utf-8"))
        _write(loop, loop_json)
    except OSError as fault:
        raise StoreError(
            "The report cannot be written.", where=str(folder), got=fault.strerror or str(fault),
            cure="Name another folder with --out, or make room on the disk.",
        ) from fault  # fmt: skip
    return report, loop


def build(
    view: View, settings: CitySettings, domains: Sequence[Domain], *, refused: Sequence[Any] = (),
    rates: Mapping[str, Realisation] | None = None, unjudged: Mapping[str, str] | None = None,
) -> tuple[str, bytes]:  # fmt: skip
    """The page and loop.json of a View; the same View gives the same bytes.

    `refused` are `facts.Refused` rows, `rates` the realisation rates learnt by kind of countermeasure, `unjudged` the
    reasons by Baseline why works cannot be judged by now.
    """
    from cityloop.report.contents import contents
    from cityloop.report.facts import read_facts
    from cityloop.report.page import render

    facts = read_facts(view, settings, domains, refused=refused, rates=rates, unjudged=unjudged)
    page = render(contents(facts))
    return page, msgspec.json.format(msgspec.json.encode(facts.trace.loop_json), indent=1)


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)
