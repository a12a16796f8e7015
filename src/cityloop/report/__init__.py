"""Reports: one HTML file in two languages for three readers, a workbook, and loop.json that every figure leads back to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from cityloop.contracts import Domain, View
from cityloop.errors import StoreError
from cityloop.i18n import Language
from cityloop.records import Countermeasure, Filter, Realisation
from cityloop.report.readers import READERS, Reader
from cityloop.report.trace import resolve
from cityloop.settings import CitySettings

if TYPE_CHECKING:
    from cityloop.report.facts import Facts

__all__ = ["LOOP", "READERS", "REPORT", "Reader", "build", "resolve", "write_page", "write_report", "write_workbook"]

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
    report, loop = write_page(city, Path(out) / REPORT, now=now)
    return report, loop


def write_page(
    city: ReportedCity,
    out: Path,
    *,
    now: datetime,
    reader: Reader = "all",
    projects: Path | None = None,
    language: Language = "en",
) -> tuple[Path, ...]:
    """Write the whole report or one reader's page to the file `out`, and loop.json beside it; returns their paths.

    It opens in `language` where the browser is not set to Chinese. The public's page comes alone: loop.json holds what the public must not see. `projects` is a project list to be set
    against the problems; by default the one that was entered, where its file lies in the city's folder. Raises StoreError
    where a file cannot be written, InputError for a list that cannot be read.
    """
    from cityloop.report.contents import contents
    from cityloop.report.page import render

    facts = _read(city, now, projects)
    page = render(contents(facts, reader, language)).encode("utf-8")
    files = {out: page}
    if reader != "public":
        files[out.with_name(LOOP)] = _loop_bytes(facts)
    return _write_all(files)


def write_workbook(
    city: ReportedCity, out: Path, *, now: datetime, language: Language, projects: Path | None = None
) -> tuple[Path, ...]:
    """Write the report as a workbook with live formulas in one language to the file `out`; raises as write_page."""
    from cityloop.report.workbook import workbook

    return _write_all({out: workbook(_read(city, now, projects), language)})


def build(
    view: View, settings: CitySettings, domains: Sequence[Domain], *, refused: Sequence[Any] = (),
    rates: Mapping[str, Realisation] | None = None, unjudged: Mapping[str, str] | None = None, reader: Reader = "all",
    listed: Sequence[Mapping[str, Any]] = (),
) -> tuple[str, bytes]:  # fmt: skip
    """The page and loop.json of a View; the same View gives the same bytes.

    `refused` are `facts.Refused` rows, `rates` the realisation rates learnt by kind of countermeasure, `unjudged` the
    reasons by Baseline why works cannot be judged by now, `listed` the rows of a project list (project_list.listed_rows).
    """
    from cityloop.report.contents import contents
    from cityloop.report.facts import read_facts
    from cityloop.report.page import render

    facts = read_facts(view, settings, domains, refused=refused, rates=rates, unjudged=unjudged, listed=listed)
    page = render(contents(facts, reader))
    return page, _loop_bytes(facts)


# --- reading and writing -----------------------------------------------------------------------------------------
def _read(city: ReportedCity, now: datetime, projects: Path | None) -> "Facts":
    from cityloop.loop.learning import realisation_rates
    from cityloop.loop.verification import unjudged
    from cityloop.report.facts import read_facts, refused_from

    view = city.view(now)
    return read_facts(
        view, city.settings, city.domains, refused=refused_from(city.store.quarantine(Filter.operator())),
        rates=realisation_rates(view, city.domains), unjudged=unjudged(view, city.domains),
        listed=_listed(city, view, projects),
    )  # fmt: skip


def _listed(city: ReportedCity, view: View, projects: Path | None) -> Sequence[Mapping[str, Any]]:
    """The rows of the project list that is named, else of the one that was entered; nothing without one."""
    from cityloop.loop.candidates import IMPORTED

    if projects is None:
        names = {str(c.details[IMPORTED]) for c in view.records(Countermeasure) if IMPORTED in c.details}
        kept = [city.settings.folder / Path(name).name for name in sorted(names)]
        projects = next((path for path in kept if path.is_file()), None)
    if projects is None:
        return ()
    from cityloop.formats.project_list import read_project_list
    from cityloop.loop.project_list import examine
    from cityloop.report.project_list import listed_rows

    found = read_project_list(projects)
    return listed_rows(view.city, found, examine(found, view, city.domains, {}), view.policy.price_year)


def _loop_bytes(facts: "Facts") -> bytes:
    return msgspec.json.format(msgspec.json.encode(facts.trace.loop_json), indent=1)


def _write_all(files: Mapping[Path, bytes]) -> tuple[Path, ...]:
    """Write each file beside its place, then put it there."""
    folder = next(iter(files)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            beside = path.with_name(f".{path.name}.new")
            beside.write_bytes(content)
            beside.replace(path)
    except OSError as fault:
        raise StoreError(
            "The report cannot be written.", where=str(folder), got=fault.strerror or str(fault),
            cure="Name another folder with --out, or make room on the disk.",
        ) from fault  # fmt: skip
    return tuple(files)
