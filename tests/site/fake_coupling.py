"""Results of the coupling for the families of the fake results: planted witnesses, no data."""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.coupling.evidence import evidence_table, gather_evidence
from glitch_explorer.coupling.rates.drivers import RateTables
from glitch_explorer.coupling.rates.schemas import RATE_TABLES, SLOW_DRIVERS
from glitch_explorer.coupling.schemas import (
    CALIBRATION,
    CHANNEL_COVERAGE,
    CHANNEL_GROUPS,
    COINCIDENCE_SHARES,
    COINCIDENCES,
    FAMILY_WITNESSES,
    GAPS,
    HVETO_ROUNDS,
    LAG_PROFILES,
    PSEUDO_FAMILIES,
    SCATTERING,
)
from glitch_explorer.coupling.witnesses.gather import gather_witnesses
from glitch_explorer.map.schemas import FAMILIES, MEMBERS
from glitch_explorer.site.coincidences.page import OVERVIEW
from glitch_explorer.site.coincidences.pages import write_coincidence_pages
from glitch_explorer.site.pages import render
from glitch_explorer.site.witnesses.overview import overview
from glitch_explorer.site.witnesses.pages import write_witness_pages
from glitch_explorer.site.witnesses.rows import CouplingTables, read_coupling
from glitch_explorer.workflow.reference import all_schemas
from tests.fixtures.coincidences import coincidence_row

#: A channel whose name must never become markup, nor mathematics in a picture.
EVIL = "H1:PEM-<script>alert('$\\frac$')</script>\"&_DQ"
TOO_FEW = {"code": "too_few", "usable": 3, "total": 3, "least": 8}
LAGS = np.arange(-60.0, 11.0)
#: Seismometer of a detector.
GROUND = "{}:ISI-GND_DQ"
#: Channel without its detector, band, safety, unit and kind.
CHANNELS = (
    ("PEM-ACC_A_DQ", "10-30", "safe", "raw"),
    ("PEM-ACC_B_DQ", "10-30", "safe", "raw"),
    ("ASC-PITCH_DQ", "mean", "unknown", "raw"),
    ("LSC-DARM_DQ", "30-100", "unsafe", "raw"),
    ("SUS-WIT_DQ", "0.3-1", "safe", "displacement"),
)


def witness(family: str, ifo: str, channel: str, band: str, **changes: object) -> dict[str, object]:
    """Build a row of table "family_witnesses" without a witness, but for `changes`."""
    row: dict[str, object] = {"family": family, "ifo": ifo, "channel": channel, "band": band}
    row |= {"lag": 3.0, "lag_peak": 3.0, "auc": 0.55, "t_statistic": 2.0, "t_peak": 2.0, "efficiency": 0.02}
    row |= {"excess_efficiency": 0.01, "excess_low": -0.01, "excess_high": 0.03, "deadtime": 0.01}
    row |= {"hveto_significance": 0.4, "hveto_overstated": False, "p_fwer": 0.8, "n_slides": 500}
    row |= {"relation": "", "safety": "safe", "n_glitches": 40, "n_alone": 30, "n_leading": 0}
    row |= {"coverage": 1.0, "live_time_s": 3600.0}
    row |= {
        "represents": False,
        "channel_excess": None,
        "channel_excess_low": None,
        "channel_excess_high": None,
    }
    return row | changes


FOUND = {"p_fwer": 1 / 2001, "n_slides": 2000, "efficiency": 0.85, "t_peak": 9.0, "t_statistic": 8.0}
FOUND |= {"excess_efficiency": 0.84, "excess_low": 0.7, "excess_high": 0.92, "auc": 0.95, "represents": True}
FOUND |= {"channel_excess": 0.84, "channel_excess_low": 0.7, "channel_excess_high": 0.92}


def planted(family: str) -> list[dict[str, object]]:
    """Plant witnesses: F001 has two groups, F002 a channel that drops; F003 is too small in L1."""
    rows = [
        witness(family, ifo, f"{ifo}:{name}", band, safety=safety, **_unranked(safety))
        for ifo in ("H1", "L1")
        if (family, ifo) != ("F003", "L1")
        for name, band, safety, _ in CHANNELS
    ]
    if family == "F001":
        rows[0] |= FOUND | {"lag": -2.0, "relation": "leads", "n_leading": 30, "hveto_overstated": True}
        rows[1] |= FOUND | {"t_peak": 7.0, "lag": -2.0, "relation": "leads", "n_leading": 30}
        rows.append(
            witness(family, "H1", EVIL, "0.3-1", **FOUND, lag=0.0, relation="co-moves", safety="unknown")
        )
    if family == "F002":
        rows[2] |= FOUND | {
            "t_peak": -8.0,
            "lag": -5.0,
            "relation": "co-moves",
            "channel_excess_low": 0.5,
            "channel_excess_high": 0.9,
        }
    return rows


def _unranked(safety: str) -> dict[str, object]:
    return {"p_fwer": None, "t_peak": 11.0} if safety == "unsafe" else {}


def profiles(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Draw a bump at the lag of each row; it survives where the row counts."""
    parts = []
    for row in rows:
        bump = float(row["t_peak"]) * np.exp(-((LAGS - float(row["lag"])) ** 2) / 2)
        own = {name: row[name] for name in ("family", "ifo", "channel", "band")}
        survives = (np.abs(bump) > 4.5) & (row["p_fwer"] is not None)
        table = pd.DataFrame(
            {"lag": LAGS, "auc": 0.5, "t_statistic": bump, "n_glitches": 40, "survives": survives}
        )
        parts.append(table.assign(**own))
    return pd.concat(parts)


def channel_groups(ifo: str) -> pd.DataFrame:
    """Build table "channel_groups"; the two accelerometers are one group."""
    names = [f"{ifo}:{name}" for name, *_ in CHANNELS]
    table = pd.DataFrame(
        {
            "channel": names,
            "rate_hz": 256.0,
            "rate_note": "",
            "subsystem": "PEM",
            "unit": "um",
            "kind": [kind for *_, kind in CHANNELS],
            "oscillator": False,
            "safety": [safety for _, _, safety, _ in CHANNELS],
            "safety_source": "a test",
            "safety_date": "",
            "ifo": ifo,
            "group": [names[0], names[0], *names[2:]],
        }
    )
    if ifo == "H1":
        table = pd.concat(
            [table, table.tail(1).assign(channel=EVIL, group=EVIL, kind="raw", safety="unknown")]
        )
    return table


def slow_row(ifo: str, family: str, band: str, ratio: float, p: float, least: float) -> dict[str, object]:
    """Build a row of table "slow_drivers": F001 follows the microseism, with too few data for human noise."""
    moves = (family, band) == ("F001", "0.1-0.3")
    ratio, p = (2.5, 0.001) if moves else (ratio, p)
    return dict.fromkeys(SLOW_DRIVERS.names) | {
        "family": family,
        "ifo": ifo,
        "channel": GROUND.format(ifo),
        "band": band,
        "n_glitches": 300,
        "live_min": 9000,
        "level_median": 2.0,
        "level_high": 3.0,
        "p_value": p,
        "p_fwer": p,
        "ratio": ratio,
        "ratio_low": 0.8 * ratio,
        "ratio_high": 1.25 * ratio,
        "least_ratio": least,
        "blocks": 14,
        "block_s": 172800.0,
        "correlation_s": 7200.0,
        "reason": "",
        "clock_reason": "",
        "overall_ratio": ratio,
        "overall_low": 0.5,
        "overall_high": 9.0,
        "overall_p": 0.3,
        "overall_p_fwer": 0.5,
        "shifts": 26,
        "shifts_above": 3,
        "shift_low": 0.9,
        "shift_high": 1.3,
        "clock_ratio": 1.3,
        "clock_low": 0.9,
        "clock_high": 1.9,
        "clock_p": 0.2,
        "clock_p_fwer": 0.4,
        "clock_least_ratio": 1.7,
        "clock_answer": "nothing found",
        "overall_answer": "nothing found",
        "not_live": 0.2,
        "not_live_top": 0.7,
        "answer": "too short" if least > 2 else "rises" if moves else "nothing found",
    }


def slow(ifo: str, names: list[str]) -> RateTables:
    """Build the tables of slow drivers."""
    bands = (("0.03-0.1", 1.1, 0.6, 1.4), ("0.1-0.3", 1.2, 0.7, 1.6), ("1-6", 1.5, 0.5, 3.0))
    rows = [slow_row(ifo, family, *band) for family in names for band in bands]
    table = pd.DataFrame(rows, columns=SLOW_DRIVERS.names).astype({"joint_step": "Int64"})
    channel = GROUND.format(ifo)
    key = {"family": "F001", "ifo": ifo, "channel": channel, "band": "0.1-0.3"}
    level = np.linspace(1, 4, 9)
    ratio = np.exp(level - 2)
    curve = pd.DataFrame({"level": level, "ratio": ratio, "low": 0.8 * ratio, "high": 1.2 * ratio})
    curve = curve.assign(part=["curve"] * 6 + ["tenth"] * 3, n_glitches=30, minutes=900, **key)
    days = pd.DataFrame({"day_gps": 1.2e9 + 86400 * np.arange(5), "live_min": 900, "n_glitches": 30})
    days = days.assign(level_low=1.5, level_median=2.0, level_high=2.5, **key)
    pair = {"family": "F002", "ifo": ifo, "channel_a": channel, "band_a": "0.1-0.3", "channel_b": channel}
    pair |= {"band_b": "1-6", "ratio": 1.9, "ratio_low": 1.4, "ratio_high": 2.6, "p_value": 0.001}
    pairs = pd.DataFrame([pair | {"p_fwer": 0.004, "only_together": True}])
    return RateTables(table, curve, days, pairs)


def write_family(folder: Path, family: str, *, found: bool) -> None:
    """Write a family's folder."""
    rows = planted(family) if found else planted("F999")
    rows = [{**row, "family": family} for row in rows]
    table = pd.DataFrame(rows)
    tables.write(FAMILY_WITNESSES, table, folder / "witnesses.parquet")
    tables.write(LAG_PROFILES, profiles(rows), folder / "lag_profiles.parquet")
    p = np.linspace(0.02, 1, 20) if family != "F002" else np.full(20, 0.004)
    kinds = np.where(np.arange(20) % 2, "quiet", "shifted")
    pseudo = pd.DataFrame({"family": family, "ifo": "H1", "kind": kinds, "number": range(20), "p_value": p})
    tables.write(PSEUDO_FAMILIES, pseudo, folder / "pseudo_families.parquet")
    p_fringe = 0.003 if family == "F001" and found else 0.4
    answer = "yes" if p_fringe <= 0.05 else "no"
    fringe = pd.DataFrame(
        [(family, "H1", "H1:SUS-WIT_DQ", 40, 0.6, 0.45, 0.74, 0.2, p_fringe, 500, p_fringe, answer)],
        columns=SCATTERING.names,
    )
    tables.write(SCATTERING, fringe, folder / "scattering.parquet")
    none = dict.fromkeys(GAPS, 0.0)
    coverage = pd.DataFrame(
        [
            none | {"channel": "H1:PEM-GONE_DQ", "reason": "no_channel", "share": 0.0, "no_channel": 1.0},
            none | {"channel": "H1:SUS-WIT_DQ", "reason": "not_finite", "share": 0.9, "not_finite": 0.1},
        ]
    ).assign(family=family, ifo="H1")
    tables.write(CHANNEL_COVERAGE, coverage, folder / "coverage.parquet")
    remark = {"code": "untested_channels", "n": 3}
    notes = {"H1": [remark], "L1": [TOO_FEW] if found and family == "F003" else [remark]}
    files.write_json(folder / "notes.json", notes)


def fake_coupling(root: Path, *, found: bool = True) -> list[str]:
    """Write `coupling` and the member files for the families of the fake results; return their names."""
    glitches = tables.read(GLITCHES, root / "catalog" / "glitches.parquet")
    mapped = tables.read(FAMILIES, root / "map" / "families.parquet")
    names = sorted(set(mapped["family"]) - {"-1"})
    for family in names:
        rows = mapped[mapped["family"] == family].merge(glitches, on="glitch_id")
        members = rows.assign(kind="glitch")[MEMBERS.names]
        tables.write(MEMBERS, members, root / "map" / "members" / f"{family}.parquet")
        write_family(root / "coupling" / family, family, found=found)
    for ifo in ("H1", "L1"):
        tables.write(CHANNEL_GROUPS, channel_groups(ifo), root / "coupling" / "groups" / f"{ifo}.parquet")
        for kind, part in zip(RATE_TABLES, slow(ifo, names), strict=True):
            tables.write(kind, part, root / "coupling" / tables.name_of(kind) / f"{ifo}.parquet")
    folder = root / "coupling"
    gather_witnesses(
        [folder / name for name in names],
        sorted((folder / "groups").glob("*.parquet")),
        folder,
        coincidences=[],
        least_effect=0.1,
    )
    gather_evidence(folder / "evidence.parquet", witnesses=folder / "witnesses.parquet", coincidences=None)
    return names


def fake_coincidences(root: Path, names: list[str]) -> Path:
    """Write triggers beside the fake couplings, and table "evidence"; return the folder of their pages.

    Of F001 the triggers of the first accelerometer agree with its samples. Of F002 the triggers of the
    channel that drops show nothing, and those of a channel without a change of its samples do.
    """
    folder = root / "coupling"
    nothing = {"p_fwer": 0.4, "q_value": 0.6, "at_floor": False, "strong": False}
    rows = [
        coincidence_row("F001", "H1:PEM_ACC_A", ifo="H1", safety="safe", group="H1:PEM_ACC_A"),
        coincidence_row("F002", "H1:SUS_WIT", ifo="H1", safety="safe", group="H1:SUS_WIT"),
        coincidence_row("F002", "H1:ASC_PITCH", ifo="H1", group="H1:ASC_PITCH", **nothing),
    ]
    tables.write(
        COINCIDENCES, pd.DataFrame(rows).astype({"days_to_half": "Int64"}), folder / "coincidences.parquet"
    )
    for kind in (HVETO_ROUNDS, COINCIDENCE_SHARES):
        tables.write(kind, tables.empty(kind), folder / f"{tables.name_of(kind)}.parquet")
    tested = {"code": "tested", "channels": 2, "significant": 1, "glitches": 40, "range_s": 600.0}
    notes = {"H1": {"channels": {"triggers": 3}, "families": {name: [tested] for name in names}}}
    files.write_json(folder / "coincidence_notes.json", notes | {"L1": {"channels": {}, "families": {}}})
    gather_evidence(
        folder / "evidence.parquet",
        witnesses=folder / "witnesses.parquet",
        coincidences=folder / "coincidences.parquet",
    )
    write_coincidence_pages(folder, families=names, names=None, out=folder / "coincidence_pages")
    return folder / "coincidence_pages"


def make_pages(
    root: Path, site: Path, names: list[str], *, cost: bool = False, coincidences: Path | None = None
) -> Path:
    """Run the job of the witness pages; return the folder of the parts of pages."""
    folder = root / "coupling"
    coupling = read_coupling(
        witnesses=folder / "witnesses.parquet",
        notes=folder / "notes.json",
        groups=sorted((folder / "groups").glob("*.parquet")),
        slow=sorted((folder / "slow_drivers").glob("*.parquet")),
        curves=sorted((folder / "rate_curves").glob("*.parquet")),
        days=sorted((folder / "rate_days").glob("*.parquet")),
        pairs=sorted((folder / "driver_pairs").glob("*.parquet")),
        evidence=folder / "evidence.parquet",
    )
    write_witness_pages(
        coupling,
        calibration=folder / "calibration.parquet",
        folders=[folder / name for name in names],
        members=[root / "map" / "members" / f"{name}.parquet" for name in names],
        out=folder / "pages",
        page=site / "witnesses.html",
        pictures=site / "witnesses",
        matrix=folder / "witness_matrix.png",
        nulls=folder / "witness_nulls.png",
        dpi=60,
        cost=cost,
        coincidences=coincidences and coincidences / OVERVIEW,
    )
    return folder / "pages"


def many(families: int, channels: int, each: int) -> list[dict[str, object]]:
    """Return the rows of many families, each with about `each` witnesses, some with hostile names."""
    generator = np.random.default_rng(3)
    names = [f"{'HL'[number % 2]}1:PEM-EX_ACC_BSC{number:03d}_X_DQ" for number in range(channels)]
    names[:3] = [EVIL, "H1:" + "LONG" * 2500, "H1:SUS-\u202egpj.exe\"'><b>_DQ"]
    empty = {key: [] for key in ("leads", "ground", "calibration", "strongest", "notes")}
    rows = []
    for number in range(families):
        family, start = f"F{number + 1:03d}", number * channels // families
        chosen = {*(start + generator.integers(0, 12, each)) % channels, *generator.integers(0, channels, 2)}
        groups = [
            {
                **witness(family, names[place][:2], names[place], "10-30", **FOUND),
                "lag": float(generator.integers(-9, 4)),
                "relation": ("leads", "co-moves", "follows")[place % 3],
                "excess_efficiency": float(generator.random()),
                "q_value": float(10 ** -generator.uniform(1.4, 3)),
                "at_floor": False,
                "strong": True,
                "group": names[place],
                "members": [],
                "evidence": None,
            }
            for place in sorted(chosen)
        ]
        row = {"family": family, "ifo": "H1", "state": "witnessed", "groups": groups}
        rows.append(empty | row | {"fringes": {"code": "no"}})
    return rows


def write_many(page: Path, families: int, channels: int, each: int) -> int:
    """Write the page of all witnesses for `many`; return the number of cells of its matrix."""
    rows = many(families, channels, each)
    names = ("witnesses", "slow_drivers", "rate_curves", "rate_days", "driver_pairs", "channel_groups")
    none = [tables.empty(all_schemas()[name]) for name in names]
    groups = pd.DataFrame([group for row in rows for group in row["groups"]])
    evidence = evidence_table(groups, tables.empty(COINCIDENCES))
    coupling = CouplingTables(*none, evidence, {str(row["family"]): {"H1": []} for row in rows})
    values = overview(coupling, rows, tables.empty(CHANNEL_COVERAGE), tables.empty(CALIBRATION))
    values |= {"folder": "witnesses", "coincidences": None}
    text = render("witnesses/witnesses.html", **values, cost=False, root="")
    files.write_text(page, text)
    return len(values["matrix"]["cells"])
