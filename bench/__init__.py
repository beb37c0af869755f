"""Programs that measure, not tests: each prints JSON with its n and its machine.

Import any room, and the tests' speakers."""
