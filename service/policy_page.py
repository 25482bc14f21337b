"""The page of policy: every fact as Markdown, for docs/policy.md and `claimrisk policy`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from features.policy.book import Book, book
from features.policy.facts import COMMON, PolicyFact

HEAD = """# Policy

What is known of the rules that decide who may claim and what is due when. Written by `claimrisk policy`; the facts
stand in `features/policy/*.toml`. Pages were read as archived copies in November 2026, nothing was read live.

- **Certainty**: high – official page, not contradicted; medium – moderator, announcement or copy of an official page;
  low – third party only; conflicting – sources disagree; unverified – found nowhere official, without effect.
- A marketplace has the facts of its own table and of `common`. Where neither has one, answers say unknown; facts of
  other marketplaces are not borrowed.
- A deadline in days ends with the last second of the marketplace's local day. No source says so: it is assumed. Hours
  run on. Business days are Monday to Friday; public holidays are not known.
- A clock goes by the value that applied on the day on which it started; eligibility by that of the order's `as_of`.
- *not applied*: older or contradicted values of unknown date, kept for the record.
"""


def policy_command() -> None:
    """Print the policy facts with dates, sources and certainty, as Markdown."""
    sys.stdout.write(policy_page(book()))


def policy_page(held: Book) -> str:
    """The whole page."""
    names = [COMMON, *sorted(set(held.facts) - {COMMON})]
    return HEAD + "".join(line for name in names for line in _table(name, held))


def _table(name: str, held: Book) -> Iterator[str]:
    yield f"\n## {name}\n\n"
    if name in held.zones:
        yield f"Days end in {held.zones[name].key} (assumed).\n\n"
    yield "| fact | value | holds | certainty | what it says | sources |\n|---|---|---|---|---|---|\n"
    for fact in held.facts[name]:
        sources = " ".join(f"[{k}](<{url}>)" for k, url in enumerate(fact.sources, start=1))
        yield f"| `{fact.id}` | {_value(fact)} | {_days(fact)} | {fact.certainty} | {fact.says} | {sources} |\n"


def _value(fact: PolicyFact) -> str:
    """The value with its unit.

    >>> _value(next(f for f in book().facts["US"] if f.id == "us.odr.target"))
    'below 1 %'
    """
    value = fact.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if fact.unit in ("rate_below", "rate_at_least", "share"):
        words = {"rate_below": "below ", "rate_at_least": "at least ", "share": ""}[fact.unit]
        return f"{words}{100 * value:g} %"
    return f"{value:g} {fact.unit.replace('_', ' ')}"


def _days(fact: PolicyFact) -> str:
    if not fact.used:
        return "*not applied*"
    begins = "" if fact.valid_from is None else f"from {fact.valid_from}"
    ends = "" if fact.valid_until is None else f"until {fact.valid_until} (exclusive)"
    return " ".join(filter(None, (begins, ends))) or "undated"
