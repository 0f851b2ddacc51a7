"""Effects of single drivers on the rates of families, with and without local time and blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from glitch_explorer.core.arrays import Float64
from glitch_explorer.coupling.rates.nulls import DRAWS, Estimate, surrogate_scores
from glitch_explorer.coupling.rates.problem import Driver, Fitted, Rates, Reason
from glitch_explorer.coupling.rates.score import Comparison, comparison


class Question(StrEnum):
    """What is asked of a driver.

    Attributes
    ----------
    WITHIN
        Does the rate move with it within blocks of time?
    CLOCK
        The same with local time of day, and of the week, in the model.
    OVERALL
        Does it over the whole time, blocks compared too?
    """

    WITHIN = "within"
    CLOCK = "clock"
    OVERALL = "overall"


#: Results of one question for a family, by number of the driver.
Effects = dict[int, Estimate | Reason]


@dataclass
class Beside:
    """The effect of a driver beside other terms, for one or more families.

    Attributes
    ----------
    families
        Counts of the families of one detector.
    driver
        The driver.
    others
        Terms ``(n, q)`` of the model beside it.
    block_s
        Length of the blocks, s; None to compare all minutes.
    """

    families: Sequence[Rates]
    driver: Driver
    others: Sequence[Float64]
    block_s: float | None

    @cached_property
    def test(self) -> Comparison:
        """The score test of the driver; there must be minutes with data."""
        return comparison(self.families, self.driver, self.others, self.block_s)

    @cached_property
    def scores(self) -> Float64:
        """The scores ``(f,)`` of the driver itself."""
        return self.test.scores(self.driver.terms, self.driver.contrast)

    def fitted(self, family: int, terms: Float64) -> Fitted | Reason:
        """Fit the model of a family, with the driver's terms ``(n, p)`` last."""
        return self.families[family].fit([*self.others, terms], self.block_s)

    def estimate(self, family: int, fitted: Fitted, null: Float64) -> Estimate | Reason:
        """Return the effect on a family, with the scores of surrogates ``(d, f)``."""
        contrast = np.zeros((1, len(fitted.fit.coefficients)))
        contrast[0, -len(self.driver.contrast) :] = self.driver.contrast
        values, errors = fitted.fit.log_ratios(contrast)
        score, scores = float(self.scores[family]), null[:, family]
        if not (np.isfinite(scores).all() and np.isfinite(score) and scores.any()):
            return Reason.NO_FIT
        return Estimate(float(values[0]), float(errors[0]), score, scores)


def driver_effects(
    families: Sequence[Rates], drivers: Mapping[int, Driver], *, seed: int, draws: int = DRAWS
) -> list[dict[Question, Effects]]:
    """Return the effects of each driver on each family; surrogates are drawn once for all of them.

    Parameters
    ----------
    families
        Counts of the families of one detector.
    drivers
        Number to driver.
    seed, draws
        Seed and number of the surrogates.
    """
    results: list[dict[Question, Effects]] = [{question: {} for question in Question} for _ in families]
    tests: dict[int, dict[Question, Beside]] = {}
    fits: dict[tuple[int, Question, int], Fitted] = {}
    for number, driver in drivers.items():
        tests[number] = _questions(families, driver)
        terms = driver.terms
        for question, beside in tests[number].items():
            for family, effects in enumerate(results):
                fitted = beside.fitted(family, terms)
                if isinstance(fitted, Fitted):
                    fits[number, question, family] = fitted
                else:
                    effects[question][number] = fitted
        if Question.CLOCK not in tests[number]:
            for effects in results:
                effects[Question.CLOCK][number] = Reason.FEW_DAYS
    # Where there are too few blocks, there is too little time to compare all of it, too.
    answerable = {number for number, question, _ in fits if question is Question.WITHIN}
    comparisons = {
        number: [beside.test for beside in tests[number].values()] for number in sorted(answerable)
    }
    scores = surrogate_scores(drivers, comparisons, draws=draws, seed=seed)
    for (number, question, family), fitted in fits.items():
        within = results[family][Question.WITHIN].get(number)
        if isinstance(within, Reason):
            results[family][question][number] = within
        else:
            null = scores[number][list(tests[number]).index(question)]
            results[family][question][number] = tests[number][question].estimate(family, fitted, null)
    return results


def _questions(families: Sequence[Rates], driver: Driver) -> dict[Question, Beside]:
    """Prepare the models of a driver."""
    clock = families[0].clock
    models = {Question.WITHIN: Beside(families, driver, [], driver.block_s)}
    if clock is not None:
        models[Question.CLOCK] = Beside(families, driver, [clock], driver.block_s)
    models[Question.OVERALL] = Beside(families, driver, [], None)
    return models
