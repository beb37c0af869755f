"""A repository of bundles by TUF (theupdateframework.io): keys and roles of whoever publishes, the client of a unit.

Imports `models.bundle`; tuf and what it brings come with the extra `deploy`."""
