"""Write docs/explanation/real-data.md and its figures: `python -m docs.real_data RUNS DATA`.

RUNS is the folder of the runs of `make real-data`, DATA that of the data.
"""

import sys
from pathlib import Path

from docs.real_data.page import write_page

if __name__ == "__main__":
    write_page(*map(Path, sys.argv[1:3]))
