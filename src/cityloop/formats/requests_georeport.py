"""Service requests as Open311 GeoReport v2 states them, in JSON and XML: read, and written by its field names.

http://wiki.open311.org/GeoReport_v2/ (specification frozen 2021), "GET Service Requests". Times are W3C dates with offset;
`lat` and `long` are WGS 84; a request is open or closed, and `updated_datetime` of a closed one is when it was closed.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cityloop.errors import InputError
from cityloop.formats.project_sheets import Sheet

__all__ = ["FIELDS", "read_georeport", "to_json", "to_xml"]

#: Fields of a service request, in the order of the specification.
FIELDS = (
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible",
    "service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode", "lat",
    "long", "media_url",
)  # fmt: skip


def read_georeport(path: Path, most_bytes: int) -> Sheet:
    """The requests of a file as one sheet with GeoReport's field names as header."""
    try:
        data = path.read_bytes() if path.stat().st_size <= most_bytes else None
    except OSError as fault:
        raise InputError("The file cannot be read.", where=str(path), got=fault.strerror or str(fault)) from fault
    if data is None:
        raise InputError("A file larger than is read.", where=str(path), allowed=f"{most_bytes:,}")
    rows = _from_json(data, path) if path.suffix.lower() == ".json" else _from_xml(data, path)
    header = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[row.get(key, "") for key in header] for row in rows]
    return Sheet(path.name, [list(header), *cells])


def _from_json(data: bytes, path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise InputError("Not a JSON document in UTF-8.", where=str(path), got=str(fault)[:200]) from fault
    if isinstance(found, dict):  # some servers wrap the list
        found = found.get("service_requests", found.get("requests"))
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise InputError("Not a list of service requests.", where=str(path), allowed="a JSON array of objects")
    return [{str(k): _plain(v) for k, v in row.items()} for row in found]


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return value if isinstance(value, str | int | float | bool) else json.dumps(value, ensure_ascii=False)


def _from_xml(data: bytes, path: Path) -> list[dict[str, Any]]:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError("An XML document with a type declaration is not read.", where=str(path))
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as fault:
        raise InputError("Not an XML document.", where=str(path), got=str(fault)[:200]) from fault
    requests = [root] if root.tag == "request" else root.findall("request")
    if not requests:
        raise InputError("Not a list of service requests.", where=str(path), allowed="<service_requests><request>")
    return [{child.tag: (child.text or "").strip() for child in request} for request in requests]


def to_json(rows: Iterable[Mapping[str, str | float]]) -> bytes:
    """A JSON array; an empty field is null."""
    plain = [{name: row.get(name, "") if row.get(name, "") != "" else None for name in FIELDS} for row in rows]
    return json.dumps(plain, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


def to_xml(rows: Iterable[Mapping[str, str | float]]) -> bytes:
    """`<service_requests>` without a namespace, in UTF-8 with its declaration."""
    root = ElementTree.Element("service_requests")
    for row in rows:
        request = ElementTree.SubElement(root, "request")
        for name in FIELDS:
            value = row.get(name, "")
            ElementTree.SubElement(request, name).text = _legal(str(value)) if value != "" else None
    ElementTree.indent(root, " ")
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _legal(text: str) -> str:
    """Without the control characters that XML 1.0 cannot carry."""
    return "".join(c for c in text if c in "\t\n\r" or ord(c) >= 0x20)
