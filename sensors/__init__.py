"""Pictures and time: where frames come from, when they were taken, and at what pace they arrive."""
