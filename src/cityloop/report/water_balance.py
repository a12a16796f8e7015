"""The water balance from billed volumes: the IWA table, indices by rule world, where the worlds decide differently."""

from cityloop.domains.water.losses.balance_volumes import last_day
from cityloop.domains.water.losses.iwa import BANDS, LINES, band
from cityloop.domains.water.losses.verdicts import INDICATOR_OF
from cityloop.domains.water.losses.water_balance import INPUTS, Balance
from cityloop.i18n import Pair
from cityloop.report.blocks import (
    Block,
    Bullets,
    Details,
    Inline,
    Lines,
    Notice,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    Table,
    joined,
)
from cityloop.report.facts import Facts
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import WORLDS, both, named, status_badge, with_badge, word
from cityloop.report.world_verdicts import balance_value, world_verdicts

__all__ = ["balance_unknowns", "observed_by_balance", "water_balance"]

_TITLE = Pair("Water balance by billed volumes", "水量平衡与漏损指标（按售水量）")
_LEAD = Pair(
    "{name}, {start} to {end}: {input} flowed in, {billed} of it was billed and {registered} used by registered users. Three "
    "figures that are not the same: non-revenue water 产销差率 {nrw}, loss rate 漏损率 by CJJ 92 {rate} (gross 综合漏损率 {gross}), "
    "ILI {ili}.",
    "{name}，{start} 至 {end}：供水 {input}，其中售水 {billed}，注册用户用水 {registered}。三个指标含义不同、不可混用：产销差率 {nrw}；"
    "漏损率（CJJ 92）{rate}（综合漏损率 {gross}）；ILI {ili}。",
)
_SHORT = Pair(
    "These are {days} days, not a year: no yearly grade and no yearly index follows from them.",
    "统计期仅 {days} 天，不足一年：不能据此作年度评定，ILI 亦非年度值。",
)
_TABLE = Pair("Balance, {name}, {start} to {end} ({days} days)", "{name}水量平衡表，{start} 至 {end}（{days} 天）")
_HEAD: tuple[Inline, ...] = (
    Pair("Part (IWA)", "构成（IWA；漏损部分用 CJJ 92 用语）"), Pair("Volume", "水量"), Pair("Share of the input", "占供水量"), Pair("Rests on", "依据"),
)  # fmt: skip
_INDENT = {
    "billed_metered": 1, "billed_unmetered": 1, "corrections": 2, "unbilled_metered": 1, "unbilled_unmetered": 1,
    "unauthorised": 1, "customer_meters": 1, "data_handling": 1,
}  # fmt: skip
_STRONG = ("system_input", "authorised", "losses", "apparent", "real", "non_revenue")
_RESTS = {
    "system_input": Pair("inlet meters", "进水总表"),
    "billed_metered": Pair("bills", "售水账单"), "billed_unmetered": Pair("bills", "售水账单"),
    "corrections": Pair("bills", "售水账单"),
    "unauthorised": Pair("default", "缺省值"), "customer_meters": Pair("default", "缺省值"),
    "data_handling": Pair("default", "缺省值"),
    "real": Pair("what is left", "差额"), "losses": Pair("what is left", "差额"),
}  # fmt: skip
_NOTHING = Pair("none on record", "无记录")
_SHARE_OF = {
    "unauthorised": "unauthorised_share", "customer_meters": "customer_meter_error",
    "data_handling": "data_handling_share",
}  # fmt: skip
_RATES = Pair("Indices by area, each by its own rule", "分区指标（各按其定义）")
_RATE_KEYS = (
    "nrw", "composite_loss_rate", "loss_rate", "real_loss", "real_per_connection", "real_per_km", "uarl", "ili",
    "real_loss_by_night",
)  # fmt: skip
_AREA = Pair("Area", "分区")
_DAYS = Pair("Days", "统计期")
_SPAN = Pair("{start} to {end}", "{start} 至 {end}")
_BANDS = Pair(
    "band {high} (high income), {low} (low and middle income), {status}",
    "{high} 级（高收入国家），{low} 级（中低收入国家），{status}",
)
_OUTSIDE = Pair("outside the range the formula was made for", "超出公式适用范围")
_CORRECTIONS = Pair(
    "漏损率 by CJJ 92: R_BL = R_WL − (R1 + R2 + R3 + R4), percentage points",
    "漏损率（CJJ 92）：R_BL＝R_WL－（R1＋R2＋R3＋R4），单位为百分点",
)
_CORRECTION_KEYS = ("composite_loss_rate", "R1", "R2", "R3", "R4", "loss_rate")
_CORRECTION_NOTE = Pair(
    "The form of R1 to R4 is known from secondary text only ({status}). Inputs: {inputs}.",
    "R1～R4 的计算式仅见于二手资料（{status}）。输入：{inputs}。",
)
_INPUT = Pair("{name} {value} ({source})", "{name} {value}（{source}）")
_SERVICE = Pair("Service and energy", "服务与能耗")
_SERVICE_HEAD: tuple[Inline, ...] = (
    _AREA, Pair("Readings that keep the limit", "水压合格率"), Pair("Hours of supply", "供水时数"),
    Pair("Energy", "吨水电耗"),
)  # fmt: skip
_OF_WORLD = Pair("{world} (≥ {limit}): {value}", "{world}（≥ {limit}）：{value}")
_PERIODS = Pair("Whole billing periods, nothing apportioned", "完整账期（不作折算）")
_PERIODS_HEAD: tuple[Inline, ...] = (
    _AREA, Pair("Period", "账期"), Pair("System input", "供水量"), Pair("Billed", "售水量"),
    Pair("Non-revenue water", "产销差率"), Pair("Gross loss rate", "综合漏损率"),
)  # fmt: skip
_NOTES = Pair("How the figures came about", "取值说明")
_FINDINGS = Pair("What does not fit together", "相互矛盾、尚待查明之处")
_NO_BALANCE = Pair("No balance of {name}: {why}", "{name}无法作水量平衡：{why}")
_ASSUMED = Pair("Errors and shares used in the balance", "水量平衡采用的误差与占比")
_ASSUMED_HEAD: tuple[Inline, ...] = (
    Pair("Number", "取值项"), Pair("Used", "采用值"), Pair("Could be", "可能范围"), Pair("Status", "状态"), Pair("Source", "来源"),
)  # fmt: skip
_RANGE = Pair("{low} to {high}", "{low}～{high}")
_CELL = Pair("{indicator}: {value}", "{indicator}：{value}")
_OTHERS = Pair("Balance of each area", "各分区水量平衡表")
_SOURCES = {
    "observed": Pair("observed", "实测"), "billed": Pair("from the bills", "据售水账单"), "pipes": Pair("pipes of the model", "管网模型管段"),
    "mains_km": Pair("all mains taken, no diameters on record", "无管径记录，按全部管长计"), "city.toml": Pair("stated", "已注明"),
}  # fmt: skip
#: Inputs of CJJ 92 and their unit.
_CHINESE_INPUTS = {"per_household_share": "", "dn75_km": "km", "outlet_pressure_m": "m", "frost_depth_m": "m"}


def water_balance(facts: Facts) -> Section | None:
    """The section; None where no billed volume is on record."""
    found = facts.water_balances
    if not found.balances and not found.missing:
        return None
    blocks: list[Block] = []
    balances = found.balances
    if balances:
        whole = balances[-1]
        blocks += _lead(facts, whole)
        blocks.append(_iwa(facts, whole))
        blocks += _indices(facts, balances)
        blocks += _chinese(facts, balances)
        blocks += _by_period(facts)
        blocks += world_verdicts(facts, balances)
        blocks += _service(facts, balances)
    blocks += _open(facts)
    if balances:
        blocks.append(Details(_NOTES, (Bullets(tuple(_notes(balances))), _assumed(facts))))
        if len(balances) > 1:
            blocks.append(Details(_OTHERS, tuple(_iwa(facts, b) for b in balances[:-1])))
    return Section("water-balance", _TITLE, tuple(blocks))


def balance_unknowns(facts: Facts) -> list[Inline]:
    """For the list of what is not known: areas without a balance and what does not fit together."""
    found = facts.water_balances
    items: list[Inline] = [Sentence(_NO_BALANCE, {"name": m.name, "why": both(m.why)}) for m in found.missing]
    return [*(both(text) for text in found.findings), *items]


def observed_by_balance(facts: Facts, key: str) -> Inline | None:
    """The value of a norm's key by the balance of the city, or of its only area; None where it tells none."""
    if not facts.water_balances.balances:
        return None
    whole = facts.water_balances.balances[-1]
    named_so = (key, INDICATOR_OF.get(key, key), f"{key}:{facts.view.policy.binding_norm}")
    found = next((k for k in named_so if k in whole.performance.indicators), None)
    if found is None:
        return None
    return Sentence(_CELL, {"indicator": whole.name, "value": balance_value(facts, whole, found)})


def _span(facts: Facts, balance: Balance) -> dict[str, Inline]:
    return {
        "start": facts.trace.day(balance.id, "start"), "end": str(last_day(balance.end)),
        "days": facts.trace.number(balance.id, "days", decimals=0),
    }  # fmt: skip


def _lead(facts: Facts, balance: Balance) -> list[Block]:
    trace = facts.trace
    lines = balance.lines
    refs = [f"{balance.id}#lines[{k}].value" for k in ("billed_metered", "billed_unmetered")]
    billed = trace.derived(
        f"billed:{balance.thing}", sum(lines[k].value for k in ("billed_metered", "billed_unmetered")), unit="m3",
        formula="billed_metered + billed_unmetered", of=refs,
    )  # fmt: skip
    gross = balance.performance.indicators["composite_loss_rate"].value / 100
    registered = trace.derived(
        f"registered:{balance.thing}", lines["system_input"].value * (1 - gross), unit="m3",
        formula="system_input * (1 - composite_loss_rate / 100)",
        of=[f"{balance.id}#lines[system_input].value", f"{balance.id}#performance.indicators[composite_loss_rate].value"],
    )  # fmt: skip
    parts: dict[str, Inline] = {
        **_span(facts, balance), "name": balance.name, "billed": billed, "registered": registered,
        "input": trace.estimate(balance.id, "lines[system_input]"), "nrw": balance_value(facts, balance, "nrw"),
        "rate": balance_value(facts, balance, "loss_rate"), "gross": balance_value(facts, balance, "composite_loss_rate"),
        "ili": balance_value(facts, balance, "ili"),
    }  # fmt: skip
    found: list[Block] = [Paragraph(with_badge(Sentence(_LEAD, parts), balance.simulated))]
    if balance.days < 365:
        found.append(Notice(Sentence(_SHORT, {"days": _span(facts, balance)["days"]}), "warning"))
    return found


def _iwa(facts: Facts, balance: Balance) -> Table:
    """The IWA table of one balance, its volumes in one unit."""
    rows: list[tuple[Inline, ...]] = []
    marked, whole = [], balance.lines["system_input"].value
    for line in LINES:
        if line == "corrections" and balance.lines[line].value == 0:
            continue
        if line in _STRONG:
            marked.append(len(rows))
        share = facts.trace.derived(
            f"share:{balance.thing}:{line}", 100 * balance.lines[line].value / balance.lines["system_input"].value, unit="%",
            decimals=1, formula=f"{line} / system_input",
            of=[f"{balance.id}#lines[{line}].value", f"{balance.id}#lines[system_input].value"],
        )  # fmt: skip
        rows.append(
            (
                _line(line),
                facts.trace.estimate(balance.id, f"lines[{line}]", largest=whole),
                share,
                _rests(facts, balance, line),
            )
        )
    head = Sentence(_TABLE, {**_span(facts, balance), "name": balance.name})
    return Table(_HEAD, tuple(rows), head, numeric=frozenset([1, 2]), marked=frozenset(marked))


def _line(line: str) -> Inline:
    lead = "\u2003" * _INDENT.get(line, 0)
    name = named(line)
    return Pair(f"{lead}{name.en}", f"{lead}{name.zh}")


def _rests(facts: Facts, balance: Balance, line: str) -> Inline:
    """Where a line of the table is from."""
    prior = facts.water_balances.inputs.get(_SHARE_OF.get(line, ""))
    if prior is not None:
        return status_badge(prior.status)
    if balance.lines[line].value == 0:
        return _NOTHING
    if line.startswith("unbilled"):
        assumed = balance.default_unbilled and line == "unbilled_unmetered"
        return status_badge(facts.water_balances.inputs["unbilled_share"].status) if assumed else _RESTS["corrections"]
    return _RESTS.get(line, Pair("sum", "合计"))


def _indices(facts: Facts, balances: tuple[Balance, ...]) -> list[Block]:
    head: list[Inline] = [_QUESTION_OF, *(b.name for b in balances)]
    rows: list[tuple[Inline, ...]] = [
        (_DAYS, *(Sentence(_SPAN, {k: v for k, v in _span(facts, b).items() if k != "days"}) for b in balances))
    ]
    for key in _RATE_KEYS:
        rows.append((named(key), *(_index(facts, b, key) for b in balances)))
    return [Subtitle(_RATES), Table(tuple(head), tuple(rows), numeric=frozenset(range(1, len(head))))]


_QUESTION_OF = Pair("Index", "指标")


def _index(facts: Facts, balance: Balance, key: str) -> Inline:
    value = balance_value(facts, balance, key)
    if key != "ili" or key not in balance.performance.indicators:
        return value
    letters = {}
    for countries in BANDS:
        best, worst = band(balance.performance.indicators["ili"], countries)
        letters[countries] = best if best == worst else f"{best}–{worst}"
    told: list[Inline] = [
        value,
        Sentence(
            _BANDS,
            {
                "high": letters["high_income"], "low": letters["low_middle_income"],
                "status": status_badge("unconfirmed"),
            },
        ),
    ]  # fmt: skip
    if not balance.performance.inside_formula:
        told.append(_OUTSIDE)
    return Lines(tuple(told))


def _chinese(facts: Facts, balances: tuple[Balance, ...]) -> list[Block]:
    """R_WL, the corrections and R_BL by area, with what went in."""
    head = (_AREA, *(named(k) for k in _CORRECTION_KEYS))
    rows = tuple((b.name, *(balance_value(facts, b, k) for k in _CORRECTION_KEYS)) for b in balances)
    whole = balances[-1]
    inputs: list[Inline] = []
    for key, unit in _CHINESE_INPUTS.items():
        used = whole.performance.used.get(key)
        if used is None:
            continue
        path = f"performance.used[{key}].value"
        value = facts.trace.percent(whole.id, path) if not unit else facts.trace.number(whole.id, path, unit=unit)
        source = _SOURCES.get(used.source) or both(used.source)
        inputs.append(Sentence(_INPUT, {"name": named(key), "value": value, "source": source}))
    note: dict[str, Inline] = {
        "status": status_badge("unconfirmed"), "inputs": joined(inputs, Pair("; ", "；")) if inputs else NOT_KNOWN
    }  # fmt: skip
    return [
        Subtitle(_CORRECTIONS), Table(head, rows, numeric=frozenset(range(1, len(head)))),
        Paragraph(Sentence(_CORRECTION_NOTE, note)),
    ]  # fmt: skip


def _by_period(facts: Facts) -> list[Block]:
    """Whole billing periods, the course of the losses as far as bills can tell it."""
    trace, rows = facts.trace, []
    for period in facts.water_balances.periods:
        days: dict[str, Inline] = {"start": trace.day(period.id, "start"), "end": str(last_day(period.end))}
        keys = ("system_input", "billed", "nrw", "gross_loss")
        rows.append((period.name, Sentence(_SPAN, days), *(trace.estimate(period.id, key) for key in keys)))
    return [Subtitle(_PERIODS), Table(_PERIODS_HEAD, tuple(rows), numeric=frozenset([2, 3, 4, 5]))] if rows else []


def _service(facts: Facts, balances: tuple[Balance, ...]) -> list[Block]:
    rows = []
    for balance in balances:
        found = balance.performance
        rates: list[Inline] = []
        for world in facts.norms:
            rule = facts.norms[world].get("service_pressure")
            if rule is None or f"pressure_pass_rate:{world}" not in found.indicators:
                continue
            limit = facts.trace.exact(f"norm:{world}:service_pressure", "limit", unit=rule.unit)
            value = balance_value(facts, balance, f"pressure_pass_rate:{world}")
            rates.append(Sentence(_OF_WORLD, {"world": word(WORLDS, world), "limit": limit, "value": value}))
        shown: Inline = Lines(tuple(rates)) if rates else balance_value(facts, balance, "pressure_pass_rate")
        rows.append(
            (
                balance.name,
                shown,
                balance_value(facts, balance, "service_hours"),
                balance_value(facts, balance, "energy_per_m3"),
            )
        )
    return [Subtitle(_SERVICE), Table(_SERVICE_HEAD, tuple(rows), numeric=frozenset([2, 3]))]


def _open(facts: Facts) -> list[Block]:
    """What does not fit, and what there is no balance of."""
    items = balance_unknowns(facts)
    return [Subtitle(_FINDINGS), Bullets(tuple(items))] if items else []


def _notes(balances: tuple[Balance, ...]) -> list[Inline]:
    """Every note once, under the name of the area where only some have it."""
    found: dict[str, list[Inline]] = {}
    for balance in balances:
        for note in balance.notes:
            found.setdefault(note, []).append(balance.name)
    return [
        both(note) if len(names) == len(balances) else Sentence(_CELL, {"indicator": joined(names), "value": both(note)})
        for note, names in found.items()
    ]  # fmt: skip


def _assumed(facts: Facts) -> Table:
    """Errors and shares with source and status."""
    rows = []
    for key in INPUTS:
        prior = facts.water_balances.inputs[key]
        ends = {end: facts.trace.percent("balance_inputs", f"{key}.{end}") for end in ("low", "high")}
        rows.append(
            (named(key), facts.trace.percent("balance_inputs", f"{key}.value"), Sentence(_RANGE, ends),
             status_badge(prior.status), both(prior.source))
        )  # fmt: skip
    return Table(_ASSUMED_HEAD, tuple(rows), _ASSUMED, numeric=frozenset([1, 2]))
