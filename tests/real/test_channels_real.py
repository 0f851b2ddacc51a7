"""Real channel names, rates and frames through the coupling stage."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.coupling.channels.feature_set import family_features
from glitch_explorer.coupling.channels.fetch import ChannelReader
from glitch_explorer.coupling.channels.lists import channel_table
from glitch_explorer.coupling.channels.store import FeatureStore
from glitch_explorer.sources.locate import open_locator

START, LENGTH = 1266281937, 128


@pytest.mark.parametrize(("ifo", "count"), [("H1", 14), ("L1", 11)])
def test_the_public_o4_list(shared_data, root, ifo, count):
    path = shared_data / "channels/O4_bulk_aux_channel_list.csv"
    safety = [root / "resources/channels/safety.csv"]
    early = channel_table(lists=[path], ifo=ifo, gps=1373157694, safety=safety).set_index("channel")
    late = channel_table(lists=[path], ifo=ifo, gps=1373157695, safety=safety).set_index("channel")
    assert len(early) == count
    changed = early.index[early["rate_hz"] != late["rate_hz"]]
    assert list(changed) == [name for name in early.index if name.startswith("H1:IMC-WFS_A_DC")]
    assert set(early["rate_hz"][changed]) <= {2048.0}
    assert set(late["rate_hz"][changed]) <= {16384.0}
    assert set(early["safety"]) == {"unknown"}


def test_every_unsafe_name_is_known_for_every_detector(shared_data, root, tmp_path):
    names = (shared_data / "channels/unsafe_channel_names.txt").read_text().split()
    pd.DataFrame({"channel": [f"V1:{name}" for name in names], "rate_hz": 16}).to_csv(
        tmp_path / "list.csv", index=False
    )
    safety = [root / "resources/channels/safety.csv"]
    table = channel_table(lists=[tmp_path / "list.csv"], ifo="V1", gps=0, safety=safety)
    assert len(table) == 138
    assert set(table["safety"]) == {"unsafe"}


def test_features_of_a_real_frame(shared_data, tmp_path):
    name = "H1:GWOSC-4KHZ_R1_STRAIN"
    table = pd.DataFrame({"channel": [name, "H1:NONE-A"], "rate_hz": [4096.0, 16.0], "kind": "raw"})
    locator = open_locator(
        "frames",
        frames=str(shared_data / "strain/*.gwf"),
        frame_type=None,
        host=None,
        sample_rate_hz=None,
    )
    live = np.array([[START, START + LENGTH]], float)
    reader = ChannelReader(locator, ifo="H1", table=table, segments=live)
    bands = [(30.0, 100.0), (100.0, 300.0), (300.0, 1000.0)]
    store = FeatureStore(
        tmp_path, ifo="H1", table=table, bands=bands, reader=reader, source="r", size_limit_bytes=1 << 30
    )
    found = family_features(store, live)
    assert found.coverage["share"].tolist() == pytest.approx([1, 0], abs=0.02)
    assert found.coverage["reason"][1] == "no_channel"
    own = found.values[130:, :3]
    assert np.isfinite(own).all()
    assert np.all(np.abs(np.median(own, axis=0)) < 1.5)
