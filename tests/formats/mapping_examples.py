"""Labelled examples for the mapping of columns: six styles of names made by a seeded generator, each file in another form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cityloop.formats.mapping_propose import Place
from cityloop.formats.mapping_things import KnownThing

FIELDS = ("thing", "property", "unit", "statistic")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What a column means: "" = nothing in the product (or no thing of the city)."""

    thing: str = ""
    property: str = ""
    unit: str = ""
    statistic: str = ""


@dataclass(frozen=True)
class Example:
    """One file with what its columns mean."""

    name: str
    text: bytes
    suffix: str
    truth: dict[str, Truth]
    place: Place


def city_things() -> tuple[KnownThing, ...]:
    """A made-up city: 12 areas with names, inlets, junctions, pumps, tanks and valves."""
    numerals = "一二三四五六七八九"
    named = ["老城", "新城", "园区", "河西", "东湖", "南站", "大学城", "港口", "云山"]
    english = [
        "Old town",
        "New town",
        "Business park",
        "West bank",
        "East lake",
        "South station",
        "Campus",
        "Harbour",
        "Cloud hill",
    ]
    things = [
        KnownThing("boundary", f"dma-{i + 1}", (f"Area {i + 1}, {english[i]}", f"{numerals[i]}区·{named[i]}"))
        for i in range(9)
    ]
    things += [KnownThing("pipe", f"JS{i}-{j}") for i in range(1, 10) for j in (1, 2)]
    things += [KnownThing("junction", f"J-{n}") for n in range(1001, 1041)]
    things += [
        KnownThing("junction", f"JD{n}", (), ((f"YL-{n - 2000:02d}", "loggers.csv"),)) for n in range(2001, 2021)
    ]
    things += [KnownThing("pump", f"Pump-{n}") for n in range(1, 7)]
    things += [KnownThing("tank", f"T-{n}") for n in range(1, 6)]
    things += [KnownThing("valve", f"V-{n}") for n in range(1, 6)]
    things += [KnownThing("pipe", f"P-{n}") for n in range(100, 130)]
    return tuple(things)


# --- values --------------------------------------------------------------------------------------------------------
Maker = Callable[[np.random.Generator, int], Floats]


def daily(low: float, high: float, noise: float) -> Maker:
    def make(rng: np.random.Generator, n: int) -> Floats:
        wave = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / 96 + rng.uniform(-0.5, 0.5))
        return np.asarray(low + (high - low) * wave + rng.normal(0, noise, n))

    return make


def register(rate: float, start: float, size: float = 0.0) -> Maker:
    def make(rng: np.random.Generator, n: int) -> Floats:
        found = start + np.cumsum(rng.gamma(4, rate / 4, n))
        return np.asarray(found % size if size else found).round(1)

    return make


def on_off(rng: np.random.Generator, n: int) -> Floats:
    return np.asarray((np.cumsum(rng.random(n) < 0.03) % 2).astype(float))


FLOW, FLOW_L = daily(40, 220, 4), daily(8, 60, 1)
MPA, M, KPA, PSI, BAR = (
    daily(0.42, 0.28, 0.004),
    daily(44, 28, 0.4),
    daily(420, 280, 4),
    daily(62, 41, 0.6),
    daily(4.3, 2.9, 0.04),
)
LEVEL, TOTAL, CURRENT, POWER = daily(1.8, 4.2, 0.03), daily(10, 55, 1), daily(60, 90, 1), daily(30, 75, 1)
COUNT, COUNT_E, WRAPPING = register(30, 1_812_345.0), register(12, 402_345.0), register(40, 9_990_000.0, 1e7)
TEMP, RAIN = (
    daily(8, 21, 0.2),
    lambda rng, n: np.asarray(np.where(rng.random(n) < 0.08, rng.gamma(1, 0.4, n), 0).round(1)),
)

Column = tuple[str, Truth, Maker]


def _style_chinese() -> list[Column]:
    """Headers of a Chinese reporting system: words and units in brackets."""
    found: list[Column] = []
    for i in range(1, 10):
        zone = "一二三四五六七八九"[i - 1]
        found.append((f"{zone}区瞬时流量(m³/h)", Truth(f"boundary:dma-{i}", "water_flow", "m3/h", "instant"), FLOW))
        found.append(
            (
                f"JS{i}-1 累计流量(m³)",
                Truth(f"pipe:JS{i}-1", "water_flow", "m3", "counter"),
                WRAPPING if i == 2 else COUNT,
            )
        )
        found.append((f"JS{i}-2 小时水量（立方米）", Truth(f"pipe:JS{i}-2", "water_flow", "m3", "total"), TOTAL))
    for k in range(1, 13):
        found.append(
            (f"YL-{k:02d} 压力(MPa)", Truth(f"junction:JD{2000 + k}", "water_pressure", "MPa", "instant"), MPA)
        )
    for k in range(1, 5):
        found += [
            (f"{k}#泵 电流(A)", Truth(f"pump:Pump-{k}"), CURRENT),
            (f"{k}#泵频率(Hz)", Truth(f"pump:Pump-{k}"), daily(35, 50, 0.2)),
            (f"{k}号泵累计电量（kWh）", Truth(f"pump:Pump-{k}", "power", "kWh", "counter"), COUNT_E),
            (f"{k}#水泵运行状态", Truth(f"pump:Pump-{k}", "status", "1", "instant"), on_off),
        ]
    found += [
        ("出厂水余氯(mg/L)", Truth(), daily(0.3, 0.6, 0.02)), ("浊度(NTU)", Truth(), daily(0.1, 0.4, 0.01)),
        ("清水池水温(℃)", Truth(), TEMP), ("气温(℃)", Truth("", "air_temperature", "degC", "instant"), TEMP),
        ("降雨量(mm)", Truth("", "rainfall", "mm", "total"), RAIN), ("五区反向累计(m³)", Truth(), register(0.2, 12.0)),
        ("厂区蒸汽流量(t/h)", Truth(), FLOW_L), ("2#水池液位(m)", Truth("tank:T-2", "water_level", "m", "instant"), LEVEL),
    ]  # fmt: skip
    return found


def _style_control() -> list[Column]:
    """Tags of a control system: capitals and underscores, no units."""
    found: list[Column] = []
    for i in range(1, 10):
        found.append((f"DMA{i:02d}_FLOW_PV", Truth(f"boundary:dma-{i}", "water_flow", "m3/h", "instant"), FLOW))
        found.append((f"DMA{i:02d}_FLOW_TOT", Truth(f"boundary:dma-{i}", "water_flow", "m3", "counter"), COUNT))
        found.append((f"DMA{i:02d}_PRES_PV", Truth(f"boundary:dma-{i}", "water_pressure", "kPa", "instant"), KPA))
    for k in range(1, 7):
        found.append((f"PUMP{k:02d}_RUN_STS", Truth(f"pump:Pump-{k}", "status", "1", "instant"), on_off))
        found.append((f"PUMP{k:02d}_CURRENT", Truth(f"pump:Pump-{k}"), CURRENT))
        found.append((f"PUMP{k:02d}_HOURS", Truth(f"pump:Pump-{k}"), register(0.25, 20_311)))
        found.append((f"PUMP{k:02d}_PWR_PV", Truth(f"pump:Pump-{k}", "power", "kW", "instant"), POWER))
    for k in range(1, 6):
        found.append((f"T{k:02d}_LVL_PV", Truth(f"tank:T-{k}", "water_level", "m", "instant"), LEVEL))
        found.append((f"V{k:02d}_POSITION", Truth(f"valve:V-{k}"), daily(20, 80, 1)))
    found += [
        ("PLANT_CL2_PV", Truth(), daily(0.3, 0.6, 0.02)), ("SYS_HEARTBEAT", Truth(), register(1, 3)),
        ("DMA03_FLOW_SP", Truth(), daily(90, 95, 0)), ("XJ_4711", Truth(), daily(1, 2, 0.1)),
    ]  # fmt: skip
    return found


def _style_instrument() -> list[Column]:
    """Instrument codes with the number of the point, units in square brackets, some with a wide letter or a padded zero."""
    found: list[Column] = []
    for n in range(1001, 1021):
        found.append(
            (
                f"PT-J{n}.PV [bar]" if n % 2 else f"ＰＴ－Ｊ{n}.PV [bar]",
                Truth(f"junction:J-{n}", "water_pressure", "bar", "instant"),
                BAR,
            )
        )
    for n in range(100, 112):
        found.append((f"FIT P-{n} [l/s]", Truth(f"pipe:P-{n}", "water_flow", "L/s", "instant"), FLOW_L))
        found.append((f"FQI P-{n} [m3]", Truth(f"pipe:P-{n}", "water_flow", "m3", "counter"), COUNT))
    for k in range(1, 6):
        found.append((f"LIT T-{k} [m]", Truth(f"tank:T-{k}", "water_level", "m", "instant"), LEVEL))
        found.append((f"TT-90{k} [°C]", Truth(), TEMP))
        found.append((f"AIT-10{k} [pH]", Truth(), daily(7.1, 7.4, 0.01)))
    found.append(("PDIT-77 [mbar]", Truth("", "water_pressure", "mbar", "instant"), daily(120, 180, 2)))
    return found


def _style_english() -> list[Column]:
    """Descriptions in English, US units among them."""
    found: list[Column] = []
    for i in range(1, 10):
        found.append((f"Zone {i} inflow, L/s", Truth(f"boundary:dma-{i}", "water_flow", "L/s", "instant"), FLOW_L))
        found.append((f"Zone {i} average flow (gpm)", Truth(f"boundary:dma-{i}", "water_flow", "gpm", "mean"), FLOW))
    for n in range(1001, 1016):
        found.append(
            (f"Junction J-{n} pressure psi", Truth(f"junction:J-{n}", "water_pressure", "psi", "instant"), PSI)
        )
    for k in range(1, 7):
        found.append((f"Pump {k} active power (kW)", Truth(f"pump:Pump-{k}", "power", "kW", "instant"), POWER))
        found.append((f"Pump {k} energy total (kWh)", Truth(f"pump:Pump-{k}", "power", "kWh", "counter"), COUNT_E))
        found.append((f"Pump {k} bearing temperature (°C)", Truth(f"pump:Pump-{k}"), daily(40, 60, 1)))
        found.append((f"Pump {k} running", Truth(f"pump:Pump-{k}", "status", "1", "instant"), on_off))
    for k in range(1, 6):
        found.append(
            (f"Tank T-{k} water level (ft)", Truth(f"tank:T-{k}", "water_level", "ft", "instant"), daily(6, 14, 0.1))
        )
    found += [
        ("Outdoor temperature (°F)", Truth("", "air_temperature", "degF", "instant"), daily(46, 70, 0.4)),
        ("Rainfall (in)", Truth("", "rainfall", "in", "total"), RAIN), ("Relative humidity (%)", Truth("", "relative_humidity", "%", "instant"), daily(50, 90, 1)),
        ("Wind speed (mph)", Truth("", "wind_speed", "mph", "instant"), daily(2, 9, 0.5)), ("Old town daily consumption (m3)", Truth("boundary:dma-1", "water_flow", "m3", "total"), TOTAL),
        ("Gas meter 3 (Nm3/h)", Truth(), FLOW_L), ("Comment count", Truth(), daily(1, 4, 1)),
    ]  # fmt: skip
    return found


def _style_historian() -> list[Column]:
    """Paths of a historian, with a second header row of descriptions and a third of units (see `files`)."""
    found: list[Column] = []
    for i in range(1, 10):
        found.append(
            (f"PLC{i % 3 + 1}.DMA-{i}.FI01", Truth(f"boundary:dma-{i}", "water_flow", "m3/h", "instant"), FLOW)
        )
        found.append((f"PLC{i % 3 + 1}.DMA-{i}.FQ01", Truth(f"boundary:dma-{i}", "water_flow", "m3", "counter"), COUNT))
    for n in range(1020, 1041):
        found.append((f"RTU{n % 5}.J-{n}.AI3", Truth(f"junction:J-{n}", "water_pressure", "kPa", "instant"), KPA))
    for k in range(1, 6):
        found.append((f"PLC9.T-{k}.AI1", Truth(f"tank:T-{k}", "water_level", "m", "instant"), LEVEL))
        found.append((f"PLC9.T-{k}.AI7", Truth(f"tank:T-{k}"), daily(0.3, 0.6, 0.02)))
    found.append(("PLC9.XX.AI2", Truth("", "water_pressure", "MPa", "instant"), MPA))
    return found


def _historian_rows(columns: Sequence[Column]) -> tuple[list[str], list[str]]:
    said, units = ["时间"], [""]
    words = {
        "FI": ("瞬时流量", "m3/h"),
        "FQ": ("正向累计", "m3"),
        "AI3": ("管网压力", "kPa"),
        "AI1": ("水池液位", "m"),
        "AI7": ("余氯", "mg/L"),
        "AI2": ("出口压力", "MPa"),
    }
    for name, _, _ in columns:
        word, unit = next(v for k, v in words.items() if name.rpartition(".")[2].startswith(k))
        said.append(word)
        units.append(unit)
    return said, units


def _style_mixed() -> list[Column]:
    """Names as people wrote them over the years, half Chinese, half English; many are of no quantity of the product."""
    flow, pressure, level = ("water_flow", "water_pressure", "water_level")
    stop = register(30, 100.0)
    return [
        ("出水总管流量", Truth("", flow, "m3/h", "instant"), FLOW), ("进水压力", Truth("", pressure, "MPa", "instant"), MPA),
        ("1#取水泵A相电流", Truth(), CURRENT), ("2#机组Uab", Truth(), daily(395, 405, 1)), ("有功功率(kW)", Truth("", "power", "kW", "instant"), POWER),
        ("无功功率(kvar)", Truth(), POWER), ("总有功电度", Truth("", "power", "kWh", "counter"), COUNT_E),
        ("正向有功总电能(kWh)", Truth("", "power", "kWh", "counter"), COUNT_E), ("瞬时流量", Truth("", flow, "m3/h", "instant"), FLOW),
        ("净累计流量", Truth("", flow, "m3", "counter"), COUNT), ("水表读数", Truth("", flow, "m3", "counter"), COUNT),
        ("昨日用水量(m³)", Truth("", flow, "m3", "total"), TOTAL), ("日最大压力(MPa)", Truth(), MPA), ("压力上限", Truth(), daily(0.6, 0.6, 0)),
        ("压力报警", Truth(), on_off), ("电池电压(V)", Truth(), daily(3.5, 3.7, 0.01)), ("信号强度", Truth(), daily(14, 28, 1)),
        ("末梢压力（公斤）", Truth("", pressure, "kgf/cm2", "instant"), daily(2.1, 3.4, 0.05)), ("水箱水位(%)", Truth(), daily(30, 80, 1)),
        ("阀后压力[kPa]", Truth("", pressure, "kPa", "instant"), KPA), ("滤池差压(kPa)", Truth(), daily(5, 20, 0.5)),
        ("加氯量(kg/h)", Truth(), daily(1, 3, 0.1)), ("加药泵频率", Truth(), daily(30, 50, 1)), ("出水pH", Truth(), daily(7, 7.5, 0.02)),
        ("进厂水量(万吨)", Truth("", flow, "万m3", "total"), daily(3, 5, 0.2)), ("供水量累计(万m³)", Truth("", flow, "万m3", "counter"), register(0.5, 812)),
        ("蓄水量(万m³)", Truth("", "volume", "万m3", "instant"), daily(320, 360, 1)), ("库水位(m)", Truth("", level, "m", "instant"), daily(81, 84, 0.01)),
        ("漏损率(%)", Truth(), daily(8, 14, 0.3)), ("产销差(%)", Truth(), daily(12, 20, 0.3)), ("在线率(%)", Truth(), daily(92, 99, 0.3)),
        ("管径(mm)", Truth(), daily(300, 300, 0)), ("流速(m/s)", Truth(), daily(0.2, 1.1, 0.02)), ("1#泵振动(mm/s)", Truth(), daily(0.8, 2, 0.05)),
        ("电机轴承温度(℃)", Truth(), daily(40, 60, 1)), ("室内温度(℃)", Truth(), TEMP), ("环境湿度(%)", Truth("", "relative_humidity", "%", "instant"), daily(40, 90, 1)),
        ("降水(mm)", Truth("", "rainfall", "mm", "total"), RAIN), ("投加泵行程(%)", Truth(), daily(30, 80, 1)), ("吨水电耗(kWh/m³)", Truth(), daily(0.2, 0.3, 0.01)),
        ("Suction Pressure PSI", Truth("", pressure, "psi", "instant"), PSI), ("Discharge Pressure PSI", Truth("", pressure, "psi", "instant"), PSI),
        ("Wet Well Level FT", Truth("", level, "ft", "instant"), daily(4, 9, 0.1)), ("Chlorine Residual MG/L", Truth(), daily(0.4, 0.9, 0.02)),
        ("Pump A Speed %", Truth(), daily(60, 95, 1)), ("VFD Hz", Truth(), daily(35, 60, 1)), ("Battery Volts", Truth(), daily(12, 14, 0.1)),
        ("Daily Min Pressure psi", Truth(), PSI), ("Tank Level %", Truth(), daily(40, 90, 1)), ("Flow Setpoint gpm", Truth(), daily(200, 200, 0)),
        ("High Pressure Alarm", Truth(), on_off), ("Flow Totalizer (kgal)", Truth("", flow, "kgal", "counter"), COUNT), ("MAG METER GPM", Truth("", flow, "gpm", "instant"), FLOW),
        ("Totalized Flow", Truth("", flow, "m3", "counter"), COUNT), ("Rain Gauge in", Truth("", "rainfall", "in", "total"), RAIN),
        ("Ambient Temp F", Truth("", "air_temperature", "degF", "instant"), daily(46, 70, 0.5)), ("Water Temp C", Truth(), TEMP),
        ("kW Demand", Truth("", "power", "kW", "instant"), POWER), ("Power Factor", Truth(), daily(0.8, 0.95, 0.01)),
        ("Current Flow", Truth("", flow, "m3/h", "instant"), FLOW), ("Flow Rate Avg", Truth("", flow, "m3/h", "mean"), FLOW),
        ("Pipe Diameter mm", Truth(), daily(300, 300, 0)), ("Runtime today h", Truth(), daily(1, 20, 1)), ("Door open", Truth(), on_off),
        ("Oil pressure bar", Truth(), daily(3, 5, 0.1)), ("Air pressure hPa", Truth(), daily(990, 1020, 1)), ("Valve travel %", Truth(), daily(20, 80, 1)),
        ("Heat flow kW", Truth(), POWER), ("Sewage flow m3/h", Truth(), FLOW), ("Leak probability", Truth(), daily(0.1, 0.4, 0.05)),
        ("Flow balance error %", Truth(), daily(-2, 2, 0.5)), ("Level alarm limit m", Truth(), daily(4, 4, 0)), ("Flow quality", Truth(), daily(192, 192, 0)),
        ("Forecast demand m3/h", Truth(), FLOW), ("Simulated pressure m", Truth(), M), ("Reverse flow total m3", Truth(), stop),
    ]  # fmt: skip


STYLES = {
    "chinese": _style_chinese,
    "control": _style_control,
    "instrument": _style_instrument,
    "english": _style_english,
    "historian": _style_historian,
    "mixed": _style_mixed,
}


def files(seed: int = 20261125, rows: int = 672) -> list[Example]:
    """The generated files, one per style: a week of quarter hours with gaps, each in another form."""
    rng = np.random.default_rng(seed)
    place = Place(city_things(), "Asia/Shanghai")
    found = []
    for name, make in STYLES.items():
        columns = make()
        values = np.column_stack([maker(rng, rows) for _, _, maker in columns])
        stamps = np.datetime64("2026-03-02T00:00") + np.arange(rows) * np.timedelta64(15, "m")
        sign, decimal, coding = {"english": (",", ".", "utf-8"), "instrument": (";", ",", "cp1252"), "control": ("\t", ".", "utf-8-sig"),
                                 "chinese": (",", ".", "gb18030"), "historian": (",", ".", "gb18030"), "mixed": (",", ".", "utf-8")}[name]  # fmt: skip
        coding = "utf-8" if name == "instrument" else coding
        lines = [
            sign.join(
                [
                    '"' + c[0] + '"' if sign in c[0] else c[0]
                    for c in [("时间" if name in ("chinese", "historian") else "Timestamp", 0, 0), *columns]
                ]
            )
        ]
        if name == "historian":
            lines += [sign.join(row) for row in _historian_rows(columns)]
        if name == "chinese":
            lines = ["示例水务公司运行日报" + sign * len(columns), *lines]
        gaps = rng.random(values.shape) < 0.01
        forms = {
            "english": "%m/%d/%Y %H:%M",
            "instrument": "%d.%m.%Y %H:%M",
            "control": "%Y-%m-%d %H:%M:%S",
            "chinese": "%Y/%m/%d %H:%M",
            "historian": "%Y-%m-%d %H:%M",
            "mixed": "%Y-%m-%dT%H:%M:%S",
        }
        for r in range(rows):
            stamp = stamps[r].astype(object).strftime(forms[name])
            cells = ["" if gaps[r, c] else f"{values[r, c]:.10g}".replace(".", decimal) for c in range(len(columns))]
            lines.append(sign.join([stamp, *cells]))
        data = ("\r\n".join(lines) + "\r\n").encode(coding)
        found.append(Example(name, data, ".csv", {c[0]: c[1] for c in columns}, place))
    return found
