"""Which of the given maps a file is read by: that of most of its columns, unless a built-in one fits better."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.errors import FileRefused
from features.seller.mapping import Encoding, Mapping
from features.seller.maps import fitting, header_row_of
from features.seller.meant import Fit, fit_of
from features.seller.sources import DELIMITED, looked_at, sources


def map_for(path: Path, given: Sequence[Mapping], encoding: Encoding | None, *, is_alone: bool) -> Mapping | None:
    """The one of the given maps that a file is read by; None where a built-in map is to be taken.

    That is so where one fits by its signature and none of the given reads more than the key of its rows, or another
    kind of rows and less. is_alone: the only file, for which a map must be meant. `FileRefused` where nothing reads it.
    """
    if not given:
        return None
    best = max((_fit(path, mapping, encoding) for mapping in given), key=lambda fit: fit.read)
    own = _built_in(path, encoding)
    if own is None:
        if best.read <= 0 < best.of:
            raise _refusal(best, path)
        return best.mapping
    is_meant = best.read > 0 if is_alone else best.is_meant_beside(own)
    return best.mapping if is_meant else None


def require_columns(path: Path, mapping: Mapping, encoding: Encoding | None) -> None:
    """`FileRefused` where a map reads nothing of a file but its order number."""
    fit = _fit(path, mapping, encoding)
    if fit.read == 0 < fit.of:
        raise _refusal(fit, path)


def _refusal(fit: Fit, path: Path) -> FileRefused:
    what = "the number of its rows alone" if fit.read == 0 else "not even the number of its rows"
    return FileRefused(
        f"{path}: expected columns that the map {fit.mapping.report} names, got {what}; name them in the map, or give "
        f"one for this file: claimrisk map {path} --out MAP.toml writes it",
        about="unknown_columns",
    )


def _fit(path: Path, mapping: Mapping, encoding: Encoding | None) -> Fit:
    return fit_of(mapping, _headers(path, mapping, encoding))


def _built_in(path: Path, encoding: Encoding | None) -> Fit | None:
    if path.suffix.lower() in DELIMITED:
        fits = [m for names in _headers(path, None, encoding) if (m := fitting(names)) is not None]
        return _fit(path, fits[0], encoding) if fits else None
    try:
        return _fit(path, sources(path, None, encoding)[0].mapping, encoding)
    except FileRefused:
        return None


def _headers(path: Path, mapping: Mapping | None, encoding: Encoding | None) -> list[Sequence[str]]:
    """The names of the columns of each sheet, as a map finds them; none of a file that it cannot open."""
    try:
        if path.suffix.lower() in DELIMITED:
            rows = looked_at(path, mapping, encoding).rows
            row = header_row_of(rows, mapping)
            return [rows[row - 1]] if row <= len(rows) else []
        return [source.sheet.frame.columns for source in sources(path, mapping, encoding)]
    except FileRefused:
        return []
