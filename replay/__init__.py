"""The past and its truth: data sets, recordings, metrics, offline runs."""
