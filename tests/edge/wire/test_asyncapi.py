import json
from pathlib import Path

from edge.wire.asyncapi import document


def test_the_document_that_is_checked_in_is_the_wire_that_is_spoken() -> None:
    kept = Path(__file__).parents[3] / "docs" / "asyncapi.json"
    assert json.loads(kept.read_text()) == json.loads(json.dumps(document())), (
        "run `python -P -m edge.wire.asyncapi > docs/asyncapi.json`"
    )
