"""Coordinate reference systems: always stated, never guessed.

`EPSG:n` (looked up in PROJ), the shifted Chinese map systems `GCJ-02` and `BD-09`, or `local` (a grid of the city's own whose
parameters are not public). Coordinates are kept exactly as given; this room only says what they are.
"""

import re
from dataclasses import dataclass
from typing import Literal

from cityloop.errors import InputError
from cityloop.settings.faults import nearest

__all__ = ["Crs", "describe_crs"]

NAMED = ("GCJ-02", "BD-09", "local")


@dataclass(frozen=True)
class Crs:
    """What a stated system is. `metres_per_unit` is None where units are degrees or unknown (`local`)."""

    name: str
    kind: Literal["projected", "geographic", "shifted", "local"]
    title: str
    metres_per_unit: float | None


def describe_crs(text: str) -> Crs:
    """The system named by `text`; raises InputError with the cure.

    >>> describe_crs("GCJ-02").kind
    'shifted'
    """
    allowed = "EPSG:<number>, " + ", ".join(NAMED)
    if text in ("GCJ-02", "BD-09"):
        return Crs(text, "shifted", f"{text}, longitude and latitude shifted from WGS 84", None)
    if text == "local":
        return Crs(text, "local", "a grid of the city's own", None)
    authority, _, code = text.partition(":")
    if authority != "EPSG" or not (code.isascii() and code.isdigit()):
        cure = nearest(text, NAMED) or 'State the system of your coordinates, for example crs = "EPSG:4549".'
        if loose := re.fullmatch(r"\s*epsg[\s:_-]*([0-9]+)\s*", text, re.IGNORECASE):
            cure = f"Did you mean 'EPSG:{loose[1]}'?"
        raise InputError("A coordinate reference system that is not known.", got=text, allowed=allowed, cure=cure)
    import pyproj
    from pyproj.exceptions import CRSError

    try:
        found = pyproj.CRS.from_epsg(int(code))
    except CRSError as fault:
        raise InputError(
            "EPSG knows no such system.", got=text, allowed=allowed, cure="Look the number up at epsg.org."
        ) from fault
    if len(found.axis_info) != 2 or not (found.is_projected or found.is_geographic):
        raise InputError(
            "The system does not give positions on the ground.", got=f"{text} ({found.name})",
            allowed="a projected or a two-dimensional geographic system", cure="State the horizontal system of your map.",
        )  # fmt: skip
    if found.is_geographic:
        return Crs(text, "geographic", found.name, None)
    return Crs(text, "projected", found.name, float(found.axis_info[0].unit_conversion_factor))
