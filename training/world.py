"""The simulated world: every number the simulator uses, as sections of a world file.

A number's name tells its unit and so its range: `_share` lies in [0, 1], `_days`, `_hours`, `_sd`, `_sigma`, `_ratio`
and `_weight` are not negative, a count is at least 1, and `_effect` and `_log_odds` are natural logarithms of either
sign. `training/worlds/reference.toml` tells the meaning of each.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """`[period]`: the first day of part 0, and the days that each part lasts."""

    start: dt.date
    days: int


@dataclass(frozen=True, slots=True)
class Size:
    """`[size]`: how many entities there are, whatever the number of orders."""

    shops: int
    skus: int
    cross_border_carriers: int
    local_carriers: int
    buyers: int


@dataclass(frozen=True, slots=True)
class ShopNumbers:
    """`[shop]`: what sellers do; `care` (latent, standard normal) steers most of it."""

    cn_share: float
    local_stock_share: float
    return_address_share: float
    prepaid_label_share: float
    buyer_pays_share: float
    care_weight: float
    handling_share: float
    handling_sigma: float
    untracked_share: float
    untracked_economy_ratio: float
    signature_share: float
    protected_share: float
    duties_unpaid_share: float
    reply_hours: float
    reply_care_effect: float
    reply_shop_sd: float
    reply_sigma: float
    unanswered_share: float
    unanswered_care_effect: float
    refund_share: float
    refund_care_effect: float


@dataclass(frozen=True, slots=True)
class SkuNumbers:
    """`[sku]`: what is sold."""

    price_median: float
    price_sigma: float
    high_value: float
    quality_sd: float
    mismatch_share: float
    mismatch_care_effect: float
    mismatch_measured_share: float
    fragile_share: float
    popularity_sigma: float
    bad_lot_share: float
    bad_lot_effect: float
    bad_lot_days: float


@dataclass(frozen=True, slots=True)
class CarrierNumbers:
    """`[carrier]`: latents of carriers and lanes, and shocks that all orders of a week share."""

    lateness_sd: float
    loss_sd: float
    rough_share: float
    bad_week_share: float
    bad_week_effect: float
    season_effect: float
    season_volume_ratio: float


@dataclass(frozen=True, slots=True)
class TransitNumbers:
    """`[transit]`: from hand-over to delivery, and what is promised."""

    local_days: float
    cross_border_days: float
    economy_ratio: float
    express_ratio: float
    local_sigma: float
    cross_border_sigma: float
    promise_ratio: float
    duties_unpaid_high_value_effect: float
    scan_gap_days: float
    wrong_address_share: float


@dataclass(frozen=True, slots=True)
class LossNumbers:
    """`[loss]`: parcels that never arrive."""

    base_share: float
    before_scan_share: float
    cross_border_effect: float
    untracked_effect: float
    untracked_high_value_effect: float
    duties_unpaid_high_value_effect: float
    bad_week_effect: float
    late_handling_effect: float
    most_share: float


@dataclass(frozen=True, slots=True)
class ContactNumbers:
    """`[contact]`: when buyers write or ask to return, and why."""

    overdue_mean_days: float
    overdue_share: float
    overdue_temper_effect: float
    missing_share: float
    missing_porch_effect: float
    missing_porch_high_value_effect: float
    missing_signed_effect: float
    missing_wrong_address_effect: float
    missing_region_sd: float
    missing_mean_days: float
    product_log_odds: float
    product_mismatch_effect: float
    product_fragile_rough_effect: float
    product_used_effect: float
    product_late_effect: float
    product_mean_days: float
    product_slow_share: float
    product_slow_mean_days: float
    other_share: float
    other_mean_days: float
    silent_share: float


@dataclass(frozen=True, slots=True)
class ClaimNumbers:
    """`[claim]`: from contact to claim; log-odds by kind of contact, and what moves them."""

    shift_log_odds: float
    overdue_log_odds: float
    missing_log_odds: float
    product_log_odds: float
    other_log_odds: float
    temper_sd: float
    untracked_high_value_effect: float
    protected_label_effect: float
    signature_effect: float
    no_return_address_effect: float
    no_return_address_mismatch_effect: float
    buyer_pays_return_effect: float
    prepaid_label_effect: float
    late_effect: float
    reply_48_hours_effect: float
    no_reply_effect: float
    late_no_reply_effect: float
    refund_effect: float
    silent_effect: float
    after_delivery_share: float
    filing_scale_days: float


@dataclass(frozen=True, slots=True)
class RecordNumbers:
    """`[record]`: gaps in what sellers record, whatever the outcome."""

    optional_missing_share: float
    goods_missing_share: float
    cost_missing_share: float


@dataclass(frozen=True, slots=True)
class LeakNumbers:
    """`[leak]`: how often attributes are filled in because of a claim, and without one."""

    is_leaking: bool
    claimed_share: float
    other_share: float


@dataclass(frozen=True, slots=True)
class HiddenNumbers:
    """`[hidden]`, which a world may leave out: what moves both choices and claims, and stands in no file."""

    choice_effect: float = 0.0
    claim_effect: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """All numbers of one simulated world."""

    name: str
    period: Period
    size: Size
    shop: ShopNumbers
    sku: SkuNumbers
    carrier: CarrierNumbers
    transit: TransitNumbers
    loss: LossNumbers
    contact: ContactNumbers
    claim: ClaimNumbers
    record: RecordNumbers
    leak: LeakNumbers
    hidden: HiddenNumbers = HiddenNumbers()
