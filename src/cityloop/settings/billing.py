"""Each [[billing]] of city.toml: tables of billed volumes over periods of their own; and [balance], what a balance needs.

A row says: from, to, area, class of use, volume. What each class is in a water balance is stated, never guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cityloop.errors import InputError
from cityloop.settings.faults import Stated, Table
from cityloop.settings.source_settings import read_delimiter, read_encoding
from cityloop.units import conversion

__all__ = [
    "BALANCE_INPUTS", "BILLED", "COMPONENTS", "BillingSettings", "balance_properties", "read_balance_inputs", "read_billing",
]  # fmt: skip

#: What a class of use is in the balance of the International Water Association (2000).
COMPONENTS = ("billed_metered", "billed_unmetered", "unbilled_metered", "unbilled_unmetered")
#: What is kept of a bill, by observed property, and its unit. Their days are periods of reading, not hours of measuring.
BILLED = {"billed_volume": "m3", "billed_days": "day", "billed_rows": "1", "billed_estimated": "1"}
#: Stated once for the city; each replaces a default of priors.csv, or is not known without being stated.
BALANCE_INPUTS = (
    "inlet_meter_error", "unmetered_error", "apportioning_error", "unbilled_share", "unauthorised_share",
    "customer_meter_error", "data_handling_share", "outlet_pressure_m", "frost_depth_m", "dn75_km", "per_household_share",
)  # fmt: skip


@dataclass(frozen=True)
class BillingSettings:
    """One kind of billing table; columns by what they say, "" = there is none.

    Where the period is a calendar month, `month` is its column, and `start` and `end` are "". `area` holds the id or name of a boundary; without it every row belongs to `boundary`, or to the whole city where that is
    "" too. `last_day_included` says whether the day in `end` still belongs to the period. `classes` maps each class of use
    to one of COMPONENTS. A row whose note holds one of `corrections`, or whose volume is negative, corrects an
    earlier bill. `per_household` are the classes read by one meter per household (R1 of CJJ 92).
    """

    name: str
    path: str
    start: str
    end: str
    last_day_included: bool
    volume: str
    unit: str
    use: str
    classes: Mapping[str, str]
    area: str = ""
    boundary: str = ""
    mode: str = ""
    state: str = ""
    estimated: tuple[str, ...] = ()
    note: str = ""
    corrections: tuple[str, ...] = ()
    per_household: tuple[str, ...] = ()
    format: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    skip_lines: int = 0
    sheet: str = ""
    simulated: bool = False
    month: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        named = (self.area, self.start, self.end, self.month, self.use, self.volume, self.mode, self.state, self.note)
        return tuple(dict.fromkeys(c for c in named if c))


def read_billing(
    tables: Sequence[Table], boundaries: Sequence[str], sources: Sequence[str]
) -> tuple[BillingSettings, ...]:
    """Every [[billing]]; `boundaries` are the ids that rows may name, `sources` the names that are taken."""
    taken, found = list(sources), []
    for table in tables:
        one = _read(table, boundaries)
        if one.name in taken:
            table.faults.add("A name that is used twice.", where=table.key("name"), got=one.name, cure="Rename it.")
        taken.append(one.name)
        found.append(one)
    return tuple(found)


def _read(table: Table, boundaries: Sequence[str]) -> BillingSettings:
    delimiter, decimal = read_delimiter(table)
    classes = table.named_texts("classes")
    for name, component in classes.items():
        if component not in COMPONENTS:
            table.faults.add(
                "Not a part of a water balance.", where=f"{table.key('classes')}.{name}", got=component,
                allowed=", ".join(COMPONENTS),
            )  # fmt: skip
    if not classes:
        table.faults.add(
            "No class of use is named.", where=table.key("classes"), allowed=", ".join(COMPONENTS),
            cure='Write classes = { "domestic" = "billed_metered" }: what is not named is not counted.',
        )  # fmt: skip
    unit = table.text("unit", "m3")
    try:
        conversion(unit, "volume")
    except InputError as fault:
        table.faults.catch(fault, where=table.key("unit"))
    month = table.text("month", "")
    if month:
        table.asked.update(("from", "to", "last_day"))
        if stated := [key for key in ("from", "to", "last_day") if key in table.data]:
            table.faults.add(
                "A month and days of its own.", where=table.key("month"), got=", ".join(stated),
                cure="State month, or from, to and last_day.",
            )  # fmt: skip
    found = BillingSettings(
        name=table.text("name", cure="Give the table a name of its own."),
        path=table.text("path", cure='Name the file: path = "billed.csv".'),
        start="" if month else table.text("from", cure="Name the column of the first day of the period."),
        end="" if month else table.text("to", cure="Name the column of the last day of the period."),
        last_day_included=month != "" or table.text(
            "last_day", allowed=("included", "excluded"),
            cure='Say whether the day in "to" still belongs to the period: last_day = "included".',
        ) == "included",
        volume=table.text("volume", cure="Name the column of the volume."),
        unit=unit,
        use=table.text("class", cure="Name the column of the class of use."),
        classes=classes,
        area=table.text("area", ""),
        boundary=table.text("boundary", ""),
        mode=table.text("mode", ""),
        state=table.text("state", ""),
        estimated=table.texts("estimated"),
        note=table.text("note", ""),
        corrections=table.texts("corrections"),
        per_household=table.texts("per_household"),
        format=table.text("format", ""),
        encoding=read_encoding(table),
        delimiter=delimiter,
        decimal=decimal,
        skip_lines=table.whole("skip_lines", 0, high=1000),
        sheet=table.text("sheet", ""),
        simulated=table.yes("simulated", False),
        month=month,
    )  # fmt: skip
    _check(table, found, boundaries)
    table.close()
    return found


def _check(table: Table, found: BillingSettings, boundaries: Sequence[str]) -> None:
    """What does not go together."""
    if found.area and found.boundary:
        table.faults.add("An area by row and one for all rows.", where=table.path, cure="State area or boundary.")
    if found.boundary and found.boundary not in boundaries:
        table.faults.add(
            "Volumes of an unknown boundary.", where=table.key("boundary"), got=found.boundary,
            allowed=", ".join(boundaries),
        )  # fmt: skip
    if found.format and "%" not in found.format:
        table.faults.add(
            "Not a form of a date.", where=table.key("format"), got=found.format, cure='Write for example "%Y/%m/%d".'
        )
    for key, words, column in (("estimated", found.estimated, "state"), ("corrections", found.corrections, "note")):
        if words and not getattr(found, column):
            table.faults.add(
                f"Words of a column that is not named: {column}.", where=table.key(key), got=", ".join(words),
                cure=f"Name the column: {column} = \"...\".",
            )  # fmt: skip
    if unknown := [c for c in found.per_household if c not in found.classes]:
        table.faults.add(
            "Classes that are not in `classes`.", where=table.key("per_household"), got=", ".join(unknown),
            allowed=", ".join(found.classes),
        )  # fmt: skip


def read_balance_inputs(table: Table | None) -> Mapping[str, Stated]:
    """[balance]: numbers with their source that replace defaults or that nothing else says."""
    if table is None:
        return {}
    found = {key: table.stated(key, low=0.0, required=False) for key in BALANCE_INPUTS}
    table.close()
    return {key: value for key, value in found.items() if value is not None}


def balance_properties(stated: Mapping[str, Stated]) -> dict[str, float | str]:
    """What [balance] states as properties of the city's Thing: the number, its range, its source and its status."""
    found: dict[str, float | str] = {}
    for key, number in stated.items():
        found |= {key: number.value, f"{key}_source": number.source, f"{key}_status": number.status}
        found |= {f"{key}_{end}": bound for end in ("low", "high") if (bound := getattr(number, end)) is not None}
    return found
