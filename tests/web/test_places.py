"""Things on the map: where they stand in WGS 84, what has no place there, and that nothing is sent twice."""

import pytest

from cityloop.records import Location, Thing

URL = "/api/v1/things.geojson"


@pytest.fixture
def places(served):
    """A lamp and a pipe near Shanghai, a lamp in shifted coordinates, a tree without any place."""
    store = served.service.store
    point = {"geometry": "point", "name": "p"}
    store.put([
        # Zone 51 of UTM: its central meridian is 123 E, and on it x = 500 km.
        Location(id="c:location:1", crs="EPSG:32651", coordinates=((500_000.0, 0.0),), **point),
        Location(id="c:location:2", crs="GCJ-02", coordinates=((121.5, 31.2),), **point),
        Location(id="c:location:3", crs="EPSG:4326", name="p", geometry="line", coordinates=((179.5, 10.0), (179.9, 11.0))),
        Location(id="c:location:4", crs="EPSG:32651", coordinates=((1e30, 1e30),), **point),
        Thing(id="c:thing:1", kind="lamp", name="L1", location="c:location:1", properties={"watt": 70.0}),
        Thing(id="c:thing:2", kind="lamp", name="L2", location="c:location:2", simulated=True),
        Thing(id="c:thing:3", kind="conduit", name="P1", location="c:location:3"),
        Thing(id="c:thing:4", kind="tree", name="T1"),
        Thing(id="c:thing:5", kind="tree", name="T2", location="c:location:4"),
    ])  # fmt: skip
    return served


def names(answer):
    assert answer.status_code == 200, answer.text
    return [f["properties"]["name"] for f in answer.json()["features"]]


def test_things_then_each_stands_where_its_coordinates_say_or_nowhere(places):
    got = places.client("read").get(URL, params={"kind": ["lamp", "tree"]})
    assert got.headers["content-type"] == "application/geo+json"
    by_name = {f["properties"]["name"]: f for f in got.json()["features"]}
    assert by_name["L1"]["geometry"] == {"type": "Point", "coordinates": [pytest.approx(123.0), pytest.approx(0.0)]}
    assert by_name["L1"]["id"] == "c:thing:1" and by_name["L1"]["properties"]["watt"] == 70.0
    assert by_name["L2"]["geometry"] is None and by_name["L2"]["properties"]["simulated"] is True
    assert by_name["L2"]["properties"]["as_given"]["crs"] == "GCJ-02"
    assert by_name["T1"]["geometry"] is None and by_name["T2"]["geometry"] is None
    assert got.json()["type"] == "FeatureCollection" and got.json()["unplaced"] == 3


def test_things_in_a_box_then_those_that_touch_it_and_how_many_have_no_place(places):
    client = places.client("read")
    inside = client.get(URL, params={"bbox": "122,-1,124,1"})
    assert names(inside) == ["L1"] and inside.json()["unplaced"] >= 3
    assert names(client.get(URL, params={"bbox": "179.8,10.5,-170,12"})) == ["P1"]
    assert names(client.get(URL, params={"bbox": "-170,10.5,170,12"})) == []


def test_things_unchanged_then_304_until_a_thing_changes(places):
    client, store = places.client("read", "write"), places.service.store
    first = client.get(URL, params={"kind": "lamp"})
    tag = first.headers["ETag"]
    for given in (tag, f'"x", W/{tag}'):
        again = client.get(URL, params={"kind": "lamp"}, headers={"If-None-Match": given})
        assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == tag
    store.put([Thing(id="c:thing:1", kind="lamp", name="L1 new", location="c:location:1")])
    third = client.get(URL, params={"kind": "lamp"}, headers={"If-None-Match": tag})
    assert names(third)[0] == "L1 new" and third.json()["version"] > first.json()["version"]


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "0,5,1,4", "nan,0,1,1", "0,0,181,1", "0,0,1,91"])
def test_things_in_a_box_that_is_none_then_refused(places, box):
    told = places.client("read").get(URL, params={"bbox": box})
    assert told.status_code == 400 and told.json()["error"]["where"] == "bbox"


def test_things_of_an_unknown_kind_then_told_which_there_are(places):
    told = places.client("read").get(URL, params={"kind": "unicorn"})
    assert told.status_code == 400 and "lamp" in told.json()["error"]["allowed"]
