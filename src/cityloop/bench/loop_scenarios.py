"""The towns and scenarios of the loop's bench: a folder with the city's definition, and what goes wrong in it."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from cityloop.bench.loop_value import PRICES, REPAIR_USD, SURVEY_USD_PER_KM
from cityloop.contracts import Element
from cityloop.errors import InputError

__all__ = ["CITIES", "MOST_LEAKS", "make_city"]

#: Names that `--city` takes -> pilot.
CITIES = {"mount-washington": "ky4", "ky4": "ky4"}
MOST_LEAKS = 5
_CITY = """\
[city]
id = "bench"
country = "US"
timezone = "America/New_York"
crs = "local"
name = {{ en = "Bench on {file}", zh = "测试管网 {file}" }}

[[model]]
engine = "epanet"
file = "network.inp"

[[boundary]]
id = "whole"
name = {{ en = "Whole network", zh = "全网" }}
inflow = [{inflow}]
outflow = [{outflow}]
storage = [{storage}]

[[source]]
kind = "twin"
name = "twin"
seed = 1
start = 2026-04-06
sensors = 40
pressure_noise_m = 0.25
mismatch = 1
"""


def make_city(folder: Path, *, city: str, inp: Path | None, seed: int, mismatch: int, sensors: int) -> None:
    """Write the definition of one town into a new `folder`: a copy of a pilot, or one made around an EPANET file.

    Raises InputError for a city or a file that is none, EngineError for a file that EPANET cannot read.
    """
    from cityloop.jobs.pilot import copy_pilot, pilot_folder

    if inp is None and city not in CITIES:
        raise InputError(
            "No such city.", got=city, allowed=", ".join(CITIES), cure="Name one of them, or: --inp FILE.inp"
        )
    with pilot_folder(CITIES.get(city, "ky4")) as pilot:
        if inp is None:
            with copy_pilot(pilot, folder, sensors=None):
                pass
        else:
            _around(inp, folder, policy=_policy_of(pilot))
    path = folder / "city.toml"
    text = path.read_text(encoding="utf-8")
    for key, value in (("seed", seed), ("mismatch", mismatch), ("sensors", sensors)):
        text, count = re.subn(rf"^(\s*{key}\s*=\s*)\d+", rf"\g<1>{value}", text, flags=re.MULTILINE)
        if count != 1:
            raise InputError(
                "This city has no twin to set.", where=str(path), got=f"{count} lines of {key}", allowed="1"
            )
    path.write_text(_at_bench_prices(text, path), encoding="utf-8", newline="\n")


def _at_bench_prices(text: str, path: Path) -> str:
    """The definition with the prices by which the bench values works: a plan is judged by what it was told.

    Water at the headline price; a range around it as wide as the pilot's would mean nothing here, so it is left to the value.
    """
    for key, value in (
        ("water_per_m3", PRICES[0]), ("survey_per_km", SURVEY_USD_PER_KM), ("repair_each", REPAIR_USD),
    ):  # fmt: skip
        block = re.compile(rf"(\[policy\.prices\.{key}\]\n)((?:(?!\[).*\n?)*)")
        stated = f'\\g<1>value = {value}\nsource = "assumed by the bench"\nstatus = "assumed"\n\n'
        text, count = block.subn(stated, text)
        if count == 0:
            text += f'\n[policy.prices.{key}]\nvalue = {value}\nsource = "assumed by the bench"\nstatus = "assumed"\n'
        elif count > 1:
            raise InputError("A price stands twice.", where=str(path), got=key)
    return text


def _policy_of(pilot: Path) -> str:
    """The pilot's [policy] and its prices, word for word: any other network is planned by the same ones."""
    text = (pilot / "city.toml").read_text(encoding="utf-8")
    return text[text.index("[policy]") :]


def _around(inp: Path, folder: Path, *, policy: str) -> None:
    """A city of one boundary around a network file: what leaves its reservoirs is measured, every tank is storage."""
    from cityloop.registry import engine

    if not inp.is_file():
        raise InputError("No such network file.", where=str(inp), cure="Name an EPANET file: --inp FILE.inp")
    folder.mkdir(parents=True)
    shutil.copyfile(inp, folder / "network.inp")
    elements = engine("epanet").open(folder / "network.inp").elements()
    inflow, outflow, storage = _metered(elements)
    if not inflow and not outflow:
        raise InputError(
            "Nothing flows into this network.", where=str(inp), allowed="a reservoir with a pipe, pump or valve"
        )
    name = re.sub(r"[^\w. -]", "", inp.name)
    text = _CITY.format(file=name, inflow=_listed(inflow), outflow=_listed(outflow), storage=", ".join(storage))
    (folder / "city.toml").write_text(f"{text}\n{policy}", encoding="utf-8", newline="\n")


def _metered(elements: Sequence[Element]) -> tuple[list[str], list[str], list[str]]:
    """Links that leave and that reach a reservoir, as kind:name, and the tanks as entries of city.toml."""
    reservoirs = {e.name for e in elements if e.kind == "reservoir"}
    links = [e for e in elements if len(e.connects) == 2]
    inflow = [f"{e.kind}:{e.name}" for e in links if e.connects[0] in reservoirs and e.connects[1] not in reservoirs]
    outflow = [f"{e.kind}:{e.name}" for e in links if e.connects[1] in reservoirs and e.connects[0] not in reservoirs]
    storage = [
        f'{{ thing = "tank:{e.name}", area_m2 = {float(e.properties["area_m2"]):.3f} }}'
        for e in elements
        if e.kind == "tank" and "area_m2" in e.properties
    ]
    return inflow, outflow, storage


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
