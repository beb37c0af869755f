"""The past and its truth: data sets, recordings, scores, offline runs, comparison, qualification.

Imports `sensors`, `models`, `edge`. Inside: cli > qualify > report > gates > comparison > runs > scoring > metrics."""
