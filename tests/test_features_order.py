"""The declaration of the order, and what is derived from it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from features.catalogue import catalogue, template_csv
from features.columns import Columns
from features.completion import ESTIMATED, GIVEN, completed
from features.errors import SettingError
from features.extras import extra_attributes
from features.kinds import CURRENCY_EXPONENTS, Kind, expected
from features.moments import DAY
from features.order import Order, attributes
from features.order_columns import columns_of
from features.rounding import rounded_money
from features.tables import TableOptions, read_orders

PLACED = 1_790_000_000.0


def columns(**given: object) -> Columns:
    """One order by column."""
    arrays = {name: np.array([v], dtype=object if isinstance(v, str) else np.float64) for name, v in given.items()}
    return Columns(1, arrays)


def test_every_attribute_but_extra_is_declared_once_with_a_meaning() -> None:
    assert set(attributes()) == set(Order.model_fields) - {"extra"}
    assert all(a.name == name and a.meaning for name, a in attributes().items())
    assert {a.kind for a in attributes().values()} == set(Kind)


def test_only_instants_are_facts_and_promises() -> None:
    for a in attributes().values():
        assert a.is_instant or a.role in ("value", "afterwards"), a.name
        assert a.role != "value" or not a.is_instant, a.name


def test_a_value_hangs_on_facts_only() -> None:
    for a in attributes().values():
        assert all(attributes()[fact].is_instant for fact in a.since), a.name
        assert all(attributes()[fact].role in ("fact", "afterwards") for fact in a.since), a.name


@pytest.mark.parametrize(
    ("asked", "first", "last", "answered", "wrote"),
    [
        (5.0, 3.0, np.nan, np.nan, 3.0),  # his own message, and no reply
        (5.0, 3.0, 4.0, np.nan, 4.0),
        (5.0, 3.0, 7.0, 7.0, 7.0),
        (5.0, 5.0, 7.0, 5.0, 7.0),
        (np.nan, 3.0, np.nan, 3.0, np.nan),  # nobody has asked yet
    ],
)
def test_what_the_seller_wrote_before_the_buyer_did_is_no_reply(
    asked: float, first: float, last: float, answered: float, wrote: float
) -> None:
    given = {"first_message_at": asked, "first_reply_at": first, "last_reply_at": last}
    alone = completed(columns(**given))
    table = completed(Columns(40, {name: np.full(40, value) for name, value in given.items()}))
    for found in (alone, table):
        assert np.array_equal(found["first_reply_at"], np.full(found.n, answered), equal_nan=True)
        assert np.array_equal(found["last_reply_at"], np.full(found.n, wrote), equal_nan=True)


def test_closed_sets_have_choices_and_no_other_kind_has() -> None:
    assert all(bool(a.choices) == (a.kind is Kind.CHOICE) for a in attributes().values())
    assert all(len(set(a.choices)) == len(a.choices) for a in attributes().values())


def test_the_json_schema_names_every_attribute_and_stays_json() -> None:
    schema = Order.model_json_schema()
    assert set(schema["properties"]) == set(Order.model_fields)
    assert schema["required"] == ["order_id"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.CHOICE])
def test_every_kind_says_what_it_expects(kind: Kind) -> None:
    code, detail = expected(kind)
    assert re.fullmatch(rf"not_(an?_)?{kind}", code)
    assert detail.startswith("expected ")


def test_money_is_rounded_to_the_exponent_of_its_currency() -> None:
    for currency, places in {**CURRENCY_EXPONENTS, "USD": 2, "XXX": 2}.items():
        (total,) = rounded_money(columns(order_total=1234.56789, currency=currency))["order_total"]
        assert total == round(1234.56789, places), currency


def test_money_without_a_known_currency_is_left_as_it_is() -> None:
    assert rounded_money(columns(order_total=1.23456))["order_total"] == [1.23456]


def test_completing_twice_changes_nothing() -> None:
    once = completed(columns(order_id="1", placed_at=PLACED, service_level=1.0))
    twice = completed(once)
    assert all(np.array_equal(once[n], twice[n], equal_nan=once[n].dtype != object) for n in {*once, *twice})


@pytest.mark.parametrize("service", [*range(len(attributes()["service_level"].choices)), np.nan])
def test_a_missing_promise_is_estimated_and_says_so(service: float) -> None:
    known = {"ship_from_country": "US", "ship_to_country": "US", "service_level": float(service)}
    domestic = completed(columns(placed_at=PLACED, **known))
    abroad = completed(columns(placed_at=PLACED, **(known | {"ship_from_country": "CN"})))
    assert 0 < domestic["latest_delivery_at"][0] - PLACED <= abroad["latest_delivery_at"][0] - PLACED <= 60 * DAY
    assert domestic["latest_delivery_basis"] == abroad["latest_delivery_basis"] == [ESTIMATED]


def test_without_a_lane_the_estimate_is_thirty_days() -> None:
    done = completed(columns(placed_at=PLACED, service_level=2.0, ship_to_country="US"))
    assert done["latest_delivery_at"] == [PLACED + 30 * DAY]


def test_a_given_promise_stays_and_one_that_cannot_be_told_is_unknown() -> None:
    given = completed(columns(placed_at=PLACED, latest_delivery_at=PLACED + DAY))
    assert (given["latest_delivery_at"][0], given["latest_delivery_basis"][0]) == (PLACED + DAY, GIVEN)
    nothing = completed(columns(order_id="1"))
    assert not nothing.known("latest_delivery_at")[0]
    assert not nothing.known("latest_delivery_basis")[0]


def test_columns_that_are_absent_read_as_unknown_in_their_kind() -> None:
    none = columns_of([Order(order_id="1"), Order(order_id="2")])
    for name, attribute in attributes().items():
        assert none[name].shape == (2,)
        assert (none[name].dtype == object) == (attribute.kind in {"text", "identifier", "country", "currency"})
        assert none.known(name).all() == (name == "order_id")


def test_an_extra_attribute_must_be_named_as_one() -> None:
    with pytest.raises(SettingError, match="x_"):
        extra_attributes({"carrier": "category"})


def test_the_catalogue_tells_what_the_order_declares() -> None:
    rows = {row.name: row for row in catalogue()}
    assert list(rows) == list(attributes())
    assert rows["payment_type"].choices == attributes()["payment_type"].choices
    assert (rows["delivered_at"].kind, rows["delivered_at"].known, rows["delivered_at"].role) == (
        "instant", "delivered", "fact",
    )  # fmt: skip


def test_the_template_is_a_header_that_the_table_door_takes(tmp_path: Path) -> None:
    path = tmp_path / "template.csv"
    names = template_csv().rstrip("\n").split(",")
    path.write_text(template_csv() + "1" + "," * (len(names) - 1) + "\n", encoding="utf-8")
    (chunk,) = read_orders(path, TableOptions())
    assert names == list(attributes())
    assert chunk.columns["order_id"].tolist() == ["1"]
    assert not chunk.rejects
