"""Planted against measured slow drivers of the simulated month."""

import pandas as pd
import pytest

from glitch_explorer.observatory.month.write import write_month
from glitch_explorer.validate import month_rates as rates
from glitch_explorer.validate.month import month_checks, month_table

TRUTH = {
    "H1": {
        "families": [
            {"family": "up", "channel": "H1:A", "ratio": 2.0, "clock": False},
            {"family": "down", "channel": "H1:B", "ratio": 0.5, "clock": False},
            {"family": "clock", "channel": None, "ratio": 1.0, "clock": True},
        ]
    }
}


def slow(*rows):
    names = [
        *("family", "channel", "clock_ratio", "clock_low", "clock_high", "clock_p", "clock_p_fwer"),
        "clock_answer",
    ]
    return pd.DataFrame(rows, columns=names).assign(ifo="H1", n_glitches=100)


def test_checks_by_hand():
    table = month_table(
        slow(
            ("up", "H1:A", 1.9, 1.5, 2.4, 0.002, 0.002, "rises"),
            ("up", "H1:B", 1.3, 1.1, 1.6, 0.04, 0.08, "nothing found"),
            ("down", "H1:A", 1.0, 0.8, 1.2, 0.9, 1.0, "nothing found"),
            ("down", "H1:B", 1.4, 1.1, 1.8, 0.01, 0.01, "rises"),
            ("clock", "H1:A", 1.0, 0.8, 1.2, 0.8, 0.9, "nothing found"),
            ("clock", "H1:B", 1.0, 0.8, 1.2, 0.7, 0.9, "nothing found"),
        ),
        TRUTH,
    )
    planted = table.set_index(["family", "channel"])["planted_ratio"]
    assert planted["up", "H1:A"] == 2
    assert planted["down", "H1:B"] == 0.5
    assert (planted == 1).sum() == 4
    checks = {check.name: check for check in month_checks(table)}
    assert {name: (check.value, check.n) for name, check in checks.items()} == {
        "month_found": (0.5, 2),
        "month_direction": (0.5, 2),
        "month_covered": (0.5, 2),
        "month_idle": (0.5, 2),
        "month_clock": (0.0, 2),
    }
    assert checks["month_idle"].bound == pytest.approx(0.05 + 2 * (0.05 * 0.95 / 2) ** 0.5)
    assert [name for name, check in checks.items() if not check.passed] == [
        *("month_found", "month_direction", "month_covered", "month_idle")
    ]


def test_the_files_are_read_and_the_rates_modelled(tmp_path, monkeypatch):
    write_month(tmp_path, seed=1, days=12, detectors=["H1"])
    models = rates.rate_tables
    monkeypatch.setattr(rates, "rate_tables", lambda *a, **k: models(*a, **(k | {"draws": 19})))
    table = rates.month_rates(tmp_path, "H1", seed=1)
    assert table.groupby("family").size().to_dict() == dict.fromkeys(
        ["clock", "falls", "idle", "rises", "rises_small"], 4
    )
    assert table["band"].nunique() == 2
    assert (table["not_live"] > 0).all()
    assert table["clock_ratio"].notna().all()
