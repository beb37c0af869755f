"""One of a run's tables as a notebook has it: handed on to Arrow, pandas, Polars or DuckDB, or shown."""

from dataclasses import dataclass
from html import escape
from typing import Any

from replay.export.arrow import EXTRA, to_arrow
from replay.export.tables import Table
from sensors.plugins import need

SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class RunTable:
    """Columns and units: docs/export.md."""

    name: str
    """`frames`, `findings` or `truth`."""
    columns: Table
    """Lists by column, None where there is nothing."""

    def __len__(self) -> int:
        return len(self.columns["seq"])

    def to_arrow(self) -> Any:
        """A pyarrow.Table; raises ExtraMissing."""
        return to_arrow(self.name, self.columns)

    def to_pandas(self) -> Any:
        """A DataFrame whose integers stay whole (Int64) where some are missing; raises ExtraMissing."""
        pandas, arrow = need("pandas", EXTRA, "pandas' frames"), need("pyarrow", EXTRA, "Arrow tables")
        kept = {arrow.int64(): pandas.Int64Dtype()}
        return self.to_arrow().to_pandas(types_mapper=kept.get)

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Whatever reads Arrow takes the table itself: polars.DataFrame(run.frames())."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<{self.name} of a run: {len(self):,} rows, {len(self.columns)} columns>"

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        rows = zip(*(column[:SHOWN] for column in self.columns.values()), strict=True)
        cells = ("".join(f"<td>{'' if one is None else escape(str(one))}</td>" for one in row) for row in rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        more = f"<p>{len(self) - SHOWN:,} more rows</p>" if len(self) > SHOWN else ""
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"
