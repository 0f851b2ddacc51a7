"""Range losses are charged to the families that cause them, against planted losses."""

import numpy as np
import pytest

from glitch_explorer.impact.cost.attribution import attribute

FAMILIES, BLOCKS, MINUTES = 8, 24, 8
#: Share of a minute's volume that a glitch of each family takes.
TAKEN = np.array([0.15, 0.0, 0.05, 0.0, 0.09, 0.0, 0.0, 0.03])


def world(seed, *, by_power=False):
    """Return the attribution of families in common spells, loud ones harmless, and the planted losses."""
    rng = np.random.default_rng([seed, 5])
    lam = rng.gamma(0.7, 1 / 0.7, (FAMILIES, BLOCKS)) * 25 / BLOCKS
    count = rng.poisson(lam)
    family = np.repeat(np.arange(FAMILIES), count.sum(axis=1))
    block = np.concatenate([np.repeat(np.arange(BLOCKS), count_in) for count_in in count])
    minute = block * MINUTES + rng.integers(0, 5, len(block))
    power = (10 * (1 + 3 * (family % 4)) * (1 - rng.uniform(size=len(family))) ** -0.6) ** 2
    loss_s = 60 * TAKEN[family] * rng.lognormal(0, 0.3, len(family))
    if by_power:
        loss_s = 0.002 * power
    n = BLOCKS * MINUTES
    loss = np.bincount(minute, loss_s, minlength=n) + rng.normal(0.2, 0.7, n)
    result = attribute(
        loss,
        np.full(n, 60.0),
        np.repeat(np.arange(BLOCKS), MINUTES),
        minute=minute,
        family=family,
        power=power,
        n_families=FAMILIES,
        n_blocks=BLOCKS,
    )
    return result, np.bincount(family, loss_s, minlength=FAMILIES)


@pytest.mark.parametrize("by_power", [False, True])
def test_charges_are_unbiased_within_their_error(by_power):
    errors = np.array(
        [result.charge - truth for result, truth in (world(k, by_power=by_power) for k in range(80))]
    )
    error = errors.std(axis=0) / np.sqrt(len(errors))
    assert (np.abs(errors.mean(axis=0)) < 4 * error + 0.02 * 60).all()
    if not by_power:
        # A family that takes nothing is charged with next to nothing: the others take 60 to 340.
        assert (np.abs(errors.mean(axis=0))[TAKEN == 0] < 2.5).all()
        assert errors.std(axis=0).max() < 15


def test_minutes_parts_add_up_to_charges_and_blocks_to_their_change():
    result, _ = world(3)
    np.testing.assert_allclose(
        np.bincount(result.family, result.part, minlength=FAMILIES), result.charge, rtol=1e-9, atol=1e-9
    )
    assert result.by_block.shape == (FAMILIES, BLOCKS)
    # Scaling all blocks alike leaves the usual losses, and scales the charges, but for the shrinkage.
    np.testing.assert_allclose(result.by_block.sum(axis=1), result.charge, rtol=0.1, atol=1.0)


def solve(loss, minute, family, power, *, blocks=None, live=60.0):
    n = len(loss)
    return attribute(
        np.asarray(loss, float),
        np.full(n, live),
        np.zeros(n, np.int64) if blocks is None else blocks,
        minute=np.asarray(minute),
        family=np.asarray(family),
        power=np.asarray(power, float),
        n_families=3,
        n_blocks=1 if blocks is None else len(np.unique(blocks)),
    )


def test_what_is_lost_is_charged_once():
    rng = np.random.default_rng(1)
    loss, minute = rng.normal(1, 3, 50), rng.integers(0, 30, 60)
    result = solve(loss, minute, rng.integers(0, 3, 60), rng.pareto(1, 60) + 1)
    busy = np.unique(minute)
    # All charges add up to the losses of minutes with glitches, minus one rate for all live time.
    rate = (loss[busy].sum() - result.charge.sum()) / len(busy)
    parts = np.bincount(result.minute, result.part, minlength=50)
    np.testing.assert_allclose(parts[busy], loss[busy] - rate, atol=1e-9)
    assert np.all(parts[np.setdiff1d(np.arange(50), busy)] == 0)


def test_a_lone_shared_minute_is_split_by_power():
    # 99 minutes lose nothing, one loses 10, shared by two families 4 to 1 in SNR^2. Their usual losses are
    # equal, so only the rest is split by SNR^2.
    loss = np.zeros(100)
    loss[7] = 10.0
    result = solve(loss, [7, 7], [0, 1], [4.0, 1.0])
    assert result.charge.sum() == pytest.approx(10.0, rel=1e-6)
    assert result.charge[0] >= result.charge[1] > 0
    np.testing.assert_array_equal(result.minutes, [1, 1, 0])


def test_the_first_order_is_the_derivative():
    rng = np.random.default_rng(2)
    n = 120
    minute, family, power = rng.integers(0, n, 90), rng.integers(0, 3, 90), rng.pareto(1.5, 90) + 1
    loss = np.bincount(minute, np.array([3.0, 0.0, 1.0])[family], minlength=n) + rng.normal(0, 0.5, n)
    blocks = np.arange(n) // 10
    whole = solve(loss, minute, family, power, blocks=blocks)
    # Many copies of the world, and one block once more.
    copies = 40
    repeated = np.concatenate([np.arange(n)] * copies + [np.flatnonzero(blocks == 4)])
    index = [np.flatnonzero(minute == m) for m in repeated]
    new_minute = np.repeat(np.arange(len(repeated)), [len(i) for i in index])
    chosen = np.concatenate(index).astype(int)
    more = solve(loss[repeated], new_minute, family[chosen], power[chosen])
    base = solve(
        loss[repeated[: n * copies]],
        new_minute[new_minute < n * copies],
        family[chosen][new_minute < n * copies],
        power[chosen][new_minute < n * copies],
    )
    np.testing.assert_allclose(more.charge - base.charge, whole.by_block[:, 4], atol=0.35)


def test_nothing_known_charges_nothing():
    result = solve([np.nan, np.nan], [0, 1], [0, 1], [1.0, 1.0])
    np.testing.assert_array_equal(result.charge, 0)
    np.testing.assert_array_equal(result.minutes, 0)
    result = solve([1.0, 2.0], [-1], [0], [1.0])
    np.testing.assert_array_equal(result.charge, 0)
