"""All state of a city: observations (DuckDB) and records (SQLite) in one data folder, owned by one process."""

from cityloop.store.keys import SCOPES, ApiKey, Keys
from cityloop.store.observations import Part, Taken, checked, few
from cityloop.store.store import Store
from cityloop.store.view import StoreView
from cityloop.store.writer import GroupWriter

__all__ = ["SCOPES", "ApiKey", "GroupWriter", "Keys", "Part", "Store", "StoreView", "Taken", "checked", "few"]
