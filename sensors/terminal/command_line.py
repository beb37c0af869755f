"""The parser of every command line: what is wrong with it is one line, and one says where its options are told."""

import argparse
import sys
from typing import Any, NoReturn

from sensors.terminal import console, output

USAGE = 2


def command_parser(**settings: Any) -> argparse.ArgumentParser:
    """Takes what `argparse.ArgumentParser` takes; the parsers of its verbs are of the same kind."""
    return _Parser(**settings)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # argparse shows the whole usage first: a dozen lines for some verbs, with the fault below them.
        console.warn(f"{self.prog}: {message}", f"  {self.prog} --help tells its options")
        self.exit(USAGE)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """A verb's own parser says what it doesn't know: left to the first word's, the hint would point there."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def _print_message(self, message: str, file: Any = None) -> None:
        # Helps and versions; argparse has no other place where they pass.
        output.write(message, is_output=file is not sys.stderr)
