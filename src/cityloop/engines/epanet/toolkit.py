"""The EPANET 2.2 toolkit as shipped by wntr, called through ctypes: projects in litres per second and metres.

Only the compiled library of wntr is loaded, none of its Python, which would cost seconds in every worker. EPANET's own
reading of the file is the one that is simulated, so nothing is written anew and nothing can be lost in translation.
Rossman et al. (2020), EPANET 2.2 User Manual, EPA/600/R-20/133.
"""

import ctypes
import importlib.util
import platform
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

from cityloop.contracts import Floats
from cityloop.errors import EngineError

__all__ = ["Link", "LinkKind", "Node", "NodeKind", "Option", "Project", "Time", "WARNINGS", "wntr_folder"]

#: Warning codes of EN_runH (User Manual, appendix C).
WARNINGS = {
    1: "hydraulically unbalanced: no solution within the allowed trials",
    2: "hydraulically unstable: the status of some link kept changing",
    3: "some nodes with demand are cut off from every source",
    4: "a pump cannot deliver enough flow or head",
    5: "a valve cannot deliver enough flow",
    6: "negative pressure at nodes with demand",
}
#: Flow units below this number are US units, and powers then horsepower.
LITRES_PER_SECOND, NO_QUALITY = 5, 0
#: EPANET's own constant.
KW_PER_HORSEPOWER = 0.7457


class Node(IntEnum):
    """Node values of the toolkit (EN_NodeProperty)."""

    ELEVATION = 0
    EMITTER = 3
    PATTERN = 2
    LEVEL = 8
    DEMAND = 9
    HEAD = 10
    PRESSURE = 11
    TANK_DIAMETER = 17
    VOLUME_CURVE = 19
    MIN_LEVEL = 20
    MAX_LEVEL = 21


class Link(IntEnum):
    """Link values of the toolkit (EN_LinkProperty)."""

    DIAMETER = 0
    LENGTH = 1
    ROUGHNESS = 2
    MINOR_LOSS = 3
    INITIAL_STATUS = 4
    INITIAL_SETTING = 5
    FLOW = 8
    VELOCITY = 9
    STATUS = 11
    SETTING = 12
    ENERGY = 13
    PUMP_POWER = 18


class Time(IntEnum):
    """Time parameters (EN_TimeParameter), seconds."""

    DURATION = 0
    HYDRAULIC_STEP = 1
    PATTERN_STEP = 3
    PATTERN_START = 4
    REPORT_STEP = 5
    REPORT_START = 6
    START_CLOCK = 10


class Option(IntEnum):
    """Analysis options (EN_Option)."""

    TRIALS = 0
    ACCURACY = 1
    EMITTER_EXPONENT = 3
    DEMAND_MULTIPLIER = 4
    HEADLOSS = 7
    VISCOSITY = 13


class NodeKind(IntEnum):
    """EN_NodeType."""

    JUNCTION = 0
    RESERVOIR = 1
    TANK = 2


class LinkKind(IntEnum):
    """EN_LinkType."""

    CHECK_VALVE = 0
    PIPE = 1
    PUMP = 2
    PRV = 3
    PSV = 4
    PBV = 5
    FCV = 6
    TCV = 7
    GPV = 8


NODES, TANKS, LINKS, PATTERNS, CURVES, CONTROLS, RULES = range(7)
CONSTANT_POWER = 0


def wntr_folder() -> Path:
    """Where the wntr package lies, found without importing it; raises EngineError where it is not installed."""
    spec = importlib.util.find_spec("wntr")
    where = list(spec.submodule_search_locations or []) if spec else []
    if not where:
        raise _absent("the package wntr, which brings EPANET, is not installed")
    return Path(where[0])


def _absent(why: str) -> EngineError:
    """EPANET for x86-64 (Linux, Windows) and macOS is what the wheels of wntr 1.5 hold (package index, 2026-11)."""
    return EngineError(
        f"The engine 'epanet' is absent: {why}.",
        got=f"{platform.system()} {platform.machine()}",
        allowed="Linux x86_64, Windows AMD64, macOS",
        cure="On one of these: pip install 'wntr>=1.5,<1.6'; elsewhere, take this city's water model to one of these",
    )


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    """The compiled toolkit inside the wntr package."""
    folder = wntr_folder() / "epanet" / "libepanet"
    if sys.platform == "win32":
        file = folder / "windows-x64" / "epanet22.dll"
    elif sys.platform == "darwin":
        arm = platform.machine() == "arm64"
        file = folder / ("darwin-arm/libepanet2.dylib" if arm else "darwin-x64/libepanet22.dylib")
    else:
        file = folder / "linux-x64" / "libepanet22.so"
    try:
        return ctypes.CDLL(str(file))
    except OSError as error:
        if sys.platform != "darwin" and platform.machine().lower() not in ("x86_64", "amd64"):
            raise _absent("wntr brings no EPANET for this architecture") from error
        raise EngineError(
            "The EPANET library cannot be loaded.", where=str(file), got=error, cure="Reinstall wntr 1.5."
        ) from error


class Project:
    """One EPANET project in its own temporary folder; a context manager that leaves nothing behind.

    Everything is in L/s, metres, millimetres and kW, but for one value: EPANET gives Link.PUMP_POWER back in the unit of
    the file, `power_unit_kw` kW (and takes it in kW). `name` is what errors call the model.
    """

    def __init__(self, text: bytes, *, name: str) -> None:
        self.name, self.warnings = name, dict.fromkeys(WARNINGS, 0)
        self._lib = _library()
        self._handle = ctypes.c_void_p()
        self._value, self._number, self._seconds = ctypes.c_double(), ctypes.c_int(), ctypes.c_long()
        self._value_at, self._number_at = ctypes.byref(self._value), ctypes.byref(self._number)
        self._seconds_at = ctypes.byref(self._seconds)
        self._text, self._solving = text, False
        self._exit = ExitStack()
        self.power_unit_kw = 1.0
        self._get_node, self._get_link = self._lib.EN_getnodevalue, self._lib.EN_getlinkvalue

    def __enter__(self) -> "Project":
        try:
            folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="cityloop-epanet-")))
            (folder / "model.inp").write_bytes(self._text)
            self._lib.EN_createproject(ctypes.byref(self._handle))
            self._exit.callback(self._lib.EN_deleteproject, self._handle)
            report = folder / "report.txt"
            code = self._lib.EN_open(self._handle, str(folder / "model.inp").encode(), str(report).encode(), b"")
            if code >= 100:
                self._lib.EN_close(self._handle)
                raise self._unreadable(code, report)
            self._exit.callback(self._lib.EN_close, self._handle)
            self.call("setstatusreport", 0)
            self.call("setreport", b"MESSAGES NO")
            self.power_unit_kw = KW_PER_HORSEPOWER if self.integer("getflowunits") < LITRES_PER_SECOND else 1.0
            self.call("setflowunits", LITRES_PER_SECOND)
            self.call("setqualtype", NO_QUALITY, b"", b"", b"")
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._solving:
            self._lib.EN_closeH(self._handle)
        self._exit.close()

    def _unreadable(self, code: int, report: Path) -> EngineError:
        """EPANET's own words for what in the file is wrong, without its page heads."""
        said = report.read_text("latin-1", errors="replace") if report.exists() else ""
        lines = [" ".join(line.split()) for line in said.splitlines()]
        named = []
        for line, after in zip(lines, [*lines[1:], ""], strict=True):
            if re.match(r"(Input )?Error \d+", line) and not line.startswith("Error 200"):
                line = re.sub(r"^(Error \d+: )\1", r"\1", line)
                named.append(f"{line} {after}" if line.endswith(":") else line)
        more = f" (and {len(named) - 3} more)" if len(named) > 3 else ""
        return EngineError(
            "EPANET cannot read the model.",
            where=self.name,
            got="; ".join(named[:3]) + more if named else self.message(code),
            cure="Correct these lines of the file.",
        )

    def message(self, code: int) -> str:
        """The toolkit's words for an error code."""
        text = ctypes.create_string_buffer(256)
        self._lib.EN_geterror(code, text, 255)
        return text.value.decode("latin-1", "replace").strip() or f"error {code}"

    # --- calls ---------------------------------------------------------------------------------------------------
    def call(self, function: str, *arguments: Any) -> int:
        """Call EN_<function>; a warning code is returned, an error code raised as EngineError."""
        code = int(getattr(self._lib, f"EN_{function}")(self._handle, *arguments))
        if code >= 100:
            raise EngineError(
                f"EPANET refused '{function}'.", where=self.name, got=f"{self.message(code)} ({arguments})"
            )
        return code

    def count(self, what: int) -> int:
        """Number of nodes, tanks, links, patterns, curves, controls or rules."""
        self.call("getcount", what, self._number_at)
        return self._number.value

    def text(self, function: str, *arguments: Any) -> str:
        """Call EN_<function> and return the text it writes."""
        found = ctypes.create_string_buffer(512)
        self.call(function, *arguments, found)
        return found.value.decode("utf-8", "replace")

    def integer(self, function: str, *arguments: Any) -> int:
        """Call EN_<function> and return the integer it writes."""
        self.call(function, *arguments, self._number_at)
        return self._number.value

    def real(self, function: str, *arguments: Any) -> float:
        """Call EN_<function> and return the double it writes."""
        self.call(function, *arguments, self._value_at)
        return self._value.value

    def node(self, index: int, what: int) -> float:
        """A node's value; fast, so an invalid index gives an undefined value."""
        self._get_node(self._handle, index, what, self._value_at)
        return self._value.value

    def link(self, index: int, what: int) -> float:
        """A link's value; fast, so an invalid index gives an undefined value."""
        self._get_link(self._handle, index, what, self._value_at)
        return self._value.value

    def set_node(self, index: int, what: int, value: float) -> None:
        """Set a node's value."""
        self.call("setnodevalue", index, what, ctypes.c_double(value))

    def set_link(self, index: int, what: int, value: float) -> None:
        """Set a link's value."""
        self.call("setlinkvalue", index, what, ctypes.c_double(value))

    def option(self, what: int) -> float:
        """An analysis option."""
        return self.real("getoption", what)

    def set_option(self, what: int, value: float) -> None:
        """Set an analysis option."""
        self.call("setoption", what, ctypes.c_double(value))

    def time(self, what: int) -> int:
        """A time parameter in seconds."""
        self.call("gettimeparam", what, self._seconds_at)
        return self._seconds.value

    def set_time(self, what: int, seconds: int) -> None:
        """Set a time parameter in seconds."""
        self.call("settimeparam", what, ctypes.c_long(seconds))

    def pattern(self, index: int) -> list[float]:
        """Multipliers of a pattern."""
        length = self.integer("getpatternlen", index)
        return [self.real("getpatternvalue", index, i) for i in range(1, length + 1)]

    def set_pattern(self, index: int, values: Floats | Sequence[float]) -> None:
        """Replace a pattern's multipliers."""
        held = (ctypes.c_double * len(values))(*values)
        self.call("setpattern", index, held, len(values))

    def add_pattern(self, name: str) -> int:
        """A new pattern; returns its index."""
        self.call("addpattern", name.encode())
        return self.integer("getpatternindex", name.encode())

    def set_demand(self, node: int, category: int, base: float, pattern: int | None = None) -> None:
        """Set base demand (L/s) and pattern of one demand category of a junction."""
        self.call("setbasedemand", node, category, ctypes.c_double(base))
        if pattern is not None:
            self.call("setdemandpattern", node, category, pattern)

    def call_demand_driven(self) -> None:
        """Demand-driven analysis: every demand is taken in full, whatever the pressure; leaks are emitters."""
        self.call("setdemandmodel", 0, ctypes.c_double(0.0), ctypes.c_double(0.1), ctypes.c_double(0.5))

    # --- solving -------------------------------------------------------------------------------------------------
    def open_solver(self) -> None:
        """Open the hydraulic solver and set the first state."""
        self.call("openH")
        self._solving = True
        self.call("initH", 10)

    def reset(self) -> None:
        """Back to the first state, keeping the last flows as the next guess."""
        self.call("initH", 0)

    def solve(self) -> int:
        """Solve at the current time; returns that time in seconds."""
        code = self._lib.EN_runH(self._handle, self._seconds_at)
        if code >= 100:
            raise EngineError(
                "EPANET found no solution.",
                where=f"{self.name}, {self._seconds.value / 3600:g} h after the start",
                got=self.message(code),
                cure="Look at the links that were just closed and at the model's own warnings: cityloop doctor.",
            )
        if code:
            self.warnings[code] = self.warnings.get(code, 0) + 1
        return self._seconds.value

    def advance(self) -> int:
        """Go to the next event; returns the seconds passed, 0 at the end."""
        code = self._lib.EN_nextH(self._handle, self._seconds_at)
        if code >= 100:
            raise EngineError("EPANET cannot go on.", where=self.name, got=self.message(code))
        return self._seconds.value
