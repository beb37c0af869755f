"""What every backend must keep, tried on a backend: `gilmok backend check` and the tests run the same checks.

Imports `edge.device`."""
