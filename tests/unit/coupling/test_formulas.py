"""Known answers: hveto, effects, tails, q-values, groups, scattered light."""

import decimal
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.sparse import csr_array

from glitch_explorer.core.statistics import binomial_tail
from glitch_explorer.coupling.witnesses import blocks as time_blocks
from glitch_explorer.coupling.witnesses import effects, gather, groups, lag_profiles, nulls
from glitch_explorer.coupling.witnesses import p_values as tails
from glitch_explorer.coupling.witnesses import scattering as scatter


@pytest.mark.parametrize(
    ("n", "mu"), [(1, 0.5), (7, 2.0), (40, 60.0), (300, 1.5), (2000, 8.0), (5000, 400.0)]
)
def test_hveto_significance_is_the_poisson_tail_however_small(n, mu):
    with decimal.localcontext(decimal.Context(prec=60, Emin=-99_999, Emax=99_999)):
        mean = decimal.Decimal(mu)
        term = (-mean).exp() * mean**n / math.factorial(n)
        total = term
        for k in range(n + 1, n + 3000):
            term *= mean / k
            total += term
        exact = float(-total.log10())
    assert float(effects.hveto_significance(n, mu)) == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_hveto_of_nothing_is_nothing():
    assert float(effects.hveto_significance(0, 3.0)) == 0.0


def test_bursts_of_primaries_count_each_primary_once():
    bursts = 1000.0 * np.arange(400)
    primaries = (bursts[:, None] + 0.25 * np.arange(5)).ravel()
    auxiliary = bursts + 0.5
    assert effects.coincident(primaries, auxiliary) == 2000
    assert effects.coincident(primaries, np.concatenate([auxiliary, auxiliary + 0.1])) == 2000
    assert effects.coincident(np.array([0.0, 5.0]), np.array([1.0, 6.001])) == 1  # ends included


def test_hveto_marks_an_overstated_mean():
    auxiliary = np.arange(60.0)
    assert effects.hveto(np.arange(9.0), auxiliary, live_s=1000.0)[1]
    assert not effects.hveto(np.arange(9.0), auxiliary, live_s=2000.0)[1]


def test_crossings_are_the_loudest_of_each_run():
    values = np.array([0, 3, 5, 4, 0, np.nan, 9, np.nan, 3, 3, 0], dtype=np.float32)
    np.testing.assert_array_equal(effects.crossings(values, np.arange(11.0), 3.0), [2.0, 6.0, 8.0])
    assert len(effects.crossings(values, np.arange(11.0), 99.0)) == 0


def test_blocks_are_days_else_segments_else_twentieths():
    day = 86_400.0
    days = np.array([[k * day, k * day + 3600] for k in range(25)])
    np.testing.assert_array_equal(time_blocks.bootstrap_blocks(days[:, 0] + 5, days), np.arange(25))
    close = np.array([[k * 1000.0, k * 1000.0 + 500] for k in range(22)])
    np.testing.assert_array_equal(time_blocks.bootstrap_blocks(close[:, 0] + 5, close), np.arange(22))
    few = np.array([[0.0, 100.0], [200.0, 300.0]])
    np.testing.assert_array_equal(
        time_blocks.bootstrap_blocks(np.array([5.0, 95.0, 205.0, 299.0]), few), [0, 9, 10, 19]
    )


@pytest.mark.parametrize(("blocks", "glitches"), [(4, 10), (8, 12), (8, 30), (20, 60)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_interval_covers_as_often_as_it_says(blocks, glitches, share):
    """Glitches of a block are alike (correlation 0.2), and blocks have unequal numbers of them."""
    rng = np.random.default_rng(2)
    covered, width = 0, []
    for _ in range(300):
        crowded = rng.choice(blocks, glitches - blocks, p=rng.dirichlet(np.full(blocks, 2.0)))
        block = np.r_[np.arange(blocks), crowded]
        hits = rng.random(glitches) < rng.beta(4 * share, 4 * (1 - share), blocks)[block]
        low, high = time_blocks.share_interval(hits, block)
        covered += low <= share <= high
        width.append(high - low)
    assert covered / 300 >= 0.93
    assert np.mean(width) < {4: 0.95, 8: 0.7, 20: 0.4}[blocks]


def test_the_interval_of_independent_glitches_is_the_exact_binomial_one():
    """Clopper-Pearson of 7 in 20 and of 20 in 20; with few blocks wider, with one there is none."""
    each = np.arange(20)
    exact = stats.binomtest(7, 20).proportion_ci(method="exact")
    assert time_blocks.share_interval(each < 7, each) == pytest.approx((exact.low, exact.high), abs=0.015)
    low, high = time_blocks.share_interval(each < 20, each)
    assert (low, high) == (pytest.approx(0.025 ** (1 / 20)), 1.0)
    assert time_blocks.share_interval(each < 20, each % 3)[0] < low - 0.1
    assert np.isnan(time_blocks.share_interval(each < 7, np.zeros(20, int))).all()


def test_the_excess_and_its_interval_are_above_the_slides():
    excess = np.r_[np.full(15, 0.9), np.full(5, -0.1), np.nan]
    mean, low, high = effects.mean_excess(excess, np.arange(21))
    share = time_blocks.share_interval(np.arange(20) < 15, np.arange(20))
    assert mean == pytest.approx(0.65)
    assert (low, high) == pytest.approx((share[0] - 0.1, share[1] - 0.1))


@pytest.mark.parametrize("neighbours", [[], [3, 4]])
def test_t_standardises_by_the_slides_and_each_slide_by_those_that_are_not_near(neighbours):
    slides = np.random.default_rng(0).normal(3, 2, (50, 4))
    near = np.eye(50)
    near[9, neighbours] = near[neighbours, 9] = 1
    enough = np.array([True, True, True, False])
    t, peaks = nulls.standardise(np.full(4, 7.0), slides, enough, csr_array(near))
    np.testing.assert_allclose(t[:3], (7 - slides.mean(0)[:3]) / slides.std(0, ddof=1)[:3])
    assert t[3] == 0
    rest = np.delete(slides, [*neighbours, 9], axis=0)[:, :3]
    expected = np.abs((slides[9, :3] - rest.mean(0)) / rest.std(0, ddof=1)).max()
    assert peaks[9] == pytest.approx(expected, rel=1e-5)


def counted(truth, first, most, rng):
    """Return the counted p of one statistic whose slides are higher with probability `truth`."""
    p, slides = tails.counted_p_values(
        rng.binomial(first, [truth]), first, most, lambda size: rng.binomial(size, [truth])
    )
    return p[0], slides


def test_counted_p_values_draw_more_slides_only_where_few_are_higher():
    rng = np.random.default_rng(0)
    assert counted(0.5, 500, 8000, rng)[1] == 500
    assert counted(0.0, 500, 8000, rng) == (1 / 8001, 8000)
    assert counted(0.0, 500, 700, rng) == (1 / 701, 700)
    assert counted(0.012, 500, 8000, rng)[1] in (500, 1000, 2000)
    none, slides = tails.counted_p_values(np.empty(0, dtype=np.int64), 500, 8000, lambda size: np.empty(0))
    assert (len(none), slides) == (0, 500)


def test_counted_p_values_are_valid_at_every_level():
    """Under the null the observed statistic is as likely higher than any slide: truth is uniform."""
    rng = np.random.default_rng(1)
    p = np.array([counted(truth, 100, 1600, rng)[0] for truth in rng.uniform(size=40000)])
    for level in (1 / 1601, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.0990, 0.11, 0.2, 0.5):
        assert (p <= level).mean() <= level + 3.5 * np.sqrt(level / len(p))
    assert (p <= 0.002).mean() > 0.0012


def test_the_false_discovery_rate_holds_with_counted_p_values():
    """40 families of which 30 have no witness: the share of false ones among those selected."""
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(400):
        truth = np.append(rng.uniform(size=30), np.zeros(10))
        p = np.array([counted(value, 500, 2000, rng)[0] for value in truth])
        selected = tails.q_values(np.arange(40), p) <= 0.05
        shares.append(selected[:30].sum() / max(selected.sum(), 1))
        assert selected[30:].all()
    assert np.mean(shares) <= 0.05


def test_q_values_select_families_first():
    families = np.array([0, 0, 1, 2, 2, 3])
    p = np.array([0.001, 0.04, 0.02, 0.9, np.nan, 0.5])
    q = tails.q_values(families, p)
    for level in (0.01, 0.05, 0.1, 0.3, 0.9):
        least = np.sort([0.001, 0.02, 0.9, 0.5])
        selected = max([k for k in range(1, 5) if least[k - 1] <= level * k / 4], default=0)
        np.testing.assert_array_equal(q <= level, p <= level * selected / 4)
    assert np.isnan(q[4])


def kind_of_evidence(*p):
    """Return rows of table "family_witnesses" or "detector_coincidences", one for each family in H1."""
    return pd.DataFrame({"family": [f"F{k}" for k in range(len(p))], "ifo": "H1", "p_fwer": p})


def test_families_that_two_kinds_of_evidence_test_pay_for_both():
    channels, triggers = kind_of_evidence(0.004, 0.5, None), kind_of_evidence(0.3, 0.5, 0.006, 0.9)
    alone = tails.joint_q_values(channels, triggers[:0])
    assert alone[:2] == pytest.approx([0.008, 0.5])
    # Four families; F2 was tested by triggers only.
    q = tails.joint_q_values(channels, triggers)
    assert q[:2] == pytest.approx([0.008 * 4 / 2, 1.0])
    assert np.isnan(q[2])
    assert tails.joint_q_values(triggers, channels) == pytest.approx([1.0, 1.0, 0.016, 1.0])


def test_two_kinds_of_evidence_have_one_false_discovery_rate():
    rng, found = np.random.default_rng(4), 0
    for _ in range(400):
        both = [kind_of_evidence(*rng.random(20)) for _ in range(2)]
        q = np.concatenate([tails.joint_q_values(*both), tails.joint_q_values(*both[::-1])])
        found += (q <= 0.1).any()
    assert binomial_tail(found, 400, 0.1) > 0.01


def test_calibration_fails_where_too_many_pseudo_families_are_significant():
    share = pd.DataFrame({"kind": "quiet", "p_value": np.r_[np.full(16, 0.04), np.full(184, 0.5)]})
    assert nulls.calibration_table(share).set_index("alpha").loc[0.05, "passed"]
    share = pd.DataFrame({"kind": "quiet", "p_value": np.r_[np.full(17, 0.04), np.full(183, 0.5)]})
    row = nulls.calibration_table(share).set_index("alpha").loc[0.05]
    assert not row["passed"]
    assert (row["n_below"], row["n"]) == (17, 200)


def test_correlated_channels_are_one_group_either_sign_and_through_gaps():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(3000, 5)).astype(np.float32)
    base[:, 3] = -base[:, 0] + 0.2 * base[:, 3]
    base[:500, 3] = np.nan
    base[:, 4] = base[:, 1] + 1.0 * base[:, 4]  # 0.7: not enough
    named = groups.correlated_groups(base, pd.Series(["D", "B", "C", "A", "E"]))
    assert named == {"A": "A", "D": "A", "B": "B", "C": "C", "E": "E"}


@pytest.mark.parametrize(
    ("t", "expected"),
    [([0, 0, 5, 9, 9, 9, 2, 0], 3), ([0, 2, 4, 6, 8, 6, 4, 0], 4), ([9, 9, 9, 9.5, 9, 0, 0, 0], 3)],
)
def test_onset_is_where_the_run_around_the_peak_has_risen(t, expected):
    t = np.array(t, dtype=float)
    assert lag_profiles.onset(t, t > 1, t) == expected
    assert lag_profiles.onset(-t, t > 1, -t) == expected


def test_relations():
    lags = np.arange(-5, 6)
    none = np.zeros(11, dtype=bool)

    def at(*chosen):
        mask = none.copy()
        mask[[c + 5 for c in chosen]] = True
        return mask

    assert lag_profiles.relation(2, none, none, lags, 0.2) == ""
    assert lag_profiles.relation(2, at(-3, 0), at(-3), lags, 0.2) == "leads"
    assert lag_profiles.relation(2, at(-3, 0), none, lags, 0.2) == "co-moves"
    assert lag_profiles.relation(5, at(0, 1), none, lags, 0.2) == "co-moves"
    assert lag_profiles.relation(7, at(2, 3), none, lags, 0.2) == "follows"


def test_isolated_means_none_in_the_minute_before():
    np.testing.assert_array_equal(
        lag_profiles.isolated(np.array([200.0, 0.0, 59.0, 120.0])), [True, True, False, True]
    )


def test_fringes_are_twice_the_speed_over_the_wavelength():
    t = np.arange(0, 20, 1 / 64)
    moved = 3e-6 * np.sin(2 * np.pi * 0.2 * t)
    fastest = 2 * 3e-6 * 2 * np.pi * 0.2 / 1.064e-6
    assert scatter.fringe_hz(moved, 64.0).max() == pytest.approx(fastest, rel=1e-3)


def test_the_highest_fringe_around_an_event_is_asked_of_all_its_samples():
    metres = np.cumsum([0, 0, 1, 3, 3, 1, 0, 0, 2, 0, 0, 0]) * scatter.WAVELENGTH_M
    stretch = scatter.Displacement(100.0, 2.0, metres)
    fringes = scatter.fringe_hz(metres, 2.0)
    times, durations = np.array([101.5, 103.0, 105.5, 99.9, 105.6]), np.array([2.0, np.nan, 0.0, 1.0, 1.0])
    expected = [fringes[1:6].max(), fringes[5:8].max(), np.nan, np.nan, np.nan]
    np.testing.assert_array_equal(scatter.predicted_hz(stretch, times, durations), expected)
    metres[4] = np.nan  # a gap is no silence
    assert np.isnan(scatter.predicted_hz(scatter.Displacement(100.0, 2.0, metres), times, durations)[0])
    slow = scatter.Displacement(100.0, 0.25, metres)
    between = scatter.predicted_hz(slow, np.array([102.0]), np.array([1.0]))
    assert np.isnan(between).all()


def test_mismatch_takes_the_nearest_harmonic():
    best, harmonic = scatter.mismatch(np.array([30.0, 10.0, 500.0]), np.array([10.0, 10.0, 10.0]))
    np.testing.assert_allclose(best, [0, 0, np.log(2)], atol=1e-12)
    np.testing.assert_array_equal(harmonic, [3, 1, 4])


def motion(seed, n=16 * 1800):
    from scipy.signal import butter, sosfilt

    white = np.random.default_rng(seed).normal(size=n)
    moved = sosfilt(butter(2, [0.1, 0.3], "bandpass", fs=16.0, output="sos"), white)
    return moved / moved.std() * 6e-6


def test_a_scattering_family_follows_its_surface_and_no_other():
    rng = np.random.default_rng(0)
    stretches = [scatter.Displacement(1000.0 + 5000 * k, 16.0, motion(k)) for k in range(3)]
    times = np.concatenate([s.start + rng.uniform(5, 1790, 15) for s in stretches])
    durations = np.full(45, 1.0)
    predicted = np.nansum([scatter.predicted_hz(s, times, durations) for s in stretches], axis=0)
    heard = predicted * np.exp(rng.normal(0, 0.05, 45))
    row, glitches = scatter.scattering(times, durations, heard, stretches, slides=300, seed=1)
    assert row["p_value"] == 1 / 301
    assert row["matched"] > row["matched_low"] > 0.8 > row["matched_slides"]
    assert len(glitches) == row["n_glitches"] == 45
    rest = [scatter.Displacement(s.start, 16.0, motion(50 + k)) for k, s in enumerate(stretches)]
    assert scatter.scattering(times, durations, heard, rest, slides=300, seed=1)[0]["p_value"] > 0.02
    few, _ = scatter.scattering(times[:5], durations[:5], heard[:5], stretches, slides=300, seed=1)
    assert np.isnan(few["p_value"])


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "yes"),
        ({"matched": 0.0, "matched_low": 0.0, "matched_slides": 0.0}, "no"),
        ({"matched": 0.15, "matched_low": 0.1}, "no"),
        ({"matched_slides": 0.35}, "no"),
        ({"p_fwer": 0.06}, "no"),
        ({"p_value": np.nan, "p_fwer": np.nan}, "too few"),
    ],
)
def test_scattered_light_needs_a_share_that_is_clearly_above_that_of_slides(changes, answer):
    row = {"p_value": 0.002, "p_fwer": 0.014, "matched": 0.4, "matched_low": 0.3, "matched_slides": 0.05}
    assert scatter._answers(pd.DataFrame([row | changes])).tolist() == [answer]


def test_the_band_that_speaks_has_the_largest_effect_and_is_not_flattered():
    """Ten bands with the same effect: the largest of them looks better than it is."""
    rng = np.random.default_rng(0)
    naive, fitted, covered = [], [], []
    for _ in range(200):
        excess = [(rng.uniform(size=40) < 0.5).astype(float) for _ in range(10)]
        table = effects.representatives(pd.Series(["X"] * 10), excess, np.ones(10, dtype=bool), np.arange(40))
        row = table[table["represents"]].iloc[0]
        naive.append(max(values.mean() for values in excess))
        fitted.append(row["channel_excess"])
        covered.append(row["channel_excess_low"] <= 0.5 <= row["channel_excess_high"])
    assert np.mean(naive) > 0.57
    assert np.mean(fitted) == pytest.approx(0.5, abs=0.02)
    assert np.mean(covered) > 0.9


def test_only_significant_bands_speak_and_gaps_are_no_zeros():
    gaps = np.r_[np.full(10, np.nan), np.full(10, 0.7)]
    excess = [np.full(20, 0.9), np.full(20, 0.6), gaps, np.full(20, 0.2)]
    channels = pd.Series(["X", "X", "X", "Y"])
    significant = np.array([False, True, True, False])
    table = effects.representatives(channels, excess, significant, np.arange(20))
    assert table["represents"].tolist() == [False, False, True, False]
    assert table.loc[2, "channel_excess"] == pytest.approx(0.65, abs=0.06)
    assert table.loc[[0, 1, 3], "channel_excess"].isna().all()


@pytest.mark.parametrize(
    ("effect", "low", "strong"),
    [(0.5, 0.2, True), (0.02, 0.01, False), (0.3, -0.02, False), (0.3, np.nan, False)],
)
def test_a_weak_effect_is_no_headline(effect, low, strong):
    rows = pd.DataFrame({"excess_efficiency": [effect], "excess_low": [low]})
    assert gather.is_strong(rows, 0.1).tolist() == [strong]
