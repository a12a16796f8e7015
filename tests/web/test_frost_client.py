"""A public SensorThings client, as its users call it, against the server."""

import warnings
from datetime import UTC, datetime, timedelta

import pytest

from cityloop.records import Datastream, Location, Sensor, Thing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    fsc = pytest.importorskip("frost_sta_client")

# The client's own use of a library's deprecated name.
pytestmark = pytest.mark.filterwarnings("ignore:furl.pathstr is deprecated:DeprecationWarning")
START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def service(served, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    store = served.service.store
    store.put(
        [
            Thing(id="c:thing:1", kind="pipe", name="P1", location="c:location:1", properties={"street": "Main"}),
            Location(id="c:location:1", name="P1", crs="EPSG:4326", geometry="point", coordinates=((120.5, 31.3),)),
            Sensor(id="c:sensor:1", name="S1", thing="c:thing:1"),
            Datastream(
                id="c:datastream:1", name="meter", thing="c:thing:1", sensor="c:sensor:1", unit="L/s", statistic="mean",
                observed_property="water_flow", step_s=3600,
            ),
        ]
    )  # fmt: skip
    client = served.client("read", "write")
    rows = [
        {"datastream": "meter", "time": (START + timedelta(hours=h)).isoformat(), "value": float(h)} for h in range(230)
    ]
    assert client.post("/api/v1/observations", json=rows).json()["rows"] == 230
    token = client.headers["Authorization"].split()[1]
    return fsc.SensorThingsService(f"{served.url}/sta/v1.1", auth_handler=fsc.AuthHandler("anybody", token))


def test_client_reads_entities_and_what_they_are_related_to(service):
    thing = (
        service.things()
        .query()
        .filter("properties/street eq 'Main'")
        .expand("Locations,Datastreams")
        .list()
        .entities[0]
    )
    assert (thing.name, thing.properties["street"], thing.datastreams.entities[0].name) == ("P1", "Main", "meter")
    assert thing.locations.entities[0].location["coordinates"] == [120.5, 31.3]
    stream = service.datastreams().find("c:datastream:1")
    assert stream.unit_of_measurement.symbol == "L/s" and stream.observation_type.endswith("OM_Measurement")
    assert stream.get_observations().query().count().top(1).list().count == 230


def test_client_iterates_over_all_pages_then_every_observation_once(service):
    stream = service.datastreams().find("c:datastream:1")
    seen = [o.result for o in stream.get_observations().query().orderby("phenomenonTime", "asc").top(100).list()]
    assert seen == [float(h) for h in range(230)]


def test_client_creates_an_observation_then_it_finds_it_by_its_id(service):
    stream = service.datastreams().find("c:datastream:1")
    new = fsc.Observation(result=77.5, phenomenon_time="2026-07-01T00:00:00Z", datastream=stream)
    service.create(new)
    assert service.observations().find(new.id).result == 77.5
