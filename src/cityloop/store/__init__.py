"""All state of a city: observations (DuckDB) and records (SQLite) in one data folder, owned by one process."""

from cityloop.store.observations import Taken
from cityloop.store.store import Store
from cityloop.store.view import StoreView

__all__ = ["Store", "StoreView", "Taken"]
