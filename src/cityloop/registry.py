"""What the city is extended with: every domain folder and every engine file, found by looking, listed nowhere.

A domain is a package `cityloop.domains.<name>` with an object `domain`; an engine a module `cityloop.engines.<name>` with an
object `engine`. Outsiders add theirs by the entry point groups `cityloop.domains` and `cityloop.engines`.
"""

import functools
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points

from cityloop.contracts import Domain, Engine
from cityloop.errors import InputError
from cityloop.i18n import Pair

__all__ = ["domains", "engine", "engine_names", "words"]


def _names(package: str) -> Iterator[tuple[str, str]]:
    """(name, module:attribute) of what a package and the entry points of its name offer, by name; own ones first."""
    attribute = "domain" if package.endswith("domains") else "engine"
    found = {
        m.name: f"{package}.{m.name}:{attribute}"
        for m in pkgutil.iter_modules(import_module(package).__path__)
        if not m.name.startswith("_")
    }
    for entry in entry_points(group=package):
        if entry.name in found:
            raise InputError(
                f"Two extensions named '{entry.name}' in {package}.", got=f"{found[entry.name]}; {entry.value}",
                cure="Rename or uninstall one of them.",
            )  # fmt: skip
        found[entry.name] = entry.value
    yield from sorted(found.items())


def _load(place: str, name: str, needs: tuple[str, ...]) -> object | None:
    """The extension object; None for a single module of our own that is no extension. A folder or entry point must be one."""
    path, _, attribute = place.partition(":")
    try:
        module = import_module(path)
    except ImportError as fault:
        raise InputError(
            f"The extension '{name}' cannot be loaded.", where=path, got=str(fault),
            cure="Install what it needs, or remove it.",
        ) from fault  # fmt: skip
    found = getattr(module, attribute, None)
    if found is None and path.startswith("cityloop.") and not hasattr(module, "__path__"):
        return None
    lacking = [n for n in needs if not hasattr(found, n)]
    if found is None or lacking or found.name != name:
        raise InputError(
            f"The manifest of the extension '{name}' is not complete.", where=place,
            got=f"name = {getattr(found, 'name', None)!r}, without {', '.join(lacking) or 'nothing'}",
            allowed=", ".join(needs), cure="Give the object every attribute of the contract and the folder's own name.",
        )  # fmt: skip
    return found  # type: ignore[no-any-return]


@functools.cache
def domains() -> tuple[Domain, ...]:
    """Every domain by name; raises InputError for one that cannot be loaded."""
    needs = (
        "name",
        "title",
        "priors",
        "words",
        "indicators",
        "causes",
        "problems",
        "countermeasures",
        "kinds",
        "series",
        "inspected",
    )
    found = (_load(place, name, needs) for name, place in _names("cityloop.domains"))
    return tuple(d for d in found if d is not None)  # type: ignore[misc]


@functools.cache
def words() -> Mapping[str, Pair]:
    """The names that all domains give to their kinds, indicators, cost rows and causes.

    Raises InputError where two domains give one key different names.
    """
    found: dict[str, tuple[str, Pair]] = {}
    for domain in domains():
        for key, pair in domain.words.items():
            owner, known = found.setdefault(key, (domain.name, pair))
            if known != pair:
                raise InputError(
                    f"Two domains give '{key}' different names.", where=f"{owner}, {domain.name}",
                    got=f"{known.en}; {pair.en}", cure="Rename the key in one of them.",
                )  # fmt: skip
    return {key: pair for key, (_, pair) in found.items()}


@functools.cache
def engine_names() -> tuple[str, ...]:
    """Names of the engines that can be asked for."""
    return tuple(name for name, _ in _names("cityloop.engines"))


@functools.cache
def engine(name: str) -> Engine:
    """One engine by name; nothing of an outside simulator is loaded before it opens a model. Raises InputError."""
    for known, place in _names("cityloop.engines"):
        if known == name:
            found = _load(place, name, ("name", "suffixes", "open"))
            if found is not None:
                return found  # type: ignore[return-value]
    raise InputError(
        "No such engine.", got=name, allowed=", ".join(engine_names()), cure="Name one of them in city.toml."
    )
