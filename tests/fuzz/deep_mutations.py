"""Files of many parts, spoilt in one of them: a ledger's row, a network's shape; what flipped bytes seldom reach."""

import json
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from tests.fuzz.values import NUMBERS, TEXTS, changed, nasty

AXES = (0, -1, 1, 3, 2**31, 2**40, -(2**63))


def ledger(path: Path, rng: Random) -> str:
    """One value of one row, or a whole table; empty where it is no ledger (any more)."""
    connection = sqlite3.connect(path)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        filled = [name for name in sorted(tables) if connection.execute(f'SELECT 1 FROM "{name}"').fetchone()]
        table = rng.choice(filled)
        if rng.random() < 0.05:
            connection.execute(f'DROP TABLE "{table}"')
            connection.commit()
            return f"{path.name}: no {table}"
        rows = [row for (row,) in connection.execute(f'SELECT rowid FROM "{table}"')]
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        column, row = rng.choice(columns), rng.choice(rows)
        (value,) = connection.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid=?', (row,)).fetchone()
        connection.execute(f'UPDATE "{table}" SET "{column}"=? WHERE rowid=?', (_cell(value, rng), row))
        connection.commit()
        return f"{path.name}: {column} of row {row} of {table}"
    except (sqlite3.Error, IndexError, OverflowError):  # spoilt before, or what the table itself refuses
        return ""
    finally:
        connection.close()


def _cell(value: Any, rng: Random) -> Any:
    """Mostly of the kind that was there: a payload's JSON with a node changed, a number, a text."""
    if isinstance(value, bytes | str) and rng.random() < 0.8:
        raw = value if isinstance(value, bytes) else value.encode()
        try:
            told = json.dumps(changed(json.loads(raw), rng)).encode()
        except (ValueError, RecursionError):
            told = rng.choice(TEXTS).encode(errors="surrogatepass")
        return told if isinstance(value, bytes) else told.decode(errors="replace")
    if isinstance(value, int) and rng.random() < 0.8:
        return rng.choice((0, -1, 1, 2**31, 2**62, -(2**63), 2**63 - 1))
    other = nasty(rng)
    return other if isinstance(other, float | str | None) else str(other)


def network(path: Path, rng: Random) -> str:
    """One of its shapes, names, operators or notes; empty where it is no network (any more)."""
    try:
        model = onnx.load(str(path), load_external_data=False)
        graph = model.graph
        values = [*graph.input, *graph.output]
        match rng.randrange(7):
            case 0 | 1:
                axes = rng.choice(values).type.tensor_type.shape.dim
                axis = rng.choice(axes)
                axis.Clear()
                if rng.random() < 0.7:
                    axis.dim_value = rng.choice(AXES)
                else:
                    axis.dim_param = _text(rng)
            case 2:
                rng.choice(values).type.tensor_type.elem_type = rng.randrange(25)
            case 3:
                rng.choice(values).name = _text(rng)
            case 4:
                rng.choice(graph.node).op_type = rng.choice(("Loop", "If", "NonZero", "Resize", "", "Nothing"))
            case 5:
                note = (
                    rng.choice(model.metadata_props) if model.metadata_props else model.metadata_props.add(key="names")
                )
                note.value = _text(rng) if rng.random() < 0.5 else f"{{0: {rng.choice(NUMBERS)!r:.50}}}"
            case _:
                model.opset_import[0].version = rng.choice((0, -1, 6, 13, 99, 2**40))
        path.write_bytes(model.SerializeToString())
        return f"{path.name}: its network"
    except (DecodeError, ValueError, IndexError, OSError):  # spoilt before, or what the format itself refuses
        return ""


def _text(rng: Random) -> str:
    return rng.choice(TEXTS).encode(errors="replace").decode()
