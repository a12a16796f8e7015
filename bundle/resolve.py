"""Which wheels a machine needs: the pins of requirements/, followed from the cityloop wheel, for one Python and platform.

A pin is never replaced: a package whose pinned version has no wheel for the target is an Absence, with the package that
wanted it and the engine that it belongs to ("" where Cityloop itself cannot do without it).
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.parser import HeaderParser
from functools import cached_property
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

# What Cityloop itself runs without: direct dependency -> the engine that needs it. Extras are engines by their own name.
ENGINES = {"wntr": "epanet"}
_SYSTEMS = {
    "manylinux": ("linux", "Linux", "posix"), "musllinux": ("linux", "Linux", "posix"),
    "macosx": ("darwin", "Darwin", "posix"), "win": ("win32", "Windows", "nt"),
}  # fmt: skip
_OLD_NAMES = {"manylinux1_": "manylinux_2_5_", "manylinux2010_": "manylinux_2_12_", "manylinux2014_": "manylinux_2_17_"}
_PLATFORM = re.compile(r"(manylinux|musllinux|macosx|win)(?:_(\d+)_(\d+))?_([a-z]\w+)")
_LIBRARIES = {"manylinux": "glibc", "musllinux": "musl", "macosx": "macOS"}


class BundleError(Exception):
    """Why there is no bundle, and what to do."""


@dataclass(frozen=True)
class Target:
    """The machine that the bundle is for: Python as "3.11", platform as a wheel tag, e.g. "manylinux_2_28_x86_64"."""

    python: str
    platform: str

    def __post_init__(self) -> None:
        if self.python not in ("3.11", "3.12", "3.13"):
            raise BundleError(f"Cityloop needs Python 3.11 to 3.13, not '{self.python}'. Cure: BUNDLE_PYTHON=3.12")
        parts = _parts(self.platform)
        if parts is None or (parts[0] == "win") != (parts[1] == (0, 0)):
            raise BundleError(
                f"Unknown platform '{self.platform}'. Cure: BUNDLE_PLATFORM=manylinux_2_28_x86_64, musllinux_1_2_x86_64, "
                "macosx_14_0_arm64, win_amd64, or the like."
            )

    @property
    def system(self) -> str:
        """The platform module's word: Linux, Darwin or Windows."""
        return _SYSTEMS[_known(self.platform)[0]][1]

    @property
    def machine(self) -> str:
        """The architecture as the tag writes it, e.g. x86_64, aarch64, arm64, amd64."""
        return _known(self.platform)[2]

    @property
    def oldest(self) -> tuple[str, str]:
        """The oldest C library or macOS that will do, e.g. ("glibc", "2.28"); ("", "") on Windows."""
        family, (major, minor), _ = _known(self.platform)
        return (_LIBRARIES[family], f"{major}.{minor}") if family in _LIBRARIES else ("", "")

    @cached_property
    def platforms(self) -> tuple[str, ...]:
        """Every platform tag that such a machine takes (PEP 600, PEP 656; macOS as packaging lists it)."""
        family, (major, minor), machine = _known(self.platform)
        if family == "macosx":
            return tuple(mac_platforms((major, minor), machine))
        if family == "win":
            return (self.platform,)
        oldest = 0 if family == "musllinux" else 5 if machine in ("x86_64", "i686") else 17
        tags = [f"{family}_{major}_{n}_{machine}" for n in range(minor, oldest - 1, -1)]
        return (*tags, *(old + machine for old, new in _OLD_NAMES.items() if new + machine in tags))

    @cached_property
    def tags(self) -> frozenset[Tag]:
        """Every wheel tag that such a machine takes."""
        major, minor = (int(n) for n in self.python.split("."))
        abi = f"cp{major}{minor}"
        own = cpython_tags((major, minor), abis=[abi], platforms=self.platforms)
        return frozenset([*own, *compatible_tags((major, minor), interpreter=abi, platforms=self.platforms)])

    @cached_property
    def environment(self) -> dict[str, str]:
        """The values of environment markers on such a machine."""
        sys_platform, system, os_name = _SYSTEMS[_known(self.platform)[0]]
        machine = self.machine.upper() if system == "Windows" else self.machine
        return {
            "python_version": self.python, "python_full_version": f"{self.python}.0",
            "implementation_version": f"{self.python}.0", "implementation_name": "cpython",
            "platform_python_implementation": "CPython", "sys_platform": sys_platform, "platform_system": system,
            "os_name": os_name, "platform_machine": machine, "platform_release": "", "platform_version": "", "extra": "",
        }  # fmt: skip


@dataclass(frozen=True)
class Pin:
    """One line of requirements/*.txt."""

    name: str
    version: str
    marker: str = ""
    hashes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class Absence:
    """A pin without a wheel for the target; `elsewhere` has one: BUNDLE_PLATFORM of each, or where none, the Pythons."""

    pin: Pin
    wanted_by: str
    elsewhere: tuple[str, ...] = ()
    engine: str = ""


@dataclass
class Found:
    """What the bundle holds and what it lacks."""

    wheels: dict[str, Path] = field(default_factory=dict)
    absences: list[Absence] = field(default_factory=list)


# Brings the wheel of a pin: its path, or where the pinned version has one instead (Absence.elsewhere).
Fetch = Callable[[Pin], Path | tuple[str, ...]]


def read_pins(files: Iterable[Path]) -> list[Pin]:
    """The pins of requirements files, in their order, the first files first."""
    pins = []
    for file in files:
        lines = re.sub(r"\\\n\s*", " ", file.read_text(encoding="utf-8")).splitlines()
        for line in lines:
            found = re.match(r"([\w.-]+)==(\S+)(?:\s*;\s*(.*?))?((?:\s+--hash=\S+)*)\s*$", line)
            if found:
                hashes = tuple(re.findall(r"--hash=(\S+)", found[4]))
                pins.append(Pin(canonicalize_name(found[1]), found[2], found[3] or "", hashes))
    return pins


def needs(wheel: Path, target: Target, extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """What a wheel requires on the target, as its METADATA says."""
    with zipfile.ZipFile(wheel) as archive:
        inside = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
        lines = HeaderParser().parsestr(archive.read(inside).decode("utf-8")).get_all("Requires-Dist") or []
    for line in lines:
        requirement = Requirement(line)
        wanted = [target.environment | {"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(requirement.marker.evaluate(e) for e in wanted):
            yield requirement


def collect(root: Path, pins: list[Pin], target: Target, fetch: Fetch, extras: Iterable[str] = ()) -> Found:
    """Follow the requirements of the cityloop wheel: first what Cityloop cannot do without, then engine by engine."""
    found = Found({"cityloop": root})
    plain = list(needs(root, target))
    own = {extra: [r for r in needs(root, target, [extra]) if r not in plain] for extra in extras}
    for extra, wanted in own.items():
        if not wanted:
            raise BundleError(f"Cityloop has no extra '{extra}'. Cure: see optional-dependencies in pyproject.toml.")
    _follow([r for r in plain if r.name not in ENGINES], "cityloop", "", pins, target, fetch, found)
    own = {ENGINES[r.name]: [r] for r in plain if r.name in ENGINES} | own
    for engine, wanted in own.items():
        _follow(wanted, "cityloop", engine, pins, target, fetch, found)
    return found


def _follow(
    wanted: list[Requirement], by: str, engine: str, pins: list[Pin], target: Target, fetch: Fetch, found: Found
) -> None:
    """Fetch these requirements and, in turn, theirs; what is there or known absent is not asked for again."""
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        wheel = found.wheels.get(name)
        if wheel is None:
            if any(a.pin.name == name for a in found.absences):
                continue
            pin = _pin_of(name, pins, target, by)
            got = fetch(pin)
            if not isinstance(got, Path):
                found.absences.append(Absence(pin, by, got, engine))
                continue
            found.wheels[name] = wheel = got
        elif not requirement.extras:
            continue
        _follow(list(needs(wheel, target, requirement.extras)), name, engine, pins, target, fetch, found)


def _pin_of(name: str, pins: list[Pin], target: Target, by: str) -> Pin:
    for pin in pins:
        if pin.name == name and (not pin.marker or Marker(pin.marker).evaluate(target.environment)):
            return pin
    raise BundleError(f"{by} needs {name}, which requirements/ does not pin for this target. Cure: make pins")


def elsewhere(text: str, pin: Pin, target: Target) -> tuple[str, ...] | None:
    """Where the pinned version has wheels, by the file names in what the index said; None unless it is certain that none
    fits the target: the index named wheels of this version, and no tag of theirs is the target's.
    """
    tags: set[Tag] = set()
    for file in re.findall(r"([^/\s\"'=]+\.whl)\b", text):
        try:
            name, version, _, own = parse_wheel_filename(file)
        except InvalidWheelFilename:
            continue
        if name == pin.name and str(version) == pin.version:
            tags |= own
    if not tags or tags & target.tags:
        return None
    pythons = {(tag.interpreter, tag.abi) for tag in target.tags}
    return oldest_of(t.platform for t in tags if (t.interpreter, t.abi) in pythons) or tuple(
        sorted({t.interpreter for t in tags})
    )


def oldest_of(platforms: Iterable[str]) -> tuple[str, ...]:
    """Of each system and architecture the tag that asks least: what BUNDLE_PLATFORM can be."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for platform in platforms:
        parts = _parts(platform)
        if parts is None:
            continue
        family, version, machine = parts
        for one in ("arm64", "x86_64") if machine.startswith("universal") else (machine,):
            found[family, one] = min(version, found.get((family, one), version))
    return tuple(sorted(_tag(family, version, machine) for (family, machine), version in found.items()))


def shared(listed: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The platforms that stand in every list, each as new as the one that asks most."""
    maps = [{(f, m): version for f, version, m in map(_known, tags) if m} for tags in listed]
    keys = set.intersection(*(set(m) for m in maps)) if maps else set()
    return tuple(sorted(_tag(family, max(m[family, machine] for m in maps), machine) for family, machine in keys))


def _tag(family: str, version: tuple[int, int], machine: str) -> str:
    return f"win_{machine}" if family == "win" else f"{family}_{version[0]}_{version[1]}_{machine}"


def _parts(platform: str) -> tuple[str, tuple[int, int], str] | None:
    """Family, version ((0, 0) if it has none) and machine of a platform tag."""
    for old, new in _OLD_NAMES.items():
        platform = platform.replace(old, new)
    found = _PLATFORM.fullmatch(platform)
    return (found[1], (int(found[2] or 0), int(found[3] or 0)), found[4]) if found else None


def _known(platform: str) -> tuple[str, tuple[int, int], str]:
    return _parts(platform) or ("", (0, 0), "")
