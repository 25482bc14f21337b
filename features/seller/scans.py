"""Rows of tracking, one for each parcel's last word or for each of its scans, made one row a parcel."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from features.seller.facts import holding

SCANNED = "scanned_at"
KEYS = ("order_id", "parcel_id")
_TIMES = ("first_scan_at", "last_scan_at", "delivered_at")
_BEFORE_HAND_OVER, _DELIVERED, _ATTEMPTED = "pre_transit", "delivered", "attempted"


def latest_words(files: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """A row per parcel of the files of one report, which have `SCANNED`: latest status, first and last scan, delivery;
    that a parcel has moved on since an older file contradicts nothing."""
    rows = pl.concat([_with_times(frame) for frame in files], how="diagonal_relaxed")
    plain = [c for c in rows.columns if c not in (*KEYS, *_TIMES, "delivery_attempts", SCANNED)]
    return rows.sort(SCANNED, nulls_last=False, maintain_order=True).group_by(KEYS, maintain_order=True).agg(
        pl.col("first_scan_at", "delivered_at").min(), pl.col("last_scan_at", "delivery_attempts").max(),
        pl.col(plain).drop_nulls().last(),
    )  # fmt: skip


def _with_times(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with what the moment of their status is the moment of.

    The first scan is told only by a history, several moments of one parcel in one file: a last word is no first scan.
    """
    frame = holding(frame, (*KEYS, *_TIMES, "tracking_status", "delivery_attempts"))
    status, at = pl.col("tracking_status"), pl.col(SCANNED)
    moving = pl.when(status.ne_missing(_BEFORE_HAND_OVER)).then(at)
    is_history = at.n_unique().over(KEYS) > 1
    attempts = (status == _ATTEMPTED).sum().cast(pl.Int64).over(KEYS)
    return frame.with_columns(
        pl.coalesce("first_scan_at", pl.when(is_history).then(moving.min().over(KEYS))).alias("first_scan_at"),
        pl.coalesce("last_scan_at", moving).alias("last_scan_at"),
        pl.coalesce("delivered_at", pl.when(status == _DELIVERED).then(at)).alias("delivered_at"),
        pl.coalesce("delivery_attempts", pl.when(is_history).then(attempts)).alias("delivery_attempts"),
    )
