"""Simulated orders, their claims, and the true probability of a claim at many moments.

The public face of the simulator. A world (`training/worlds/*.toml`) holds all numbers; shops, SKUs, carriers and
buyers depend on the seed alone, so that later parts are the same shops' future.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from training import basket as baskets
from training.entities import draw_entities, draw_shocks
from training.hazards import Hazards, hazards_of
from training.journey import travel
from training.ledger import orders_frame
from training.milestones import CELLS, STATES, milestones
from training.rollout import probabilities
from training.story import Story, coded
from training.verdicts import judge, outcomes_frame
from training.world import World
from training.worldfile import load_world

__all__ = ["Simulated", "World", "load_world", "simulate"]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Orders in their final state, one row per claim, and the truth (order_id, state, as_of, probability, cell)."""

    orders: pl.DataFrame
    outcomes: pl.DataFrame
    truth: pl.DataFrame | None


def simulate(
    world: World,
    orders: int,
    seed: int,
    *,
    intervene: str | None = None,
    part: int = 0,
    truth: bool = True,
    truth_paths: int = 32,
) -> Simulated:
    """Simulate one part of a world; equal arguments give equal frames.

    `part` counts periods of `world.period.days`: the same entities, other orders and other weekly shocks.
    `intervene` names one thing that all shops do (`training.basket.INTERVENTIONS`); what it does not cause is equal.
    """
    story, hazards = lived(world, orders, seed, intervene=intervene, part=part)
    verdicts = judge(story)
    frame = orders_frame(story, verdicts.decided, verdicts.seller_paid)
    told = _truth_frame(story, hazards, truth_paths) if truth else None
    return Simulated(frame, outcomes_frame(story, verdicts, frame), told)


def lived(
    world: World, orders: int, seed: int, *, intervene: str | None = None, part: int = 0
) -> tuple[Story, Hazards]:
    """The orders of one part with what became of them, and the chances they had."""
    entities, shocks = draw_entities(world, seed), draw_shocks(world, seed, part)
    basket = baskets.place_orders(world, entities, shocks, orders, seed, part)
    if intervene is not None:
        basket = baskets.intervene(basket, entities, intervene)
    hazards = hazards_of(world, entities, basket)
    return Story(world, entities, basket, travel(world, hazards, seed, part), seed, part), hazards


def _truth_frame(story: Story, hazards: Hazards, paths: int) -> pl.DataFrame:
    """One row per moment, by order and moment."""
    moments = milestones(hazards, story.journey, story.seed, story.part)
    stream = (story.seed, story.part)
    told = probabilities(story.world, hazards, story.journey, moments, paths=paths, stream=stream)
    rows = pl.Series(moments.order)
    placed = story.instants("as_of", np.zeros(len(story.basket)))[rows]
    since = pl.Series(np.round(moments.as_of * 86400.0).astype(np.int64) * 1_000_000).cast(pl.Duration("us"))
    state, cell = coded("state", moments.state, STATES), coded("cell", moments.cell, CELLS)
    frame = pl.DataFrame([story.order_ids[rows], state, placed + since, pl.Series("probability", told), cell])
    return frame[pl.Series(np.lexsort((moments.cell, moments.as_of, moments.order)))]
