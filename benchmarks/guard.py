"""How many labelled messages the guard judges rightly: python -m benchmarks.guard [build|held_out]."""

from __future__ import annotations

import hashlib
import json
import lzma
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from service.guard import Guard, guard

MESSAGES = Path(__file__).parent.parent / "tests" / "golden" / "messages.jsonl"
SHIPPED = Path(__file__).parent.parent / "service" / "guard"
# 47,402 more that teach, by writers who had not seen the rules: six megabytes of text, so kept compressed.
TAUGHT = Path(__file__).with_name("guard_messages.jsonl.xz")
# Writers who had not seen the rules, and whose messages teach no encoder: by these its thresholds are chosen.
WATCHED = ("a", "b", "f", "x", "ca", "cb")
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """Counts of messages: bad ones, of these caught, and under their own rule; good ones, of these stopped."""

    bad: int
    found: int
    rightly: int
    good: int
    hindered: int

    @property
    def caught(self) -> float:
        """Share of bad messages in which anything was found."""
        return self.found / self.bad

    @property
    def stopped(self) -> float:
        """Share of good messages in which anything was found."""
        return self.hindered / self.good


def messages(half: str, *, is_whole: bool = True) -> list[Message]:
    """The messages of one half: "build" teaches, "held_out" only measures. Those without a rule are allowed. is_whole:
    with those of `TAUGHT`."""
    told: list[Message] = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()]
    if half == "build" and is_whole:
        told += [{"half": half, **json.loads(line)} for line in lzma.decompress(TAUGHT.read_bytes()).splitlines()]
    return [message | {"allowed": "rule" not in message} for message in told if message["half"] == half]


def digest(labelled: Sequence[Message]) -> str:
    """SHA-256 of what is taught: texts and their rules."""
    return hashlib.sha256(orjson.dumps([[m["text"], m.get("rule")] for m in labelled])).hexdigest()


def ship(folder: Path, name: str, content: bytes) -> None:
    """Write what was learned into a folder, and its digest beside it, without which it is not read."""
    (folder / name).write_bytes(content)
    listed = folder / "digests.toml"
    lines = (listed if listed.exists() else SHIPPED / "digests.toml").read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f'"{name}"')]
    listed.write_text("\n".join([*kept, f'"{name}" = "{hashlib.sha256(content).hexdigest()}"', ""]), "utf-8")


def judged(labelled: Sequence[Message], by: Guard | None = None) -> Judged:
    """What the guard, the shipped one unless told, finds in labelled messages."""
    by = by or guard()
    with ThreadPoolExecutor() as pool:
        findings = list(pool.map(by.findings, [message["text"] for message in labelled]))
    found = [{one.rule for one in told} for told in findings]
    pairs = list(zip(labelled, found, strict=True))
    bad = [(message, rules) for message, rules in pairs if not message["allowed"]]
    rightly = sum(message["rule"] in rules for message, rules in bad)
    hindered = sum(bool(rules) for message, rules in pairs if message["allowed"])
    return Judged(len(bad), sum(bool(rules) for _, rules in bad), rightly, len(pairs) - len(bad), hindered)


def main() -> None:
    """Print the figures of one half: all, and by language and rule. No text is printed."""
    labelled = messages(sys.argv[1] if len(sys.argv) > 1 else "held_out")
    found = judged(labelled)
    print(f"caught {found.found}/{found.bad} = {found.caught:.1%}, under their own rule {found.rightly}")
    print(f"stopped {found.hindered}/{found.good} = {found.stopped:.1%}")
    for key in ("lang", "rule"):
        for value in sorted({message[key] for message in labelled if key in message}):
            part = [message for message in labelled if message.get(key) == value]
            bad = judged([message for message in part if not message["allowed"]])
            print(f"  {key} {value}: caught {bad.found}/{bad.bad}")


if __name__ == "__main__":
    main()
