"""Property, unit and statistic of one column from its words, its unit and its values, each with confidence and reason.

The confidences are degrees that were set by hand and held against labelled examples (docs/map.md gives the table).
"""

import math

from cityloop.formats.mapping_proposal import Guess, filled, listed
from cityloop.formats.mapping_tags import Tag, known_unit
from cityloop.formats.mapping_values import Values
from cityloop.formats.mapping_words import KINDS_OF, OUTSIDE, PROPERTY_WORDS, STATISTIC_WORDS, TEMPERATURE_WORDS
from cityloop.i18n import Pair

__all__ = ["guess_by_letter", "guess_property", "guess_rollover", "guess_statistic", "guess_unit", "outside_of"]

TEXTS = {
    "word_unit": Pair("the word and the unit {unit} agree", "用词与单位 {unit} 一致"),
    "word": Pair("by the word in the name", "依名称中的用词"),
    "word_data": Pair("by the word in the name and the values 0 and 1", "依名称中的用词及取值 0、1"),
    "unit": Pair("by the unit {unit} alone", "仅依单位 {unit}"),
    "unit_two": Pair("the unit {unit} fits several quantities", "单位 {unit} 可对应多个物理量"),
    "around": Pair("by the name of the file or sheet", "依文件名或工作表名"),
    "strange": Pair("but the name has unknown words: {words}", "但名称含有未识别的词：{words}"),
    "odd_unit": Pair("but ({text}) is no known unit", "但（{text}）不是可识别的单位"),
    "clash": Pair("the word says {word}, the unit {unit} does not", "用词为 {word}，与单位 {unit} 不符"),
    "two_words": Pair("the name speaks of several quantities", "名称涉及多个物理量"),
    "temperature": Pair("a temperature, of air or of something else", "温度，但未说明是气温还是其他"),
    "letter": Pair("by the letter before the name of the thing", "依对象名称前的字母代号"),
    "no_word": Pair("neither a known word nor a known unit", "名称中既无可识别的用词，也无可识别的单位"),
    "outside": Pair("{what}: the product has no such quantity", "{what}：产品没有该物理量"),
    "outside_unit": Pair("the unit {unit} belongs to no quantity of the product", "单位 {unit} 不属于产品的任何物理量"),
    "text": Pair("no numbers: {example}", "不是数值：{example}"),
    "anew": Pair(
        "“{word}”: a sum that starts anew every day, month or year, neither a register nor the amount of one interval",
        "“{word}”：按日、月或年重新累计，既非连续累计读数，也非单个时段的量",
    ),
    "row_numbers": Pair("rows numbered one by one", "逐行编号"),
    "stated": Pair("written as {text}", "写作 {text}"),
    "magnitude": Pair("not stated; inferred from the usual values ({low} to {high})", "未注明；由常见数值（{low} 至 {high}）推断"),
    "not_stated": Pair("not stated, and the values do not tell it", "未注明，且无法由数值判断"),
    "no_unit": Pair("has no unit", "无单位"),
    "rises_word": Pair("the word says a register, and the values only rise", "用词为累计量，且数值只升不降"),
    "rises": Pair("the values only rise, as of a register", "数值只升不降，应为累计读数"),
    "word_only": Pair("by the word; too few values to see whether they rise", "依用词；数值过少，无法核对是否只升不降"),
    "falls": Pair("the word says a register, but the values fall again and again", "用词为累计量，但数值屡有下降"),
    "resets": Pair(
        "starts anew from zero at regular intervals ({n} times): neither a register nor the amount of one interval",
        "定期归零重计（抽样中 {n} 次），既非连续累计读数，也非单个时段的量",
    ),
    "amount": Pair("an amount ({unit}) that rises and falls: per interval", "以 {unit} 计而有升有降，为时段量"),
    "stock": Pair("what is stored at the moment", "当时的蓄存量"),
    "said": Pair("by the word {word}", "依用词“{word}”"),
    "usual": Pair("the usual case for this quantity; no word says otherwise", "该物理量的通常情形，名称未另作说明"),
    "flow": Pair("no word says whether instantaneous or mean of the interval", "名称未说明是瞬时值还是时段均值"),
    "wrapped": Pair("a wrap from {before} to near zero was seen", "抽样中见到由接近 {before} 归零"),
    "no_wrap": Pair("no wrap in the sample; the meter's plate says how many digits it has", "抽样中未见归零；位数见表盘"),
}  # fmt: skip
_SOFT = frozenset(["current", "cur", "it", "et", "sp", "cl2", "position", "信号", "质量", "hours", "quality"])
"""Words that mean something else too: the unit overrides them."""
_LETTERS = {
    "p": "water_pressure",
    "f": "water_flow",
    "q": "water_flow",
    "l": "water_level",
    "h": "water_level",
    "s": "status",
}
_ANEW = frozenset([
    "today", "mtd", "ytd", "本日", "今日", "当日", "本月", "当月", "本年", "日累计", "月累计", "年累计", "班累计", "日用水量", "日供水量", "日水量",
    "日电量", "日用电量",
])  # fmt: skip
"""Words of a sum over a day, a month or a year: read more often than daily, it starts anew each time."""
_DAY_S = 86400
_OFTEN_S = 300
"""Rates read so often are hardly means."""
_PRESSURE_RANGES = (
    ("MPa", 0.03, 1.6, 0.72),
    ("bar", 1.61, 14.0, 0.5),
    ("m", 14.1, 99.0, 0.45),
    ("kPa", 100.0, 1600.0, 0.68),
)
_OTHERS = {
    "water_pressure": ("MPa", "kPa", "bar", "m", "psi"), "water_flow": ("m3/h", "L/s", "m3/d", "m3"), "water_level": ("m", "cm", "mm"),
    "power": ("kWh", "kW"), "rainfall": ("mm",), "relative_humidity": ("%",), "wind_speed": ("m/s", "km/h"),
    "air_temperature": ("degC", "degF"), "status": ("1",),
}  # fmt: skip


def outside_of(tag: Tag, values: Values, example: str, step_s: int) -> Pair | None:
    """Why a column is no observation of the product; None where it may be one."""
    if values.count == 0 and example:
        return filled(TEXTS["text"], example=example[:40])
    if values.row_numbers and not tag.properties and tag.unit is None:
        return TEXTS["row_numbers"]
    measured = tag.unit is not None and tag.unit[2] != "outside"
    if tag.words & _ANEW and step_s < _DAY_S and values.enough:
        return filled(TEXTS["anew"], word=max(tag.words & _ANEW, key=len))
    words = [w for w in tag.outside if not (measured and w in _SOFT)]
    if words:
        what = OUTSIDE[max(words, key=len)]
        return filled(TEXTS["outside"], what=what)
    if tag.unit is not None and tag.unit[2] == "outside":
        return filled(TEXTS["outside_unit"], unit=tag.unit_text)
    if values.numeric < 0.5 and values.count and example:
        return filled(TEXTS["text"], example=example[:40])
    return None


def guess_property(tag: Tag, values: Values, around: tuple[str, ...], strange: tuple[str, ...]) -> Guess:
    """The observed property; `around` = what file and sheet names speak of, `strange` = words of the name nobody knows.

    A strange word may be the one that matters (oil pressure, forecast flow): with one, nothing is sure.
    """
    found = _by_words(tag, values) if tag.properties else _by_unit(tag, values, around, strange)
    if tag.odd_unit and found.value:
        odd = 0.4 if "/" in tag.odd_unit or known_unit((tag.odd_unit.split() or [""])[0]) else 0.68
        found = _at_most(found, odd, filled(TEXTS["odd_unit"], text=tag.odd_unit))
    if strange and found.value:
        found = _at_most(found, 0.58, filled(TEXTS["strange"], words=" ".join(strange)))
    return found


def _at_most(guess: Guess, confidence: float, why: Pair) -> Guess:
    if guess.confidence <= confidence:
        return guess
    return Guess(guess.value, confidence, listed([guess.why, why]), guess.others)


def _by_words(tag: Tag, values: Values) -> Guess:
    """From the words of the name, held against the unit."""
    fits, said, written = (tag.unit[1] if tag.unit else ()), tag.properties, tag.unit_text
    if len(said) > 1 and fits:
        said = tuple(p for p in said if p in fits) or said
    if len(said) > 1 and "volume" in said:
        said = ("volume",)
    if len(said) > 1 and "status" in said:
        said = tuple(p for p in said if p != "status") if not values.on_off else ("status",)
    if len(said) > 1:
        return Guess("", 0.4, TEXTS["two_words"], said)
    if fits and said[0] in fits:
        others = tuple(p for p in fits if p != said[0])
        return Guess(said[0], 0.98, filled(TEXTS["word_unit"], unit=written), others)
    if tag.unit:
        return Guess(
            "", 0.3, filled(TEXTS["clash"], word=said[0], unit=written), tuple(dict.fromkeys((said[0], *fits)))
        )
    if said[0] == "status":
        return Guess(said[0], 0.93 if values.on_off else 0.45, TEXTS["word_data" if values.on_off else "word"])
    words = tag.words & frozenset(PROPERTY_WORDS[said[0]])
    if all(len(w) <= 2 and w.isascii() for w in words):
        return Guess(said[0], 0.85 if _coded(tag, words) else 0.65, TEXTS["word"])
    return Guess(said[0], 0.93, TEXTS["word"])


def _coded(tag: Tag, words: frozenset[str]) -> bool:
    """Whether two letters stand where an instrument's code does: in front, or before a number."""
    found = tag.all_tokens
    return any(
        t in words and (i == 0 or (found[i + 1 : i + 2] and found[i + 1].isdigit())) for i, t in enumerate(found)
    )


def _by_unit(tag: Tag, values: Values, around: tuple[str, ...], strange: tuple[str, ...]) -> Guess:
    """From the unit, or from the name of the file, where the name itself has no word for a quantity."""
    fits, written = (tag.unit[1] if tag.unit else ()), tag.unit_text
    if tag.words & TEMPERATURE_WORDS:
        return Guess("", 0.4, TEXTS["temperature"], ("air_temperature",))
    if not fits:
        if len(around) == 1 and values.count and around[0] != "status":
            return Guess(around[0], 0.72, TEXTS["around"])
        return Guess("", 0.0, TEXTS["no_word"])
    near = tuple(p for p in fits if p in around)
    if len(near) == 1 and len(fits) > 1:
        return Guess(near[0], 0.85, TEXTS["around"], fits)
    if fits[0] in ("relative_humidity", "air_temperature") or (
        len(fits) > 1 and fits[0] not in ("water_flow", "power")
    ):
        return Guess("", 0.45, filled(TEXTS["unit_two"], unit=written), fits)
    return Guess(fits[0], 0.9 if not strange else 0.55, filled(TEXTS["unit"], unit=written), fits[1:])


def guess_by_letter(tag: Tag, kind: str, values: Values) -> Guess:
    """The property of a name such as P_J280 or L_T1: one letter before the name of a thing on which it is measured."""
    letter = tag.all_tokens[0] if len(tag.all_tokens) > 1 else ""
    observed = _LETTERS.get(letter, "")
    if not observed or kind not in KINDS_OF[observed][:7]:
        return Guess()
    if observed == "status":
        return Guess(observed, 0.85, TEXTS["letter"]) if values.on_off else Guess()
    return Guess(observed, 0.75, TEXTS["letter"])


def guess_unit(tag: Tag, observed: str, values: Values, statistic: str) -> Guess:
    """The unit as city.toml takes it: as written, else from the magnitude, and then never surely."""
    if observed == "status":
        return Guess("1", 0.97, TEXTS["no_unit"])
    if tag.unit and observed in tag.unit[1]:
        unit = tag.unit[0]
        sure = 0.97 if len(tag.unit_text) > 1 else 0.93
        if tag.unit[2] == "amount" and statistic in ("instant", "mean") and observed != "volume":
            sure = 0.4
        if tag.unit[2] == "rate" and statistic == "counter":
            return Guess("", 0.3, filled(TEXTS["stated"], text=tag.unit_text), (unit, "m3"))
        return Guess(unit, sure, filled(TEXTS["stated"], text=tag.unit_text))
    others = _OTHERS.get(observed, ())
    if statistic in ("counter", "total"):
        others = {"water_flow": ("m3", "万m3", "L"), "power": ("kWh", "MWh")}.get(observed, others)
    if not values.count or math.isnan(values.middle):
        return Guess("", 0.0, TEXTS["not_stated"], others)
    why = filled(TEXTS["magnitude"], low=f"{values.low:.4g}", high=f"{values.high:.4g}")
    if observed == "water_pressure":
        for unit, low, high, sure in _PRESSURE_RANGES:
            if low <= values.middle <= high and values.high <= 1.5 * high:
                return Guess(unit, sure, why, tuple(o for o in others if o != unit))
    if observed == "air_temperature" and values.low >= -40 and values.high <= 45:
        return Guess("degC", 0.7, why, ("degF",))
    if observed == "relative_humidity" and 1.5 < values.high <= 100:
        return Guess("%", 0.75, why)
    if observed == "water_level" and values.low >= 0 and values.high <= 12:
        return Guess("m", 0.7, why, others[1:])
    if observed == "rainfall" and values.high <= 120:
        return Guess("mm", 0.7, why)
    if observed == "power" and statistic == "counter":
        return Guess("kWh", 0.65, why, others)
    if observed == "water_flow" and statistic == "counter":
        return Guess("m3", 0.62, why, others)
    return Guess("", 0.0, TEXTS["not_stated"], others)


def guess_statistic(tag: Tag, observed: str, values: Values, step_s: int) -> Guess:
    """instant | mean | total | counter, from words, unit and whether the values only rise; `step_s` 0 = not known."""
    amount = (tag.unit is not None and tag.unit[2] == "amount") or (tag.amount and tag.unit is None)
    rate = tag.unit is not None and tag.unit[2] == "rate"
    counts = observed in ("water_flow", "power", "volume", "energy", "rainfall")
    said = tag.statistics
    if observed == "volume":
        return Guess("instant", 0.88, TEXTS["stock"], ("total", "counter"))
    if values.regular_resets and counts:
        return Guess("", 0.3, filled(TEXTS["resets"], n=values.resets), ("total", "counter"))
    spoken = next((k for k in ("mean", "instant") if k in said), "")
    if spoken and "counter" not in said and not amount:
        sure = 0.7 if counts and not rate and values.rising else 0.95
        return Guess(spoken, sure, filled(TEXTS["said"], word=_first(tag, spoken)), ("counter",) if sure < 0.8 else ())
    if counts and not rate and values.rising:
        if "counter" in said:
            return Guess("counter", 0.98, TEXTS["rises_word"])
        if amount:
            return Guess("counter", 0.92 if "total" not in said else 0.6, TEXTS["rises"], ("total",))
        return Guess("counter", 0.6, TEXTS["rises"], ("instant",))
    if "total" in said and counts and not rate:
        return Guess(
            "total", 0.9 if values.enough else 0.75, filled(TEXTS["said"], word=_first(tag, "total")), ("counter",)
        )
    if "counter" in said and counts and not rate:
        if values.enough:
            return Guess("", 0.4, TEXTS["falls"], ("total", "counter"))
        return Guess("counter", 0.75, TEXTS["word_only"], ("total",))
    if "mean" in said:
        return Guess("mean", 0.95, filled(TEXTS["said"], word=_first(tag, "mean")))
    if "instant" in said:
        return Guess("instant", 0.95, filled(TEXTS["said"], word=_first(tag, "instant")))
    if observed == "rainfall":
        return (
            Guess("total", 0.85, TEXTS["usual"], ("counter",)) if values.enough else Guess("total", 0.7, TEXTS["usual"])
        )
    if amount and counts:
        why = filled(TEXTS["amount"], unit=tag.unit[0] if tag.unit else "")
        return Guess("total", 0.88, why) if values.enough else Guess("", 0.4, TEXTS["word_only"], ("counter", "total"))
    if observed in ("water_flow", "power"):
        return Guess("instant", 0.6 if 0 < step_s <= _OFTEN_S else 0.45, TEXTS["flow"], ("mean",))
    return Guess("instant", 0.88, TEXTS["usual"], ("mean",))


def _first(tag: Tag, statistic: str) -> str:
    return max(tag.words & frozenset(STATISTIC_WORDS[statistic]), key=len, default="")


def guess_rollover(statistic: str, values: Values) -> Guess:
    """The size of a counter's register where a wrap was seen; else nothing."""
    if statistic != "counter":
        return Guess()
    if values.rollover:
        return Guess(f"{values.rollover:.0f}", 0.9, filled(TEXTS["wrapped"], before=f"{values.rollover:.0f}"))
    if not values.count:
        return Guess("", 0.0, TEXTS["no_wrap"])
    digits = max(4, math.ceil(math.log10(max(values.high, 10.0) * 1.0001)))
    return Guess("", 0.0, TEXTS["no_wrap"], tuple(str(10**n) for n in range(digits, digits + 3)))
