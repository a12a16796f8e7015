"""EPANET 2.2: pressure, flow, tanks, pumps and leaks of a water network (demand-driven, leaks as emitters).

Vocabulary (network.py): elements by their name in the .inp file, the whole as "network". Read: junction, tank, reservoir
`pressure_m`, `head_m`; tank `level_m`; junction `demand_l_per_s`, `leak_l_per_s`; links `flow_l_per_s`, `velocity_m_per_s`,
`status` (share of the step that it was open); pump `power_kw`; valve `setting`; network `demand_l_per_s` (without leaks), `leak_l_per_s`.
Set: junction `leak_coefficient` (L/s per m^exponent, added to the file's), `demand_l_per_s`, `demand_factor`,
`elevation_offset_m`; network `demand_l_per_s` (all demands scaled to this total), `demand_factor`; pipe `diameter_factor`,
`roughness_factor`, `status`; pump `status`, `power_factor`, `start_level_m` and `stop_level_m` (of the tank in its simple controls); valve `status`, `setting`; tank `level_m`; reservoir `head_m`.
A `setting` is what the valve's type asks for: m at PRV, PSV and PBV (whatever the units of the file), L/s at FCV, the loss
coefficient at TCV. A status or setting that is set silences the file's controls of that link. A Change with `hours` holds in
those hours of the day; what holds in the others must be said too.

On ky4 the tanks T-1 and T-2 fill on the first day and stay full, and T-3, T-4 settle within a week: drop seven days, or
close P-539, P-36, P-541 (then three days), or start from measured levels.
"""

from cityloop.engines.epanet.model import EpanetEngine, EpanetModel

__all__ = ["EpanetEngine", "EpanetModel", "engine"]

engine = EpanetEngine()
