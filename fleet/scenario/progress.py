"""Progress bars of a scenario: one a stream, fed with what the hub has news."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fleet.scenario.launch import RunProgress
from fleet.scenario.scenario import Scenario, expected_frames
from sensors.terminal import console


@contextmanager
def bars(scenario: Scenario, show: Callable[[str], None] = lambda _: None) -> Iterator[Callable[[RunProgress], None]]:
    """Shows a bar for every stream while inside; call what it yields with each news. `show` is called once, with the
    dashboard's address.
    """
    with console.bars("count", "elapsed") as progress:
        tasks: dict[tuple[str, str], int] = {}
        for node in scenario.nodes:
            for stream in node.streams:
                total = expected_frames(stream, scenario.seconds)
                tasks[node.name, stream.name] = progress.add_task(f"{node.name}/{stream.name}", total=total)

        told = False

        def watch(news: RunProgress) -> None:
            nonlocal told
            if news.dashboard and not told:
                told = True
                progress.console.print(f"dashboard: {news.dashboard}", markup=False, highlight=False)
                show(news.dashboard)
            for key, count in news.decided.items():
                progress.update(tasks[key], completed=count)

        yield watch
