"""What a fleet did by minute, hour and day: made of what is booked, kept when that is not, and read again.

Imports, of `fleet`, the ledger's store and schema and the configuration; of `replay`, the buckets."""
