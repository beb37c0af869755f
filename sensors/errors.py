"""The root of every error that gilmok raises on purpose."""

from sensors.addresses import without_logins


class GilmokError(Exception):
    """The world is wrong: a sentence says how, a hint says what to do about it.

    Leaves live in the file that raises them, take facts, and compose both texts themselves.
    """

    exit_status = 1
    """Of a program that it ends; see `sensors.terminal.exit_status`."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        # Whatever address an error quotes, right or wrong: no password of it is ever printed or kept.
        sentence, hint = without_logins(sentence), without_logins(hint)
        super().__init__(f"{sentence}\n  {hint}" if hint else sentence)
        self.sentence = sentence
        self.hint = hint

    def rename(self, ours: str, theirs: str) -> None:
        """Call a place of ours, wherever both texts do, by the name that people know."""
        GilmokError.__init__(self, self.sentence.replace(ours, theirs), self.hint.replace(ours, theirs))


class Defect(GilmokError):
    """A fault of ours that a thread or a task met at its top: the log says where its details are."""

    exit_status = 70
