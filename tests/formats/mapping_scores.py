"""How right the proposals for labelled columns are: precision, recall and calibration by field.

`python -m tests.formats.mapping_scores` prints the figures of docs/map.md.
"""

import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.formats.mapping_examples import Example, Truth, files
from tests.formats.mapping_lists import held_out, published, unseen

from cityloop.formats.mapping_proposal import SURE, FileProposal
from cityloop.formats.mapping_propose import Place, propose
from cityloop.formats.mapping_things import KnownThing
from cityloop.settings import CitySettings

FIELDS = ("thing", "property", "unit", "statistic")


# --- real files ----------------------------------------------------------------------------------------------------
def of_city_toml(folder: Path, data: Path, place: Place, prefix: str) -> list[Example]:
    """Files of a city whose truth is its own city.toml."""
    stated = tomllib.loads((folder / "city.toml").read_text(encoding="utf-8"))
    found = []
    for source in stated["source"]:
        if source["kind"] != "file":
            continue
        path = data / source["path"].removeprefix(prefix)
        truth = {
            s["column"]: Truth(s["thing"], s["property"], s["unit"], s.get("statistic", "instant"))
            for s in source["series"]
        }
        found.append(Example(path.stem, path.read_bytes(), path.suffix, truth, place))
    return found


# --- scores --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Judged:
    """One field of one column: its confidence, whether a value is shown, whether it is right, whether there was one to find."""

    example: str
    column: str
    field: str
    confidence: float
    shown: bool
    right: bool
    findable: bool
    got: str
    wanted: str


_SAME_UNIT = {"°C": "degC", "°F": "degF"}


def judged(example: Example, folder: Path) -> list[Judged]:
    """Every field of every labelled column of one example."""
    path = folder / f"{example.name}{example.suffix}"
    path.write_bytes(example.text)
    found: FileProposal = propose(path, example.place)
    proposals = {c.column: c for c in found.columns}
    rows = []
    for column, truth in example.truth.items():
        proposal = proposals[column]
        nothing = not truth.property
        for name in FIELDS:
            guess = proposal.fields[name]
            wanted = "" if nothing else getattr(truth, name)
            wanted = _SAME_UNIT.get(wanted, wanted)
            if nothing and name == "thing":
                continue  # left-out columns need no thing
            right = guess.shown == wanted
            rows.append(
                Judged(
                    example.name,
                    column,
                    name,
                    guess.confidence,
                    bool(guess.shown),
                    right,
                    bool(wanted),
                    guess.shown,
                    wanted,
                )
            )
    return rows


def table(rows: Sequence[Judged]) -> list[str]:
    """Precision of sure proposals, precision of all, recall by field; and calibration."""
    lines = ["field, labelled, sure, right of sure, shown, right of shown, found of findable"]
    for name in (*FIELDS, "all"):
        own = [r for r in rows if name in (r.field, "all")]
        sure = [r for r in own if r.shown and r.confidence >= SURE]
        shown = [r for r in own if r.shown]
        findable = [r for r in own if r.findable]
        lines.append(
            f"{name}, {len(own)}, {len(sure)}, {_share(sure)}, {len(shown)}, {_share(shown)}, "
            f"{sum(r.shown and r.right for r in findable)}/{len(findable)}"
        )
    lines.append("confidence, proposals, mean confidence, right")
    for low, high in ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1.01)):
        own = [r for r in rows if r.shown and low <= r.confidence < high]
        mean = sum(r.confidence for r in own) / max(len(own), 1)
        lines.append(f"{low:g} to {min(high, 1):g}, {len(own)}, {mean:.2f}, {_share(own)}")
    return lines


def _share(rows: Sequence[Judged]) -> str:
    return f"{sum(r.right for r in rows)}/{len(rows)}" + (
        f" = {sum(r.right for r in rows) / len(rows):.3f}" if rows else ""
    )


def main() -> None:
    """Print the figures of docs/map.md."""
    import tempfile

    from cityloop.cli.map import place_of
    from cityloop.settings import load_city

    root = Path(__file__).parents[2]
    groups: dict[str, list[Example]] = {
        "generated": files(),
        "published names": published(),
        "held out": held_out(),
        "unseen": unseen(),
    }
    city = root / "src" / "cityloop" / "cities" / "example-cn"
    groups["example-cn"] = of_city_toml(city, city, place_of(without_sources(load_city(city))), "")
    data = os.environ.get("CITYLOOP_TEST_DATA", "")
    if data:
        areas = Place(tuple(KnownThing("boundary", f"dma-{n}") for n in range(1, 11)), "Europe/Rome")
        groups["bwdf"] = of_city_toml(root / "tests" / "cases" / "bwdf", Path(data) / "bwdf", areas, "DATA/")
    every: list[Judged] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, examples in groups.items():
            rows = [r for e in examples for r in judged(e, Path(folder))]
            every += rows
            print(
                f"== {name}: {len(examples)} files, {len({(r.example, r.column) for r in rows})} columns",
                *table(rows),
                sep="\n",
            )
            for r in rows:
                if r.shown and not r.right:
                    print(
                        f"   wrong: {r.example} | {r.column} | {r.field} | {r.got} {r.confidence:.2f} | wanted {r.wanted}"
                    )
            if os.environ.get("VERBOSE"):
                for r in rows:
                    if not r.shown and r.findable and re.search(os.environ["VERBOSE"], r.example):
                        print(
                            f"   missed: {r.example} | {r.column} | {r.field} | {r.confidence:.2f} | wanted {r.wanted}"
                        )
        print("== all", *table(every), sep="\n")


def without_sources(settings: CitySettings) -> CitySettings:
    """The city as it is before its files are mapped."""
    return replace(settings, sources=())


if __name__ == "__main__":
    main()
