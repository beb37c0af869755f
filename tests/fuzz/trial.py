"""One trial: a subject's folder copied, spoilt, and read by its command in a process of its own."""

import json
import os
import re
import resource
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzz.mutations import spoilt
from tests.fuzz.programs import PROGRAMS
from tests.fuzz.subject import Subject
from tests.fuzz.values import TEXTS, nasty

ENDS = {0, 1, 2, 3, 130}
LIMIT_S = 60.0
LIVES_S = 2.0
GRACE_S = 12.0
MEMORY_BYTES = 6 << 30
SPARE_BYTES, TIMES_INPUT = 200_000_000, 4
"""What a trial may take beyond what this process has, from which it is forked with everything imported, and beyond
what the same command takes of inputs that are not spoilt."""
TEMPORARY = (".*.new", ".incoming-*", "*.part")
WORDS_SPOILT = 0.2
ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What acts on a terminal, or hides what a line says."""


@dataclass(frozen=True, slots=True)
class Finding:
    seed: int
    command: str
    spoilt: str
    what: str
    said: str


def tried(subject: Subject, seed: int, folder: Path) -> tuple[int, Finding | None]:
    """The exit status, and what is wrong with how it ended. `folder` is left only where something is."""
    rng = Random(seed)
    here = folder / "here"
    shutil.copytree(subject.base, here, symlinks=True)
    words = [word.replace("{here}", str(here)) for word in subject.words]
    done = []
    if rng.random() < WORDS_SPOILT and words[0] not in PROGRAMS:
        done.append(_spoil_words(words, rng))
    if not done or rng.random() < 0.5:
        files = sorted({path for glob in subject.mutable for path in here.glob(glob) if path.is_file()})
        for path in rng.choices(files, k=rng.choice((1, 1, 2))) if files else ():
            done += [spoilt(path, rng)] if path.is_file() else []
    size = sum(path.lstat().st_size for path in here.rglob("*"))
    status, took_s, peak_bytes = run(words, folder, subject.lives)
    output = (folder / "stdout").read_bytes()
    errors = (folder / "stderr").read_text(errors="replace")
    what = _wrong(status, words, output, errors, here, folder)
    if took_s > LIMIT_S:
        what = f"hangs: {took_s:.0f} s"
    elif not what and peak_bytes > (allowed := _own_bytes() + TIMES_INPUT * size + SPARE_BYTES):
        # Unless the command takes as much of good inputs: a renderer, a compiler.
        good_bytes = _peak_unspoilt(subject, folder / "unspoilt")
        if peak_bytes > allowed + max(0, good_bytes - _own_bytes()):
            what = f"takes {peak_bytes / 1e6:.0f} MB, of {size / 1e6:.1f} MB of input; else {good_bytes / 1e6:.0f} MB"
    if not what:
        shutil.rmtree(folder)
        return status, None
    return status, Finding(seed, " ".join(words), "; ".join(done), what, errors[-2000:])


def run(words: list[str], folder: Path, lives: bool = False, home: Path | None = None) -> tuple[int, float, int]:
    """In a fork of this process, which has no threads: the exit status (a signal's is negative), seconds, peak memory.

    One that `lives` is asked to end after a while; one that does not is killed. `home`: where its store of models is.
    """
    pid = os.fork()
    if pid == 0:
        _child(words, folder, (home or folder / "here") / "home")
    begin, asked = time.monotonic(), False
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        took_s = time.monotonic() - begin
        if ended:
            return os.waitstatus_to_exitcode(status), took_s, usage.ru_maxrss * 1024
        if lives and not asked and took_s > LIVES_S:
            asked = True
            os.kill(pid, signal.SIGTERM)
        if took_s > (LIVES_S + GRACE_S if lives else LIMIT_S):
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return -signal.SIGKILL, LIMIT_S + took_s, 0
        time.sleep(0.005)


def _peak_unspoilt(subject: Subject, folder: Path) -> int:
    shutil.copytree(subject.base, folder / "here", symlinks=True)
    words = [word.replace("{here}", str(folder / "here")) for word in subject.words]
    return run(words, folder, subject.lives)[2]


def _own_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _child(words: list[str], folder: Path, home: Path) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.environ |= {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder), "GILMOK_HOME": str(home)}
    os.chdir(folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = ["gilmok", *words]
    status = 99
    try:
        if words[0] in PROGRAMS:
            status = PROGRAMS[words[0]](*words[1:])
        else:
            from gilmok import main

            status = main()
    except SystemExit as end:
        status = int(end.code or 0) if isinstance(end.code, int | None) else 98
    except BaseException:  # noqa: BLE001  what escapes is found by its status
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _spoil_words(words: list[str], rng: Random) -> str:
    places = [place for place, word in enumerate(words) if place > 1 and not word.startswith("--")]
    if not places or rng.random() < 0.1:
        words.append(rng.choice(("--json", "--out", "--frames", "-x", "\udce9", "--help")))
        return f"words: {words[-1]!r} at the end"
    place = rng.choice(places)
    value = str(rng.choice(TEXTS) if rng.random() < 0.5 else nasty(rng)).replace("\0", "")
    words[place] = value
    return f"words: {value[:40]!r} at {place}"


def _wrong(status: int, words: list[str], output: bytes, errors: str, here: Path, folder: Path) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    if status not in ENDS:
        reports = sorted((folder / "state").glob("gilmok/*.txt"))
        details = reports[-1].read_text(errors="replace")[-3000:] if reports else ""
        return f"exit status {status}\n{details}"
    if "Traceback (most recent call last)" in errors or b"Traceback (most recent" in output:
        return "a traceback"
    if "secret" in errors or b"secret" in output:
        return "a password is printed"
    if acting := ACTING.search(output.decode(errors="replace") + errors):
        return f"a control character is printed: {acting[0]!r}"
    if status in (1, 2) and not output and not errors:
        return f"exit status {status} without a word"
    if "--json" in words and status in (0, 3) and "--help" not in words:
        try:
            json.loads(output)
        except ValueError as error:
            return f"what --json prints is no JSON: {error}"
    left = [path.name for glob in TEMPORARY for path in here.rglob(glob)]
    return f"left behind: {', '.join(left)}" if left else ""
