"""The city as its people define it: city.toml, its policy, the norms that bind it. Faults are collected, raised once."""

from cityloop.settings.billing import BillingSettings
from cityloop.settings.city_file import BoundarySettings, CitySettings, LimitSettings, ModelSettings, load_city
from cityloop.settings.crs import Crs, describe_crs
from cityloop.settings.example import example_city_toml
from cityloop.settings.faults import Stated, nearest
from cityloop.settings.norms import load_norms, world_of
from cityloop.settings.positions import PositionSettings
from cityloop.settings.registers import RegisterSettings
from cityloop.settings.requests import RequestSettings
from cityloop.settings.source_settings import FileSettings, SeriesSettings, TimeSettings, TwinSettings, carried_as

__all__ = [
    "BillingSettings", "BoundarySettings", "CitySettings", "Crs", "FileSettings", "LimitSettings", "ModelSettings", "PositionSettings",
    "RegisterSettings", "RequestSettings", "SeriesSettings",
    "Stated", "TimeSettings", "TwinSettings", "carried_as", "describe_crs", "example_city_toml", "load_city", "load_norms", "nearest", "world_of",
]  # fmt: skip
