"""The OpenAPI 3.1 document of the route table, and a page that shows it without loading anything."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from markupsafe import Markup

from cityloop.web.faults import Faulty
from cityloop.web.routes import JSON, Answer, Asked, Route, json_answer

__all__ = ["document", "get_document", "get_viewer"]

_REF = "#/components/schemas/{name}"


def get_document(asked: Asked) -> Answer:
    """The document; it says nothing of the city."""
    return json_answer(document())


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """OpenAPI 3.1 of every route."""
    from cityloop import __version__
    from cityloop.web.table import ROUTES

    types = [t for r in ROUTES for t in (r.body, r.answer) if t is not None]
    schemas, components = msgspec.json.schema_components([*types, Faulty], ref_template=_REF)
    by_type = dict(zip(map(repr, [*types, Faulty]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path.replace(":path}", "}"), {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cityloop", "version": __version__,
            "description": "The closed loop of a city district. | 城市片区闭环。",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip


def _operation(route: Route, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """One route as an operation."""
    found: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{route.call.__name__}",
        "summary": f"{route.title.en} | {route.title.zh}",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)", route.path)
        ]
        + [
            {
                "name": p.name, "in": "query", "required": p.required, "schema": dict(p.schema),
                "description": f"{p.title.en} | {p.title.zh}",
            }
            for p in route.query
        ],
        "responses": {
            str(route.status): {"description": "done | 完成", **_content(route.answer, schemas)},
            "default": {"description": "refused | 拒绝", **_content(Faulty, schemas)},
        },
    }  # fmt: skip
    if route.scope:
        found["security"] = [{"key": [route.scope]}]
    if route.body is not None:
        schema = schemas[repr(route.body)]
        content = {media: {"schema": schema} if media == JSON else {} for media in route.bodies}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _content(kind: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {JSON: {"schema": schemas[repr(kind)]}}} if kind is not None else {}


def get_viewer(asked: Asked) -> Answer:
    """Every route on one page, in both languages, without a script."""
    from cityloop.web.table import ROUTES

    row = Markup("<tr><td><b>{}</b></td><td><code>{}</code></td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>")
    rows = Markup("").join(row.format(r.method, r.path, r.title.en, r.title.zh, r.scope or "-") for r in ROUTES)
    page = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Cityloop API</title><style>'
        "body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color-scheme:light dark}}"
        "table{{border-collapse:collapse;width:100%}}td,th{{border-bottom:1px solid #8886;padding:.4rem;text-align:left}}"
        "</style></head><body><h1>Cityloop API</h1>"
        "<p>Send your key as <code>Authorization: Bearer clk_...</code>. Fields of every body and answer: "
        '<a href="/openapi.json">openapi.json</a>.</p>'
        '<p lang="zh-Hans">请求头写 <code>Authorization: Bearer clk_...</code>。各请求与返回的字段见 '
        '<a href="/openapi.json">openapi.json</a>。</p>'
        "<table><tr><th></th><th>path 路径</th><th>what</th><th>用途</th><th>scope 权限</th></tr>{}</table></body></html>"
    ).format(rows)
    return Answer(page.encode(), "text/html; charset=utf-8")
