"""Distribution grids in pandapower's files, solved by power-grid-model: voltages, loading, losses (balanced, constant power).

Needs the extra `energy`. Vocabulary (solve.py): elements by their name in the file where that is unique, else
"<kind> <index>"; the grid as a whole as "grid". Loads of type HP are heat pumps.
Read: bus `vm_pu` (0 where nothing feeds it); line `loading_percent`, `p_kw`, `i_a`, `losses_kw`; transformer `loading_percent`
(by current, as pandapower defines it), `p_kw` (into its upper side), `losses_kw`, `sn_kva`; load, heat_pump, generator
`p_kw`; external_grid `p_kw`; grid `p_kw` (from all external grids), `load_kw`, `losses_kw`, `installed_kva`.
Set: load, heat_pump, generator `p_kw`, `load_scale`; transformer `load_kw` (all loads that it feeds, scaled to this
total), `load_scale`, `heat_pump_scale` (the loads, the heat pumps that it feeds), `sn_kva` (another unit: of the file's types
where one fits, else with the percentages of the present one); grid `load_kw`, `load_scale`, `heat_pump_scale`; line
`status`; external_grid `vm_pu`.

A grid holds no course of the day: without drivers every step is the file's state.
"""

from cityloop.engines.pandapower.model import GridModel, PandapowerEngine

__all__ = ["GridModel", "PandapowerEngine", "engine"]

engine = PandapowerEngine()
