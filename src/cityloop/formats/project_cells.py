"""Cells of a project list: money with its unit and currency, yearly quantities, years and months. Nothing is guessed.

A number without a unit is handed back as one without; whoever asks says that it cannot be counted.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

__all__ = ["Amount", "MoneyUnit", "Yearly", "cell_text", "months", "read_money", "read_money_unit", "yearly_quantities"]

_SCALES = (
    ("亿", 1e8), ("千万", 1e7), ("百万", 1e6), ("十万", 1e5), ("万", 1e4), ("千", 1e3),
    ("billion", 1e9), ("bn", 1e9), ("million", 1e6), ("mn", 1e6), ("thousand", 1e3), ("10,000", 1e4), ("10000", 1e4),
    ("10k", 1e4), ("1,000", 1e3), ("1000", 1e3),
)  # fmt: skip
_CURRENCIES = (
    ("美元", "USD"), ("美金", "USD"), ("us$", "USD"), ("usd", "USD"), ("欧元", "EUR"), ("eur", "EUR"), ("€", "EUR"),
    ("港元", "HKD"), ("港币", "HKD"), ("hk$", "HKD"), ("hkd", "HKD"), ("日元", "JPY"), ("jpy", "JPY"), ("英镑", "GBP"),
    ("gbp", "GBP"), ("£", "GBP"), ("澳元", "AUD"), ("aud", "AUD"), ("新元", "SGD"), ("sgd", "SGD"), ("卢布", "RUB"),
    ("韩元", "KRW"), ("人民币", "CNY"), ("rmb", "CNY"), ("cny", "CNY"), ("yuan", "CNY"), ("$", "USD"), ("元", "CNY"),
)  # fmt: skip
_NUMBER = r"\d{1,3}(?:[,， ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_RANGE = re.compile(rf"({_NUMBER})(?:\s*(?:~|-|–|—|至|到|to)\s*({_NUMBER}))?")


@dataclass(frozen=True)
class MoneyUnit:
    """What one of a number is worth: 万元 is (1e4, "CNY"). `currency` "" and `scale` None where not stated."""

    scale: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class Amount:
    """Money as a list states it: `low` and `high` where it gives a range, else the value itself."""

    value: float
    low: float
    high: float
    currency: str
    said: str


@dataclass(frozen=True)
class Yearly:
    """A quantity per year that a text states: `what` water, energy or money; `unit` m3, kWh or a currency."""

    what: str
    value: float
    low: float
    high: float
    unit: str
    said: str


def cell_text(cell: Any) -> str:
    """A cell as people read it: whole numbers without a point, days as ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat()
            if (cell.hour, cell.minute) == (0, 0)
            else cell.isoformat(sep=" ", timespec="minutes")
        )
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell).replace("\u3000", " ").strip()


# --- money -------------------------------------------------------------------------------------------------------
def read_money_unit(text: str) -> MoneyUnit:
    """The unit that a header, a line "单位：万元" or a cell beside its number states.

    >>> read_money_unit("万美元"), read_money_unit("USD million").scale, read_money_unit("总投资")
    (MoneyUnit(scale=10000.0, currency='USD'), 1000000.0, MoneyUnit(scale=None, currency=''))
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    currency = next((code for word, code in _CURRENCIES if word in text), "")
    scale = next((s for word, s in _SCALES if word in text), None)
    if scale is None and re.search(r"\bm\b|\d\s*m$", text):
        scale = 1e6
    if scale is None and re.search(r"\bk\b|\d\s*k$|'000|000s", text):
        scale = 1e3
    return MoneyUnit(1.0 if scale is None and currency else scale, currency)


def read_money(cell: Any, around: MoneyUnit) -> tuple[Amount | None, str]:
    """The amount of a cell and what is wrong with it: "" | "no_number" | "no_unit" | "no_currency" | "negative".

    `around` is what header, unit line and currency column say; what the cell itself says goes first. An empty cell is
    (None, "").

    >>> read_money("1,200.5", MoneyUnit(1e4, "CNY"))[0].value, read_money("约1.2亿元", MoneyUnit())[0].value
    (12005000.0, 120000000.0)
    >>> read_money(800.0, MoneyUnit())
    (None, 'no_unit')
    """
    said = cell_text(cell)
    text = unicodedata.normalize("NFKC", said).strip()
    if text in ("", "-", "--", "/", "—", "无", "n/a"):
        return None, ""
    if isinstance(cell, bool | date):
        return None, "no_number"
    if re.match(r"^[(]?\s*[-−]\s*\d", text) or re.fullmatch(r"\(\s*[\d.,]+\s*\)", text):
        return None, "negative"
    found = list(_RANGE.finditer(text))
    if len(found) != 1:
        return None, "no_number"
    rest = f"{text[: found[0].start()]} {text[found[0].end() :]}"
    odd = re.sub(
        r"(?i)约|近|大约|共|总投资|投资|不超过|计|人民币|亿|千|百|十|万|元|美|欧|港|日|英镑|澳|新|币|金|billion|million|thousand|mn|bn"
        r"|usd|us|eur|cny|rmb|hkd|hk|jpy|gbp|aud|sgd|yuan|about|approx|[mk]\b|[$€£¥~≈.,:：()\s]",
        "", rest,
    )  # fmt: skip
    if odd:
        return None, "no_number"
    own = read_money_unit(rest)
    bare_scale = own.scale if own.scale is not None else (1.0 if own.currency else None)
    scale = bare_scale if bare_scale is not None else around.scale
    currency = own.currency or around.currency
    if scale is None:
        return None, "no_unit"
    if not currency:
        return None, "no_currency"
    ends = sorted(float(re.sub(r"[,， ]", "", g)) * scale for g in found[0].groups() if g)
    return Amount((ends[0] + ends[-1]) / 2, ends[0], ends[-1], currency, said), ""


# --- quantities --------------------------------------------------------------------------------------------------
_VOLUME = r"(?P<scale>亿|千|百|十万|万)?\s*(?P<unit>立方米|立方|方|吨|m3|m\^3|cubic metres|cubic meters)"
_ENERGY = r"(?P<scale>亿|千|百|十万|万)?\s*(?P<unit>千瓦时|千瓦·时|kwh|mwh|度)"
_SAVED = r"(?:节水|节约用水|节约水量|节约水资源|减少漏损|降低漏损|减少漏失|减少漏水|减漏|节约供水|替代自来水|替代新水|替代新鲜水|saves?|saving|water saved|less leakage|reduces? leakage)"
_SPARED = r"(?:节电|节约用电|节约电量|节能|减少用电|降低电耗|saves?|saving|energy saved)"
_BETWEEN = r"[^\d;；。]{0,14}?"
_PER_DAY = re.compile(r"/\s*(?:d|日|天|day)|每[日天]|a day|per day|daily|日均?(?=节|减|降)|(?<!工作)日节")
_PER_YEAR = re.compile(r"年|/\s*a\b|a year|per year|yearly|annual|per annum")
_MULTIPLE = {"亿": 1e8, "十万": 1e5, "万": 1e4, "千": 1e3, "百": 1e2}
_EARNED = r"(?:年收益|年收入|年增收|年创收|年新增收入|年效益|年经济效益|年节约(?:成本|资金|费用)|年节支|yearly income|annual revenue|income)"


def yearly_quantities(text: str) -> tuple[Yearly, ...]:
    """Water, energy and money per year that a text states with a figure and a unit; what is not said per year or per
    day is left out.

    >>> [(q.what, q.value, q.unit) for q in yearly_quantities("年节水约10万立方米，年节电3.5万千瓦时")]
    [('water', 100000.0, 'm3'), ('energy', 35000.0, 'kWh')]
    >>> yearly_quantities("节水效果明显")
    ()
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    found: list[Yearly] = []
    for what, verbs, unit in (("water", _SAVED, _VOLUME), ("energy", _SPARED, _ENERGY)):
        pattern = re.compile(rf"{verbs}{_BETWEEN}{_RANGE.pattern}\s*{unit}")
        for match in pattern.finditer(text):
            clause = re.split(r"[,，;；。]", text[: match.start()])[-1] + match[0] + text[match.end() :][:10]
            per = 365.0 if _PER_DAY.search(clause) else 1.0 if _PER_YEAR.search(clause) else None
            if per is None:
                continue
            scale = _MULTIPLE.get(match["scale"] or "", 1.0) * (1000.0 if match["unit"] == "mwh" else 1.0) * per
            ends = sorted(float(re.sub(r"[, ]", "", g)) * scale for g in match.groups()[:2] if g)
            said = match[0].strip()
            found.append(
                Yearly(what, (ends[0] + ends[-1]) / 2, ends[0], ends[-1], "m3" if what == "water" else "kWh", said)
            )
    for match in re.finditer(rf"{_EARNED}{_BETWEEN}({_RANGE.pattern}\s*(?:亿|千|百|万)?(?:元|美元|usd|cny|eur))", text):
        amount, _ = read_money(match[1], MoneyUnit())
        if amount is not None:
            found.append(Yearly("money", amount.value, amount.low, amount.high, amount.currency, match[0]))
    return tuple(found)


# --- dates -------------------------------------------------------------------------------------------------------
_MONTH = re.compile(r"((?:19|20)\d{2})(?:\s*(?:年|[./-])\s*(1[0-2]|0?[1-9])(?!\d))?")


def months(text: str) -> tuple[str, ...]:
    """Years, with their month where stated, in the order of a text: "2025.3-2026年12月" gives 2025-03, 2026-12.

    >>> months("2025—2027年"), months("2025-04-01"), months("十五五期间")
    (('2025', '2027'), ('2025-04',), ())
    """
    text = unicodedata.normalize("NFKC", text)
    return tuple(f"{m[1]}-{int(m[2]):02d}" if m[2] else m[1] for m in _MONTH.finditer(text))
