"""Names of the domain's problems, measures, indicators, cost rows and causes, and its notes, in both languages."""

from cityloop.i18n import Pair

__all__ = ["NOTES", "TITLES", "WORDS", "note"]

WORDS = {
    "transformer_overload": Pair("Overloaded transformer", "配变过载"),
    "transformer_loading": Pair("transformer loading", "配变负载率"),
    "swap_transformer": Pair("Larger transformer", "配变增容"),
    "flexible_heat_pumps": Pair("Flexible heat pumps", "热泵柔性控制（需求响应）"),
    "transformer": Pair("Transformer and its exchange, whatever the size", "配变更换（固定部分）"),
    "transformer rating": Pair("Transformer, by its rating", "配变购置（按容量计价部分）"),
    "heat pump controls": Pair("Controls for heat pumps", "热泵控制装置"),
    "heat pump payments": Pair("Payments to heat pump owners", "热泵用户响应补偿"),
    "energy above the rating": Pair("Energy above the rating", "超额定容量电量"),
    "grid losses": Pair("Grid losses saved at the peak", "高峰时刻降损"),
    "energy_above_rating_per_kwh": Pair("Value of a kWh above the rating", "每千瓦时超额定容量电量的价值"),
    "transformer_each": Pair("Transformer and its exchange, whatever the size", "配变更换（固定部分）"),
    "transformer_per_kva": Pair("Transformer, by its rating", "配变购置（按容量计价部分）"),
    "heat_pump_control_each": Pair("Control of one heat pump", "单台热泵控制装置"),
    "heat_pump_payment_per_year": Pair("Payment for one heat pump a year", "单台热泵年响应补偿"),
    "overload": Pair("an overloaded transformer", "变压器过载"),
}

TITLES = {
    "swap_transformer": Pair(
        "Replace the {old} kVA transformer {name} by one of {new} kVA", "配变 {name} 由 {old} kVA 增容至 {new} kVA"
    ),
    "flexible_heat_pumps": Pair(
        "Make {n} heat pumps behind {name} flexible", "对配变 {name} 台区内 {n} 台热泵实施柔性控制（需求响应）"
    ),
}

NOTES = {
    "cos_phi": Pair(
        "Apparent power = measured kW / {cos_phi}: the power factor is not measured here.",
        "视在功率按实测有功除以 {cos_phi} 计算：此处未测量功率因数。",
    ),
    "energy": Pair(
        "{kwh} kWh above the rating in the {days} observed days of the last year; nothing is added for other days.",
        "近一年有观测的 {days} 天内超额定容量电量 {kwh} kWh；未观测日不作推算。",
    ),
    "no_price": Pair(
        "No price energy_above_rating_per_kwh in city.toml: the cost of the overload is not stated.",
        "city.toml 中没有价格 energy_above_rating_per_kwh：未给出过载损失。",
    ),
    "no_unit_cost": Pair(
        "Not offered for want of a price in {currency}: {names}; add it under prices in city.toml.",
        "因缺少以 {currency} 计的单价而未提供：{names}；请在 city.toml 的 prices 中补充。",
    ),
}


def note(key: str, **values: object) -> str:
    """One sentence of NOTES in English and Chinese, divided by " | "."""
    pair = NOTES[key]
    return f"{pair.in_('en', **values)} | {pair.in_('zh', **values)}"
