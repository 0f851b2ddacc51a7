"""The catalogue and its views."""

import pyarrow as pa

from glitch_explorer.core.schema import BOOL, FLOAT, ID, IFO, INT, LABEL, STRING, schema

TABLES: dict[str, pa.Schema] = {
    # The catalogue: one row a glitch, key glitch_id; its shards have the same columns.
    "glitches": schema(
        glitch_id=ID,
        ifo=IFO,
        event_time=(FLOAT, True, "s", "GPS time of the event"),
        duration_s=(FLOAT, True, "s", "duration that the trigger generator gave"),
        peak_frequency_hz=(FLOAT, True, "Hz", "frequency of the loudest tile"),
        bandwidth_hz=(FLOAT, True, "Hz", "bandwidth that the trigger generator gave"),
        snr=(FLOAT, True, "", "signal-to-noise ratio of the trigger"),
        ranking=(FLOAT, True, "", "a search's own ranking statistic"),
        label=LABEL,
        label_confidence=(FLOAT, True, "", "confidence of the label, 0 to 1"),
        label_source=(STRING, True, "", "who gave it: folder, metadata, machine or volunteers"),
        run=(STRING, True, "", "observing run"),
        shard=(STRING, False, "", "stable part of the catalogue"),
        astrophysical=(STRING, False, "", "event, injection or empty"),
        view_path_0_5=(STRING, True, "", "picture of the 0.5 s view"),
        view_path_1_0=(STRING, True, "", "picture of the 1 s view"),
        view_path_2_0=(STRING, True, "", "picture of the 2 s view"),
        view_path_4_0=(STRING, True, "", "picture of the 4 s view"),
        view_path_unknown=(STRING, True, "", "picture whose view length is unknown"),
        view_digest=(STRING, True, "", "digest of the pictures' bytes"),
    ),
    "segments": schema(
        ifo=IFO,
        start=(FLOAT, False, "s", "GPS start"),
        end=(FLOAT, False, "s", "GPS end, not included"),
        flag=(STRING, False, "", "name of the flag"),
        source=(STRING, False, "", "file or service it was read from"),
    ),
    "events": schema(
        name=(STRING, False, "", "name of the event"),
        ifo=(STRING, False, "", "detector, empty for all"),
        event_time=(FLOAT, False, "s", "GPS time"),
        kind=(STRING, False, "", "event or injection"),
    ),
    "quarantine": schema(
        row=(INT, False, "", "row in the source, -1 where it has none"),
        glitch_id=(STRING, True, "", "glitch, where known"),
        stage=(STRING, False, "", "stage that put it aside"),
        source=(STRING, False, "", "file or service it came from"),
        reason=(STRING, False, "", "why, in words"),
        read=(STRING, False, "", "what was read there"),
    ),
    "duplicates": schema(
        glitch_id=ID,
        kept_id=(STRING, False, "", "glitch that stays in the catalogue for it"),
        row=(INT, False, "", "row in the source"),
        source=(STRING, False, "", "file it came from"),
        reason=(STRING, False, "", "same id, same event, or same pictures"),
    ),
    # Beside each views array: what became of each row.
    "views": schema(
        glitch_id=ID,
        present_0_5=(BOOL, False, "", "the 0.5 s view exists"),
        present_1_0=(BOOL, False, "", "the 1 s view exists"),
        present_2_0=(BOOL, False, "", "the 2 s view exists"),
        present_4_0=(BOOL, False, "", "the 4 s view exists"),
        present_unknown=(BOOL, False, "", "a view of unknown length exists, in the first slot"),
        mean_energy_0_5=(FLOAT, True, "", "mean normalized energy of the 0.5 s view, or of unknown length"),
        mean_energy_1_0=(FLOAT, True, "", "the same of the 1 s view, null where there is none"),
        mean_energy_2_0=(FLOAT, True, "", "the same of the 2 s view"),
        mean_energy_4_0=(FLOAT, True, "", "the same of the 4 s view"),
        image_size=(STRING, False, "", "width x height of the pictures read, empty for Q-scans"),
        flags=(STRING, False, "", "semicolon-separated remarks, e.g. nyquist_limited"),
    ),
}
