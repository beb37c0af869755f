"""A node that starts a camera, tells its process id, and waits to be killed while it waits for a frame."""

import multiprocessing as mp
import sys
from pathlib import Path

from sensors.pace.feeder import Feeder
from sensors.sources.folder import ImageFolder

if __name__ == "__main__":
    feeder = Feeder("folder", ImageFolder.Options(path=Path(sys.argv[1]), fps=5), stream="s", paced=True)
    (child,) = mp.active_children()
    feeder.start()
    feeder.take()
    print(child.pid, flush=True)  # noqa: T201
    while feeder.take() is not None:
        pass
