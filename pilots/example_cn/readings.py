"""What the devices of the example city recorded before the handover: the twin's own rows, as Chinese systems export them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from cityloop.formats.shifted import wgs84_to_gcj02
from cityloop.registry import engine
from cityloop.settings import CitySettings, load_city
from cityloop.sources.twin import Twin
from example_cn.definition import HANDOVER, START, meter_column, pressure_column
from example_cn.district import AREAS, District
from example_cn.sheets import write_csv

__all__ = ["Course", "Played", "place_loggers", "play", "true_course", "write_positions", "write_readings"]

#: What each register showed on the first day, and its resolution (m³, kWh).
FIRST_READINGS, RESOLUTION = {"JS1-1": 2_873_410.0, "JS2-1": 1_964_072.0, "JS2-2": 871_655.0, "JS3-1": 3_120_888.0}, 0.1
FIRST_KWH = 1_418_230.0
KPA_PER_M, LATE = 9.80665, timedelta(days=3)


def _twin(city: CitySettings, **changes: object) -> Twin:
    assert city.twin is not None
    settings = replace(city.twin, **changes)  # type: ignore[arg-type]
    model = engine("epanet").open(city.models[0].path(city.folder))
    return Twin(settings, city=city, model=model)


def place_loggers(folder: Path) -> list[str]:
    """Junctions of the loggers in the order of placement."""
    streams = _twin(load_city(folder), sends_from=None).datastreams()
    return [s.name.rsplit("/", 1)[1] for s in streams if s.observed_property == "water_pressure"]


@dataclass(frozen=True)
class Played:
    """The twin and what its sensors sent: datastream name -> values by hour from START to HANDOVER, NaN where nothing was."""

    twin: Twin
    shown: dict[str, np.ndarray]


def play(folder: Path) -> Played:
    """Play the days before the handover."""
    city = load_city(folder)
    twin = _twin(city, sends_from=START)
    zone = ZoneInfo(city.timezone)
    begin, end = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (START, HANDOVER))
    hours = int((end - begin).total_seconds() // 3600)
    found: dict[str, np.ndarray] = {}
    for arrival in twin.arrivals(cursors={}, until=end + LATE):
        names = [s.name for s in arrival.datastreams]
        which = arrival.batch["datastream"].to_numpy()
        at = (arrival.batch["time"].cast("int64").to_numpy() // 1_000_000 - int(begin.timestamp())) // 3600
        value = arrival.batch["value"].to_numpy()
        for k, hour, v in zip(which, at, value, strict=True):
            if hour < hours:
                found.setdefault(names[k], np.full(hours, np.nan))[hour] = v
    return Played(twin, found)


def write_readings(folder: Path, district: District, loggers: Sequence[str], played: Played) -> None:
    """进水总表.csv, 泵站电量.csv (registers) and 测压点压力.csv, from START to the midnight of HANDOVER."""
    shown = played.shown
    inlets = [p.id for area in AREAS for p in district.inlets(area)]
    registers = [_register(shown[f"进水总表/{meter_column(p)}"] * 3.6, FIRST_READINGS[p]) for p in inlets]
    moments = [f"{_local(i):%Y/%m/%d %H:%M}" for i in range(len(registers[0]))]
    write_csv(folder / "进水总表.csv", ("时间", *map(meter_column, inlets)), zip(moments, *registers, strict=True))
    kwh = _register(shown["泵站电量/SSB-1 累计电量(kWh)"], FIRST_KWH)
    write_csv(folder / "泵站电量.csv", ("时间", "SSB-1 累计电量(kWh)"), zip(moments, kwh, strict=True))
    numbers = range(1, len(loggers) + 1)
    pressures = [_pressures(shown[f"测压点/{pressure_column(i)}"]) for i in numbers]
    write_csv(
        folder / "测压点压力.csv", ("时间", *map(pressure_column, numbers)), zip(moments[:-1], *pressures, strict=True)
    )


@dataclass(frozen=True)
class Course:
    """What was true before the handover: use without leaks by area and day, m³, and where leaks came to the surface."""

    used_m3: dict[int, np.ndarray]
    seepages: list[tuple[str, datetime]]


def true_course(district: District, played: Played) -> Course:
    """The truth that billing and callers go by; the loop never sees it."""
    truth = played.twin.truth_over((HANDOVER - START).days * 24)
    used = {}
    for area in AREAS:
        inflow = np.sum([played.shown[f"进水总表/{meter_column(p.id)}"] for p in district.inlets(area)], axis=0)
        leaks = [k for k, leak in enumerate(truth.leaks) if district.at[leak.node].area == area.number]
        net = inflow - truth.leak_flow_l_per_s[:, leaks].sum(axis=1)
        used[area.number] = np.nanmean(net.reshape(-1, 24), axis=1) * 86.4
    begin = datetime(START.year, START.month, START.day)
    return Course(used, [(leak.node, begin + timedelta(days=leak.onset_day)) for leak in truth.leaks])


def write_positions(folder: Path, district: District, loggers: Sequence[str]) -> None:
    """测压点位置.csv: where the loggers stand, in GCJ-02, as found with a phone (a few metres of error)."""
    from pyproj import Transformer

    rng = np.random.default_rng([START.toordinal(), 5])
    to_degrees = Transformer.from_crs("EPSG:4549", "EPSG:4490", always_xy=True)
    places = [district.at[name] for name in loggers]
    x, y = (np.array([getattr(j, way) for j in places]) + rng.normal(0, 3, len(places)) for way in ("x", "y"))
    lon, lat = wgs84_to_gcj02(*(np.asarray(v) for v in to_degrees.transform(x, y)))
    rows = [
        (f"YL-{i:02d}", j.id, f"示例测压点 {i}（虚构）", f"{a:.6f}", f"{b:.6f}", "GCJ-02")
        for i, (j, a, b) in enumerate(zip(places, lon, lat, strict=True), 1)
    ]
    write_csv(folder / "测压点位置.csv", ("设备编号", "节点编号", "安装位置", "经度", "纬度", "坐标系"), rows)


def _local(hour: int) -> datetime:
    """The wall clock `hour` hours after START; the zone keeps one offset all year."""
    return datetime(START.year, START.month, START.day) + timedelta(hours=hour)


def _register(hourly: np.ndarray, first: float) -> list[str]:
    """Readings at the full hours, one more than hours; no reading where the hour before it was not sent.

    The register itself counts on through a gap, here in a straight line.
    """
    hour = np.arange(len(hourly))
    known = np.isfinite(hourly)
    counted = np.concatenate([[0.0], np.cumsum(np.interp(hour, hour[known], hourly[known]))])
    sent = np.concatenate([[True], known])
    sent[-1] = True
    return [
        f"{first + round(c / RESOLUTION) * RESOLUTION:.1f}" if s else "" for c, s in zip(counted, sent, strict=True)
    ]


def _pressures(metres: np.ndarray) -> list[str]:
    return ["" if np.isnan(m) else f"{m * KPA_PER_M / 1000:.3f}" for m in metres]
