"""The device under load: who asks, who answers, who keeps the time.

Imports the campaign and `edge`."""
