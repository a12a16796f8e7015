"""SensorThings 1.1 as its clients ask: paths, options, pages, expansions, data arrays; expected values by hand."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest

from cityloop.records import Datastream, Location, Sensor, Thing

ROOT = "/sta/v1.1"
START = datetime(2026, 6, 1, tzinfo=UTC)


def filled(served):
    """Two pipes with a flow meter each, one with a pressure logger too; 30 hours of values n, 100 + n and 0.5."""
    store = served.service.store
    things = [
        Thing(
            id=f"c:thing:{n}",
            kind="pipe",
            name=f"P{n}",
            location=f"c:location:{n}",
            properties={"diameter_mm": 100.0 * n, "street": s},
        )
        for n, s in ((1, "Main"), (2, "O'Neill"))
    ]
    places = [
        Location(
            id="c:location:1", name="P1", crs="EPSG:4549", geometry="point", coordinates=((547602.264, 3464343.845),)
        ),
        Location(id="c:location:2", name="P2", crs="local", geometry="point", coordinates=((5.0, 7.0),)),
    ]
    sensors = [Sensor(id=f"c:sensor:{n}", name=f"S{n}", thing="c:thing:1", noise_sd=0.1) for n in (1, 2, 3)]
    streams = [
        Datastream(
            id=f"c:datastream:{n}", name=f"meter {n}", thing=f"c:thing:{t}", sensor=f"c:sensor:{n}", observed_property=p,
            unit=u, statistic="mean", step_s=3600, simulated=n == 3,
        )
        for n, t, p, u in ((1, 1, "water_flow", "L/s"), (2, 2, "water_flow", "L/s"), (3, 1, "water_pressure", "m"))
    ]  # fmt: skip
    store.put([*things, *places, *sensors, *streams])
    client = served.client("read", "write")
    rows = [
        {"datastream": f"meter {stream}", "time": (START + timedelta(hours=n)).isoformat(), "value": value}
        for n in range(30) for stream, value in ((1, float(n)), (2, 100.0 + n), (3, 0.5))
    ]  # fmt: skip
    assert client.post("/api/v1/observations", json=rows).json()["rows"] == 90
    return client


@pytest.fixture(scope="module")
def city(served_once):
    return filled(served_once)


@pytest.fixture
def fresh(served):
    """A city of its own for tests that write."""
    return filled(served)


def get(client, path, **options):
    query = {f"${k}": str(v) for k, v in options.items()}
    answer = client.get(f"{ROOT}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def values(client, path, **options):
    return [o["result"] for o in get(client, path, **options)["value"]]


def test_root_then_every_entity_set_is_named_with_its_address(city):
    root = city.get(ROOT).json()
    assert {s["name"] for s in root["value"]} == {
        "Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties", "Observations", "FeaturesOfInterest",
    }  # fmt: skip
    for item in root["value"]:
        assert city.get(item["url"]).status_code == 200
    assert root["serverSettings"]["conformance"]


@pytest.mark.parametrize(
    ("set_", "properties", "links"),
    [("Things", {"name", "description", "properties"}, {"Locations", "HistoricalLocations", "Datastreams"}),
     ("Locations", {"name", "description", "encodingType", "location", "properties"}, {"Things", "HistoricalLocations"}),
     ("Sensors", {"name", "description", "encodingType", "metadata", "properties"}, {"Datastreams"}),
     ("ObservedProperties", {"name", "definition", "description", "properties"}, {"Datastreams"}),
     ("Datastreams", {"name", "description", "unitOfMeasurement", "observationType", "properties"},
      {"Thing", "Sensor", "ObservedProperty", "Observations"}),
     ("Observations", {"phenomenonTime", "result", "resultTime", "resultQuality"}, {"Datastream", "FeatureOfInterest"}),
     ("FeaturesOfInterest", {"name", "description", "encodingType", "feature", "properties"}, {"Observations"})],
)  # fmt: skip
def test_entity_then_it_has_its_properties_its_self_link_and_links_that_lead_on(city, set_, properties, links):
    entity = get(city, set_, top=1)["value"][0]
    expected = {"@iot.id", "@iot.selfLink"} | properties | {f"{link}@iot.navigationLink" for link in links}
    assert set(entity) == expected
    again = city.get(entity["@iot.selfLink"])
    assert again.json() == entity
    for link in links:
        assert city.get(entity[f"{link}@iot.navigationLink"]).status_code in (200, 404), link


@pytest.mark.parametrize(
    ("path", "found"),
    [("Datastreams('c:datastream:2')/Thing", "P2"), ("Datastreams('c:datastream:3')/ObservedProperty", "water_pressure"),
     ("Datastreams('c:datastream:1')/Sensor", "S1"), ("Things('c:thing:1')/Datastreams('c:datastream:3')", "meter 3"),
     ("Things('c:thing:2')/Locations('c:location:2')/Things('c:thing:2')", "P2")],
)  # fmt: skip
def test_path_to_one_entity_then_it_is_that_one(city, path, found):
    assert get(city, path)["name"] == found


def test_path_over_several_relations_then_only_what_belongs_there(city):
    assert [d["name"] for d in get(city, "Things('c:thing:1')/Datastreams")["value"]] == ["meter 1", "meter 3"]
    assert values(city, "Things('c:thing:2')/Datastreams('c:datastream:2')/Observations", top=2) == [100.0, 101.0]
    assert values(city, "FeaturesOfInterest('c:thing:2:feature')/Observations", top=2) == [100.0, 101.0]
    assert get(city, "Datastreams('c:datastream:1')/Observations", count="true", top=1)["@iot.count"] == 30
    first = get(city, "Datastreams('c:datastream:1')/Observations", top=1)["value"][0]
    assert city.get(first["Datastream@iot.navigationLink"]).json()["name"] == "meter 1"
    assert city.get(first["FeatureOfInterest@iot.navigationLink"]).json()["name"] == "P1"


def test_property_and_its_raw_value_and_links_alone(city):
    assert get(city, "Things('c:thing:1')/name") == {"name": "P1"}
    assert city.get(f"{ROOT}/Things('c:thing:1')/name/$value").text == "P1"
    assert (
        json.loads(city.get(f"{ROOT}/Datastreams('c:datastream:1')/unitOfMeasurement/$value").text)["symbol"] == "L/s"
    )
    refs = get(city, "Things('c:thing:1')/Datastreams/$ref")["value"]
    assert [set(r) for r in refs] == [{"@iot.selfLink"}] * 2 and city.get(refs[0]["@iot.selfLink"]).status_code == 200
    first = get(city, "Observations", top=1)["value"][0]["@iot.selfLink"]
    assert city.get(f"{first}/resultTime").status_code == 204  # RFC 9110: there is none


def test_locations_then_wgs_84_where_there_is_a_way_and_no_place_where_there_is_none(city):
    one = get(city, "Locations('c:location:1')")["location"]
    assert one["type"] == "Point" and one["coordinates"] == pytest.approx([120.5, 31.3], abs=1e-7)
    two = get(city, "Locations('c:location:2')")["location"]
    assert two["geometry"] is None and two["properties"]["coordinates"] == [[5.0, 7.0]]


# $filter on the 90 observations: values 0..29, 100..129 and thirty times 0.5
FILTERS = [
    ("result eq 5", 1), ("result ne 0.5", 60), ("result gt 27", 32), ("result ge 27", 33), ("result lt 1", 31), ("result le 1", 32),
    ("result gt 10 and result lt 13", 2), ("result eq 1 or result eq 101", 2), ("not result eq 0.5", 60), ("not (result lt 120)", 10),
    ("result add 1 eq 6", 1), ("result sub 1 eq 6", 1), ("result mul 2 eq 6", 1), ("result div 2 eq 6", 1), ("result mod 10 eq 9", 6),
    ("-result eq -7", 1), ("(result add 1) mul 2 eq 12", 1), ("result eq 1 or result eq 2 and result gt 50", 1),
    ("round(result) eq 1", 31), ("floor(result) eq 0", 31), ("ceiling(result) eq 1", 31),
    ("phenomenonTime eq 2026-06-01T03:00:00Z", 3), ("phenomenonTime lt 2026-06-01T10:00:00+08:00", 6), ("phenomenonTime ge 2026-06-02", 18),
    ("year(phenomenonTime) eq 2026", 90), ("month(phenomenonTime) eq 6", 90), ("day(phenomenonTime) eq 2", 18), ("hour(phenomenonTime) eq 3", 6),
    ("minute(phenomenonTime) eq 0", 90), ("second(phenomenonTime) eq 0", 90), ("fractionalseconds(phenomenonTime) eq 0", 90),
    ("date(phenomenonTime) eq '2026-06-02'", 18), ("time(phenomenonTime) eq '05:00:00'", 6), ("totaloffsetminutes(phenomenonTime) eq 0", 90),
    ("phenomenonTime lt now()", 90), ("phenomenonTime gt mindatetime()", 90), ("phenomenonTime lt maxdatetime()", 90),
    ("resultTime eq null", 90), ("resultTime ne null", 0), ("resultQuality eq 0", 90),
    ("Datastream/name eq 'meter 2'", 30), ("Datastream/id eq 'c:datastream:1'", 30), ("Datastream/Thing/name eq 'P1'", 60),
    ("Datastream/ObservedProperty/name eq 'water_pressure'", 30), ("Datastream/Thing/properties/street eq 'O''Neill'", 30),
    ("Datastream/Thing/properties/diameter_mm gt 150", 30), ("Datastream/unitOfMeasurement/symbol eq 'm'", 30),
    ("FeatureOfInterest/name eq 'P2'", 30), ("Datastream/properties/simulated eq true", 30), ("true", 90), ("false", 0),
    ("Datastream/Thing/Locations/name eq 'P1'", 60),
]  # fmt: skip
TEXTS = [
    ("name eq 'P1'", 1), ("substringof('P', name)", 2), ("startswith(name, 'P1')", 1), ("endswith(name, '2')", 1), ("length(name) eq 2", 2),
    ("indexof(name, '2') eq 1", 1), ("substring(name, 1) eq '2'", 1), ("substring(name, 0, 1) eq 'P'", 2), ("tolower(name) eq 'p1'", 1),
    ("toupper('p1') eq name", 1), ("trim(concat(' ', name)) eq 'P2'", 1), ("concat(concat(name, '-'), 'x') eq 'P1-x'", 1),
    ("properties/street eq 'O''Neill'", 1), ("properties/nothing eq null", 2), ("Datastreams/name eq 'meter 3'", 1),
    ("Datastreams/ObservedProperty/name eq 'water_flow'", 2), ("Datastreams/Observations/result gt 128", 1), ("@iot.id eq 'c:thing:2'", 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), FILTERS)
def test_filter_of_observations_then_counted_as_by_hand(city, text, count):
    found = get(city, "Observations", filter=text, count="true", top=200)
    assert found["@iot.count"] == len(found["value"]) == count


@pytest.mark.parametrize(("text", "count"), TEXTS)
def test_filter_of_things_then_counted_as_by_hand(city, text, count):
    found = get(city, "Things", filter=f"({text}) and startswith(id, 'c:thing')", count="true")
    assert found["@iot.count"] == len(found["value"]) == count


@pytest.mark.parametrize(
    "query",
    [{"$filter": "result eq"}, {"$filter": "result eq 'x'"}, {"$filter": "colour eq 1"}, {"$filter": "result eq 1 2"}, {"$filter": "("},
     {"$filter": "result"}, {"$filter": "frobnicate(result) eq 1"}, {"$filter": "length(result) eq 1"}, {"$filter": "round(1, 2) eq 1"},
     {"$filter": "'"}, {"$filter": "(" * 5000}, {"$filter": "not " * 900 + "true"}, {"$filter": "x" * 9000}, {"$filter": "phenomenonTime gt 2026-99-99"},
     {"$filter": "result eq 1; drop table observation"}, {"$filter": "Datastream/Nobody/name eq 'x'"}, {"$filter": "result/x eq 1"},
     {"$filter": "phenomenonTime gt '2026'"}, {"$filter": "geo.distance(result, 1) lt 1"}, {"$top": "-1"}, {"$top": "x"}, {"$skip": "1.5"}, {"$count": "yes"}, {"$orderby": "colour"},
     {"$select": "colour"}, {"$expand": "Colours"}, {"$expand": "Datastream(" }, {"$expand": "Datastream($top=x)"}, {"$skiptoken": "x"},
     {"$skiptoken": "WzFd"}, {"$nothing": "1"}, {"$resultFormat": "xml"}],
)  # fmt: skip
def test_query_that_is_none_then_400_naming_what_is_wrong(city, query):
    answer = city.get(f"{ROOT}/Observations", params=query)
    assert answer.status_code == 400, answer.text[:300]
    assert answer.json()["error"]["what"]


@pytest.mark.parametrize(
    "path",
    ["Nothing", "Things('x')", "Things('c:thing:1')/Nothing", "Things/Datastreams", "Observations('x')", "Observations('1-2-3')", "Things('",
     "Things('c:thing:2')/Datastreams('c:datastream:1')", "Things('c:thing:1')/name/x", "Datastreams('x')/Thing"],
)  # fmt: skip
def test_path_that_leads_nowhere_then_404(city, path):
    answer = city.get(f"{ROOT}/{path}")
    assert answer.status_code == 404 and answer.json()["error"]["what"]


def test_order_and_pages_by_next_link_then_every_observation_once_in_order(city):
    for options, expected in (
        ({"filter": "Datastream/name eq 'meter 1'"}, [float(n) for n in range(30)]),
        ({"filter": "Datastream/name eq 'meter 1'", "orderby": "result desc"}, [float(n) for n in range(29, -1, -1)]),
        ({"filter": "result gt 20", "orderby": "day(phenomenonTime) desc,result asc"},
         [float(n) for n in range(24, 30)] + [100.0 + n for n in range(24, 30)] + [21.0, 22.0, 23.0] + [100.0 + n for n in range(24)]),
    ):  # fmt: skip
        page = get(city, "Observations", top=7, **options)
        seen = [o["result"] for o in page["value"]]
        while "@iot.nextLink" in page:
            page = city.get(page["@iot.nextLink"]).json()
            seen += [o["result"] for o in page["value"]]
        assert seen == expected


def test_next_link_while_rows_arrive_then_nothing_is_seen_twice_or_left_out(fresh):
    page = get(fresh, "Datastreams('c:datastream:1')/Observations", top=10)
    assert "$skiptoken" in unquote(page["@iot.nextLink"])
    early = (START - timedelta(hours=5)).isoformat()
    fresh.post("/api/v1/observations", json=[{"datastream": "meter 1", "time": early, "value": -5.0}])
    seen = [o["result"] for o in page["value"]]
    while "@iot.nextLink" in page:
        page = fresh.get(page["@iot.nextLink"]).json()
        seen += [o["result"] for o in page["value"]]
    assert seen == [float(n) for n in range(30)]


def test_top_skip_count_and_select(city):
    found = get(
        city, "Observations", top=2, skip=3, count="true", select="result", filter="result lt 20 and result ne 0.5"
    )
    assert found["@iot.count"] == 20 and found["value"] == [{"result": 3.0}, {"result": 4.0}]
    assert get(city, "Observations", top=0, count="true") == {
        "@iot.count": 90,
        "@iot.nextLink": get(city, "Observations", top=0, count="true")["@iot.nextLink"],
        "value": [],
    }
    assert get(city, "Things('c:thing:1')", select="name,Datastreams") == {
        "name": "P1", "Datastreams@iot.navigationLink": get(city, "Things('c:thing:1')")["Datastreams@iot.navigationLink"],
    }  # fmt: skip


def test_expand_nested_with_options_then_each_level_obeys_its_own(city):
    found = get(
        city, "Things", filter="startswith(id,'c:thing')", orderby="name desc",
        expand="Datastreams($select=name;$orderby=name desc;$expand=Observations($filter=result gt 2;$top=2;$orderby=phenomenonTime desc;$count=true;$select=result),ObservedProperty),Locations($select=name)",
    )["value"]  # fmt: skip
    assert [t["name"] for t in found] == ["P2", "P1"]
    assert [[d["name"] for d in t["Datastreams"]] for t in found] == [["meter 2"], ["meter 3", "meter 1"]]
    meter3, meter1 = found[1]["Datastreams"]
    assert meter1["Observations"] == [{"result": 29.0}, {"result": 28.0}] and meter1["Observations@iot.count"] == 27
    assert meter3["Observations"] == [] and meter3["Observations@iot.count"] == 0
    assert meter1["ObservedProperty"]["name"] == "water_flow" and found[0]["Locations"] == [{"name": "P2"}]
    link = found[0]["Datastreams"][0]["Observations@iot.nextLink"]
    assert city.get(link).status_code == 200


def test_expand_of_an_observation_by_path_then_over_both_relations(city):
    found = get(
        city,
        "Observations",
        top=1,
        filter="result eq 103",
        expand="Datastream/Thing,Datastream/Sensor,FeatureOfInterest",
    )["value"][0]
    assert found["Datastream"]["Thing"]["name"] == "P2" and found["Datastream"]["Sensor"]["name"] == "S2"
    assert found["FeatureOfInterest"]["name"] == "P2"


def test_data_array_out_then_grouped_by_datastream(city):
    found = get(
        city,
        "Observations",
        resultFormat="dataArray",
        filter="hour(phenomenonTime) lt 2 and day(phenomenonTime) eq 1",
        count="true",
    )
    assert found["@iot.count"] == 6
    assert [g["dataArray@iot.count"] for g in found["value"]] == [2, 2, 2]
    group = found["value"][1]
    assert group["Datastream@iot.navigationLink"].endswith("Datastreams('c:datastream:2')")
    at = group["components"].index("result"), group["components"].index("phenomenonTime")
    assert [[row[i] for i in at] for row in group["dataArray"]] == [
        [100.0, "2026-06-01T00:00:00Z"],
        [101.0, "2026-06-01T01:00:00Z"],
    ]


def test_observation_posted_then_found_at_the_address_of_the_answer(fresh):
    new = {
        "phenomenonTime": "2026-06-05T10:00:00.250+08:00",
        "result": 42.5,
        "resultTime": None,
        "Datastream": {"@iot.id": "c:datastream:1"},
    }
    told = fresh.post(f"{ROOT}/Observations", json=new)
    assert told.status_code == 201
    found = fresh.get(told.headers["Location"]).json()
    assert (found["result"], found["phenomenonTime"]) == (42.5, "2026-06-05T02:00:00.250Z")
    bad = fresh.post(f"{ROOT}/Observations", json={**new, "Datastream": {"@iot.id": "c:datastream:9"}})
    assert bad.status_code == 400 and "did you mean" in bad.json()["error"]["got"]


def test_data_array_in_then_a_link_or_error_for_each_row(fresh):
    new = [
        {"Datastream": {"@iot.id": "c:datastream:1"}, "components": ["result", "phenomenonTime"], "dataArray@iot.count": 2,
         "dataArray": [[7.5, "2026-07-01T00:00:00Z"], ["x", "2026-07-01T01:00:00Z"]]},
        {"Datastream": {"@iot.id": "c:datastream:2"}, "components": ["phenomenonTime", "result", "FeatureOfInterest/id"],
         "dataArray": [["2026-07-01T00:00:00+0000", 8.5, 1], ["yesterday", 8.5, 1]]},
    ]  # fmt: skip
    told = fresh.post(f"{ROOT}/CreateObservations", json=new)
    assert told.status_code == 201
    links = told.json()
    assert [link == "error" for link in links] == [False, True, False, True]
    assert [fresh.get(link).json()["result"] for link in (links[0], links[2])] == [7.5, 8.5]
    assert fresh.post(f"{ROOT}/CreateObservations", json=[{**new[0], "components": ["result"]}]).status_code == 400


def test_simulated_then_marked_wherever_it_is_shown(city):
    streams = get(city, "Datastreams", filter="startswith(id, 'c:')")["value"]
    assert [d["properties"].get("simulated", False) for d in streams] == [False, False, True]


THING = {
    "name": "Pump house", "description": "north", "properties": {"street": "Main"},
    "Locations": [{"name": "yard", "description": "", "encodingType": "application/geo+json",
                   "location": {"type": "Point", "coordinates": [120.5, 31.3]}}],
    "Datastreams": [{
        "name": "Air", "description": "", "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "unitOfMeasurement": {"name": "degree Celsius", "symbol": "degC", "definition": "x"},
        "Sensor": {"name": "T-1", "description": "", "encodingType": "text/plain", "metadata": "a thermometer"},
        "ObservedProperty": {"name": "air temperature", "definition": "http://example.org/t", "description": ""},
        "Observations": [{"phenomenonTime": "2026-06-01T00:00:00Z", "result": 21.5}],
    }],
}  # fmt: skip


def test_deep_insert_then_everything_stands_and_is_related(fresh):
    told = fresh.post(f"{ROOT}/Things", json=THING)
    assert told.status_code == 201, told.text
    thing = fresh.get(
        told.headers["Location"],
        params={"$expand": "Locations,Datastreams/Sensor,Datastreams/ObservedProperty,Datastreams/Observations"},
    ).json()
    assert (thing["name"], thing["properties"]["street"]) == ("Pump house", "Main")
    assert thing["Locations"][0]["location"]["coordinates"] == [120.5, 31.3]
    stream = thing["Datastreams"][0]
    assert (stream["Sensor"]["name"], stream["Sensor"]["metadata"]) == ("T-1", "a thermometer")
    assert (
        stream["ObservedProperty"]["definition"] == "http://example.org/t"
        and stream["unitOfMeasurement"]["symbol"] == "degC"
    )
    assert [o["result"] for o in stream["Observations"]] == [21.5]


def test_same_entity_posted_twice_then_two_with_addresses_of_their_own(fresh):
    first, second = (fresh.post(f"{ROOT}/Things", json={"name": "A"}).headers["Location"] for _ in range(2))
    assert first != second and fresh.get(first).json()["name"] == fresh.get(second).json()["name"] == "A"


def test_entity_posted_below_another_then_it_belongs_to_it(fresh):
    new = {
        **THING["Datastreams"][0],
        "ObservedProperty": {"@iot.id": "water_flow"},
        "unitOfMeasurement": {"symbol": "L/s"},
    }
    told = fresh.post(f"{ROOT}/Things('c:thing:2')/Datastreams", json=new)
    assert told.status_code == 201, told.text
    answer = fresh.get(f"{told.headers['Location']}/Thing")
    assert answer.json()["name"] == "P2", answer.text
    place = {"name": "here", "location": {"type": "Point", "coordinates": [1.0, 2.0]}}
    assert fresh.post(f"{ROOT}/Things('c:thing:2')/Locations", json=place).status_code == 201
    assert [p["name"] for p in get(fresh, "Things('c:thing:2')/Locations")["value"]] == ["here"]


def changed(**changes):
    stream = {**THING["Datastreams"][0], **changes}
    return {**THING, "Datastreams": [{k: v for k, v in stream.items() if v is not None}]}


@pytest.mark.parametrize(
    ("body", "where"),
    [({}, "Thing/name"), ({"name": 5}, "Thing/name"), ({"name": "a", "colour": "red"}, "Thing"), (changed(Sensor=None), "Thing/Datastreams[0]/Sensor"),
     (changed(Sensor={"@iot.id": "nobody"}), "Thing/Datastreams[0]/Sensor"), (changed(ObservedProperty={"@iot.id": "x"}), "Thing/Datastreams[0]/ObservedProperty"),
     (changed(unitOfMeasurement=None), "Thing/Datastreams[0]/unitOfMeasurement"), (changed(observationType="http://x/OM_TruthObservation"), "Thing/Datastreams[0]/observationType"),
     (changed(ObservedProperty={"name": "water_flow", "definition": "", "description": ""}), "Thing/Datastreams[0]/unitOfMeasurement/symbol"),
     (changed(Observations=[{"phenomenonTime": "2026-06-01T00:00:00Z", "result": "warm"}]), "Thing/Datastreams[0]/Observations[0]/result"),
     ({"name": "a", "Locations": [{"name": "x", "location": {"type": "Point", "coordinates": [31.3, 120.5]}}]}, "Thing/Locations[0]/location"),
     ({"name": "a", "Locations": [{"name": "x", "location": "here"}]}, "Thing/Locations[0]/location"), ({"name": "a", "Datastreams": {}}, "Thing/Datastreams"),
     ({"name": "a", "properties": {"list": [1]}}, "Thing/properties/list")],
)  # fmt: skip
def test_entity_with_a_fault_anywhere_then_named_and_nothing_of_it_is_kept(served, body, where):
    client = served.client("read", "write")
    before = served.service.store.stamp()
    told = client.post(f"{ROOT}/Things", json=body)
    assert told.status_code == 400 and told.json()["error"]["where"] == where, told.text
    assert served.service.store.stamp() == before


def test_observation_corrected_and_deleted_then_what_stood_before_is_still_known(fresh, served):
    store = served.service.store
    seq = store.seq()
    first = get(fresh, "Datastreams('c:datastream:1')/Observations", top=1)["value"][0]["@iot.selfLink"]
    assert fresh.patch(first, json={"result": 99.0}).status_code == 200
    assert fresh.get(first).json()["result"] == 99.0
    assert fresh.delete(first).status_code == 200
    assert fresh.get(first).status_code == 404 and fresh.delete(first).status_code == 404
    assert get(fresh, "Datastreams('c:datastream:1')/Observations", count="true")["@iot.count"] == 29
    end = START + timedelta(days=9)
    assert (
        store.rows(["c:datastream:1"], start=START, end=end, who=served.service.who, as_of_seq=seq)["value"][0].as_py()
        == 0.0
    )
    assert fresh.patch(first, json={"parameters": {}}).status_code == 400
    assert fresh.delete(f"{ROOT}/Things('c:thing:1')").status_code == 405


def test_observation_with_what_cannot_be_kept_then_refused_instead_of_losing_it(fresh):
    new = {"phenomenonTime": "2026-06-05T10:00:00Z", "result": 1.0, "Datastream": {"@iot.id": "c:datastream:1"}}
    for more in ({"parameters": {"a": 1}}, {"validTime": "x"}, {"resultTime": "2026-06-05T11:00:00Z"}):
        assert fresh.post(f"{ROOT}/Observations", json={**new, **more}).status_code == 400
    assert fresh.post(f"{ROOT}/Observations", json={**new, "resultTime": new["phenomenonTime"]}).status_code == 201
