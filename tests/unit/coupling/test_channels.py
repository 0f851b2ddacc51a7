import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.coupling.channels.lists import channel_table, parse_rate, rate_at
from glitch_explorer.coupling.schemas import CHANNELS

GPS = 1370000000


def write(folder, text, name="list.csv"):
    path = folder / name
    path.write_text(text)
    return path


@given(st.integers(1, 65536), st.integers(10**9, 2 * 10**9), st.integers(1, 65536))
def test_a_rate_that_is_a_sentence(before, change, after):
    for text in (
        f"{before} until GPS = {change} then {after}",
        f"{before}  Hz until  gps={change}, then {after} Hz",
    ):
        assert rate_at(parse_rate(text), change - 1) == before
        assert rate_at(parse_rate(text), change) == after
        assert rate_at(parse_rate(text), np.nan) == after
    assert parse_rate(f" {before} ")[0][1] == before


@pytest.mark.parametrize("text", ["fast", "", "256 until then 512", "0", "16 then 32", "1.2.3"])
def test_a_rate_that_is_nothing(text):
    with pytest.raises(UserError, match="sample rate"):
        parse_rate(text)


def test_names_wildcards_and_rates(tmp_path):
    path = write(
        tmp_path,
        "channel,rate_hz,unit,kind,safety,source,date,oscillator\n"
        "{ifo}:PEM-A_DQ,512 until GPS = 1 then 1024,V,,safe,me,2020,\n"
        "*:PEM-*,,um,displacement,,,,\n"
        "L1:SUS-X,16,,,,,,\n"
        "{ifo}:IMC-F,16,Hz,,,,,yes\n",
    )
    rates = {"H1:PEM-A_DQ": 1.0, "H1:PEM-B": 64.0, "L1:PEM-C": 8.0, "H1:SUS-Q": 4.0}
    table = channel_table(lists=[path], ifo="H1", gps=GPS, available=lambda _: rates)
    tables.conform(CHANNELS, table)
    table = table.set_index("channel")
    assert list(table.index) == ["H1:IMC-F", "H1:PEM-A_DQ", "H1:PEM-B"]
    assert list(table["rate_hz"]) == [16.0, 1024.0, 64.0]
    assert list(table["subsystem"]) == ["IMC", "PEM", "PEM"]
    assert list(table["kind"]) == ["raw", "raw", "displacement"]
    assert list(table["oscillator"]) == [True, False, False]
    assert table["rate_note"]["H1:PEM-A_DQ"].startswith("512 until")
    assert list(table["safety"]) == ["unknown", "safe", "unknown"]


def test_safety_is_cautious_and_never_guessed(root, tmp_path):
    path = write(
        tmp_path,
        "channel,rate_hz,safety,source,date\n{ifo}:GDS-CALIB_STRAIN,16384,safe,a friend,2019\n"
        "{ifo}:OMC-DCPD_SUM_OUT_DQ,16384,,,\n{ifo}:PEM-NEW,256,,,\n"
        "{ifo}:CDS-SENSEMON_CAL_L1_SNSW_EFFECTIVE_RANGE_MPC.mean,0.0167,,,\n",
    )
    table = channel_table(lists=[path], ifo="L1", gps=GPS, safety=[root / "resources/channels/safety.csv"])
    table = table.set_index("channel")
    new = table.loc["L1:PEM-NEW"]
    assert new["safety"] == "unknown"
    assert new["safety_source"] == new["safety_date"] == ""
    assert set(table["safety"].drop("L1:PEM-NEW")) == {"unsafe"}
    assert table.loc["L1:GDS-CALIB_STRAIN", "safety_source"].startswith("Gravity-Spy/GravitySpy")


def test_the_safety_table_is_well_formed(root):
    table = pd.read_csv(root / "resources/channels/safety.csv")
    assert list(table.columns) == ["channel", "safety", "source", "date"]
    assert len(table) == table["channel"].nunique() == 140
    assert set(table["safety"]) == {"unsafe"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,rate_hz\nH1:A,1\n", "channel is required"),
        ("channel,rate\nH1:A,1\n", "unknown columns: rate"),
        ("channel,rate_hz,kind\nH1:A,1,sound\n", "H1:A: kind is 'sound'"),
        (
            "channel,rate_hz,kind\nH1:A,1,displacement\n",
            "unit is ''; for a displacement it can be m, um, nm",
        ),
        ("channel,rate_hz,kind,unit\nH1:A,1,displacement,counts\n", "H1:A: unit is 'counts'"),
        ("channel,rate_hz\nH1:PEM-*,1\n", "matches no channel"),
        ("channel\nH1:A-B\n", "has no rate_hz"),
        ("channel,rate_hz\nL1:A-B,1\n", "no channel of H1"),
        ("channel,rate_hz\nH1:A,soon\n", "sample rate 'soon'"),
    ],
)
def test_what_a_list_may_not_say(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        channel_table(lists=[write(tmp_path, text)], ifo="H1", gps=GPS)


def test_strain_is_unsafe_whatever_the_lists_say(tmp_path):
    strain = ["GDS-CALIB_STRAIN", "DCS-CALIB_STRAIN_C01", "GWOSC-16KHZ_R1_STRAIN", "OBS-H_OF_T"]
    other = ["PEM-STRAINGAUGE_X", "LSC-PRCL"]
    path = tmp_path / "channels.csv"
    path.write_text(
        "channel,rate_hz,safety,source,date\n"
        + "".join(f"H1:{name},256,safe,me,2020\n" for name in [*strain, *other])
    )
    table = channel_table(lists=[path], ifo="H1", gps=1e9, strain="{ifo}:OBS-H_OF_T").set_index("channel")
    assert set(table.index[table["safety"] == "unsafe"]) == {f"H1:{name}" for name in strain}
    assert table["safety_source"]["H1:OBS-H_OF_T"] == "this run's strain channel"
    assert table["safety_source"]["H1:GDS-CALIB_STRAIN"] == "its name: it is strain"
    path.write_text("channel,rate_hz\nV1:Hrec_hoft_16384Hz,256\nV1:h_16384Hz,256\nV1:ENV_CEB_MAG_N,256\n")
    assert list(channel_table(lists=[path], ifo="V1", gps=1e9)["safety"]) == ["unknown", "unsafe", "unsafe"]


CASE = "safety-without-effect"
LISTED = "channel,rate_hz\n{ifo}:LSC-DARM_IN1_DQ,16384\n{ifo}:OMC-DCPD_SUM,16384\n{ifo}:PEM-EX_DQ,2048\n"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("H1_unsafe_channels.csv", "marks no channel"),
        ("bare_names.csv", "'LSC-DARM_IN1_DQ' names no detector"),
    ],
)
def test_a_safety_table_of_the_cases_that_says_nothing(shared_cases, table, message):
    folder = shared_cases / CASE
    with pytest.raises(UserError, match=message):
        channel_table(lists=[folder / "list.csv"], ifo="H1", gps=GPS, safety=[folder / table])


def test_the_safety_table_of_the_cases_in_hvetos_style(shared_cases):
    folder = shared_cases / CASE
    table = channel_table(
        lists=[folder / "list.csv"], ifo="H1", gps=GPS, safety=[folder / "hveto_style.csv"]
    ).set_index("channel")
    assert table["safety"].to_dict() == {
        "H1:LSC-DARM_IN1_DQ": "unsafe",
        "H1:OMC-DCPD_SUM_OUT_DQ": "unknown",
        "H1:PEM-EX_ACC_DQ": "unknown",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channel,safety\n{ifo}:LSC-DARM_IN1_DQ,\n", "marks no channel"),
        ("channel,safety\n", "marks no channel"),
        ("channel,safety\n*DARM*,unsafe\n", "names no detector"),
    ],
)
def test_safety_tables_that_say_nothing(tmp_path, text, message):
    path = write(tmp_path, LISTED)
    with pytest.raises(UserError, match=message):
        channel_table(lists=[path], ifo="H1", gps=GPS, safety=[write(tmp_path, text, "safety.csv")])


def test_the_log_counts_the_rows_of_a_safety_table_that_match(tmp_path, caplog):
    caplog.set_level("INFO")
    path = write(tmp_path, LISTED)
    safety = write(tmp_path, "channel,safety\nH1:LSC-*,unsafe\nH1:SUS-ETMX_DQ,unsafe\n", "safety.csv")
    channel_table(lists=[path], ifo="H1", gps=GPS, safety=[safety])
    channel_table(lists=[path], ifo="L1", gps=GPS, safety=[safety])
    assert [(record.levelname, record.getMessage().split(": ")[1]) for record in caplog.records] == [
        ("INFO", "3 of 3 rows name channels of H1"),
        ("INFO", "1 of 2 rows match channels of H1"),
        ("INFO", "3 of 3 rows name channels of L1"),
        ("WARNING", "0 of 2 rows match channels of L1"),
    ]


def test_a_listed_channel_without_a_detector_is_refused(tmp_path):
    with pytest.raises(UserError, match="'PEM-EX_ACC_DQ' names no detector"):
        channel_table(lists=[write(tmp_path, "channel,rate_hz\nPEM-EX_ACC_DQ,2048\n")], ifo="H1", gps=GPS)


SUFFIXES = [",reduced", ".mean", ".rms,m-trend", ",online", ".max,s-trend"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_name_with_a_suffix_has_the_safety_of_its_channel(tmp_path, suffix):
    names = ["H1:GDS-CALIB_STRAIN", "H1:OBS-H_OF_T", "H1:OMC-DCPD_SUM_OUT_DQ", "H1:PEM-A_DQ", "H1:PEM-B_DQ"]
    path = write(tmp_path, "channel,rate_hz\n" + "".join(f'"{name}{suffix}",16\n' for name in names))
    safety = write(
        tmp_path,
        "channel,safety,source,date\n{ifo}:OMC-DCPD_SUM_OUT_DQ,unsafe,me,2020\n"
        '"{ifo}:PEM-A_DQ.n,m-trend",safe,me,2020\n',
        name="safety.csv",
    )
    table = channel_table(lists=[path], ifo="H1", gps=GPS, safety=[safety], strain="{ifo}:OBS-H_OF_T,reduced")
    table = table.set_index("channel")
    assert table["safety"].to_dict() == dict(
        zip([name + suffix for name in names], ["unsafe", "unsafe", "unsafe", "safe", "unknown"], strict=True)
    )
    assert set(table["subsystem"]) == {"GDS", "OBS", "OMC", "PEM"}


def test_an_unsafe_row_of_a_list_holds_for_every_name_of_the_channel(tmp_path):
    path = write(
        tmp_path,
        'channel,rate_hz,safety\nH1:A-X,256,unsafe\n"H1:A-X.mean,m-trend",0.0166667,safe\nH1:A-X.rms,1,\n',
    )
    assert set(channel_table(lists=[path], ifo="H1", gps=GPS)["safety"]) == {"unsafe"}


def test_names_of_the_same_data_are_one_channel(tmp_path):
    names = [
        "H1:A-X,reduced",
        "H1:A-X",
        "H1:A-X,raw",
        "H1:A-X.mean,m-trend",
        "H1:A-X.mean,s-trend",
        "H1:A-X.mean",
    ]
    path = write(tmp_path, "channel,rate_hz\n" + "".join(f'"{name}",16\n' for name in names))
    table = channel_table(lists=[path], ifo="H1", gps=GPS)
    assert sorted(table["channel"]) == sorted({names[0], *names[3:]})


def test_a_type_of_data_is_no_part_of_a_name_in_frames(tmp_path):
    path = write(tmp_path, 'channel,rate_hz\n"H1:A-X,reduced",\n"H1:B-*,reduced",\n')
    patterns = []

    def available(asked):
        patterns.extend(asked)
        return {"H1:A-X": 64.0, "H1:B-Y": 32.0}

    table = channel_table(lists=[path], ifo="H1", gps=GPS, available=available)
    assert patterns == ["H1:A-X", "H1:B-*"]
    assert table.set_index("channel")["rate_hz"].to_dict() == {"H1:A-X,reduced": 64.0, "H1:B-Y": 32.0}


def test_a_name_with_a_comma_must_be_quoted(tmp_path):
    path = write(tmp_path, "channel,rate_hz\nH1:A-X.rms,m-trend,0.01666667\n")
    with pytest.raises(UserError, match=r"more values than the header, such as 'H1:A-X.rms'.*in quotes"):
        channel_table(lists=[path], ifo="H1", gps=GPS)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0.0167", 1 / 60),
        ("0.016667", 1 / 60),
        ("0.0166666667 Hz", 1 / 60),
        ("0.33", 0.33),
        ("0.333", 1 / 3),
        ("0.5", 0.5),
        ("0.7", 0.7),
        ("256.2", 256.2),
        ("1 until GPS = 1300000000 then 0.01667", 1 / 60),
    ],
)
def test_a_rate_below_one_hertz_has_a_period_in_whole_seconds(text, rate):
    assert rate_at(parse_rate(text), GPS) == rate
