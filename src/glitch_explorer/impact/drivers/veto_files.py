"""Files of a veto for hveto and gwpy: LIGO_LW, gwpy's HDF5, and text.

They are written without gwpy, whose import takes as long as all others of the job together.
"""

import gzip
import io
from pathlib import Path

import h5py
import numpy as np
from igwn_ligolw.ligolw import LIGO_LW, Document, Table
from igwn_ligolw.lsctables import SegmentDefTable, SegmentSumTable, SegmentTable
from lal import LIGOTimeGPS
from numpy.lib.recfunctions import unstructured_to_structured

from glitch_explorer.core import files
from glitch_explorer.impact.drivers.vetoes import Veto

#: Version of the flag.
_VERSION = 1
_COLUMNS = ("start_time", "start_time_ns", "end_time", "end_time_ns")


def write_veto(veto: Veto, folder: str | Path, *, family: str, ifo: str) -> None:
    """Write the segments as ``<ifo>-<family>.xml.gz`` (LIGO_LW), ``.h5`` (gwpy) and ``.txt`` (two columns).

    The flag is called ``<ifo>:<family>-VETO:1``; its known time is the live time of the family. The files
    have no author and no clock time: the same segments give the same bytes.
    """
    stem, name = f"{ifo}-{family}", f"{family}-VETO"
    description = f"{veto.row['channel']} {veto.row['band']}"
    document = _ligolw(veto, ifo=ifo, name=name, description=description)
    files.write_bytes(Path(folder) / f"{stem}.xml.gz", gzip.compress(document, mtime=0))
    stored = _hdf5(veto, name=f"{ifo}:{name}:{_VERSION}", description=description)
    files.write_bytes(Path(folder) / f"{stem}.h5", stored)
    lines = [f"{start:.6f} {end:.6f}\n" for start, end in veto.segments]
    files.write_text(Path(folder) / f"{stem}.txt", "".join(lines))


def _ligolw(veto: Veto, *, ifo: str, name: str, description: str) -> bytes:
    """Return the flag as LIGO_LW XML, with rows numbered from 0."""
    Table.reset_next_ids()
    definers, summaries, segments = SegmentDefTable.new(), SegmentSumTable.new(), SegmentTable.new()
    flag = _append(definers, "segment_def_id", version=_VERSION, name=name, comment=description)
    flag.instruments = {ifo}
    flag.insertion_time = int(veto.live[-1, 1])
    for table, key, intervals in (
        (summaries, "segment_sum_id", veto.live),
        (segments, "segment_id", veto.segments),
    ):
        for interval in intervals.tolist():
            _append(table, key, segment_def_id=flag.segment_def_id).segment = map(LIGOTimeGPS, interval)
    document, text = Document(), io.StringIO()
    element = document.appendChild(LIGO_LW())
    for table in (definers, summaries, segments):
        element.appendChild(table)
    document.write(text)
    return text.getvalue().encode()


def _append(table: Table, key: str, **values: object) -> Table.RowType:
    """Append a row with the table's next id in the column `key`; columns without a value are null."""
    return table.appendRow(**dict.fromkeys(table.columnnames) | {key: table.get_next_id()} | values)


def _hdf5(veto: Veto, *, name: str, description: str) -> bytes:
    """Return the flag as the group `name` of an HDF5 file."""
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        group = file.create_group(name)
        for key, intervals in (("active", veto.segments), ("known", veto.live)):
            times = [LIGOTimeGPS(edge) for edge in intervals.ravel().tolist()]
            parts = np.array([(time.gpsSeconds, time.gpsNanoSeconds) for time in times], np.int64)
            table = unstructured_to_structured(parts.reshape(-1, 4), names=_COLUMNS)
            group.create_dataset(key, data=table)
        attributes = {"name": name, "description": description, "isgood": True, "padding": (0, 0)}
        for key, value in attributes.items():
            group.attrs[key] = value
    return stored.getvalue()
