"""This machine's own system booted once more: a real systemd, as the first process of namespaces of its own.

Above an overlay in memory: what happens there changes nothing here. It has a loopback and no other network.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import wait_until

BOOT = r"""
test $$ = 1 || exit 1
s=$1
mount -t tmpfs tmpfs $s
mkdir $s/upper $s/work $s/root
r=$s/root
mount -t overlay -o lowerdir=/,upperdir=$s/upper,workdir=$s/work overlay $r
mount -t proc proc $r/proc
mount --bind $r/proc/sys $r/proc/sys
mount -o remount,ro,bind $r/proc/sys
mount -t sysfs -o ro sysfs $r/sys
mount -t cgroup2 cgroup2 $r/sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs $r/dev
for n in null zero full random urandom tty; do cp -a /dev/$n $r/dev/$n; done
mkdir $r/dev/pts $r/dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts $r/dev/pts
ln -s pts/ptmx $r/dev/ptmx
ln -s /proc/self/fd $r/dev/fd
for d in run var/log; do mount -t tmpfs -o mode=755 tmpfs $r/$d; done
for d in tmp dev/shm; do mount -t tmpfs -o mode=1777 tmpfs $r/$d; done
rm -rf $r/etc/systemd/system $r/etc/gilmok $r/var/lib/gilmok
mkdir -p $r/etc/systemd/system
rm -f $r/etc/machine-id
echo $2 > $r/etc/machine-id
units=$r/etc/systemd/system
printf '[Unit]\nRequires=basic.target dbus.service\nAfter=basic.target dbus.service\n' > $units/multi-user.target
ln -s multi-user.target $units/default.target
cd $r
mkdir .old
pivot_root . .old
umount -l /.old
mount --make-rshared /
exec env -i container=gilmok PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=no
"""
NEEDED = ("unshare", "nsenter", "systemctl", "pivot_root")
GROUPS = Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")
NAMESPACES = ("--mount", "--pid", "--ipc", "--uts", "--cgroup", "--net", "--fork", "--kill-child")


@dataclass(frozen=True)
class Machine:
    pid: int
    """Of its first process, as this machine counts."""

    def run(self, *words: str, check: bool = True) -> str:
        """What it printed there, on both outputs."""
        entered = ["nsenter", "--target", str(self.pid), "--all", *words]
        done = subprocess.run(entered, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def shows(self, unit: str, what: str) -> str:
        return self.run("systemctl", "show", unit, "--value", "--property", what).strip()

    def root(self) -> Path:
        """Its files, as this machine reaches them."""
        return Path(f"/proc/{self.pid}/root")


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """Skips the test where that can't be done."""
    if os.geteuid() != 0:
        pytest.skip("only root can boot a system")
    if missing := [name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]:
        pytest.skip(f"{', '.join(missing)}: not installed (apt-get install systemd util-linux)")
    group = next((one for one in GROUPS if (one / "cgroup.controllers").exists()), None)
    if group is None:
        pytest.skip("there are no unified control groups here")
    own, scratch, log = group / f"gilmok-{secrets.token_hex(4)}", folder / "scratch", folder / "boot.log"
    scratch.mkdir()
    own.mkdir()
    enter = (
        f'echo $$ > {own}/cgroup.procs && exec unshare {" ".join(NAMESPACES)} --propagation private sh -e -c "$0" "$@"'
    )
    words = ["sh", "-c", enter, BOOT, "boot", str(scratch), secrets.token_hex(16)]
    with log.open("wb") as said:
        outer = subprocess.Popen(words, stdout=said, stderr=said)
    try:
        wait_until(lambda: outer.poll() is not None or (_first(outer.pid) and _is_up(outer.pid)), "systemd to be up")
        if outer.poll() is not None:
            pytest.skip(f"no system can be booted here: {log.read_text()[-300:]}")
        yield Machine(_first(outer.pid))
    finally:
        # The first process of a namespace takes all others with it.
        outer.kill()
        outer.wait()
        wait_until(lambda: _gone(own), "its processes to end")


def _first(pid: int) -> int:
    try:
        return int((Path(f"/proc/{pid}/task/{pid}/children").read_text().split() or ["0"])[0])
    except OSError:
        return 0


def _is_up(outer: int) -> bool:
    machine = Machine(_first(outer))
    if not (machine.root() / "run/systemd/private").exists():
        return False
    return machine.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded")


def _gone(group: Path) -> bool:
    """A group that nobody is in any more, nor in those below, is removed."""
    try:
        for one in [*sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True), group]:
            one.rmdir()
    except OSError:
        return False
    return True
