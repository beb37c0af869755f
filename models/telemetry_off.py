"""ONNX Runtime tells nobody what runs here: from 1.32 on it keeps a device's id in HOME and reports to its maker.

A user who wants that sets ORT_DISABLE_TELEMETRY=0.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
