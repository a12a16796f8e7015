"""The words of tags and headers in both languages: what is measured, how, in which unit, of which kind of thing.

A word is a normalised token (see mapping_tags); Chinese words are found inside longer text, the longest first. Instrument codes
follow ISA-5.1 (PT, FIT, LT) as utilities write them. What the product has no quantity for is listed as such: it is recognised
and left out, never taken for its neighbour.
"""

from collections.abc import Mapping
from types import MappingProxyType

from cityloop.i18n import Pair

__all__ = [
    "AMOUNTS",
    "FILLERS",
    "KINDS_OF",
    "OUTSIDE",
    "PROPERTY_WORDS",
    "STATISTIC_WORDS",
    "TEMPERATURE_WORDS",
    "THING_WORDS",
    "UNITS",
]

PROPERTY_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "water_flow": (
        "流量", "进水量", "出水量", "供水量", "水量", "用水量", "产水量", "取水量", "flow", "flowrate", "inflow", "outflow",
        "flw", "flo", "ft", "fit", "fi", "fqi", "fq", "fir", "ll", "ssll", "ljll", "consumption", "demand",
    ),
    "water_pressure": ("压力", "水压", "压强", "扬程", "pressure", "pres", "press", "prs", "pt", "pit", "pi", "yl", "head"),
    "water_level": ("液位", "水位", "池位", "level", "lvl", "lev", "lt", "lit", "li", "yw"),
    "power": (
        "电量", "电能", "用电量", "有功电度", "有功电能", "功率", "有功功率", "耗电量", "power", "energy", "kwh", "pwr", "jt", "ji",
        "activepower", "jqi",
    ),
    "air_temperature": ("气温", "室外温度", "环境温度", "airtemperature", "airtemp", "ambienttemperature", "outdoortemperature"),
    "rainfall": ("雨量", "降雨", "降雨量", "降水量", "rain", "rainfall", "precipitation", "precip"),
    "relative_humidity": ("湿度", "相对湿度", "humidity", "airhumidity"),
    "wind_speed": ("风速", "wind", "windspeed"),
    "volume": ("蓄水量", "库容", "蓄量", "库存量", "storedvolume", "storage"),
    "status": (
        "运行状态", "运行", "启停", "启停状态", "开关状态", "运行信号", "状态", "status", "state", "running", "run", "onoff", "sts",
    ),
})  # fmt: skip
"""Observed property -> words. Volumes and energies counted over time are kept as water_flow and power (see units.accumulated)."""

AMOUNTS = frozenset(["进水量", "出水量", "供水量", "水量", "用水量", "产水量", "取水量", "电量", "电能", "用电量", "耗电量", "有功电度",
                     "有功电能", "energy", "consumption", "kwh", "fqi", "fq", "jqi"])  # fmt: skip
"""Words of an amount: counted or per interval, never a rate."""

OUTSIDE: Mapping[str, Pair] = MappingProxyType({
    word: Pair(en, zh)
    for en, zh, words in (
        ("electric current", "电流", ("电流", "current", "amp", "amps", "ampere", "it", "cur")),
        ("voltage", "电压", ("电压", "voltage", "volt", "volts", "et")),
        ("frequency", "频率", ("频率", "变频", "frequency", "freq", "hz", "vfd")),
        ("power factor", "功率因数", ("功率因数", "powerfactor", "cosphi")),
        ("reactive energy or power", "无功", ("无功", "无功功率", "无功电能", "reactive", "kvar", "kvarh")),
        ("residual chlorine", "余氯", ("余氯", "总氯", "chlorine", "cl2")),
        ("turbidity", "浊度", ("浊度", "turbidity", "turb", "ntu")),
        ("pH", "pH", ("ph", "酸碱度")),
        ("conductivity", "电导率", ("电导率", "conductivity")),
        ("dissolved oxygen", "溶解氧", ("溶解氧", "dissolvedoxygen")),
        ("oxygen demand", "需氧量", ("cod", "bod", "氨氮", "nh3n")),
        ("water temperature", "水温", ("水温", "watertemperature", "watertemp")),
        ("temperature of a machine", "设备温度", (
            "轴温", "轴承温度", "绕组温度", "电机温度", "油温", "bearingtemperature", "windingtemperature", "motortemperature",
        )),
        ("vibration", "振动", ("振动", "震动", "vibration", "vib")),
        ("rotational speed", "转速", ("转速", "rpm", "rotationalspeed")),
        ("valve opening", "阀门开度", ("开度", "阀位", "opening", "position", "zt")),
        ("running hours", "运行时间", ("运行时间", "运行时长", "运行小时", "累计运行", "runtime", "runhours", "hours")),
        ("set point", "设定值", ("设定值", "设定", "给定", "指令", "setpoint", "sp", "cmd", "command")),
        ("limit of an alarm", "报警限值", ("上限", "下限", "报警值", "hilimit", "lolimit")),
        ("alarm", "报警", ("报警", "故障", "告警", "alarm", "fault", "trip", "alm")),
        ("battery or signal of the device", "设备电池或信号", (
            "电池", "电池电压", "电压电量", "剩余电量", "信号强度", "信号", "battery", "batt", "rssi", "signal", "csq",
        )),
        ("quality code", "质量码", ("质量码", "质量戳", "quality", "qual", "质量")),
        ("flow velocity", "流速", ("流速", "velocity")),
        ("gas or steam", "燃气或蒸汽", (
            "燃气", "天然气", "煤气", "蒸汽", "gas", "steam", "工况", "标况", "标方", "nm3", "nm3/h", "sm3", "scm",
        )),
        ("heat", "热量", ("热量", "供热", "heat", "热功率")),
        ("number of the row", "行号", ("序号", "行号", "rowno", "rownumber")),
        ("price or amount of money", "金额", ("金额", "电费", "水费", "单价", "price", "cost")),
        ("specific energy", "单位电耗", ("单耗", "电耗率", "千吨水电耗", "specificenergy")),
        ("maximum or minimum over an interval", "区间最值", (
            "最大值", "最小值", "最高值", "最低值", "最大", "最小", "maximum", "minimum", "max", "min",
        )),
        ("reverse flow register", "反向累计", ("反向", "反向累计", "负累计", "reverse", "negative")),
        ("change since yesterday", "环比或同比", ("环比", "同比", "增幅")),
        ("difference of pressure", "差压", ("差压", "压差", "水头损失", "differentialpressure", "pdt", "pdit", "dp")),
        ("rate or share", "率或占比", ("率", "占比", "比例", "产销差", "漏损率", "完好率", "在线率", "percentage", "efficiency", "error")),
        ("forecast, simulated or planned", "预测、模拟或计划值", (
            "预测", "模拟", "计划", "目标", "forecast", "predicted", "simulated", "planned", "target", "expected",
        )),
        ("pressure of oil, air or steam", "油压、气压", ("油压", "气压", "大气压", "oilpressure", "airpressure", "barometric")),
        ("sewage", "污水", ("污水", "雨水流量", "sewage", "wastewater", "effluent", "sludge", "污泥")),
        ("dosing", "加药", ("加氯量", "加药量", "投加量", "行程", "dosing", "dose", "stroke")),
        ("size of the pipe", "管径", ("管径", "口径", "管长", "diameter", "length")),
    )
    for word in words
})  # fmt: skip
"""What the product has no quantity for, by word."""

STATISTIC_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "counter": (
        "累计", "累积", "总累计", "正累计", "正向累计", "净累计", "累计量", "表底", "底数", "表码", "示数", "读数", "行度", "总量", "电度",
        "有功电度", "cum", "cumulative", "totalizer", "totaliser", "totalised", "totalized", "tot", "total", "acc", "accum",
        "register", "counter", "cnt", "fqi", "fq", "jqi", "ljll", "odometer", "index",
    ),
    "instant": (
        "瞬时", "实时", "当前", "瞬时值", "实时值", "inst", "instant", "instantaneous", "realtime", "ssll", "now", "rate", "flowrate",
    ),
    "mean": ("平均", "均值", "平均值", "avg", "mean", "average"),
    "total": (
        "本月", "当月", "本年", "月累计", "年累计", "班累计", "日累计", "时累计", "小时累计", "日用水量", "日供水量", "日水量", "日电量", "日用电量", "小时水量", "时水量", "小时电量", "本日", "今日",
        "当日", "昨日", "区间", "增量", "当期", "hourly", "daily", "delta", "increment", "interval",
    ),
})  # fmt: skip

TEMPERATURE_WORDS = frozenset(["温度", "temperature", "temp", "tt", "tit", "te"])
"""A temperature of something."""

THING_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "boundary": ("dma", "分区", "计量区", "计量分区", "片区", "区域", "区", "zone", "district", "area", "pma", "dmz"),
    "pump": ("泵", "水泵", "机泵", "泵组", "pump", "pmp", "pu"),
    "tank": ("水池", "水箱", "水塔", "清水池", "高位水池", "调蓄池", "tank", "tk", "clearwell"),
    "reservoir": ("水库", "水源", "水厂", "reservoir", "source"),
    "valve": ("阀", "阀门", "减压阀", "valve", "vlv", "prv"),
    "pipe": ("管段", "管线", "管道", "干管", "pipe", "main", "link"),
    "junction": ("节点", "测压点", "监测点", "压力点", "junction", "node", "junc"),
    "meter": ("水表", "流量计", "电表", "总表", "大表", "meter", "mtr"),
    "station": ("station", "气象站", "雨量站", "泵站", "泵房", "加压站", "站", "weather", "gauge"),
    "building": ("建筑", "楼", "building"),
})  # fmt: skip
"""Kind of thing -> words for it; the first is the canonical one, to which the others are reduced when names are compared."""

KINDS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "water_flow": ("boundary", "pipe", "meter", "pump", "valve", "reservoir", "tank", "station", "building"),
    "water_pressure": ("junction", "pump", "valve", "meter", "station", "reservoir", "tank", "boundary", "building"),
    "water_level": ("tank", "reservoir", "station"),
    "power": ("pump", "meter", "station", "building", "transformer"),
    "status": ("pump", "valve", "pipe", "station"),
    "air_temperature": ("station",),
    "rainfall": ("station", "boundary"),
    "relative_humidity": ("station",),
    "wind_speed": ("station",),
})  # fmt: skip
"""On which kinds of thing a property is measured, the likeliest first."""

FILLERS = frozenset([
    "plc", "rtu", "scada", "opc", "ns", "s", "db", "ai", "di", "ao", "ch", "pv", "val", "value", "av", "cv", "mv", "值", "数据",
    "数值", "data", "tag", "point", "测点", "点", "监测", "水", "的", "water", "号", "#", "no", "id", "of", "the", "in", "out", "进",
    "出", "进口", "出口", "进水", "出水", "供水", "总", "main", "meas", "sensor", "传感器", "变送器", "仪表", "表", "计", "记录仪",
    "suction", "discharge", "inlet", "outlet", "upstream", "downstream", "wet", "well", "rate", "gauge", "mag", "magmeter", "depth",
    "header", "network", "system", "distribution", "末梢", "末端", "阀后", "阀前", "出厂", "进厂", "出口", "总管", "管网", "管道", "厂", "最不利点",
    "today", "yesterday", "hour", "day", "month", "min", "h", "d", "and", "by", "at", "utc", "local", "units", "total", "hourly",
    "流出", "转供", "外供", "transfer", "transmitter", "measurement", "measured", "actual", "正向", "正", "net", "净", "值班", "air", "site", "field", "tlm", "raw",
    "process", "net", "f", "float", "real", "有功", "active", "设备", "现场", "管网", "speed",
])  # fmt: skip
"""Tokens that name neither a thing nor a quantity."""

_FLOW, _AMOUNT, _PRESSURE, _ENERGY, _POWER = (
    ("water_flow",),
    ("water_flow", "volume"),
    ("water_pressure",),
    ("power", "energy"),
    ("power",),
)
_HEAD, _DEPTH = ("water_level", "water_pressure"), ("water_level", "rainfall")
UNITS: Mapping[str, tuple[str, tuple[str, ...], str]] = MappingProxyType({
    spelling: (unit, properties, form)
    for unit, properties, form, spellings in (
        ("m3/h", _FLOW, "rate", (
            "m3/h", "m3/hr", "m3h", "m3hr", "m^3/h", "m**3/h", "m3·h-1", "cmh", "cum/h", "cbm/h", "m3perh", "立方米/小时", "立方米/时",
            "立方/小时", "立方/时", "方/小时", "方/时", "m3/小时", "m3/时", "立方米每小时",
        )),
        ("L/s", _FLOW, "rate", ("l/s", "lps", "l/sec", "ls-1", "升/秒", "升每秒", "ltr/s", "liter/s", "litre/s")),
        ("L/min", _FLOW, "rate", ("l/min", "lpm", "升/分", "升/分钟")),
        ("m3/s", _FLOW, "rate", ("m3/s", "m3s", "cms", "cumec", "m^3/s", "立方米/秒", "方/秒")),
        ("m3/d", _FLOW, "rate", ("m3/d", "m3d", "m3/day", "cmd", "m^3/d", "立方米/日", "立方米/天", "方/日", "方/天", "m3/日", "m3/天")),
        ("万m3/d", _FLOW, "rate", ("万m3/d", "万m3/日", "万方/日", "万立方米/日", "万吨/日", "万t/d", "万方/天", "万m3/天")),
        ("ML/d", _FLOW, "rate", ("ml/d", "mld", "ml/day")),
        ("gpm", _FLOW, "rate", ("gpm", "gal/min", "usgpm")),
        ("MGD", _FLOW, "rate", ("mgd",)),
        ("cfs", _FLOW, "rate", ("cfs", "ft3/s")),
        ("t/h", _FLOW, "rate", ("t/h", "吨/小时", "吨/时", "ton/h")),
        ("m3", _AMOUNT, "amount", ("m3", "m^3", "m**3", "立方米", "立方", "方", "cbm", "吨水")),
        ("万m3", _AMOUNT, "amount", ("万m3", "万方", "万立方米", "万吨")),
        ("t", _AMOUNT, "amount", ("t", "吨")),
        ("L", _AMOUNT, "amount", ("l", "升", "liter", "litre", "liters")),
        ("kgal", _AMOUNT, "amount", ("kgal",)),
        ("gal", _AMOUNT, "amount", ("gal", "gallon", "gallons")),
        ("MPa", _PRESSURE, "value", ("mpa", "兆帕")),
        ("kPa", _PRESSURE, "value", ("kpa", "千帕")),
        ("hPa", _PRESSURE, "value", ("hpa", "百帕")),
        ("Pa", _PRESSURE, "value", ("pa", "帕")),
        ("bar", _PRESSURE, "value", ("bar", "barg", "巴")),
        ("mbar", _PRESSURE, "value", ("mbar", "毫巴")),
        ("psi", _PRESSURE, "value", ("psi", "psig")),
        ("kgf/cm2", _PRESSURE, "value", ("kgf/cm2", "kgf/cm^2", "kg/cm2", "kg/cm^2", "kgfcm2", "公斤", "公斤力", "公斤/平方厘米")),
        ("mH2O", _PRESSURE, "value", ("mh2o", "mwc", "mca", "mws", "米水柱", "m水柱", "水柱")),
        ("m", _HEAD, "value", ("m", "米", "meter", "metre", "meters")),
        ("cm", ("water_level",), "value", ("cm", "厘米")),
        ("mm", _DEPTH, "value", ("mm", "毫米")),
        ("ft", _HEAD, "value", ("ft", "feet", "foot")),
        ("in", _DEPTH, "value", ("in", "inch", "inches")),
        ("kWh", _ENERGY, "amount", ("kwh", "kw.h", "kw·h", "kw*h", "千瓦时", "度")),
        ("MWh", _ENERGY, "amount", ("mwh", "兆瓦时")),
        ("Wh", _ENERGY, "amount", ("wh",)),
        ("kW", _POWER, "value", ("kw", "千瓦")),
        ("W", _POWER, "value", ("w", "瓦")),
        ("MW", _POWER, "value", ("mw", "兆瓦")),
        ("hp", _POWER, "value", ("hp",)),
        ("degC", ("air_temperature",), "value", ("°c", "℃", "degc", "c", "摄氏度", "celsius", "oc")),
        ("degF", ("air_temperature",), "value", ("°f", "℉", "degf", "f", "fahrenheit")),
        ("%", ("relative_humidity",), "value", ("%", "pct", "%rh", "percent", "百分比")),
        ("m/s", ("wind_speed",), "value", ("m/s", "米/秒", "mps")),
        ("km/h", ("wind_speed",), "value", ("km/h", "kmh", "kph")),
        ("mph", ("wind_speed",), "value", ("mph",)),
        ("A", (), "outside", ("a", "安", "安培", "ma")),
        ("V", (), "outside", ("v", "kv", "伏", "伏特")),
        ("Hz", (), "outside", ("hz", "赫兹")),
        ("mg/L", (), "outside", ("mg/l", "ppm", "毫克/升")),
        ("NTU", (), "outside", ("ntu",)),
        ("Nm3/h", (), "outside", ("nm3/h", "nm3", "sm3/h", "sm3", "标方/小时", "标方/时", "标方", "标立方米", "nm3h", "sm3h", "万标方")),
        ("r/min", (), "outside", ("r/min", "rpm", "转/分")),
        ("h", (), "outside", ("h", "小时", "hr")),
        ("CNY", (), "outside", ("元", "万元")),
        ("GJ", (), "outside", ("gj", "吉焦")),
        ("mm/s", (), "outside", ("mm/s",)),
        ("kvar", (), "outside", ("kvar", "kvarh", "kva")),
        ("dBm", (), "outside", ("dbm",)),
    )
    for spelling in spellings
})  # fmt: skip
"""Spelling (NFKC, small letters, without blanks) -> (unit as city.toml takes it, what it can measure, rate | amount | value)."""
