"""The four views of a glitch: their lengths, names and columns."""

#: View lengths in seconds, in the order of every array's view axis.
VIEW_LENGTHS_S: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
#: Strain in seconds that a Q-scan is whitened by, and the least of it.
WHITENED_S, LEAST_STRAIN_S = 64, 4.0
#: The lengths as text, in file names and in the column `view`.
VIEW_NAMES: tuple[str, ...] = ("0.5", "1.0", "2.0", "4.0")
#: Columns of the catalogue with the path of each view's picture.
VIEW_PATHS: tuple[str, ...] = ("view_path_0_5", "view_path_1_0", "view_path_2_0", "view_path_4_0")
#: Column for the picture whose view length is unknown (`unit: view` only).
VIEW_PATH_UNKNOWN = "view_path_unknown"
#: Columns of the views table that say which views a glitch has.
VIEW_PRESENT: tuple[str, ...] = ("present_0_5", "present_1_0", "present_2_0", "present_4_0")
#: The same for the picture of unknown view length, which is in the array's first slot.
VIEW_PRESENT_UNKNOWN = "present_unknown"
#: Columns of the views table with the mean energy of each slot of the array.
VIEW_ENERGY: tuple[str, ...] = ("mean_energy_0_5", "mean_energy_1_0", "mean_energy_2_0", "mean_energy_4_0")
#: Such a view in the column `view`.
VIEW_UNKNOWN = "unknown"
