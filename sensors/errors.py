"""The root of every error that gilmok raises on purpose."""


class GilmokError(Exception):
    """The world is wrong: a sentence says how, a hint says what to do about it.

    Leaves live in the file that raises them, take facts, and compose both texts themselves.
    """

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(f"{sentence}\n  {hint}" if hint else sentence)
        self.sentence = sentence
        self.hint = hint
