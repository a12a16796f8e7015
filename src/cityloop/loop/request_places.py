"""Where citizens' requests lie: the boundary of their position or of their grid cell; what cannot be told is said.

Positions stay in the system they were given in. For the comparison alone, requests and things are both read as WGS 84.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cityloop.contracts import View
from cityloop.i18n import Pair
from cityloop.records import Location, ServiceRequest, Thing

__all__ = ["FAR_M", "WHY", "Placed", "Surroundings", "place_requests", "read_surroundings"]

FAR_M = 300.0
"""Assumed: a request farther from everything of a boundary than this is not of that boundary."""
_SPACING_M = 25.0
_METRES_PER_DEGREE = 111_195.0  # mean sphere of 6,371 km: pi * 6371000 / 180
Floats = npt.NDArray[np.float64]
How = Literal["area", "nearest", "grid", ""]
WHY = {
    "area": Pair("inside the area", "位于分区范围内"),
    "nearest": Pair("nearest thing of the area", "最近设施所属分区"),
    "grid": Pair("grid cell of the register", "台账单元网格"),
    "no_position": Pair(
        "neither a position nor a grid cell that a register knows", "没有坐标，也没有台账可查的单元网格"
    ),
    "far": Pair("farther than {m} m from anything of an area", "距各分区设施均超过 {m} m"),
    "between": Pair("between two areas, closer than its position is accurate", "位于两个分区之间，位置精度不足以区分"),
    "local": Pair("a position in a local system cannot be compared", "地方坐标系的位置无法比较"),
    "no_area": Pair("no register or model says what lies in an area", "没有台账或模型说明分区内有哪些设施"),
    "cells": Pair("its grid cell lies in several areas", "所在单元网格跨多个分区"),
}


@dataclass(frozen=True)
class Placed:
    """A request with the boundary it lies in ("" = not told, `why` says it), the nearest thing and how far that is."""

    request: ServiceRequest
    boundary: str
    how: How
    why: Pair
    thing: str = ""
    away_m: float | None = None
    at: tuple[float, float] | None = None
    """East and north in metres of the surroundings' origin."""


class Surroundings:
    """Points (n, 2) in metres along everything that has a place, the thing of each, and the boundaries of things."""

    def __init__(self, view: View) -> None:
        self.things = {t.id: t for t in view.records(Thing)}
        self.locations = {r.id: r for r in view.records(Location)}
        self.parts = _parts(self.things)
        """Boundary -> itself and the boundaries inside it."""
        self.areas = _areas(self.things, self.parts)
        """Thing -> the innermost boundary it lies in."""
        self.cells = _cells(self.things, self.areas)
        self.polygons: dict[str, Floats] = {}
        self._degrees: dict[str, tuple[Floats, float]] = {}
        self._read_places()
        self.origin = _middle([d for d, _ in self._degrees.values()])
        self.points, self.owners = self._along()

    def _read_places(self) -> None:
        """WGS 84 degrees of every thing, system by system; what cannot be compared is left out."""
        by_system: dict[str, list[Thing]] = {}
        for thing in self.things.values():
            place = self.locations.get(thing.location)
            if place is not None and place.crs != "local":
                by_system.setdefault(place.crs, []).append(thing)
        for crs, things in by_system.items():
            rows = [self.locations[t.location].coordinates for t in things]
            degrees, accuracy = _read(crs, np.array([xy for row in rows for xy in row], dtype=np.float64))
            ends = np.cumsum([len(r) for r in rows])
            for thing, part in zip(things, np.split(degrees, ends[:-1]), strict=True):
                self._degrees[thing.id] = (part, accuracy)

    def metres(self, degrees: Floats) -> Floats:
        """East and north of the origin on a sphere, (n, 2)."""
        turn = np.array([np.cos(np.radians(self.origin[1])), 1.0])
        return np.asarray((degrees - self.origin) * turn * _METRES_PER_DEGREE, dtype=np.float64)

    def line_of(self, thing: str) -> Floats:
        """Points of a thing in metres: its own, else of its ends; (0, 2) where it has no place."""
        if thing in self._degrees:
            return self.metres(self._degrees[thing][0])
        found = self.things.get(thing)
        ends = [r.thing for r in found.relations if r.kind in ("start", "end")] if found else []
        parts = [self._degrees[e][0] for e in ends if e in self._degrees]
        return self.metres(np.concatenate(parts)) if parts else np.zeros((0, 2))

    def along(self, thing: str) -> Floats:
        """Points along a thing, at most some metres apart."""
        line = self.line_of(thing)
        if len(line) < 2:
            return line
        parts = []
        for a, b in zip(line[:-1], line[1:], strict=True):
            n = max(int(np.hypot(*(b - a)) / _SPACING_M), 1)
            parts.append(a + (b - a) * (np.arange(n) / n)[:, None])
        return np.concatenate([*parts, line[-1:]])

    def _along(self) -> tuple[Floats, list[str]]:
        points, owners = [np.zeros((0, 2))], list[str]()
        for id in sorted(self.areas):
            if self.things[id].kind == "boundary":
                place = self.locations.get(self.things[id].location)
                if place is not None and place.geometry == "area" and id in self._degrees:
                    self.polygons[id] = self.metres(self._degrees[id][0])
                continue
            found = self.along(id)
            points.append(found)
            owners += [id] * len(found)
        return np.concatenate(points), owners

    def read_requests(self, requests: Sequence[ServiceRequest]) -> dict[str, tuple[Floats, float]]:
        """Request id -> metres (2,) and the error of its system in metres, of those that can be compared."""
        by_system: dict[str, list[ServiceRequest]] = {}
        for request in requests:
            place = self.locations.get(request.location)
            if place is not None and place.crs != "local":
                by_system.setdefault(place.crs, []).append(request)
        found: dict[str, tuple[Floats, float]] = {}
        for crs, group in by_system.items():
            xy = np.array([self.locations[r.location].coordinates[0] for r in group], dtype=np.float64)
            degrees, accuracy = _read(crs, xy)
            found |= {r.id: (at, accuracy) for r, at in zip(group, self.metres(degrees), strict=True)}
        return found


def read_surroundings(view: View) -> Surroundings:
    """Everything of a city that has a place, read once."""
    return Surroundings(view)


def place_requests(requests: Sequence[ServiceRequest], around: Surroundings) -> tuple[Placed, ...]:
    """Each request with its boundary: by its area on the map, by the nearest thing within FAR_M, by its grid cell."""
    at = around.read_requests(requests)
    near = _nearest(around, at)
    return tuple(_place(r, around, at.get(r.id), near.get(r.id, {})) for r in requests)


def _place(
    request: ServiceRequest, around: Surroundings, at: tuple[Floats, float] | None,
    near: Mapping[str, tuple[float, str]],
) -> Placed:  # fmt: skip
    why = "no_position"
    here = (float(at[0][0]), float(at[0][1])) if at is not None else None
    ranked = sorted(near.items(), key=lambda item: item[1][0])
    thing, away = (ranked[0][1][1], ranked[0][1][0]) if ranked else ("", None)
    if at is not None:
        within = {id for id, polygon in around.polygons.items() if _within(polygon, at[0])}
        inside = [id for id in sorted(within) if not within & (around.parts[id] - {id})]
        if len(inside) == 1:
            return Placed(request, inside[0], "area", WHY["area"], thing, away, here)
        if not around.owners:
            why = "no_area"
        elif away is None or away > FAR_M:
            why = "far"
        elif len(ranked) > 1 and ranked[1][1][0] - away < at[1]:
            why = "between"
        else:
            return Placed(request, ranked[0][0], "nearest", WHY["nearest"], thing, away, here)
    elif request.location:
        why = "local"
    cells = around.cells.get(request.grid_code, frozenset()) if request.grid_code else frozenset()
    if len(cells) == 1 and why != "far":
        return Placed(request, next(iter(cells)), "grid", WHY["grid"], thing, away, here)
    why = "cells" if len(cells) > 1 and why == "no_position" else why
    said = Pair(*(text.format(m=f"{FAR_M:.0f}") for text in WHY[why]))
    return Placed(request, "", "", said, thing, away, here)


def _nearest(around: Surroundings, at: Mapping[str, tuple[Floats, float]]) -> dict[str, dict[str, tuple[float, str]]]:
    """Request id -> boundary -> (distance, thing) of the nearest thing of each boundary."""
    if not at or not around.owners:
        return {}
    from scipy.spatial import cKDTree

    ids, points = list(at), np.stack([xy for xy, _ in at.values()])
    found: dict[str, dict[str, tuple[float, str]]] = {id: {} for id in ids}
    homes = np.array([around.areas[o] for o in around.owners])
    for boundary in sorted(set(homes.tolist())):
        rows = np.flatnonzero(homes == boundary)
        distance, index = cKDTree(around.points[rows]).query(points)
        for id, d, k in zip(ids, distance.tolist(), index.tolist(), strict=True):
            found[id][boundary] = (d, around.owners[rows[k]])
    return found


def _parts(things: Mapping[str, Thing]) -> dict[str, frozenset[str]]:
    """Boundary -> itself and every boundary that is part of it, over any number of steps."""
    above = {
        t.id: {r.thing for r in t.relations if r.kind == "part_of"} for t in things.values() if t.kind == "boundary"
    }
    found: dict[str, set[str]] = {b: {b} for b in above}
    for boundary in above:
        seen, open_ = {boundary}, [boundary]
        while open_:
            for parent in above.get(open_.pop(), set()) - seen:
                seen.add(parent)
                open_.append(parent)
                found.setdefault(parent, {parent}).add(boundary)
    return {b: frozenset(inside) for b, inside in found.items() if b in above}


def _areas(things: Mapping[str, Thing], parts: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Thing -> the one innermost boundary it lies in; a city with one boundary needs no register to say so."""
    boundaries = set(parts)
    found = {b: b for b in boundaries}
    for thing in things.values():
        homes = {r.thing for r in thing.relations if r.kind == "part_of"} & boundaries
        homes = {h for h in homes if not homes & (parts[h] - {h})}
        if len(homes) == 1 and thing.id not in boundaries:
            found[thing.id] = next(iter(homes))
        elif not homes and len(boundaries) == 1 and thing.location:
            found[thing.id] = next(iter(boundaries))
    return found


def _cells(things: Mapping[str, Thing], areas: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Grid code -> boundaries of the things that stand in the cell."""
    found: dict[str, set[str]] = {}
    for id, boundary in areas.items():
        code = things[id].properties.get("grid_code")
        if isinstance(code, str) and code:
            found.setdefault(code, set()).add(boundary)
    return {code: frozenset(homes) for code, homes in found.items()}


def _read(crs: str, xy: Floats) -> tuple[Floats, float]:
    """Degrees on WGS 84 (n, 2), and the error of that reading in metres; NaN becomes far away."""
    from cityloop.formats.datums import read_stated

    reading = read_stated(crs, xy[:, 0], xy[:, 1])
    degrees = np.stack([reading.lon, reading.lat], axis=1)
    return np.where(np.isfinite(degrees), degrees, 1e6), reading.accuracy_m or 0.0


def _middle(parts: Sequence[Floats]) -> Floats:
    """Longitude and latitude in the middle of all that has a place."""
    every: Any = np.concatenate([p for p in parts if len(p)]) if any(len(p) for p in parts) else np.zeros((1, 2))
    return np.median(every, axis=0)  # type: ignore[no-any-return]


def _within(polygon: Floats, at: Floats) -> bool:
    """Whether a point lies inside a ring, by the even-odd rule (Shimrat 1962)."""
    x, y = at
    a, b = polygon, np.roll(polygon, -1, axis=0)
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    if not crosses.any():
        return False
    a, b = a[crosses], b[crosses]
    east = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return bool((east > x).sum() % 2)
