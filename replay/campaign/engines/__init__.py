"""Who runs a campaign's cells: the door that the driver knows, and the processes of this machine behind it.

Imports cells and how they are run; knows no driver, no store and no page."""
