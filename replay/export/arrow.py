"""A run's tables for Arrow: Parquet files, and what pandas, Polars and DuckDB take without a copy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from replay.export.columns import TABLES, Column
from replay.export.tables import Table
from sensors import atomic_files
from sensors.plugins import need

EXTRA = "tables"


def to_arrow(name: str, table: Table) -> Any:
    """A pyarrow.Table with the columns' types, whatever the rows hold; raises ExtraMissing."""
    return of_columns(TABLES[name], table)


def schema_of(columns: Sequence[Column]) -> Any:
    """A pyarrow.Schema: each column's type, and what it means; raises ExtraMissing."""
    arrow = need("pyarrow", EXTRA, "Arrow tables")
    types = {"text": arrow.string(), "int": arrow.int64(), "float": arrow.float64(), "bool": arrow.bool_()}
    return arrow.schema([arrow.field(one.name, types[one.kind], metadata={"about": one.about}) for one in columns])


def of_columns(columns: Sequence[Column], table: Table) -> Any:
    """A pyarrow.Table of these columns; raises ExtraMissing."""
    arrow = need("pyarrow", EXTRA, "Arrow tables")
    schema = schema_of(columns)
    arrays = [arrow.array(table[field.name], field.type) for field in schema]
    return arrow.Table.from_arrays(arrays, schema=schema)


def write_parquet(path: Path, name: str, table: Table) -> None:
    """Raises ExtraMissing or FileUnwritable."""
    parquet = need("pyarrow.parquet", EXTRA, "Parquet files")
    whole = to_arrow(name, table)
    with atomic_files.replacing(path) as file:
        parquet.write_table(whole, file)
