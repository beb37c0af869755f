"""`gilmok run`, `demo` and `hub`, a verb a file.

Imports all of `fleet`."""
