"""A city.toml to start from: two metered areas read from CSV files, every key that most cities need, each explained."""

__all__ = ["example_city_toml"]

_EXAMPLE = """\
# A city is this file and the files it names. Every number that is not measured says where it comes from:
# status = "confirmed" (read in its source), "unconfirmed" (second-hand), "assumed" or "given" (by you).

[city]
id = "my-city"                     # a to z, 0 to 9, - and _
name = { en = "My city", zh = "我的城市" }
country = "CN"                     # ISO 3166-1
timezone = "Asia/Shanghai"         # IANA name; days and nights are civil days and nights there
crs = "EPSG:4549"                  # or "GCJ-02", "BD-09", "local"; never guessed

# Optional: the hydraulic model. Without one the loop says what it cannot tell.
# [[model]]
# engine = "epanet"
# file = "network.inp"
# closed = []                      # links to close although the file has them open

[[boundary]]                       # one metered boundary; as many as there are
id = "dma-1"
name = { en = "East district", zh = "东区" }
inflow = []                        # meters that count inwards, as "kind:name"; series of the boundary itself count as inflow
outflow = []
storage = []                       # tanks inside: [{ thing = "tank:T-1", area_m2 = 120.0 }]
mains_km = { value = 12.4, source = "GIS register, 2025-12", status = "given" }
connections = { value = 910, source = "billing, 2025-12", status = "given" }

[[boundary]]
id = "dma-2"
name = { en = "West district", zh = "西区" }

[[source]]
kind = "file"
name = "flow"
path = "flow/*.csv"                # relative to this folder, or absolute; .csv, .parquet and .xlsx
encoding = "utf-8"                 # for example "gb18030"
delimiter = ","
decimal = "."
layout = "wide"                    # "wide": one column per series; "long": one row per value (id_column, value_column)
stamp = "start"                    # the time is the "start" or the "end" of the interval
missing = ["-"]                    # texts that mean "no value", beside the empty cell
# The clock: exactly one of zone, utc_offset_column, offset_in_text = true.
time = { column = "time", format = "%Y-%m-%d %H:%M", zone = "Asia/Shanghai" }

[[source.series]]
column = "East"
thing = "boundary:dma-1"           # kind:name
property = "water_flow"
unit = "m3/h"                      # as the device sends it
statistic = "mean"                 # "instant", "mean", "total" of the interval, or "counter" (a register)
step_s = 900

[[source.series]]
column = "West register"
thing = "boundary:dma-2"
property = "water_flow"
unit = "m3"
statistic = "counter"
step_s = 900
rollover = 1000000                 # size of the register, in its unit
highest = 80                       # largest plausible flow in L/s: a larger step is a replaced meter

[policy]
currency = "CNY"
price_year = 2026
years = 5
budget_per_year = 400000           # or one amount per year: [400000, 300000, ...]
level = 0.9                        # of all intervals
due_days = 365
binding_norm = "cn"                # the rules that bind: cn, us, eu
compare_norms = ["eu"]
discount_rate = { value = 0.03, source = "finance department", status = "given" }
crew_km_per_day = { value = 5.6, source = "last survey", status = "given" }
targets = { night_flow = 0.8 }     # share of the gap to close

[policy.prices]                    # in `currency` of `price_year`
water_per_m3 = { value = 1.2, low = 0.8, high = 2.0, source = "marginal cost: energy, chemicals, resource fee", status = "assumed" }
"""


def example_city_toml() -> str:
    """The text of a working city.toml (once the folder flow/ holds a file with these columns)."""
    return _EXAMPLE
