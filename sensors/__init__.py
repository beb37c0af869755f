"""Pictures and time: where frames come from, when they were taken, and at what pace they arrive.

The ground floor: imports no other room."""
