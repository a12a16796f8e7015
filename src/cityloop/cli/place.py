"""`cityloop place`: where the next sensors should stand for the money, and where a further one no longer pays."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.cli.table_file import write_table
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.city import City
    from cityloop.contracts import Domain, PlacesSensors, Progress, SensorSites, View
    from cityloop.records import Estimate

__all__ = ["COLUMNS", "TEXTS", "place"]

#: Sites proposed where neither money nor a number is stated; no more are computed at once.
USUAL, MOST = 5, 100
COLUMNS = (
    "rank", "domain", "name", "boundary", "x", "y", "crs", "apart_m", "apart_low_m", "apart_high_m", "search_km",
    "search_low_km", "search_high_km", "saved_km", "saved_low_km", "saved_high_km", "price", "cumulative", "worth",
    "currency", "price_year", "price_source", "price_status", "pays",
)  # fmt: skip
TEXTS = {
    "head": Pair("{domain}: next sensors (modelled, not measured)", "{domain}：下一批监测点（模型推算，非实测）"),
    "now": Pair(
        "Now: {n} pressure loggers. On average {apart} from the place named first to the leak, and {search} searched until it is "
        "found (in brackets: {level} of the leaks, wherever they are).",
        "现状：{n} 个压力监测点。首选地点距漏点平均 {apart}，找到漏点平均需检漏 {search}（括号内为 {level} 的漏点所在范围）。",
    ),
    "mean": Pair("{mean} ({low} to {high})", "{mean}（{low}～{high}）"),
    "rank": Pair("#", "序号"),
    "name": Pair("junction", "节点"),
    "boundary": Pair("where", "分区"),
    "position": Pair("position (x, y)", "坐标（x, y）"),
    "apart": Pair("to the leak then", "届时距漏点"),
    "search": Pair("to search then", "届时需检漏"),
    "saved": Pair("saves a search", "每次检漏节省"),
    "sum": Pair("cost so far", "累计费用"),
    "worth": Pair("saved in its life", "寿命期内节省"),
    "pays": Pair("pays", "能否回本"),
    "yes": Pair("yes", "能"),
    "no": Pair("no", "不能"),
    "price": Pair("One sensor: {money} ({status}: {source})", "每个监测点：{money}（{status}：{source}）"),
    "no_price": Pair(
        "No price of a sensor in {currency}: enter sensor_each under prices in city.toml.",
        "没有以 {currency} 计的监测点单价：请在 city.toml 的 prices 中填写 sensor_each。",
    ),
    "no_search_price": Pair(
        "Whether a sensor pays cannot be said: no price in {currency} for survey_per_km; add it under prices in city.toml.",
        "无法判断能否回本：survey_per_km 没有以 {currency} 计的单价；请在 city.toml 的 prices 中补充。",
    ),
    "all_pay": Pair(
        "All sensors listed together save more searching in their life than they cost; ask for more to see where this ends.",
        "所列监测点在寿命期内合计节省的检漏费用高于其费用；可增大数量查看何处为止。",
    ),
    "none_pays": Pair(
        "No sensor listed pays by the searching it saves alone. Its other uses (a leak seen sooner, pressure watched) are not counted.",
        "仅凭节省的检漏费用，所列监测点均不能回本；更早发现漏损、监测压力等其他用途未计入。",
    ),
    "stops": Pair(
        "After number {n} a further sensor no longer pays by the searching it saves. Its other uses (a leak seen sooner, pressure "
        "watched) are not counted.",
        "第 {n} 个之后，新增监测点节省的检漏费用已不抵其费用；更早发现漏损、监测压力等其他用途未计入。",
    ),
    "sensor_years": Pair("Life of a sensor: {value} years ({status}: {source})", "监测点寿命：{value} 年（{status}：{source}）"),
    "searches_per_year": Pair(
        "Leaks searched for in a year: {value} ({status}: {source})", "每年需检漏查找的漏点：{value} 处（{status}：{source}）"
    ),
    "survey_per_km": Pair("Searching a kilometre: {value} ({status}: {source})", "每千米检漏：{value}（{status}：{source}）"),
    "blind": Pair(
        "Nothing has been observed yet: loggers that stand already are known only after cityloop take CITY.",
        "尚无观测数据：现有监测点须先运行 cityloop take CITY 收录数据后才能计入。",
    ),
    "written": Pair("Table: {path}", "表格：{path}"),
    "too_little": Pair("{money} is less than one sensor costs.", "{money} 不足以购置一个监测点。"),
    "both": Pair("Money and a number of sensors were both stated.", "不能同时指定金额与数量。"),
    "one": Pair("Leave one of them out.", "请只保留其中一个。"),
    "money_no_price": Pair("The money cannot be turned into sensors.", "无法将金额换算为监测点数量。"),
    "no_price_cure": Pair(
        "Enter sensor_each under prices in city.toml, or ask by --sensors.",
        "请在 city.toml 的 prices 中填写 sensor_each，或改用 --sensors。",
    ),
    "nobody": Pair("No domain of this installation places sensors.", "没有任何领域提供监测点选址。"),
}  # fmt: skip
MoneyOpt = Annotated[
    float | None,
    typer.Option("--money", min=0.01, metavar="AMOUNT", help="To spend, in the city's currency / 可用金额（城市币种）"),
]
SensorsOpt = Annotated[
    int | None, typer.Option("--sensors", min=1, max=MOST, help=f"How many; default {USUAL} / 数量，默认 {USUAL}")
]
FileOpt = Annotated[Path | None, typer.Option("--out", metavar="FILE.csv", help="Table to write / 输出的 CSV 文件")]


def place(
    city: CityArg, money: MoneyOpt = None, sensors: SensorsOpt = None, out: FileOpt = None, lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:  # fmt: skip
    """Where the next sensors should stand, given those there / 在现有监测点基础上，下一批应设在哪里."""
    from datetime import UTC, datetime

    from cityloop.cli.language import say
    from cityloop.cli.opening import interruptible, opened, teller
    from cityloop.cli.screen import print_json, print_lines
    from cityloop.cli.show import names
    from cityloop.contracts import PlacesSensors
    from cityloop.errors import InputError

    if money is not None and sensors is not None:
        raise InputError(say(TEXTS["both"]), where="--money, --sensors", cure=say(TEXTS["one"]))
    with interruptible() as cancel, opened(city) as open_city:
        open_city.define()
        view = open_city.view(open_city.last_observation() or datetime.now(UTC))
        offering = [d for d in open_city.domains if isinstance(d, PlacesSensors)]
        progress = teller(cancel)
        found = [(d, _ask(d, open_city, view, money, sensors, progress)) for d in offering]
        progress(1.0, "")
        known, spots, id = names(open_city), _spots(view), open_city.settings.id
        blind = open_city.last_observation() is None
    rows = [row for domain, sites in found for row in _rows(domain, sites, known, spots)]
    if out is not None:
        write_table(out, COLUMNS, _table_rows(rows), encoding="utf-8-sig")
    if as_json:
        print_json(
            {
                "city": id, "simulated": True, "standing_known": not blind, "file": str(out) if out else "",
                "domains": [{"domain": d.name, **_document(s)} for d, s in found], "sites": rows,
            }
        )  # fmt: skip
        return
    if not found:
        print_lines(say(TEXTS["nobody"]))
    for domain, sites in found:
        _tell(domain, sites, [r for r in rows if r["domain"] == domain.name], known, view.policy.currency, money)
    if blind:
        print_lines(say(TEXTS["blind"]))
    if out is not None:
        print_lines(say(TEXTS["written"], path=out))


def _ask(
    domain: "PlacesSensors", city: "City", view: "View", money: float | None, sensors: int | None, progress: "Progress"
) -> "SensorSites":
    """The sites that the money or the number allows."""
    from cityloop.cli.language import say
    from cityloop.errors import InputError

    if money is None:
        return domain.sensor_sites(view, city.simulator, count=sensors or USUAL, progress=progress)
    price = domain.sensor_sites(view, None, count=0).price
    if price is None:
        raise InputError(
            say(TEXTS["money_no_price"]), where="--money", got=f"{money:g}", cure=say(TEXTS["no_price_cure"])
        )
    count = min(int(money / max(price.amount, 1e-9) + 1e-9), MOST)
    return domain.sensor_sites(view, city.simulator, count=count, progress=progress)


def _spots(view: "View") -> Mapping[str, tuple[float, float, str]]:
    """Thing -> x, y and their coordinate system, as the city gave them."""
    from cityloop.records import Location, Thing

    places = {p.id: p for p in view.records(Location) if p.geometry == "point"}
    found = {}
    for thing in view.records(Thing):
        if thing.location in places:
            spot = places[thing.location]
            found[thing.id] = (*spot.coordinates[0], spot.crs)
    return found


def _rows(
    domain: "Domain", sites: "SensorSites", known: Mapping[str, str], spots: Mapping[str, tuple[float, float, str]]
) -> list[dict[str, Any]]:
    """One row per site, all figures plain."""
    price, until, found = sites.price, _pays_until(sites), []
    for rank, site in enumerate(sites.sites, 1):
        x, y, crs = spots.get(site.thing, (None, None, ""))
        row: dict[str, Any] = {
            "rank": rank, "domain": domain.name, "name": known.get(site.thing, site.thing),
            "boundary": known.get(site.boundary, site.boundary), "x": x, "y": y, "crs": crs,
        }  # fmt: skip
        for key, unit in (("apart", "m"), ("search", "km"), ("saved", "km")):
            e = getattr(site, key)
            row |= {f"{key}_{unit}": e.value, f"{key}_low_{unit}": e.low, f"{key}_high_{unit}": e.high}
        row |= {
            "price": price.amount if price else None, "cumulative": price.amount * rank if price else None,
            "worth": site.worth.amount if site.worth else None,
            "currency": price.currency if price else "", "price_year": price.price_year if price else None,
            "price_source": sites.price_source, "price_status": sites.price_status, "pays": None if until is None else rank <= until,
        }  # fmt: skip
        found.append(row)
    return found


def _pays_until(sites: "SensorSites") -> int | None:
    """How many of the sensors, in their order, save most beyond what they cost; None where a price is missing."""
    price, net, best, until = sites.price, 0.0, 0.0, 0
    for n, site in enumerate(sites.sites, 1):
        if price is None or site.worth is None:
            return None
        net += site.worth.amount - price.amount
        if net > best:
            best, until = net, n
    return until if sites.sites else None


def _document(sites: "SensorSites") -> dict[str, Any]:
    """What is not in the rows."""
    from cityloop.cli.language import one_language

    return {
        "standing": sites.standing, "apart_now": sites.apart, "search_now": sites.search, "price": sites.price,
        "price_source": sites.price_source, "price_status": sites.price_status,
        "pays_until": _pays_until(sites), "notes": [one_language(n) for n in sites.notes],
        "assumed": {
            k: {"value": v, "source": one_language(s), "status": t} for k, (v, s, t) in sites.assumed.items()
        },
    }  # fmt: skip


def _tell(
    domain: "Domain", sites: "SensorSites", rows: Sequence[Mapping[str, Any]], known: Mapping[str, str], currency: str,
    money: float | None,
) -> None:  # fmt: skip
    """Everything as a person reads it."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.screen import print_lines, print_table
    from cityloop.cli.show import estimate, number, status
    from cityloop.cli.show import money as spoken
    from cityloop.records import Money

    print_lines(say(TEXTS["head"], domain=say(domain.title)))
    if sites.apart is not None:
        level = f"{sites.apart.level:.0%}"
        print_lines(
            say(TEXTS["now"], n=sites.standing, apart=_mean(sites.apart), search=_mean(sites.search), level=level)
        )
    if rows:
        columns = ("rank", "name", "boundary", "position", "apart", "search", "saved", "sum", "worth", "pays")
        table = []
        for row, site in zip(rows, sites.sites, strict=True):
            spot = f"{row['x']:.6g}, {row['y']:.6g}" if row["x"] is not None and abs(row["x"]) <= 360 else "-"
            if row["x"] is not None and abs(row["x"]) > 360:
                spot = f"{row['x']:.0f}, {row['y']:.0f}"
            total = sites.price and Money(
                amount=row["cumulative"], currency=sites.price.currency, price_year=sites.price.price_year
            )
            pays = "-" if row["pays"] is None else say(TEXTS["yes" if row["pays"] else "no"])
            table.append(
                (
                    str(row["rank"]), row["name"], row["boundary"], spot, _mean(site.apart), _mean(site.search),
                    estimate(site.saved), spoken(total or None), spoken(site.worth), pays,
                )
            )  # fmt: skip
        print_table([say(TEXTS[c]) for c in columns], table)
        crs = sorted({row["crs"] for row in rows if row["crs"]})
        print_lines(*crs, *_verdict(sites, currency))
    if money is not None and not rows and sites.price is not None and sites.apart is not None:
        asked = Money(amount=money, currency=sites.price.currency, price_year=sites.price.price_year)
        print_lines(say(TEXTS["too_little"], money=spoken(asked)))
    if sites.price is None:
        print_lines(say(TEXTS["no_price"], currency=currency))
    else:
        source = one_language(sites.price_source)
        print_lines(say(TEXTS["price"], money=spoken(sites.price), status=status(sites.price_status), source=source))
    for key, (value, source, known_as) in sites.assumed.items():
        said = spoken(value) if isinstance(value, Money) else number(value)
        print_lines(say(TEXTS[key], value=said, status=status(known_as), source=one_language(source)))
    print_lines(*(one_language(n) for n in sites.notes))


def _mean(found: "Estimate | None") -> str:
    """A mean with the range of single cases: the range says nothing about how well the mean is known."""
    from cityloop.cli.language import say
    from cityloop.cli.show import amount, number

    if found is None:
        return "-"
    low, high = number(found.low), number(found.high)
    return say(TEXTS["mean"], mean=amount(found.value, found.unit), low=low, high=high)


def _verdict(sites: "SensorSites", currency: str) -> list[str]:
    """Where a further sensor no longer pays for itself."""
    from cityloop.cli.language import say

    until = _pays_until(sites)
    if until is None:
        return [say(TEXTS["no_search_price"], currency=currency)] if sites.price is not None else []
    if until == len(sites.sites):
        return [say(TEXTS["all_pay"])]
    return [say(TEXTS["stops"], n=until) if until else say(TEXTS["none_pays"])]


def _table_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """A row per site."""
    from cityloop.cli.language import one_language

    for row in rows:
        yield [_cell(row[c]) if c != "price_source" else one_language(row[c]) for c in COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
