"""The listing check on labelled pairs: precision and recall of each flag.

    python -m benchmarks.listing_check --half held_out
    python -m benchmarks.listing_check --half build --show

The pairs (tests/golden/listing_pairs.toml) were labelled by people who had not seen the rules. All were looked at
when the rules were improved, but for those of a twelfth hand, which are held out.
    precision  of the pairs flagged true, how many are labelled a mismatch; a flag on what cannot be told is wrong
    recall     of the pairs labelled a mismatch, how many are flagged true
    unknown    flag left empty: where the label is a mismatch, where it is an agreement
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from features.listings.compare import findings
from features.listings.record import FLAGS, Record, Source, columns_of

PAIRS = Path(__file__).parent.parent / "tests" / "golden" / "listing_pairs.toml"
SERIES: dict[str, Half] = {
    "late": "third_hand", "fourth": "fourth_fifth", "fifth": "fourth_fifth", "fifth_read": "fourth_fifth",
    "sixth": "later_hands", "seventh": "later_hands", "eighth": "later_hands", "ninth": "later_hands",
    "tenth": "later_hands", "eleventh": "later_hands", "twelfth": "held_out",
}  # fmt: skip
Half = Literal["build", "third_hand", "fourth_fifth", "later_hands", "held_out", "all"]
Label = Literal["mismatch", "agrees", "untold"]


@dataclass(frozen=True)
class Pair:
    """A listing, its product, and for each flag what a careful person says."""

    id: str
    listing: Record
    product: Record
    labels: Mapping[str, Label]


@dataclass(frozen=True)
class Tally:
    """Counts of pairs of one flag, by label and by what the check says."""

    true: Mapping[Label, int]
    unknown: Mapping[Label, int]
    labelled: Mapping[Label, int]

    @property
    def precision(self) -> float:
        """Of the pairs flagged true; NaN if none is."""
        flagged = sum(self.true.values())
        return self.true["mismatch"] / flagged if flagged else float("nan")

    @property
    def recall(self) -> float:
        """Of the pairs labelled a mismatch; NaN if none is."""
        wrong = self.labelled["mismatch"]
        return self.true["mismatch"] / wrong if wrong else float("nan")


def pairs(half: Half = "all") -> list[Pair]:
    """The labelled pairs of one half, or all."""
    found = tomllib.loads(PAIRS.read_text("utf-8"))["pair"]
    return [
        Pair(p["id"], _record(p["listing"], "listing"), _record(p["product"], "product"), _labels(p))
        for p in found
        if half in ("all", half_of(p["id"]))
    ]


def half_of(name: str) -> Half:
    """The half of a pair, by its series."""
    return SERIES.get(name.partition("-")[0], "build")


def _record(cells: Mapping[str, str], source: Source) -> Record:
    return Record(
        "A", **{field: cells.get(column, "") for field, column in columns_of(source).items() if field != "sku"}
    )


def _labels(pair: Mapping[str, list[str]]) -> dict[str, Label]:
    named = {flag: flag.removeprefix("mismatch_") for flag in FLAGS}
    return {
        flag: "mismatch" if name in pair["mismatch"] else "agrees" if name in pair["agrees"] else "untold"
        for flag, name in named.items()
    }


def tallies(judged: Iterable[Pair]) -> dict[str, Tally]:
    """What the check says of each flag beside the labels."""
    rows = [(pair.labels, findings(pair.listing, pair.product)) for pair in judged]
    return {flag: _tally([(labels[flag], found[flag].is_mismatch) for labels, found in rows]) for flag in FLAGS}


def _tally(told: list[tuple[Label, bool | None]]) -> Tally:
    labels: tuple[Label, ...] = ("mismatch", "agrees", "untold")
    return Tally(
        {label: sum(name == label and said is True for name, said in told) for label in labels},
        {label: sum(name == label and said is None for name, said in told) for label in labels},
        {label: sum(name == label for name, _ in told) for label in labels},
    )


def table(found: Mapping[str, Tally]) -> Iterator[str]:
    """Lines of a Markdown table, one a flag."""
    yield (
        "| flag | mismatches | agreements | flagged | false alarms | precision | recall "
        "| unknown: mismatches | unknown: agreements |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for flag, tally in found.items():
        flagged, right = sum(tally.true.values()), tally.true["mismatch"]
        cells = (
            flag, tally.labelled["mismatch"], tally.labelled["agrees"], flagged, flagged - right,
            f"{tally.precision:.2f}", f"{tally.recall:.2f}", tally.unknown["mismatch"], tally.unknown["agrees"],
        )  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"


def errors(judged: Iterable[Pair]) -> Iterator[str]:
    """A line for each flag that is missed or raised wrongly, with both sides."""
    for pair in judged:
        for flag, finding in findings(pair.listing, pair.product).items():
            label = pair.labels[flag]
            if (finding.is_mismatch is True) != (label == "mismatch"):
                yield f"{pair.id} {flag}: {label}, told {finding.is_mismatch}\n  {pair.listing}\n  {pair.product}"


def main() -> None:
    """Parse, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=get_args(Half), default="all")
    parser.add_argument("--show", action="store_true", help="print each wrong flag")
    args = parser.parse_args()
    judged = pairs(args.half)
    print(f"{len(judged)} pairs ({args.half})\n")
    print("\n".join(table(tallies(judged))))
    if args.show:
        print("\n" + "\n".join(errors(judged)))


if __name__ == "__main__":
    main()
