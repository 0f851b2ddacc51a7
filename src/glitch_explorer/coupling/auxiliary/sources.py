"""Auxiliary triggers, segments and trends of a study, with the safety of their channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.job import project_file
from glitch_explorer.coupling.auxiliary.flags import read_flags
from glitch_explorer.coupling.auxiliary.safety import full_names, listed_safety, log_safety, safety_of
from glitch_explorer.coupling.auxiliary.trend_files import TrendSource, read_trends
from glitch_explorer.coupling.auxiliary.trigger_files import TriggerSource, read_triggers
from glitch_explorer.coupling.coincidence.scan import Auxiliary


@dataclass(frozen=True)
class AuxiliarySource:
    """Where auxiliary triggers, segments and trends come from.

    Attributes
    ----------
    triggers, flags, trends
        Files and folders of triggers, of segments, and of trends.
    lists, safety
        Channel lists and safety tables: full names of channels, and which are safe.
    strain
        Strain channel of the glitches.
    frequency_hz
        Lowest and highest peak frequency of triggers; None takes all.
    detectors
        Detectors of the study.
    """

    triggers: Sequence[TriggerSource]
    flags: Sequence[str]
    trends: TrendSource
    lists: Sequence[str | Path]
    safety: Sequence[str | Path]
    strain: str
    frequency_hz: tuple[float, float] | None
    detectors: Sequence[str]

    def read(self, ifo: str, segments: Float64) -> tuple[list[Auxiliary], list[str]]:
        """Read the channels of a detector.

        Parameters
        ----------
        ifo
            Detector.
        segments
            ``(k, 2)`` its analysis segments, GPS seconds.

        Returns
        -------
        auxiliary, safety
            Channels of triggers, then those of segments and of trends, and the safety of each; none where all
            files are of other detectors.

        Raises
        ------
        UserError
            As `trigger_files.read_triggers`, `flags.read_flags` and `trend_files.read_trends`.
        """
        listed = listed_safety(self.lists, self.safety, ifo)
        auxiliary: list[Auxiliary] = []
        if self.triggers:
            low, high = self.frequency_hz or (0.0, float("inf"))
            auxiliary += read_triggers(
                self.triggers, ifo, segments, frequency_hz=(low, high), names=full_names(listed)
            )
        if self.flags:
            auxiliary += read_flags(self.flags, ifo, segments, detectors=self.detectors)
        if self.trends.files:
            auxiliary += read_trends(self.trends, ifo, segments)
        channels = [channel.channel for channel in auxiliary]
        if channels:
            log_safety(self.safety, channels, ifo)
        return auxiliary, safety_of(channels, listed, strain=self.strain)


def project_auxiliary(
    *,
    triggers: Sequence[dict[str, str]],
    flags: Sequence[str],
    trends: dict[str, Sequence[str]],
    lists: Sequence[str],
    safety: Sequence[str],
    strain: str,
    frequency_hz: Sequence[float] | None,
    detectors: Sequence[str],
    scripts: str | Path,
) -> AuxiliarySource:
    """Return the source of a project's jobs.

    Parameters
    ----------
    triggers, trends
        Fields of `TriggerSource` and of `TrendSource`.
    flags, strain, frequency_hz, detectors
        As in `AuxiliarySource`.
    lists, safety
        Channel lists and safety tables; those under `resources/` ship with the project.
    scripts
        The project's folder of scripts.
    """
    return AuxiliarySource(
        triggers=[TriggerSource(**entry) for entry in triggers],
        flags=flags,
        trends=TrendSource(**trends),
        lists=[project_file(path, scripts) for path in lists],
        safety=[project_file(path, scripts) for path in safety],
        strain=strain,
        frequency_hz=None if frequency_hz is None else (frequency_hz[0], frequency_hz[1]),
        detectors=detectors,
    )
