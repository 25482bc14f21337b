"""The hold-out: which advice is left out of which orders on purpose, drawn by lot that anybody can draw again."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from features.errors import SettingError
from service.advice_catalogue import Action, catalogue


@dataclass(frozen=True, slots=True)
class HoldOutRules:
    """What hold_out.toml says. most_net: in units of the profile's currency; actions: ids; fewest_orders: a side."""

    most_net: float
    actions: frozenset[str]
    fewest_orders: int


@cache
def rules() -> HoldOutRules:
    """The rules that ship with the program."""
    text = (resources.files("service") / "hold_out.toml").read_text("utf-8")
    table = tomllib.loads(text)
    found = HoldOutRules(float(table["most_net"]), frozenset(table["actions"]), int(table["fewest_orders"]))
    wrong = found.actions - {action.id for action in catalogue().actions if may_be_left_out(action)}
    if wrong:
        raise SettingError(f"hold_out.toml: actions: expected advice on one order, no duty, got {sorted(wrong)}")
    return found


def may_be_left_out(action: Action) -> bool:
    """Whether an action may stand in hold_out.toml at all."""
    return action.scope == "order" and action.helps == "this_order" and not action.is_duty


@dataclass(frozen=True, slots=True)
class Lot:
    """The lot of one order: share of advice that is left out, who it is, what a unit of the profile is worth."""

    share: float
    shop_id: str
    order_id: str
    unit: float

    def chance(self, action: Action, net: float) -> float:
        """How likely an action of this net benefit is left out; 0 where no lot is drawn."""
        return self.share if action.id in rules().actions and abs(net) <= rules().most_net * self.unit else 0.0

    def is_left_out(self, action: Action) -> bool:
        """What the lot says: the same for the same order and action, however often it is drawn."""
        drawn = hashlib.sha256(f"{self.shop_id}\n{self.order_id}\n{action.id}".encode()).digest()[:8]
        return int.from_bytes(drawn, "big") < self.share * 2.0**64
