"""The auxiliary channels of the simulated observatory: names, rates, kinds of noise, safety.

Each detector has all of them. Names are real ones or follow their naming
(resources/channels/README.md says which come from where); rates are the published
ones, or lower ones where those would take too much time.
"""

from dataclasses import dataclass

#: Where a channel's safety comes from, with the date of the statement.
_STATED = ("simulated observatory", "2020-01-06")
_LISTED = ("Gravity Spy's daily hveto run in O2, Gravity-Spy/GravitySpy", "2026-11")


@dataclass(frozen=True)
class Channel:
    """One auxiliary channel; its name has no detector."""

    name: str
    rate_hz: int
    unit: str
    #: Kind of noise: a key of `ambience.SPECTRA` or of `ambience.SLOW`.
    noise: str
    safety: str

    @property
    def subsystem(self) -> str:
        """The part of the detector that the name begins with."""
        return self.name.split("-")[0]

    @property
    def kind(self) -> str:
        """What a sample is: raw, an RMS, a trend or a displacement."""
        if self.noise.startswith("rms_"):
            return "trend" if self.name.endswith(".rms") else "rms"
        return "displacement" if self.unit == "um" else "raw"

    @property
    def oscillator(self) -> bool:
        """Whether a value, not a size, may be what matters."""
        return self.noise == "oscillator"

    @property
    def safety_source(self) -> tuple[str, str]:
        """Source and date of the statement on safety."""
        return _LISTED if self.safety == "unsafe" else _STATED


_SAFE, _UNKNOWN, _UNSAFE = "safe", "unknown", "unsafe"

_TABLE: tuple[tuple[str, int, str, str, str], ...] = (
    # Ground and its isolation
    ("ISI-GND_STS_ITMY_X_DQ", 64, "nm/s", "ground", _SAFE),
    ("ISI-GND_STS_ITMY_Y_DQ", 64, "nm/s", "ground", _SAFE),
    ("ISI-GND_STS_ITMY_Z_DQ", 64, "nm/s", "ground", _SAFE),
    ("ISI-GND_STS_ETMX_X_DQ", 64, "nm/s", "ground", _SAFE),
    ("ISI-GND_STS_ETMY_Y_DQ", 64, "nm/s", "ground", _SAFE),
    ("ISI-GND_STS_ITMY_Z_BLRMS_30M_100M", 16, "nm/s", "rms_earthquake", _SAFE),
    ("ISI-GND_STS_ITMY_Z_BLRMS_100M_300M", 16, "nm/s", "rms_microseism", _SAFE),
    ("ISI-GND_STS_ITMY_Z_BLRMS_1_3", 16, "nm/s", "rms_human", _SAFE),
    ("ISI-GND_STS_ITMY_Z_BLRMS_3_10", 16, "nm/s", "rms_human", _SAFE),
    ("ISI-GND_STS_ETMY_X_DQ.rms", 1, "nm/s", "rms_microseism", _SAFE),
    ("ISI-HAM2_BLND_GS13Z_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("ISI-HAM3_BLND_GS13Y_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("ISI-HAM4_BLND_GS13Z_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("ISI-HAM6_BLND_GS13X_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("ISI-ETMX_ST1_BLND_X_L4C_CUR_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("ISI-ETMY_ST1_BLND_X_L4C_CUR_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("HPI-HAM1_BLND_L4C_RZ_IN1_DQ", 32, "nrad", "platform", _SAFE),
    ("HPI-HAM3_BLND_L4C_X_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("HPI-HAM6_BLND_L4C_Z_IN1_DQ", 32, "nm", "platform", _SAFE),
    ("HPI-ITMY_BLND_L4C_Z_IN1_DQ", 32, "nm", "platform", _SAFE),
    # The surroundings
    ("PEM-CS_ACC_BSC1_ITMY_Y_DQ", 256, "um/s^2", "accelerometer", _SAFE),
    ("PEM-CS_ACC_HAM3_PR2_Y_DQ", 128, "um/s^2", "accelerometer", _SAFE),
    ("PEM-CS_ACC_HAM6_OMC_Z_DQ", 256, "um/s^2", "accelerometer", _SAFE),
    ("PEM-CS_ACC_PSL_PERISCOPE_X_DQ", 128, "um/s^2", "accelerometer", _SAFE),
    ("PEM-CS_ACC_LVEAFLOOR_XCRYO_Z_DQ", 256, "um/s^2", "accelerometer", _SAFE),
    ("PEM-CS_ACC_BEAMTUBE_YMAN_Z_DQ", 1024, "um/s^2", "accelerometer", _SAFE),
    ("PEM-EX_ACC_BSC4_ETMX_X_DQ", 128, "um/s^2", "accelerometer", _SAFE),
    ("PEM-EY_ACC_BSC5_ETMY_Y_DQ", 128, "um/s^2", "accelerometer", _SAFE),
    ("PEM-CS_MIC_LVEA_BS_DQ", 128, "mPa", "microphone", _SAFE),
    ("PEM-CS_MIC_LVEA_OUTPUTOPTICS_DQ", 128, "mPa", "microphone", _SAFE),
    ("PEM-EX_MIC_VEA_PLUSX_DQ", 256, "mPa", "microphone", _SAFE),
    ("PEM-EY_MIC_VEA_PLUSY_DQ", 64, "mPa", "microphone", _SAFE),
    ("PEM-CS_MAG_LVEA_VERTEX_X_DQ", 256, "nT", "magnetometer", _SAFE),
    ("PEM-CS_MAG_LVEA_VERTEX_Y_DQ", 256, "nT", "magnetometer", _SAFE),
    ("PEM-EX_MAG_VEA_FLOOR_X_DQ", 128, "nT", "magnetometer", _SAFE),
    ("PEM-EY_MAG_EBAY_SUSRACK_X_DQ", 128, "nT", "magnetometer", _UNSAFE),
    ("PEM-EY_MAINSMON_EBAY_1_DQ", 128, "V", "mains", _SAFE),
    ("PEM-EX_VMON_ETMX_ESDPOWER24_DQ", 16, "V", "supply", _UNKNOWN),
    ("PEM-EY_SEIS_VEA_FLOOR_Z_DQ", 64, "nm/s", "ground", _SAFE),
    ("PEM-MX_SEIS_VEA_FLOOR_X_DQ", 16, "nm/s", "ground", _SAFE),
    ("PEM-CS_WIND_ROOF_WEATHER_MPH.rms", 1, "mph", "rms_wind", _SAFE),
    ("PEM-CS_TEMP_LVEA_ITMX_DEGC", 16, "degC", "temperature", _SAFE),
    ("PEM-EY_TEMP_VEA_FLOOR_DEGC", 1, "degC", "temperature", _SAFE),
    # Suspensions
    ("SUS-ETMX_R0_DAMP_L_IN1_DQ", 64, "um", "optic", _SAFE),
    ("SUS-ETMY_R0_DAMP_L_IN1_DQ", 64, "um", "optic", _SAFE),
    ("SUS-ITMX_R0_DAMP_L_IN1_DQ", 64, "um", "optic", _SAFE),
    ("SUS-ETMX_M0_DAMP_L_IN1_DQ", 64, "um", "optic", _SAFE),
    ("SUS-ETMY_M0_DAMP_L_IN1_DQ", 64, "um", "optic", _SAFE),
    ("SUS-TMSY_M1_DAMP_L_IN1_DQ", 64, "um", "optic", _SAFE),
    ("SUS-BS_M1_DAMP_L_IN1_DQ", 64, "um", "optic", _SAFE),
    ("SUS-SR3_M3_OPLEV_PIT_OUT_DQ", 64, "urad", "angle", _SAFE),
    ("SUS-PI_PROC_COMPUTE_MODE5_RMSMON", 16, "counts", "rms_mode", _UNKNOWN),
    ("SUS-ETMX_L1_CAL_LINE_OUT_DQ", 512, "counts", "length", _SAFE),
    ("SUS-ETMY_L2_NOISEMON_UL_OUT_DQ", 64, "counts", "length", _UNSAFE),
    # Angles, lengths, mode cleaner, laser
    ("ASC-CHARD_P_OUT_DQ", 64, "counts", "angle", _UNKNOWN),
    ("ASC-DHARD_Y_OUT_DQ", 64, "counts", "angle", _UNKNOWN),
    ("ASC-X_TR_A_NSUM_OUT_DQ", 64, "counts", "angle", _UNKNOWN),
    ("ASC-Y_TR_B_PIT_OUT_DQ", 64, "counts", "angle", _UNKNOWN),
    ("ASC-AS_A_DC_SUM_OUT_DQ", 128, "counts", "strain", _UNSAFE),
    ("LSC-POP_A_LF_OUT_DQ", 64, "mW", "length", _UNKNOWN),
    ("LSC-REFL_A_LF_OUT_DQ", 64, "mW", "length", _UNKNOWN),
    ("LSC-PRCL_OUT_DQ", 64, "counts", "length", _SAFE),
    ("LSC-MOD_RF45_AM_CTRL_OUT_DQ", 256, "V", "length", _UNKNOWN),
    ("CAL-DELTAL_EXTERNAL_DQ", 1024, "m", "strain", _UNSAFE),
    ("IMC-L_OUT_DQ", 64, "counts", "length", _SAFE),
    ("IMC-F_OUT16", 16, "kHz", "oscillator", _SAFE),
    ("IMC-WFS_A_DC_PIT_OUT_DQ", 128, "counts", "angle", _UNKNOWN),
    ("IMC-WFS_A_DC_YAW_OUT_DQ", 64, "counts", "angle", _UNKNOWN),
    ("PSL-ISS_PDB_OUT_DQ", 64, "V", "length", _SAFE),
    ("PSL-FSS_MIXER_OUT_DQ", 64, "V", "length", _SAFE),
    ("PSL-PWR_HPL_DC_OUT_DQ", 16, "W", "supply", _SAFE),
    ("SYS-TIMING_C_FO_A_PORT_11_SLAVE_CFC_FREQUENCY_4", 16, "Hz", "oscillator", _SAFE),
    ("SYS-TIMING_C_FO_A_PORT_11_SLAVE_CFC_FREQUENCY_5", 16, "Hz", "oscillator", _SAFE),
)

CHANNELS: dict[str, Channel] = {row[0]: Channel(*row) for row in _TABLE}
