"""Usual models as baselines: Olist's known features, refitted on the same orders, tuned and calibrated by time.

The features are those that a data scientist would take from the tables (../shared/data/README.md lists them), at each
moment with what is known then; past one-star rates count reviews that were asked for before the purchase.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

Floats = NDArray[np.float64]
INNER_FOLDS = 4
RATE_WEIGHT = 10.0
LEAST = 1e-6

CATEGORIES = ["payment_type", "category", "ship_to_region", "x_seller_state"]
NUMBERS = {
    "placed": [
        "price_log", "freight_log", "freight_share", "quantity", "line_count", "weight_log", "volume_log",
        "distance_km", "promised_days", "handling_promise_days", "x_instalments", "x_voucher_share", "x_photos",
        "x_name_length", "x_description_length", "x_seller_count", "x_is_same_state", "rate_shop_id", "rate_category",
        "rate_ship_to_region", "reviews_shop_id",
    ],
    "shipped": ["x_approval_hours", "handling_days", "hours_past_limit", "days_left"],
    "delivered": ["transit_days", "total_days", "days_late"],
}  # fmt: skip


def features(rows: pl.DataFrame, moment: str, reviews: pl.DataFrame) -> pl.DataFrame:
    """What is known of each order at the moment; rows as `Olist.looked_at` gives them, reviews of all orders."""
    for key in ("shop_id", "category", "ship_to_region"):
        rows = _with_past_rate(rows, key, reviews)
    numbers = pl.col(known_numbers(moment)).cast(pl.Float64).fill_null(np.nan)
    return rows.with_columns(**_derived()).select(numbers, pl.col(CATEGORIES).fill_null("unknown"))


def known_numbers(moment: str) -> list[str]:
    """The numeric features known at the moment."""
    moments = list(NUMBERS)
    return [name for known in moments[: moments.index(moment) + 1] for name in NUMBERS[known]]


def _derived() -> dict[str, pl.Expr]:
    ship_limit = pl.col("ship_by") + pl.duration(seconds=pl.col("x_approval_hours") * 3600)
    return {
        "price_log": pl.col("item_price").log1p(),
        "freight_log": pl.col("shipping_price").log1p(),
        "freight_share": pl.col("shipping_price") / pl.col("order_total"),
        "weight_log": pl.col("item_weight_g").log1p(),
        "volume_log": pl.col("package_volume_cm3").log1p(),
        "promised_days": _days("placed_at", "latest_delivery_at"),
        "handling_promise_days": _days("placed_at", "ship_by"),
        "handling_days": _days("placed_at", "shipped_at"),
        "hours_past_limit": (pl.col("shipped_at") - ship_limit).dt.total_seconds() / 3600,
        "days_left": _days("shipped_at", "latest_delivery_at"),
        "transit_days": _days("shipped_at", "delivered_at"),
        "total_days": _days("placed_at", "delivered_at"),
        "days_late": _days("latest_delivery_at", "delivered_at"),
    }


def _days(start: str, end: str) -> pl.Expr:
    return (pl.col(end) - pl.col(start)).dt.total_seconds() / 86_400


def _with_past_rate(rows: pl.DataFrame, key: str, reviews: pl.DataFrame) -> pl.DataFrame:
    """One-star rate of the key before the purchase, drawn to the rate of all orders, and how many reviews it rests on.

    reviews: order_id, the key's column, reviewed_at, is_one_star.
    """
    star, count = pl.col("is_one_star").cast(pl.Int64).cum_sum(), pl.int_range(1, pl.len() + 1)
    seen = reviews.sort("reviewed_at").with_columns(all_ones=star, all_n=count)
    of_key = seen.with_columns(ones=star.over(key), n=count.over(key))
    when = {"left_on": "placed_at", "right_on": "reviewed_at", "allow_exact_matches": False, "check_sortedness": False}
    joined = rows.join_asof(seen.select("reviewed_at", "all_ones", "all_n"), **when)
    joined = joined.join_asof(of_key.select("reviewed_at", key, "ones", "n"), by=key, **when)
    overall = (pl.col("all_ones").fill_null(0) + 1) / (pl.col("all_n").fill_null(0) + 10)
    ones, n = pl.col("ones").fill_null(0), pl.col("n").fill_null(0)
    joined = joined.with_columns(
        ((ones + RATE_WEIGHT * overall) / (n + RATE_WEIGHT)).alias(f"rate_{key}"), n.log1p().alias(f"reviews_{key}")
    )
    return joined.select(*rows.columns, f"rate_{key}", f"reviews_{key}")


def candidates(moment: str, seed: int) -> dict[str, list[BaseEstimator]]:
    """The settings among which each baseline chooses by time-ordered folds."""
    numbers = known_numbers(moment)
    return {
        "constant": [DummyClassifier(strategy="prior")],
        "logistic regression": [_logistic(numbers, c) for c in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)],
        "LightGBM default": [_boosted(numbers, seed)],
        "LightGBM tuned": [
            _boosted(
                numbers, seed, num_leaves=leaves, max_depth=4, n_estimators=trees, learning_rate=0.03,
                min_child_samples=40, reg_lambda=5.0, subsample=0.8, subsample_freq=1, colsample_bytree=0.6,
            )
            for leaves, trees in product((3, 8), (25, 50, 100, 200))
        ],
    }  # fmt: skip


def _logistic(numbers: list[str], c: float) -> Pipeline:
    table = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20), CATEGORIES),
        ]
    )
    return make_pipeline(table, LogisticRegression(C=c, max_iter=2000))


def _boosted(numbers: list[str], seed: int, **settings: float) -> Pipeline:
    coder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, min_frequency=20)
    table = ColumnTransformer([("numbers", "passthrough", numbers), ("categories", coder, CATEGORIES)])
    return make_pipeline(table, _Boosted(n_jobs=1, verbose=-1, random_state=seed, deterministic=True, **settings))


class _Boosted(LGBMClassifier):
    """LightGBM that takes the last columns of its matrix as categories."""

    def fit(self, X: Floats, y: Floats) -> _Boosted:
        """Fit on the matrix of `_boosted`."""
        return super().fit(X, y, categorical_feature=list(range(X.shape[1] - len(CATEGORIES), X.shape[1])))


def refitted(choices: list[BaseEstimator], X: pl.DataFrame, y: Floats, X_new: pl.DataFrame) -> tuple[Floats, Floats]:
    """Probabilities of new orders by the best choice, calibrated where that helps, and as fitted.

    X, y in order of time. Choice and calibration are judged in forward folds of the later half; the sigmoid of a fold
    is learned on those before it, and taken where it gains more than one standard error (less is chasing the last
    months' rate).
    """
    folds = list(TimeSeriesSplit(INNER_FOLDS, test_size=len(X) // (2 * INNER_FOLDS)).split(X))
    happened = [y[later] for _, later in folds]
    found = [[_fitted(c, X[earlier], y[earlier], X[later]) for earlier, later in folds] for c in choices]
    best = int(np.argmin([_losses(happened, p).mean() for p in found]))
    p, p_new = found[best], _fitted(choices[best], X, y, X_new)
    if isinstance(choices[best], DummyClassifier):
        return p_new, p_new
    tried = [_sigmoid(np.concatenate(p[:k]), np.concatenate(happened[:k]), p[k]) for k in range(1, INNER_FOLDS)]
    gain = _losses(happened[1:], p[1:]) - _losses(happened[1:], tried)
    helps = gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain))
    return _sigmoid(np.concatenate(p), np.concatenate(happened), p_new) if helps else p_new, p_new


def _losses(happened: list[Floats], p: list[Floats]) -> Floats:
    """(n,) log-losses over folds."""
    y, q = np.concatenate(happened), np.concatenate(p)
    return -np.log(np.where(y == 1, q, 1 - q))


def _fitted(choice: BaseEstimator, X: pl.DataFrame, y: Floats, X_new: pl.DataFrame) -> Floats:
    p = clone(choice).fit(X, y).predict_proba(X_new)[:, 1]
    return np.clip(p, LEAST, 1 - LEAST)


def _sigmoid(p: Floats, y: Floats, p_new: Floats) -> Floats:
    fitted = LogisticRegression(C=np.inf).fit(logit(p)[:, None], y)
    return expit(logit(p_new) * fitted.coef_[0, 0] + fitted.intercept_[0])
