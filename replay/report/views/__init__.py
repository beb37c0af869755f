"""What the templates show: a stream's section, ready to be filled in.

Imports `replay.report.charts` and below."""
