"""Where a city's observations come from: the sources of its city.toml, and the twin with the works it is told of."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from cityloop.contracts import Model, Source
from cityloop.records import Countermeasure, Project, ServiceRequest
from cityloop.settings import CitySettings, TwinSettings

if TYPE_CHECKING:
    from cityloop.sources.twin import FinishedWork, Scenario, Twin

__all__ = ["feeds_of", "finished_works", "twin_of"]


def feeds_of(
    settings: CitySettings, known: set[str], twin: Callable[[], "Twin | None"],
    requests: Callable[[], Mapping[str, ServiceRequest]] = dict,
) -> list[Source]:  # fmt: skip
    """Every source of city.toml, in its order; `known` are the ids of the city's Things, `requests` those on record by id."""
    found: list[Source] = []
    for source in settings.sources:
        if isinstance(source, TwinSettings):
            played = twin()
            assert played is not None
            found.append(played)
        else:
            from cityloop.sources.files import FileSource

            found.append(FileSource(source, folder=settings.folder, city=settings.id, known_things=known))
    if settings.billing:
        from cityloop.sources.billing import BillingSource

        found += [BillingSource(b, city=settings) for b in settings.billing]
    if settings.requests:
        from cityloop.sources.requests import RequestSource

        found += [
            RequestSource(r, folder=settings.folder, city=settings.id, timezone=settings.timezone, standing=requests)
            for r in settings.requests
        ]
    return found


def twin_of(
    settings: CitySettings, model: Model, works: tuple["FinishedWork", ...], scenario: "Scenario | None"
) -> "Twin":
    """The twin of a city that has one, told which works are finished."""
    from cityloop.sources.twin import Twin

    assert settings.twin is not None
    return Twin(settings.twin, city=settings, model=model, works=works, scenario=scenario)


def finished_works(projects: Iterable[Project], measures: Collection[Countermeasure]) -> tuple["FinishedWork", ...]:
    """What the twin must know of the works that are done."""
    from cityloop.sources.twin import FinishedWork

    changes = {c.id: c.changes for c in measures}
    found = []
    for p in projects:
        if p.state == "done":
            when = {s.state: s.on for s in p.states}
            found.append(
                FinishedWork(
                    project=p.id, boundary=p.boundary, findings=p.findings, changes=changes.get(p.countermeasure, ()),
                    started=when.get("started", when["done"]), done=when["done"],
                )
            )  # fmt: skip
    return tuple(found)
