"""A node's pictures, findings and health, live, for a program that watches: off the frame path, where the newest wins.

Imports, of `edge`, the wire's words alone."""
