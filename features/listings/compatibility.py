"""Whether the product record bears out what goods are said to fit."""

from __future__ import annotations

from dataclasses import replace

from features.listings.covering import covers, does_cover, is_named, overlap
from features.listings.fits import Fit, fit_in, fit_of
from features.listings.model_names import is_code, is_of_another_kind, tokens, words_of_model
from features.listings.models import Model
from features.listings.record import Finding, Record, unknown
from features.listings.sectors import fit_named
from features.listings.specs import do_numbers_differ, do_properties_differ
from features.listings.strange_names import names_other_models, promised_fit
from features.listings.things import negative, positive
from features.listings.wording import joined, plain


def compared(ours: Fit, theirs: Fit, text: str = "") -> bool | None:
    """Whether a listing promises a fit that the product has not, or denies one that it has; None if not comparable.

    text: what `theirs` was read from.
    """
    if not ours.is_known or not theirs.is_known:
        return None
    covered = {m: covers(theirs, m) for m in ours.models}
    said = frozenset(tokens(text)) - {word for t in theirs.excluded for word in words_of_model(t)}
    covered = {m: None if fits is False and is_named(m, said) else fits for m, fits in covered.items()}
    if theirs.is_open:
        covered = {m: fits or None for m, fits in covered.items()}
    if True in covered.values():
        covered = {
            m: None if fits is False and is_of_another_kind(m, theirs.models) else fits for m, fits in covered.items()
        }
    verdicts: list[bool | None] = [None if fits is None else not fits for fits in covered.values()]
    if ours.is_universal and not ours.models:
        verdicts.append(not theirs.is_universal or bool(theirs.excluded and not ours.excluded))
    for model in ours.excluded:
        named = any(does_cover(t, model) for t in theirs.models)
        denied = any(does_cover(t, model) for t in theirs.excluded)
        verdicts.append(named and not denied if named or denied else None)
    if ours.excluded and not ours.models and not ours.is_universal and True not in verdicts:
        return False if False in verdicts else None
    return True if True in verdicts else False if False in verdicts else None


def _stated(record: Record, other: Record) -> tuple[str, Fit]:
    found = fit_of(record.compatible_models)
    if found.is_known:
        return record.compatible_models, found
    found = fit_in(record.text)
    return (record.text, found) if found.is_known else (record.name, fit_named(record.name, _known_fit(other)))


def _known_fit(record: Record) -> Fit:
    found = fit_of(record.compatible_models)
    return found if found.is_known else fit_in(record.text)


def _in_title(listing: Record, product: Record) -> Fit:
    """What a title says the goods fit, without their own number, which the product's name has too: a TN-760 toner."""
    found, own, told = fit_in(listing.name), joined(plain(product.name)), fit_of(listing.compatible_models).models
    models = (m for m in found.models if not (is_code(m.name) and m.name in own))
    return replace(found, models=tuple(m for m in models if not any(_is_told_further(m, t) for t in told)))


def _is_told_further(model: Model, told: Model) -> bool:
    """Whether a listing's own column says more exactly what its title names: Civic, and Civic 1.5T in the column."""
    return model.name != told.name and told.name.startswith(model.name) and overlap(model.years, told.years)


def _is_said_not_to_fit(ours: str, theirs: str) -> bool:
    """Whether the product's column excludes a kind of goods that the listing's names: trucks, 不适用卡车."""
    return bool((negative(theirs) - positive(theirs)) & positive(ours))


def compatibility(listing: Record, product: Record) -> Finding:
    """What the listing says it fits beside what the product fits: the columns, where one is empty the texts.

    A title that promises a model beyond the product's list is a mismatch too; fewer models than it fits are none.
    """
    said, ours = _stated(listing, product)
    kept, theirs = _stated(product, listing)
    if _is_said_not_to_fit(listing.compatible_models, product.compatible_models):
        return Finding(True, listing.compatible_models, product.compatible_models)
    is_wrong = compared(ours, theirs, kept)
    columns = listing.compatible_models or promised_fit(listing.name), product.compatible_models
    differ = do_properties_differ(*columns), do_numbers_differ(*columns) if is_wrong is None else None
    if True in differ:
        return Finding(True, *columns)
    if is_wrong is None and False in differ:
        return Finding(False, *columns)
    is_strange = is_wrong is None and not listing.compatible_models
    if is_strange and names_other_models(listing.name, product.compatible_models, product.text):
        return Finding(True, listing.name, product.compatible_models)
    if is_wrong is None:
        same = bool(listing.compatible_models) and plain(listing.compatible_models) == plain(product.compatible_models)
        shown = (
            listing.compatible_models or (said if ours.is_known else ""),
            product.compatible_models or (kept if theirs.is_known else ""),
        )
        return Finding(False, *shown) if same else unknown(*shown)
    if not is_wrong and listing.compatible_models and compared(_in_title(listing, product), theirs):
        return Finding(True, listing.name, kept)
    return Finding(is_wrong, said, kept)
