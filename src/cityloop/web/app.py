"""The route table as an ASGI application: key, scope and size are checked before a route is called."""

import asyncio
import base64
import contextlib
import io
import logging
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route as Path

from cityloop.errors import CityloopError
from cityloop.web.faults import HttpFault, answer_of, refusal
from cityloop.web.routes import Answer, Asked, Events, Pending, Route
from cityloop.web.table import ROUTES

if TYPE_CHECKING:
    from cityloop.store import ApiKey
    from cityloop.web.service import Service

__all__ = ["MOST_BODY", "make_app"]

#: Largest body, as sent and unpacked, bytes; the longest time that a body may take to arrive, s.
MOST_BODY, BODY_S = 64 << 20, 60.0
_PACKED = {"gzip": "gzip", "zstd": "zstd"}
_LOG = logging.getLogger("cityloop.access")


def make_app(service: "Service") -> Starlette:
    """The application that serves an open Service; the Service is closed by whoever opened it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    paths = [Path(route.path, _endpoint(service, route), methods=[route.method]) for route in ROUTES]
    app = Starlette(routes=paths, lifespan=lifespan)
    app.add_exception_handler(404, _plain(404, "No such address.", "GET /openapi.json lists them all."))
    app.add_exception_handler(405, _plain(405, "This address has no such method.", "GET /openapi.json lists them all."))
    return app


def _plain(status: int, what: str, cure: str) -> Callable[..., Any]:
    async def told(request: Request, fault: Exception) -> Response:
        return _response(refusal(status, "HttpFault", what, where=request.url.path[:200], cure=cure))

    return told


def _endpoint(service: "Service", route: Route) -> Callable[[Request], Any]:
    """One route as an endpoint: whatever happens, the answer has the one shape and the log one line."""

    async def endpoint(request: Request) -> Response:
        began, key = time.monotonic(), None
        answer: Answer | Events
        try:
            key = _opened(service, request, route)
            answer = await _answered(service, route, request, key)
        except CityloopError as fault:
            answer = answer_of(fault)
        except ClientDisconnect:
            answer = refusal(400, "HttpFault", "The body ended early.")
        except Exception:
            logging.getLogger("cityloop.web").exception("%s %s", route.method, route.path)
            answer = refusal(500, "Unexpected", "Something went wrong that was not expected; the log has the details.")
        seconds = time.monotonic() - began
        status, size = (answer.status, len(answer.body)) if isinstance(answer, Answer) else (200, 0)
        service.metrics.answered(route.path, route.method, status, seconds)
        line = {
            "method": route.method, "route": route.path, "status": status, "key": key.id if key else "",
            "ms": round(seconds * 1000, 1), "bytes": size,
        }  # fmt: skip
        _LOG.info("answered", extra={"fields": line})
        return _response(answer)

    return endpoint


def _opened(service: "Service", request: Request, route: Route) -> "ApiKey | None":
    """The key of a request. Raises HttpFault 401 without a valid one, 403 for one that does not allow this."""
    if not route.scope:
        return None
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        # Clients of the standard know names and passwords only: the password is the key, the name is let pass.
        try:
            token = base64.b64decode(token, validate=True).decode().partition(":")[2]
        except ValueError:
            token = ""
    known = scheme.lower() in ("bearer", "basic")
    key = service.store.keys.find(token.strip(), now=service.clock()) if known else None
    if key is None:
        raise HttpFault(
            401, "A valid key is needed.", where="Authorization", cure="Send the header Authorization: Bearer <key>."
        )
    if route.scope not in key.scopes:
        raise HttpFault(403, "This key does not allow it.", got=", ".join(key.scopes), allowed=route.scope)
    return key


async def _answered(service: "Service", route: Route, request: Request, key: "ApiKey | None") -> Answer | Events:
    body, media = b"", request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if route.body is not None:
        if media not in route.bodies:
            raise HttpFault(
                415, "A body of a type that is not taken.", where="Content-Type", got=media or "nothing",
                allowed=", ".join(route.bodies),
            )  # fmt: skip
        body = await _body(request)
        packing = request.headers.get("content-encoding", "").strip().lower()
        if packing not in ("", "identity"):
            body = await asyncio.to_thread(_unpacked, body, packing)
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    base = f"{request.url.scheme}://{request.url.netloc}"
    asked = Asked(service, key, dict(request.path_params), query, body, media, request.headers, base)
    found = await asyncio.to_thread(partial(route.call, asked))
    if isinstance(found, Pending):
        return found.answer(await asyncio.wrap_future(found.promise))
    return found


async def _body(request: Request) -> bytes:
    """The body, within its size and its time."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > MOST_BODY:
                    raise HttpFault(413, "The body is too large.", allowed=f"{MOST_BODY >> 20} MiB", cure="Send parts.")
                parts.append(part)
    except TimeoutError as fault:
        raise HttpFault(408, "The body took too long to arrive.", allowed=f"{BODY_S:g} s") from fault
    return b"".join(parts)


def _unpacked(body: bytes, packing: str) -> bytes:
    """A packed body; it never grows beyond the size that an unpacked one may have."""
    import pyarrow as pa

    if packing not in _PACKED:
        raise HttpFault(
            415, "A packing that is not known.", where="Content-Encoding", got=packing, allowed=", ".join(_PACKED)
        )
    try:
        with pa.CompressedInputStream(io.BytesIO(body), _PACKED[packing]) as stream:
            found: bytes = stream.read(MOST_BODY + 1)
    except (OSError, pa.ArrowException) as fault:
        raise HttpFault(400, "The body cannot be unpacked.", where="Content-Encoding", got=packing) from fault
    if len(found) > MOST_BODY:
        raise HttpFault(413, "The unpacked body is too large.", allowed=f"{MOST_BODY >> 20} MiB", cure="Send parts.")
    return found


def _response(answer: Answer | Events) -> Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    if isinstance(answer, Events):
        # A proxy that buffers would hold events back.
        headers |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(answer.blocks(), media_type="text/event-stream", headers=headers)
    headers |= answer.headers
    return Response(answer.body, status_code=answer.status, media_type=answer.media, headers=headers)
