"""The EPANET engine and its models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cityloop.contracts import Element, Floats, Output, Progress
from cityloop.engines.epanet.network import Network, read_network
from cityloop.errors import EngineError
from cityloop.records import Change

__all__ = ["EpanetEngine", "EpanetModel"]

LIBRARY = "wntr:"


@dataclass(frozen=True)
class EpanetModel:
    """One opened EPANET file: its text as it was when opened, and what EPANET read from it. Implements contracts.Model.

    Immutable, picklable, usable from threads and processes: each call opens a project of its own.
    """

    text: bytes
    network: Network

    def elements(self) -> tuple[Element, ...]:
        """The network as a whole (kind "network"), then every node, then every link, in the file's order."""
        return self.network.elements

    def run(
        self, changes: Sequence[Change], *, start: datetime, steps: int, step_s: int, drivers: Mapping[Output, Floats],
        outputs: Sequence[Output], progress: Progress | None = None,
    ) -> Floats:  # fmt: skip
        """(steps, len(outputs)): means over each step for flows, powers and status, values at its START for states.

        Patterns and clock rules follow the clock of `start` in its own time zone; a pattern of a week begins on Monday.
        Tanks begin at the level of the file unless a change or driver sets `level_m`. Raises EngineError.
        """
        from cityloop.engines.epanet.run import run

        return run(
            self.network, self.text, changes, start=start, steps=steps, step_s=step_s, drivers=drivers,
            outputs=outputs, progress=progress,
        )  # fmt: skip

    def states(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output]
    ) -> Floats:
        """One steady state per row of `values` (n, len(inputs)) -> (n, len(outputs)).

        Demands stand at the mean of their patterns unless set; all changes hold; a level given is a fixed head.
        """
        from cityloop.engines.epanet.states import states

        return states(self.network, self.text, changes, inputs=inputs, values=values, outputs=outputs)

    def gradient(
        self, changes: Sequence[Change], *, inputs: Sequence[Output], values: Floats, outputs: Sequence[Output],
        sources: Sequence[Output],
    ) -> Floats:  # fmt: skip
        """d output / d source at one steady state, in m per L/s withdrawn: (len(outputs), len(sources))."""
        from cityloop.engines.epanet.gradient import gradient

        return gradient(
            self.network, self.text, changes, inputs=inputs, values=values, outputs=outputs, sources=sources
        )

    def check(self) -> tuple[str, ...]:
        """Faults of the model that EPANET does not refuse, one sentence each; empty = none found."""
        from cityloop.engines.epanet.faults import find_faults

        return find_faults(self)


class EpanetEngine:
    """EPANET 2.2 as shipped by wntr. Implements contracts.Engine."""

    name = "epanet"
    suffixes = (".inp",)

    def open(self, path: Path) -> EpanetModel:
        """Open an .inp file, or "wntr:<name>" of wntr's library; raises EngineError in EPANET's words."""
        file = _library_file(str(path)) if str(path).startswith(LIBRARY) else path
        try:
            text = file.read_bytes()
        except OSError as error:
            raise EngineError(
                "The model file cannot be read.",
                where=str(path),
                got=error.strerror,
                cure="Correct `file` in city.toml.",
            ) from error
        # A block of NULs is what a half-written or badly copied file ends with; EPANET stops reading there.
        text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")
        return EpanetModel(text, read_network(text, name=path.name))


def _library_file(name: str) -> Path:
    """The file of a network that ships inside the wntr package."""
    from cityloop.engines.epanet.toolkit import wntr_folder

    folder = wntr_folder() / "library" / "networks"
    names = sorted(p.stem for p in folder.glob("*.inp"))
    wanted = name.removeprefix(LIBRARY).removesuffix(".inp")
    if wanted not in names:
        raise EngineError("No such network in wntr's library.", got=wanted, allowed=", ".join(names))
    return folder / f"{wanted}.inp"
