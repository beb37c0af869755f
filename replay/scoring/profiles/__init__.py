"""Two ways to score a stream beside the rule of `replay.scoring.reference`; their figures never share a table.

`official`: the data set's own rules, to be compared with what others publish. `crosswalk`: a model of COCO's classes on
a label set that is not COCO's, where each labelled box has a role. Rules and tables: docs/metrics/accuracy.md.
Imports the rest of `replay.scoring`.
"""
