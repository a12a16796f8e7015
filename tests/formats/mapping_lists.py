"""Labelled lists of names: as two public competitions have them, and two of difficult ones; the values are made here."""

import io
from collections.abc import Sequence

import numpy as np
from tests.formats.mapping_examples import (
    BAR,
    COUNT,
    COUNT_E,
    CURRENT,
    FLOW,
    FLOW_L,
    KPA,
    LEVEL,
    MPA,
    POWER,
    RAIN,
    TEMP,
    TOTAL,
    Column,
    Example,
    M,
    Truth,
    daily,
    on_off,
    register,
)

from cityloop.formats.mapping_propose import Place
from cityloop.formats.mapping_things import KnownThing


# --- as published ------------------------------------------------------------------------------------------
def published() -> list[Example]:
    """Column names of two public competitions (their names only; the values are made here).

    BATADAL (Taormina et al. 2018, J. Water Resour. Plann. Manage. 144(8)): C-Town, levels m, flows L/s, pressures m, status 0/1.
    BattLeDIM (Vrachimis et al. 2022, J. Water Resour. Plann. Manage. 148(12)): L-Town, sheets of pressures (m), flows (m3/h), levels.
    """
    rng = np.random.default_rng(7)
    ctown = [KnownThing("tank", f"T{n}") for n in range(1, 8)] + [KnownThing("pump", f"PU{n}") for n in range(1, 12)]
    junctions = (280, 269, 300, 256, 289, 415, 302, 306, 307, 317, 14, 422)
    ctown += [KnownThing("valve", "V2"), *(KnownThing("junction", f"J{n}") for n in junctions)]
    columns: list[Column] = [
        (f"L_T{n}", Truth(f"tank:T{n}", "water_level", "m", "instant"), LEVEL) for n in range(1, 8)
    ]
    for n in range(1, 12):
        columns.append((f"F_PU{n}", Truth(f"pump:PU{n}", "water_flow", "L/s", "instant"), FLOW_L))
        columns.append((f"S_PU{n}", Truth(f"pump:PU{n}", "status", "1", "instant"), on_off))
    columns += [
        ("F_V2", Truth("valve:V2", "water_flow", "L/s", "instant"), FLOW_L),
        ("S_V2", Truth("valve:V2", "status", "1", "instant"), on_off),
    ]
    columns += [(f"P_J{n}", Truth(f"junction:J{n}", "water_pressure", "m", "instant"), M) for n in junctions]
    columns.append(("ATT_FLAG", Truth(), on_off))
    batadal = _plain("BATADAL", columns, rng, ctown, "%d/%m/%y %H", 60, "DATETIME")
    ltown = [KnownThing("junction", f"n{n}") for n in range(1, 783)] + [
        KnownThing("pipe", f"p{n}") for n in range(1, 906)
    ]
    ltown += [KnownThing("tank", "T1"), KnownThing("pump", "PUMP_1")]
    loggers = (
        1,
        4,
        31,
        54,
        105,
        114,
        163,
        188,
        215,
        229,
        288,
        296,
        332,
        342,
        410,
        415,
        429,
        458,
        469,
        495,
        506,
        516,
        519,
        549,
        613,
        636,
        644,
        679,
        722,
        726,
        740,
        752,
        769,
    )
    pressures = [(f"n{n}", Truth(f"junction:n{n}", "water_pressure", "m", "instant"), M) for n in loggers]
    flows: list[Column] = [("p227", Truth("pipe:p227", "water_flow", "m3/h", "instant"), FLOW_L), ("p235", Truth("pipe:p235", "water_flow", "m3/h", "instant"), FLOW_L),
                           ("PUMP_1", Truth("pump:PUMP_1", "water_flow", "m3/h", "instant"), FLOW_L)]  # fmt: skip
    return [
        batadal, _plain("2018_SCADA_Pressures", pressures, rng, ltown, "%Y-%m-%d %H:%M:%S", 5, "Timestamp", ";", ","),
        _plain("2018_SCADA_Flows", flows, rng, ltown, "%Y-%m-%d %H:%M:%S", 5, "Timestamp", ";", ","),
    ]  # fmt: skip


def held_out() -> list[Example]:
    """A list that was written after the rules and on which none was tuned: a town whose names resemble each other."""
    rng = np.random.default_rng(11)
    flow, pressure, level = ("water_flow", "water_pressure", "water_level")
    things = [KnownThing("boundary", f"dma-{n}", (f"District {n}", f"{n}号分区")) for n in range(1, 13)]
    things += [
        KnownThing("boundary", "dma-1-2", ("District 1 lower zone", "一区低区")),
        KnownThing("boundary", "xl", ("Hillside", "西岭片区")),
    ]
    things += [KnownThing("junction", str(n)) for n in (12, 14, 1203, 1204, 3301)] + [
        KnownThing("pipe", str(n)) for n in (12, 14, 77, 2210)
    ]
    things += [
        KnownThing("tank", "East Tower"),
        KnownThing("tank", "9"),
        KnownThing("pump", "BP-01A"),
        KnownThing("pump", "BP-01B"),
        KnownThing("pump", "BP-02A"),
    ]
    things += [KnownThing("meter", f"LXC-{n}") for n in (80, 100, 1001, 1010)] + [
        KnownThing("valve", "PRV 7"),
        KnownThing("junction", "测压点A3"),
    ]
    columns: list[Column] = [
        ("DMA1-2进水流量(m3/h)", Truth("boundary:dma-1-2", flow, "m3/h", "instant"), FLOW),
        ("DMA1 2#进水流量(m3/h)", Truth("", flow, "m3/h", "instant"), FLOW), ("DMA 12 inflow m3/h", Truth("boundary:dma-12", flow, "m3/h", "instant"), FLOW),
        ("DISTRICT_07_NETFLOW_LPS", Truth("boundary:dma-7", flow, "L/s", "instant"), FLOW_L), ("十一号分区 瞬时流量 m³/h", Truth("boundary:dma-11", flow, "m3/h", "instant"), FLOW),
        ("西岭片区累计供水量(m³)", Truth("boundary:xl", flow, "m3", "counter"), COUNT), ("Hillside Daily Demand (ML/d)", Truth("boundary:xl", flow, "ML/d", "mean"), daily(3, 5, 0.2)),
        ("12 pressure (m)", Truth("junction:12", pressure, "m", "instant"), M), ("12 flow (l/s)", Truth("pipe:12", flow, "L/s", "instant"), FLOW_L),
        ("Node1203.P", Truth("junction:1203", pressure, "m", "instant"), M), ("Node1204 Pressure(mH2O)", Truth("junction:1204", pressure, "mH2O", "instant"), M),
        ("PT3301", Truth("", pressure, "kPa", "instant"), KPA), ("FT-77", Truth("", flow, "L/s", "instant"), FLOW_L), ("管段2210流量(L/s)", Truth("pipe:2210", flow, "L/s", "instant"), FLOW_L),
        ("East Tower Level (m)", Truth("tank:East Tower", level, "m", "instant"), LEVEL), ("EastTower_Lvl_ft", Truth("tank:East Tower", level, "ft", "instant"), daily(6, 14, 0.1)),
        ("Tower 9 level m", Truth("tank:9", level, "m", "instant"), LEVEL), ("BP01A_kW", Truth("pump:BP-01A", "power", "kW", "instant"), POWER),
        ("BP-01B 累计电量 kWh", Truth("pump:BP-01B", "power", "kWh", "counter"), COUNT_E), ("BP-02 A相电流", Truth(), CURRENT), ("BP02A 运行", Truth("pump:BP-02A", "status", "1", "instant"), on_off),
        ("LXC-100 读数(m³)", Truth("meter:LXC-100", flow, "m3", "counter"), COUNT), ("LXC1010 flow m3/h", Truth("meter:LXC-1010", flow, "m3/h", "instant"), FLOW),
        ("PRV7 downstream pressure (bar)", Truth("valve:PRV 7", pressure, "bar", "instant"), BAR), ("PRV7 opening %", Truth(), daily(20, 70, 1)),
        ("测压点A3 压力 MPa", Truth("junction:测压点A3", pressure, "MPa", "instant"), MPA), ("测压点A4 压力 MPa", Truth("", pressure, "MPa", "instant"), MPA),
        ("DMA13 flow m3/h", Truth("", flow, "m3/h", "instant"), FLOW), ("DMA3 vs DMA4 flow difference", Truth(), FLOW), ("DMA5到DMA6联络管流量(m³/h)", Truth("", flow, "m3/h", "instant"), FLOW),
        ("DMA2夜间最小流量(m³/h)", Truth(), FLOW), ("DMA2日供水量(m³)", Truth("boundary:dma-2", flow, "m3", "total"), TOTAL), ("DMA2本月累计(m³)", Truth(), register(30, 120)),
        ("DMA8压力设定(MPa)", Truth(), daily(0.3, 0.3, 0)), ("DMA8平均压力(MPa)", Truth("boundary:dma-8", pressure, "MPa", "mean"), MPA),
        ("1号分区余压 kPa", Truth("boundary:dma-1", pressure, "kPa", "instant"), KPA), ("消防栓压力 MPa", Truth("", pressure, "MPa", "instant"), MPA), ("原水管压力 MPa", Truth("", pressure, "MPa", "instant"), MPA),
        ("热力管网压力 MPa", Truth(), MPA), ("中水流量 m3/h", Truth("", flow, "m3/h", "instant"), FLOW), ("反冲洗水量 m3", Truth(), TOTAL), ("排泥水量 m3", Truth(), TOTAL),
        ("井水位埋深 m", Truth("", level, "m", "instant"), daily(11, 14, 0.1)), ("河道水位(m)", Truth("", level, "m", "instant"), LEVEL), ("溢流水位报警", Truth(), on_off),
        ("Chemical tank level (%)", Truth(), daily(40, 80, 1)), ("Filter 3 flow L/s", Truth("", flow, "L/s", "instant"), FLOW_L), ("Backwash flow L/s", Truth("", flow, "L/s", "instant"), FLOW_L),
        ("Pump room temperature C", Truth(), TEMP), ("Transformer oil temp C", Truth(), TEMP), ("Grid frequency", Truth(), daily(49.9, 50.1, 0.01)), ("Solar power kW", Truth("", "power", "kW", "instant"), POWER),
        ("Energy today kWh", Truth(), COUNT_E), ("Cost of energy", Truth(), daily(1, 2, 0.1)), ("Meter reading LXC-80", Truth("meter:LXC-80", flow, "m3", "counter"), COUNT),
        ("Flow.Q", Truth("", flow, "", "instant"), FLOW), ("pressure2", Truth("", pressure, "MPa", "instant"), MPA), ("VALUE", Truth(), FLOW), ("A0017", Truth(), FLOW),
    ]  # fmt: skip
    return [_plain("held_out", columns, rng, things, "%Y-%m-%d %H:%M:%S", 15, "采集时间")]


def unseen() -> list[Example]:
    """A second list of the same kind, written after the rules were last changed: its figures are those of a first run."""
    rng = np.random.default_rng(13)
    flow, pressure, level = ("water_flow", "water_pressure", "water_level")
    things = [KnownThing("boundary", f"PMZ{n:02d}", (f"Pressure zone {n}", f"{n}压力分区")) for n in range(1, 9)]
    things += [
        KnownThing("boundary", "gx", ("High-tech park", "高新园")),
        KnownThing("boundary", "lh", ("Lakeside", "临湖小区")),
    ]
    things += [KnownThing("pipe", f"DN{d}-{n}") for d in (300, 600) for n in (1, 2, 11)] + [
        KnownThing("junction", f"N{n}") for n in (1, 2, 11, 12, 101, 112)
    ]
    things += [KnownThing("pump", f"{s}站{n}号泵") for s in ("东", "西") for n in (1, 2)] + [
        KnownThing("tank", "高地水池"),
        KnownThing("tank", "CWT-2"),
    ]
    things += [KnownThing("meter", f"WM{n}", (), ((f"{n:08d}", "meters.csv"),)) for n in (20010007, 20010008, 20010070)]
    columns: list[Column] = [
        ("PMZ1 inlet flow (m3/h)", Truth("boundary:PMZ01", flow, "m3/h", "instant"), FLOW), ("PMZ-08.Flow.Total [m3]", Truth("boundary:PMZ08", flow, "m3", "counter"), COUNT),
        ("3压力分区 平均流量 L/s", Truth("boundary:PMZ03", flow, "L/s", "mean"), FLOW_L), ("PMZ9 flow m3/h", Truth("", flow, "m3/h", "instant"), FLOW),
        ("高新园总表累计读数(吨)", Truth("boundary:gx", flow, "t", "counter"), COUNT), ("临湖小区考核表瞬时(m3/h)", Truth("boundary:lh", flow, "m3/h", "instant"), FLOW),
        ("临湖小区 泵房 出水压力 MPa", Truth("", pressure, "MPa", "instant"), MPA), ("Lakeside_AvgPress_bar", Truth("boundary:lh", pressure, "bar", "mean"), BAR),
        ("DN300-1 流量 m³/h", Truth("pipe:DN300-1", flow, "m3/h", "instant"), FLOW), ("DN300_11_FLOW_M3H", Truth("pipe:DN300-11", flow, "m3/h", "instant"), FLOW),
        ("DN600干管流量 m³/h", Truth("", flow, "m3/h", "instant"), FLOW), ("N1 P(kPa)", Truth("junction:N1", pressure, "kPa", "instant"), KPA), ("N112_press_kPa", Truth("junction:N112", pressure, "kPa", "instant"), KPA),
        ("N11-12 pressure drop kPa", Truth(), daily(4, 9, 0.2)), ("东站1号泵有功功率(kW)", Truth("pump:东站1号泵", "power", "kW", "instant"), POWER), ("西站2#泵电度(kWh)", Truth("pump:西站2号泵", "power", "kWh", "counter"), COUNT_E),
        ("西站1号泵运行", Truth("pump:西站1号泵", "status", "1", "instant"), on_off), ("西站1号泵故障", Truth(), on_off), ("西站总电量(kWh)", Truth("", "power", "kWh", "counter"), COUNT_E),
        ("高地水池液位(m)", Truth("tank:高地水池", level, "m", "instant"), LEVEL), ("CWT02 LEVEL (ft)", Truth("tank:CWT-2", level, "ft", "instant"), daily(6, 14, 0.1)), ("CWT2 Cl2 residual", Truth(), daily(0.3, 0.8, 0.02)),
        ("20010007", Truth("meter:WM20010007", "", "", ""), COUNT), ("WM20010070 水量(m3)", Truth("meter:WM20010070", flow, "m3", "counter"), COUNT), ("20010008 m3", Truth("meter:WM20010008", flow, "m3", "counter"), COUNT),
        ("余压控制点压力(MPa)", Truth("", pressure, "MPa", "instant"), MPA), ("调度压力指令(MPa)", Truth(), MPA), ("加压站进水真空度(kPa)", Truth(), KPA), ("最高日供水量(m3)", Truth(), TOTAL),
        ("供水总量(m3)", Truth("", flow, "m3", "counter"), COUNT), ("时均流量(m3/h)", Truth("", flow, "m3/h", "mean"), FLOW), ("流量偏差(m3/h)", Truth(), FLOW), ("温度1", Truth(), TEMP), ("湿度1 %RH", Truth("", "relative_humidity", "%", "instant"), daily(40, 80, 1)),
        ("Flow (m3/h) - validated", Truth("", flow, "m3/h", "instant"), FLOW), ("Pressure transient max (bar)", Truth(), BAR), ("Reservoir 1 volume (ML)", Truth("", "volume", "ML", "instant"), daily(30, 60, 0.4)),
        ("Chlorinator feed (kg/h)", Truth(), daily(1, 2, 0.1)), ("Sump level", Truth("", level, "m", "instant"), LEVEL), ("UPS load %", Truth(), daily(20, 60, 1)), ("Gen kWh", Truth("", "power", "kWh", "counter"), COUNT_E),
        ("Irrigation flow gpm", Truth("", flow, "gpm", "instant"), FLOW), ("Fire flow test", Truth(), FLOW), ("Rain (mm/h)", Truth(), RAIN), ("Wind dir deg", Truth(), daily(0, 359, 9)), ("Solar rad W/m2", Truth(), daily(0, 800, 20)),
    ]  # fmt: skip
    return [_plain("unseen", columns, rng, things, "%Y-%m-%d %H:%M", 30, "时间")]


def _plain(
    name: str, columns: Sequence[Column], rng: np.random.Generator, things: Sequence[KnownThing], form: str, minutes: int, time: str,
    sign: str = ",", decimal: str = ".",
) -> Example:  # fmt: skip
    rows = 600
    stamps = np.datetime64("2014-01-20T00:00") + np.arange(rows) * np.timedelta64(minutes, "m")
    values = np.column_stack([maker(rng, rows) for _, _, maker in columns])
    out = io.StringIO()
    out.write(sign.join([time, *(c[0] for c in columns)]) + "\n")
    for r in range(rows):
        cells = [f"{v:.6g}".replace(".", decimal) for v in values[r]]
        out.write(sign.join([stamps[r].astype(object).strftime(form), *cells]) + "\n")
    return Example(
        name, out.getvalue().encode(), ".csv", {c[0]: c[1] for c in columns}, Place(tuple(things), "Europe/Athens")
    )
