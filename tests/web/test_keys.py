"""Without a key nothing is visible; a key opens what its scopes say, until it ends."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from cityloop.store import SCOPES
from cityloop.web.table import ROUTES

GUARDED = [r for r in ROUTES if r.scope]


def sent(client, route):
    path = re.sub(r"{noun}", "Thing", re.sub(r"{id}", "x", route.path))
    body = {"content": b"{}", "headers": {"Content-Type": "application/json"}} if route.body is not None else {}
    with client.stream(route.method, path, **body) as answer:
        if not answer.headers["content-type"].startswith("text/event-stream"):
            answer.read()
    return answer


def test_every_route_without_a_key_then_refused_and_nothing_of_the_city_is_said(served):
    client = served.client()
    city = served.service.city.settings
    for route in ROUTES:
        answer = sent(client, route)
        assert answer.status_code == (401 if route.scope else 200), route
        assert city.id not in answer.text and city.name.zh not in answer.text
        if route.scope:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.json()["error"]["kind"] == "HttpFault"


@pytest.mark.parametrize("scope", SCOPES)
def test_every_route_with_one_scope_then_only_its_own_routes_open(served, scope):
    client = served.client(scope)
    opened = {(r.method, r.path) for r in GUARDED if sent(client, r).status_code not in (401, 403)}
    assert opened == {(r.method, r.path) for r in GUARDED if r.scope == scope}


def test_key_that_is_wrong_revoked_or_expired_then_refused(served):
    store, now = served.service.store, datetime.now(UTC)
    client = served.client("read")
    assert client.get("/api/v1/latest").status_code == 200
    token = client.headers["Authorization"].split()[1]
    id_ = token.split("_")[1]
    for wrong in (token[:-1], token.upper(), f"clk_{id_}_", "clk__", "clk", f"{token}x"):
        assert client.get("/api/v1/latest", headers={"Authorization": f"Bearer {wrong}"}).status_code == 401
    assert client.get("/api/v1/latest", headers={"Authorization": f"Basic {token}"}).status_code == 401
    for password, status in ((token, 200), (token[:-1], 401), ("", 401)):
        client.headers.pop("Authorization", None)
        assert client.get("/api/v1/latest", auth=("anybody", password)).status_code == status
    client.headers["Authorization"] = f"Bearer {token}"
    admin = served.client("admin")
    assert admin.delete(f"/api/v1/keys/{id_}").json()["revoked"]
    assert client.get("/api/v1/latest").status_code == 401
    _, short = store.keys.make("short", ("read",), now=now, expires=now + timedelta(hours=1))
    served.service.clock = lambda: now + timedelta(minutes=59)
    header = {"Authorization": f"Bearer {short}"}
    assert client.get("/api/v1/latest", headers=header).status_code == 200
    served.service.clock = lambda: now + timedelta(hours=1)
    assert client.get("/api/v1/latest", headers=header).status_code == 401


def test_key_made_then_its_secret_stands_in_no_file_and_no_other_answer(served, folder):
    admin = served.client("admin")
    made = admin.post("/api/v1/keys", json={"name": "Water bureau", "scopes": ["write", "read"]})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    secret = made.json()["secret"].split("_", 2)[2]
    assert len(secret) == 43  # 256 bits
    assert secret not in admin.get("/api/v1/keys").text
    files = [p for p in (folder / "data").rglob("*") if p.is_file()]
    assert files and all(secret.encode() not in p.read_bytes() for p in files)


@pytest.mark.parametrize(
    "body", [{"name": " ", "scopes": ["read"]}, {"name": "a", "scopes": []}, {"name": "a", "scopes": ["root"]},
             {"name": "a", "scopes": ["read"], "expires": "2020-01-01T00:00:00Z"}, {"name": "a", "scopes": ["read"], "x": 1}],
)  # fmt: skip
def test_key_that_cannot_be_then_refused_with_why(served, body):
    answer = served.client("admin").post(
        "/api/v1/keys", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 409) and answer.json()["error"]["what"]
    assert len(served.service.store.keys.all()) == 1
