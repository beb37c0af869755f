"""What a link is made of: a client with bounds, two dialects of MQTT, what is in flight, whom it turns to next.

Imports addresses and topics of the wire, no message."""
