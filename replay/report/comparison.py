"""The page of a comparison, written; nothing heavy is imported before a page is wanted."""

from pathlib import Path

from replay.comparison.compare import Held
from replay.report.language import COMPARISON, Language, in_language
from replay.report.write import ReportUnavailable, write_page


def write_comparison(held: Held, out: Path, language: Language = "en") -> Path:
    """Write the comparison's page to `out` and return it; raises ReportUnavailable or FileUnwritable."""
    try:
        from replay.report.comparison_page import comparison_page
    except ImportError as error:
        raise ReportUnavailable(error.name or str(error)) from error
    return write_page(in_language(comparison_page(held), language, [COMPARISON]), out)
