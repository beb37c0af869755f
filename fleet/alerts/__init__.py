"""Alerts: rules over what the ledger says of the fleet, with hysteresis; kept in a file, shown, and sent to a webhook.

A process of its own beside the hub, which reads the ledger and never writes it. Imports, of `fleet`, its watch."""
