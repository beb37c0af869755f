"""Which of a broker's addresses is tried next."""

from edge.wire.address import Address, BrokerAt


class Rotation:
    """The addresses in turn, from the first one on. Used from one thread at a time."""

    def __init__(self, at: BrokerAt) -> None:
        """Raises SecretMissing or SecretOpen."""
        self._every = Address.every(at)
        self._turns = 0

    @property
    def present(self) -> Address:
        return self._every[self._turns % len(self._every)]

    def turn(self) -> bool:
        """Go on to the next; whether a round is over by now, so that it is time to wait a moment.

        The waits come by count, not after breaks: an address that lets in and throws out again can't make it spin.
        """
        self._turns += 1
        return self._turns % len(self._every) == 0
