"""Several drivers in one model of a family's rate: those that remain jointly, and pairs."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from glitch_explorer.core.arrays import Float64
from glitch_explorer.coupling.rates.effects import Beside
from glitch_explorer.coupling.rates.nulls import Estimate, corrected_p, surrogate_scores
from glitch_explorer.coupling.rates.problem import Driver, Fitted, Rates, product_of
from glitch_explorer.coupling.schemas import ALPHA

#: Surrogates of the joint model and of pairs, which are drawn for each family anew.
FAMILY_DRAWS = 199
#: Most drivers in one model: with more, there are too many terms for the blocks.
MOST_JOINT = 4


def clock_parts(rates: Rates) -> list[Float64]:
    """Return the terms of local time, none where there are too few days."""
    return [] if rates.clock is None else [rates.clock]


def _effects(
    rates: Rates, drivers: Mapping[int, Driver], others: Mapping[int, Sequence[Driver]], **null: int
) -> dict[int, Estimate]:
    """Return the effects of drivers in models with the clock and, for each, other drivers.

    `null` has the seed and the number of the surrogates.
    """
    models: dict[int, tuple[Beside, Fitted]] = {}
    for number, driver in drivers.items():
        parts = [*clock_parts(rates), *(other.terms for other in others[number])]
        block_s = max(other.block_s for other in (*others[number], driver))
        beside = Beside([rates], driver, parts, block_s)
        fitted = beside.fitted(0, driver.terms)
        if isinstance(fitted, Fitted):
            models[number] = beside, fitted
    tests = {number: [beside.test] for number, (beside, _) in models.items()}
    scores = surrogate_scores(drivers, tests, **null)
    results = {
        number: beside.estimate(0, fitted, scores[number][0]) for number, (beside, fitted) in models.items()
    }
    return {number: result for number, result in results.items() if isinstance(result, Estimate)}


def remaining_drivers(
    rates: Rates, drivers: Mapping[int, Driver], alone: Mapping[int, Estimate], *, seed: int, draws: int
) -> dict[int, Estimate]:
    """Select the drivers that remain in one model, by forward selection.

    Each step adds the driver with the largest effect beside the clock and the drivers that are in the model,
    relative to its surrogates, while its p, corrected for all that could be added, is at most 0.05.

    Parameters
    ----------
    rates, drivers
        Counts and drivers.
    alone
        Effect of each driver beside the clock, from which the first is selected.
    seed, draws
        Seed and number of the surrogates.

    Returns
    -------
    dict of int to Estimate
        The drivers' numbers in the order of selection, with their effects in the last model.
    """
    chosen: list[int] = []
    effects = dict(alone)
    while effects and len(chosen) < MOST_JOINT:
        if corrected_p(list(effects.values())).min() > ALPHA:
            break
        chosen.append(max(effects, key=lambda number: effects[number].size))
        rest = {number: drivers[number] for number in alone if number not in chosen}
        before = [drivers[number] for number in chosen]
        effects = _effects(rates, rest, dict.fromkeys(rest, before), seed=seed, draws=draws)
    if len(chosen) == 1:
        return {chosen[0]: alone[chosen[0]]}
    last = {number: drivers[number] for number in chosen}
    others = {number: [drivers[other] for other in chosen if other != number] for number in chosen}
    return _effects(rates, last, others, seed=seed, draws=draws) if chosen else {}


def pair_effects(
    rates: Rates, drivers: Mapping[int, Driver], *, seed: int, draws: int
) -> dict[tuple[int, int], Estimate]:
    """Estimate by how much two drivers act more together than each alone.

    The model has the clock, both curves, and the product of the standardised levels, of which surrogates are
    drawn. The effect is the rate with both drivers at their 90th percentile, over what the two separate
    effects make of it.
    """
    pairs = list(combinations(drivers, 2))
    products = [product_of(drivers[a], drivers[b], rates.live) for a, b in pairs]
    usable = {number: product for number, product in enumerate(products) if isinstance(product, Driver)}
    others = {number: [drivers[driver] for driver in pairs[number]] for number in usable}
    return {
        pairs[number]: effect
        for number, effect in _effects(rates, usable, others, seed=seed, draws=draws).items()
    }
