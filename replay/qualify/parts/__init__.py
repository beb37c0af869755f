"""One part of a qualification a file: what is measured, and its figures as they go into the record.

Imports `replay.qualify.load` and the campaign."""
