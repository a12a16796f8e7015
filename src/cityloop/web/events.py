"""One stream of what happens in the city, in the order of writing, from any earlier place on (Server-Sent Events, WHATWG).

An event's id is `stamp-seq`: the place that a reader has reached among records and among rows. Both are the store's own
counters, so that an id stays good over restarts. No event is kept for anybody: each reader asks the store from its place on,
and holds one block at most.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cityloop.errors import InputError
from cityloop.store import Store
from cityloop.web.faults import HttpFault
from cityloop.web.routes import Asked, Events

if TYPE_CHECKING:
    from cityloop.web.service import Service

__all__ = ["Feed", "Place", "get_events"]

#: Seconds between signs of life; between looks at the store; readers at once; events in one block.
HEARTBEAT_S, LOOK_S, MOST_READERS, BLOCK = 15.0, 0.2, 100, 500
_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


class Place(NamedTuple):
    """How far a reader is: everything up to this stamp and this seq has been told."""

    stamp: int
    seq: int

    def __str__(self) -> str:
        return f"{self.stamp}-{self.seq}"

    def beyond(self, other: "Place") -> bool:
        """Whether something lies between the other place and this one."""
        return self.stamp > other.stamp or self.seq > other.seq


class Feed:
    """What all readers of one server share: one look at the store for all of them, and the end of it. One event loop's."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = Place(0, 0)
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self.readers = 0
        self.ended = False

    def here(self) -> Place:
        """The place of what is written now. The seq is read first: records are written before the rows that cite them."""
        seq = self._store.seq()
        return Place(self._store.stamp(), seq)

    def enter(self) -> None:
        """A reader more; the first one starts the looking."""
        self.readers += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def leave(self) -> None:
        """A reader less; the looking ends by itself after the last one."""
        self.readers -= 1

    def end(self) -> None:
        """Let every reader end: the server stops."""
        self.ended = True
        self._news.set()

    async def news(self, place: Place) -> bool:
        """Wait for something beyond a place; False where there is none for as long as a sign of life may take."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                while not self.ended and not self._seen.beyond(place):
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _look(self) -> None:
        try:
            while self.readers and not self.ended:
                seen = await asyncio.to_thread(self.here)
                if seen != self._seen:
                    self._seen = seen
                    self._news.set()
                    self._news = asyncio.Event()
                await asyncio.sleep(LOOK_S)
        finally:
            self._looking = None


def get_events(asked: Asked) -> Events:
    """Records written and rows taken, from now on or after the id in `Last-Event-ID` or `after`.

    Raises HttpFault 503 while too many read, 409 for an id that this city has not come to.
    """
    feed = asked.service.feed
    if feed.readers >= MOST_READERS:
        raise HttpFault(503, "Too many readers of events.", allowed=MOST_READERS, cure="Come back later.")
    here, given = feed.here(), asked.headers.get("last-event-id") or asked.one("after")
    place = _place(given) if given else here
    if place.beyond(here):
        raise HttpFault(
            409, "This city has not come to that event.", where="Last-Event-ID", got=given, allowed=f"up to {here}",
            cure="It was restored or is another city: read its records anew, then begin without an id.",
        )  # fmt: skip
    return Events(lambda: _blocks(asked, place))


def _place(text: str) -> Place:
    found = _ID.fullmatch(text.strip())
    if found is None:
        raise InputError(
            "Not the id of an event.", where="Last-Event-ID, after", got=text[:60], allowed="<stamp>-<seq>"
        )
    return Place(int(found[1]), int(found[2]))


async def _blocks(asked: Asked, place: Place) -> AsyncIterator[bytes]:
    """Blocks of events until the server stops or the key ends. The first one gives the place, so that nothing is missed."""
    feed = asked.service.feed
    feed.enter()
    try:
        yield f"retry: 2000\nid: {place}\n\n".encode()
        while not feed.ended:
            events, place = await asyncio.to_thread(_since, asked.service, place)
            if events:
                yield events
            elif not await feed.news(place):
                if not await asyncio.to_thread(_still_valid, asked):
                    return
                yield b": still here\n\n"
    finally:
        feed.leave()


def _since(service: "Service", place: Place) -> tuple[bytes, Place]:
    """The next events after a place, and the place after them."""
    seq = service.store.seq()
    written, reached = service.store.written(place.stamp, service.who, most=BLOCK)
    said: list[str] = []
    for stamp, noun, id_, version in written:
        said.append(_event("record", Place(stamp, place.seq), noun=noun, id=id_, version=version, stamp=stamp))
    told = Place(reached, place.seq)
    if seq > place.seq and len(written) < BLOCK:
        told = Place(reached, seq)
        said.append(_event("rows", told, **{"from": place.seq + 1, "to": seq}))
    return "".join(said).encode(), told


def _event(kind: str, place: Place, **data: Any) -> str:
    return f"id: {place}\nevent: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _still_valid(asked: Asked) -> bool:
    """Whether the key that opened the stream still opens anything."""
    service, key = asked.service, asked.key
    return key is not None and any(k.id == key.id and k.valid(service.clock()) for k in service.store.keys.all())
