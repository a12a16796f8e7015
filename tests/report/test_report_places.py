"""What the map draws lies in the city's own system; what is stated in another is left out, never misplaced."""

from types import SimpleNamespace

from cityloop.records import Location, Thing
from cityloop.report.maps import read_places


def place(id: str, crs: str, x: float, y: float) -> Location:
    return Location(id=id, name=id, crs=crs, geometry="point", coordinates=((x, y),))


def test_places_when_a_device_is_in_another_system_then_only_the_others_are_drawn():
    things = [
        Thing(id="j", kind="junction", name="J", location="p"),
        Thing(id="m", kind="meter", name="M", location="q"),
    ]
    places = [place("p", "EPSG:4548", 450_000.0, 4_418_000.0), place("q", "GCJ-02", 116.4, 39.9)]
    facts = SimpleNamespace(
        things={t.id: t for t in things}, locations={p.id: p for p in places}, settings=SimpleNamespace(crs="EPSG:4548")
    )
    assert read_places(facts).points == {"j": (450_000.0, 4_418_000.0)}
