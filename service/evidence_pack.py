"""The evidence pack of one order: a folder with what to send, what to keep, and a manifest of digests."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from features.errors import InputError, nearest
from features.order import attributes
from service.files import folder_aside
from service.playbook_catalogue import playbook_catalogue
from service.playbook_page import evidence_page, playbook_page
from service.wording import Lang

FORMAT = 1
MANIFEST, SEND, FILES = "manifest.json", "send", "files"
LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^\w.-]+")
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the seller, and the evidence that it is (None: not said)."""

    path: Path
    item: str | None


def attachment(given: str) -> Attachment:
    """What `FILE` or `ID=FILE` names; `InputError` where the file is not there or the evidence is not known."""
    name, sign, rest = given.partition("=")
    known = [item.id for item in playbook_catalogue().items]
    if sign and name in known:
        found = Attachment(Path(rest), name)
    elif sign and not Path(given).is_file() and Path(rest).is_file():
        raise InputError(f"--attach {given}: expected evidence such as {', '.join(known[:4])}{nearest(name, known)}")
    else:
        found = Attachment(Path(given), None)
    if not found.path.is_file():
        raise InputError(f"--attach {given}: expected a file to read, or ID=FILE")
    return found


def folder_name(order_id: str) -> str:
    """A name for the folder of an order, safe on any file system and its own for each order.

    >>> folder_name("114-0000001-0000001"), folder_name("../#1001")
    ('114-0000001-0000001', '1001-d5188485')
    """
    safe = _UNSAFE.sub("_", order_id).lstrip("._") or "order"
    if safe == order_id and not safe.endswith(".") and not _RESERVED.match(safe):
        return safe
    return f"{safe.rstrip('.')}-{_digest(order_id.encode())[:8]}"


def write_pack(own: Told, sent: Told, attached: Sequence[Attachment], folder: Path, langs: tuple[Lang, Lang]) -> str:
    """Write the pack into `folder`, whole or not at all, in place of an earlier one; the SHA-256 of its manifest.

    own, sent: the same playbook in the languages of what is kept and of what is sent (langs, in that order). Attached
    files are copied byte by byte; nothing personal is added to what was given.
    """
    stranger = _stranger(folder)
    if stranger is not None:
        raise InputError(f"--pack {folder}: expected no folder there, or an earlier pack; {stranger} would be lost")
    with folder_aside(folder) as aside:
        (aside / SEND / FILES).mkdir(parents=True)
        copied = [_copied(one, place, aside / SEND) for place, one in enumerate(attached, start=1)]
        evidence = evidence_of(sent, attached, copied)
        data = _json(evidence)
        (aside / SEND / "evidence.json").write_bytes(data)
        (aside / SEND / "evidence.html").write_text(evidence_page(evidence, _digest(data), langs[1]), "utf-8")
        (aside / "playbook.json").write_bytes(_json(own))
        (aside / "playbook.html").write_text(playbook_page([own], langs[0]), "utf-8")
        manifest = _json(_manifest(own, aside))
        (aside / MANIFEST).write_bytes(manifest)
    return _digest(manifest)


def _stranger(folder: Path) -> str | None:
    """What is in the way: a file in the folder that no earlier pack wrote."""
    if not folder.exists():
        return None
    try:
        listed = {entry["path"] for entry in orjson.loads((folder / MANIFEST).read_bytes())["files"]} | {MANIFEST}
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return folder.name
    there = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return next((name for name in sorted(there) if name not in listed), None)


def evidence_of(playbook: Told, attached: Sequence[Attachment], copied: Sequence[Told]) -> Told:
    """What is meant for the marketplace: what happened, the evidence that is there, files. No chances, no costs, and
    nothing of what is missing."""
    items = {item["id"]: item for claim in playbook["claims"] for item in claim["evidence"]}
    by_item = dict[str, list[str]]()
    for one, file in zip(attached, copied, strict=True):
        if one.item is not None:
            by_item.setdefault(one.item, []).append(file["path"])
    strange = sorted(set(by_item) - set(items))
    if strange:
        raise InputError(f"--attach {strange[0]}=…: expected evidence of this claim, one of {', '.join(items)}")
    told = [
        {"id": name, "text": item["text"], "values": item["values"], "files": by_item.get(name, [])}
        for name, item in items.items()
        if item["status"] == "present" or name in by_item
    ]
    inside = {a.name for a in attributes().values() if a.role == "done"}  # what the shop did is its own note
    happened = [e for e in playbook["timeline"] if e["kind"] != "deadline" and e["code"] not in inside]
    timeline = [{name: entry[name] for name in ("at", "kind", "code", "text")} for entry in happened]
    return {
        "format": FORMAT, "order_id": playbook["order_id"], "marketplace": playbook["marketplace"],
        "as_of": playbook["as_of"], "evidence": told, "timeline": timeline, "files": list(copied),
    }  # fmt: skip


def _copied(one: Attachment, place: int, send: Path) -> Told:
    """A copy of a file under a plain name: path inside `send`, digest, size."""
    stem, suffix = _UNSAFE.sub("_", one.path.stem)[:LONGEST_NAME], _UNSAFE.sub("_", one.path.suffix)[:12]
    path = send / FILES / f"{place:02d}_{stem}{suffix}"
    try:
        shutil.copyfile(one.path, path)
    except OSError as error:
        raise InputError(f"--attach {one.path}: cannot be copied ({error.strerror or error})") from error
    return {"path": path.relative_to(send).as_posix(), **_entry(path)}


def _manifest(playbook: Told, folder: Path) -> Told:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [{"path": path.relative_to(folder).as_posix(), **_entry(path)} for path in paths]
    return {
        "format": FORMAT, "order_id": playbook["order_id"], "as_of": playbook["as_of"],
        "versions": playbook["versions"], "files": files,
    }  # fmt: skip


def _entry(path: Path) -> Told:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: Told) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
