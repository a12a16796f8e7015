"""The served city: one process owns it, one thread writes observations, one turn runs at a time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cityloop.city import City
from cityloop.records import Datastream, Filter
from cityloop.store import GroupWriter
from cityloop.web.events import Feed
from cityloop.web.jobs import Jobs
from cityloop.web.metrics import Metrics
from cityloop.web.places import Places
from cityloop.web.sensorthings.tables import Tables

__all__ = ["Service"]


class Service:
    """What the routes work on. Use as a context manager; leaving it finishes what was accepted and frees the city."""

    def __init__(self, city: City, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.city, self.clock = city, clock
        self.store = city.store
        self.who = Filter.operator()
        self.writer = GroupWriter(city.store)
        self.feed = Feed(city.store)
        self.metrics = Metrics(self.writer, self.feed)
        self.jobs = Jobs(clock)
        self.entities = Tables()
        self.places = Places()
        self.deciding = threading.Lock()
        """Held by whoever changes records of the loop: a turn, or a decision."""
        self._by_name: tuple[int, dict[str, tuple[int, Datastream]]] = (-1, {})

    @classmethod
    def open(cls, folder: Path, *, address: str) -> "Service":
        """Open and own the city of a folder; others are told `address`. Raises as City.open does."""
        city = City.open(folder, address=address)
        try:
            city.define()
        except BaseException:
            city.close()
            raise
        return cls(city)

    def close(self) -> None:
        """Write what waits, stop what runs, free the city."""
        self.jobs.close()
        self.writer.close()
        self.city.close()

    def datastreams(self) -> dict[str, tuple[int, Datastream]]:
        """Id, and name where it is the only one of that name -> the store's number and the Datastream."""
        stamp = self.store.stamp()
        if self._by_name[0] != stamp:
            numbers = self.store.control.numbers()
            known = self.store.records(Datastream, self.who)
            names: dict[str, list[Datastream]] = {}
            for stream in known:
                names.setdefault(stream.name, []).append(stream)
            found = {n: (numbers[s[0].id], s[0]) for n, s in names.items() if len(s) == 1}
            self._by_name = (stamp, found | {s.id: (numbers[s.id], s) for s in known})
        return self._by_name[1]
