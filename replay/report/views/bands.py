"""AP in bands of what the truth knows, and the figures of the two profiles, as tables of their own."""

from collections.abc import Iterator, Mapping, Sequence

from replay.report import texts
from replay.report.views.shapes import Row, Table
from replay.scoring.breakdown import UNKNOWN, Breakdown
from replay.scoring.profiles.figures import Figures, ProfileFigures, ProfileName
from sensors.terminal.figures import is_end

BAND_COLUMNS = (
    ("AP50 (its 95 %)", "ap"),
    ("AP (its 95 %)", "ap"),
    ("objects", ""),
    ("in pictures", ""),
)
DIMENSIONS = {
    "size": ("size", "size"),
    "distance": ("distance", "distance"),
    "occlusion": ("hidden", "occlusion"),
    "truncation": ("outside the picture", "truncation"),
    "condition": ("condition", ""),
}
"""What the page calls each, and its definition's anchor; classes have a table already."""
COUNTS = {"n_frames": "frames", "n_truth": "objects", "n_found": "findings"}


def breakdown_table(breakdown: Breakdown) -> Iterator[Table]:
    """One, of the dimensions that something is known of."""
    rows: list[Row] = []
    for dimension, (name, term) in DIMENSIONS.items():
        bands = {band: figures for band, figures in breakdown.get(dimension, {}).items() if figures["n_truth"]}
        if set(bands) <= {UNKNOWN}:
            continue
        rows.append(Row(name, ("",) * len(BAND_COLUMNS), term))
        for band, figures in bands.items():
            counts = (texts.figure(figures.get(key), 0) for key in ("n_truth", "n_frames"))
            cells = (texts.sure(figures, "AP50"), texts.sure(figures, "AP"), *counts)
            rows.append(Row(band, cells, inner=True))
    if rows:
        title = "AP in bands (compare a band with the same band of another run: false alarms count in each of them)"
        yield Table(title, BAND_COLUMNS, tuple(rows), folded=True)


def profile_tables(profiles: Mapping[ProfileName, ProfileFigures]) -> Iterator[Table]:
    """One for each profile that has figures, with its rules below."""
    for name, profile in profiles.items():
        if profile.unknown or not profile.overall:
            continue
        figures = [name for name in profile.overall if not is_end(name, profile.overall)]
        rows = [Row("all classes", _cells(profile.overall, figures))]
        rows += [Row(label, _cells(own, figures), inner=True) for label, own in profile.per_class.items()]
        yield Table(
            title=f"By other rules: profile {name!r} (not to be put beside the tables above)",
            columns=tuple((COUNTS.get(figure, figure), "profile") for figure in figures),
            rows=tuple(rows),
            folded=True,
            notes=(
                *(f"{label}: {rule}." for label, rule in profile.rules.items()),
                *(f"{label}, not scored: {why}." for label, why in profile.left_out.items()),
            ),
        )


def _cells(figures: Figures, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(texts.figure(figures.get(name), 0) if name in COUNTS else texts.sure(figures, name) for name in names)
