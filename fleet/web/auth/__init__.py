"""Who may look at the dashboard: a token that people type and programs send, or a proxy's word on who asks.

Imports the configuration and the clock; knows nothing of what is shown behind it."""
