"""One part of a campaign, in a process of its own: the task comes on stdin, lines of `Said` go to stdout."""

import sys

from sensors.clock import SystemClock
from sensors.terminal.exit_status import ended


def main() -> int:
    up_ns = SystemClock().now().mono_ns
    # Everything heavy comes after the first look at the clock: a cold start is measured from there.
    from replay.qualify.tasks import serve

    return serve(up_ns)


if __name__ == "__main__":
    sys.exit(ended(main, words=sys.argv))
