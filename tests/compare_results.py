"""Compare the tables of two result folders, column by column.

Usage: python tests/compare_results.py OLD NEW

Tables are Parquet, CSV, NumPy and JSON files; of JSON only the numbers are compared. Every
difference is one line of the output; the exit status is 1 when there is any. It stands with the
tests, not the benchmarks, because it checks results and measures nothing.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

#: A column's type and its values, one row a value (or one row a slice of an array).
Column = tuple[str, np.ndarray]


def parquet_columns(path: Path) -> dict[str, Column]:
    table = pq.read_table(path)
    return {
        name: (str(values.type), values.to_numpy())
        for name, values in zip(table.column_names, table.columns, strict=True)
    }


def csv_columns(path: Path) -> dict[str, Column]:
    table = pd.read_csv(path)
    return {name: (str(values.dtype), values.to_numpy()) for name, values in table.items()}


def array_column(values: np.ndarray) -> Column:
    return f"{values.dtype} {list(values.shape[1:])}", np.atleast_1d(values)


def npy_columns(path: Path) -> dict[str, Column]:
    return {"array": array_column(np.load(path))}


def npz_columns(path: Path) -> dict[str, Column]:
    with np.load(path) as arrays:
        return {name: array_column(arrays[name]) for name in arrays.files}


def json_numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Yield each number of a JSON value with its key; the items of a list share one."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from json_numbers(item, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for item in value:
            yield from json_numbers(item, f"{key}[]")
    elif isinstance(value, int | float):
        yield key, value


def json_columns(path: Path) -> dict[str, Column]:
    columns: dict[str, list[float]] = {}
    for key, number in json_numbers(json.loads(path.read_text(encoding="utf-8"))):
        columns.setdefault(key, []).append(number)
    return {key: ("number", np.array(numbers, np.float64)) for key, numbers in columns.items()}


READERS = {
    ".parquet": parquet_columns,
    ".csv": csv_columns,
    ".npy": npy_columns,
    ".npz": npz_columns,
    ".json": json_columns,
}


def table_paths(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in READERS}


def value_difference(old: np.ndarray, new: np.ndarray) -> str:
    """Return how two columns of one length differ; empty when they are equal.

    Missing values and NaN are equal to each other.
    """
    differs = (old != new) & ~(pd.isna(old) & pd.isna(new))
    if not differs.any():
        return ""
    rows = int(differs.reshape(len(differs), -1).any(axis=1).sum())
    text = f"{rows} of {len(old)} rows differ"
    if not all(np.issubdtype(values.dtype, np.number) for values in (old, new)):
        return text
    finite = differs & np.isfinite(old) & np.isfinite(new)
    first, second = old[finite].astype(np.float64), new[finite].astype(np.float64)
    if not len(first):
        return f"{text}, all by missing or infinite values"
    absolute = np.abs(first - second)
    relative = absolute / np.maximum(np.abs(first), np.abs(second))
    return f"{text}, largest difference {absolute.max():.3g} absolute, {relative.max():.3g} relative"


def column_differences(old: dict[str, Column], new: dict[str, Column]) -> Iterator[str]:
    """Yield what differs between the columns of one table."""
    for name in old.keys() - new.keys():
        yield f"{name}: missing column"
    for name in new.keys() - old.keys():
        yield f"{name}: extra column"
    for name in [name for name in old if name in new]:
        (old_type, old_values), (new_type, new_values) = old[name], new[name]
        if old_type != new_type:
            yield f"{name}: type {new_type} was {old_type}"
        if len(old_values) != len(new_values):
            yield f"{name}: {len(new_values)} rows, were {len(old_values)}"
        elif old_values.shape == new_values.shape and (text := value_difference(old_values, new_values)):
            yield f"{name}: {text}"


def differences(old: Path, new: Path) -> Iterator[str]:
    """Yield what differs between the tables of two result folders."""
    old_paths, new_paths = table_paths(old), table_paths(new)
    for path in sorted(old_paths | new_paths):
        if path not in new_paths:
            yield f"{path}: missing file"
        elif path not in old_paths:
            yield f"{path}: extra file"
        else:
            read = READERS[Path(path).suffix]
            yield from (f"{path}: {text}" for text in column_differences(read(old / path), read(new / path)))


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the tables of two result folders.")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    options = parser.parse_args()
    for folder in (options.old, options.new):
        if not table_paths(folder):
            parser.error(f"{folder} holds no tables")
    lines = list(differences(options.old, options.new))
    for line in lines:
        print(line)
    print(f"{len(table_paths(options.old))} tables compared, {len(lines)} differences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
