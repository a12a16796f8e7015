"""What a study of fires and outages says beside its tables, in both languages."""

from cityloop.i18n import Pair

__all__ = ["said"]

TEXTS = {
    "max_day_seen": Pair(
        "Day of highest demand: {flow} L/s, the highest of {days} observed days ({day}), leakage included.",
        "最高日用水量：{flow} L/s，为 {days} 个实测日中的最大值（{day}），含漏损。",
    ),
    "max_day_assumed": Pair(
        "Day of highest demand: {flow} L/s = the model's {usual} L/s x {factor} (assumed: no month of metered demand).",
        "最高日用水量：{flow} L/s＝模型用水量 {usual} L/s × {factor}（假设值：实测用水量不足一个月）。",
    ),
    "max_day_given": Pair("Day of highest demand: {flow} L/s, as given.", "最高日用水量：{flow} L/s（给定值）。"),
    "no_sense": Pair(
        "THE MODEL ITSELF GIVES NO PRESSURE ANYWHERE, with nothing out and no fire: nothing here can be relied on. Look for "
        "its faults: cityloop doctor.",
        "模型在无火灾、无停用时即算不出任何一处压力：以上结果均不可用。请先检查模型：cityloop doctor。",
    ),
    "steady": Pair(
        "Modelled, not measured: one moment, demands drawn in full whatever the pressure; a negative pressure says that the "
        "demand could not be met.",
        "以上为模型计算，非实测：取某一时刻的恒定流，用水量不随压力减少；出现负压即表示该处用水无法满足。",
    ),
    "no_hydrants": Pair(
        "The model knows no hydrants: a fire is put at each of the {n} junctions with demand.",
        "模型中没有消火栓：在 {n} 个有用水量的节点上逐一设定火灾。",
    ),
    "no_valves": Pair(
        "The model knows no isolation valves: each pipe goes out alone; a real closure takes all pipes between its valves.",
        "模型中没有检修阀门：每次仅停用一根管段；实际关阀会停用阀门之间的全部管段。",
    ),
    "stored_enough": Pair(
        "Tanks {tanks}: {stored} m3 above their lowest levels at {hour} h, the hour with least; the fire needs {need} m3.",
        "水池 {tanks}：蓄水最少的 {hour} 时，最低水位以上有 {stored} m³；火灾需水 {need} m³。",
    ),
    "stored_short": Pair(
        "NOT ENOUGH STORED: tanks {tanks} hold {stored} m3 above their lowest levels at {hour} h; the fire needs {need} m3.",
        "蓄水不足：{hour} 时水池 {tanks} 最低水位以上仅 {stored} m³，火灾需水 {need} m³。",
    ),
    "no_tank": Pair(
        "No tank fills and empties in the model: the fire is drawn from the source, whose own limit is not known.",
        "模型中没有调蓄水池：火灾用水直接取自水源，水源自身的能力未知。",
    ),
    "cut_off": Pair(
        "{n} junction(s) have no way to a source in the model and are left out.",
        "模型中有 {n} 个节点与水源不连通，未计入。",
    ),
    "below_before": Pair(
        "{n} place(s) are below the service limit at the peak with nothing out ({negative} of them negative): they are not "
        "counted as a consequence.",
        "高峰时未停用任何设施，已有 {n} 处低于服务压力限值（其中 {negative} 处为负压），不计为停用的后果。",
    ),
    "least_diameter": Pair("Pipes from {mm} mm on: {n}.", "仅计管径不小于 {mm} mm 的管段：{n} 根。"),
}


def said(key: str, **values: object) -> Pair:
    """One sentence with its values."""
    pair = TEXTS[key]
    return Pair(pair.in_("en", **values), pair.in_("zh", **values))
