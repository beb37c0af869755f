"""Which deployment a unit is to run and which it runs, and what it is ordered to do (docs/deployment.md).

Imports the wire's other messages."""
