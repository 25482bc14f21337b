"""What most teams would write: pandas, ColumnTransformer and LGBMClassifier in a joblib file, behind FastAPI.

The joblib file is a pickle, which our own code never loads; this one is made by `fit` a moment before it is read, as
such services do. Run in an environment of its own by benchmarks/peers.py: `python pipeline_service.py fit ORDERS.csv
MODEL`, then `uvicorn pipeline_service:app` with PEER_MODEL.
"""

import os
import sys

import joblib
import pandas as pd
from fastapi import FastAPI
from lightgbm import LGBMClassifier
from pydantic import BaseModel, ConfigDict
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

INSTANTS = ("as_of", "placed_at", "ship_by", "earliest_delivery_at", "latest_delivery_at", "shipped_at")
TEXTS = ("carrier", "payment_type", "marketplace", "category", "ship_to_country", "message_topic")


def table(frame: pd.DataFrame, columns: list[str] | None = None) -> pd.DataFrame:
    """Orders as numbers and words: ages in days instead of instants, flags as 0 and 1."""
    out = frame if columns is None else frame.reindex(columns=columns)
    out = out.copy()
    start = pd.to_datetime(out["placed_at"], utc=True, format="ISO8601")
    for name in INSTANTS:
        out[name] = (pd.to_datetime(out[name], utc=True, format="ISO8601") - start).dt.total_seconds() / 86400.0
    for name in out.columns.intersection(TEXTS):
        out[name] = out[name].fillna("unknown").astype(str)
    for name in out.columns.difference([*INSTANTS, *TEXTS]):
        out[name] = pd.to_numeric(out[name].replace({"true": 1, "false": 0, True: 1, False: 0}), errors="coerce")
    return out


def fit(path: str, model: str) -> None:
    """Fit on a CSV of orders with a column `claimed` and keep the pipeline with its columns."""
    frame = pd.read_csv(path, low_memory=False, dtype=str)
    y = frame.pop("claimed").astype(int)
    X = table(frame)
    X = X.loc[:, X.notna().any()]
    numbers = [name for name in X.columns if name not in TEXTS]
    encode = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median")), numbers),
        ("texts", OneHotEncoder(handle_unknown="ignore"), [name for name in TEXTS if name in X.columns]),
    ])  # fmt: skip
    whole = make_pipeline(encode, LGBMClassifier(n_estimators=100, num_leaves=12, n_jobs=1, verbosity=-1)).fit(X, y)
    joblib.dump((whole, list(X.columns)), model)


class Order(BaseModel):
    """An order as a dict with some known names."""

    model_config = ConfigDict(extra="allow")
    order_id: str


if __name__ == "__main__":
    fit(sys.argv[2], sys.argv[3])
else:
    app = FastAPI()
    pipeline, columns = joblib.load(os.environ["PEER_MODEL"])

    @app.post("/score")
    async def score(order: Order) -> dict[str, float | str]:
        """The probability of one order."""
        frame = table(pd.DataFrame([order.model_dump()]), columns)
        return {"order_id": order.order_id, "probability": float(pipeline.predict_proba(frame)[0, 1])}
