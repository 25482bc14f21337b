"""What a text of the playbook rests on: a fact of the order's marketplace, else a page, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from features.clocks import Clock
from features.policy.book import Book, Rules
from features.policy.facts import COMMON, PolicyFact
from features.ruled import RuledOrder
from service.playbook_catalogue import CERTAINTIES, Catalogue
from service.wording import Lang


@dataclass(frozen=True, slots=True)
class Rest:
    """A source as it is told. value: the number of the fact, where there is one; is_foreign: of other marketplaces."""

    id: str
    certainty: str
    url: str | None
    is_foreign: bool = False
    value: str | None = None

    def told(self) -> dict[str, str | bool | None]:
        """In the shape of the API."""
        return {"id": self.id, "certainty": self.certainty, "url": self.url, "is_other_marketplace": self.is_foreign}


def rules_of(order: RuledOrder, facts: Book) -> Rules:
    """The facts that apply to an order at its as_of; those common to all where the marketplace is not known."""
    if order.marketplace is not None:
        return facts.rules(order.marketplace, order.as_of)
    day = datetime.fromtimestamp(order.as_of, UTC).date()
    return {fact.topic: fact for fact in facts.facts[COMMON] if fact.holds(day)}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where texts of one order find what they rest on."""

    catalogue: Catalogue
    rules: Rules
    marketplace: str | None
    clocks: Mapping[str, Clock]

    def of(self, fact: str | None, source: str | None, clock: str | None = None) -> Rest | None:
        """The fact (of the day on which its clock started), else the page; None where the marketplace has neither."""
        ticking = self.clocks.get(clock or "")
        if ticking is not None and ticking.fact.topic == fact:
            return _of_fact(ticking.fact)
        held = self.rules.get(fact or "")
        if held is not None:
            return _of_fact(held)
        return None if source is None else self.page(source)

    def page(self, name: str) -> Rest:
        """A page of sources.toml."""
        page = self.catalogue.pages[name]
        is_foreign = "all" not in page.of and self.marketplace not in page.of
        return Rest(f"playbook.{name}", CERTAINTIES[page.certainty], page.url, is_foreign)


def _of_fact(fact: PolicyFact) -> Rest:
    return Rest(fact.id, fact.certainty, fact.sources[0], value=f"{fact.value:g}")


def with_caveats(text: str, rest: Rest, of: Catalogue, lang: Lang) -> str:
    """A text with its number, and with what its source does not cover."""
    filled = text.replace("{value}", rest.value or "")
    if not rest.is_foreign:
        return filled
    caveat = of.texts["frames"]["other_marketplace"]
    return f"{filled} {caveat.en}" if lang == "en" else f"{filled}{caveat.zh}"
