"""A service as systemd reads it: hardened, watched, its log bounded. What each line is for: docs/deployment.md."""

import math
from collections.abc import Iterator

from sensors.service.places import STATE, STORE, Places
from sensors.service.service import ACCOUNTS, VERBS, Installed

START_S, STOP_S, AGAIN_S = 300, 45, 5
MOST_TASKS = 1024
LOG_LINES, LOG_PERIOD_S = 2000, 30
USAGE = 2

# Not here, and why. ProcSubset=pid: the boot's id is in /proc/sys. MemoryDenyWriteExecute: runtimes of accelerators
# make code while they run. IPAddressDeny: where a broker or a camera is, only its settings know.
SANDBOX = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
UMask=0077
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateIPC=yes
PrivateUsers=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
LimitCORE=0"""


def unit_file(one: Installed) -> str:
    return "\n".join(_lines(one, Places(one.place))) + "\n"


def sysusers() -> str:
    """The accounts, as systemd-sysusers makes them: at once, or at the first boot of an image."""
    return "".join(f'u {account} - "gilmok {kind}" {STATE} -\n' for kind, account in ACCOUNTS.items())


def _lines(one: Installed, places: Places) -> Iterator[str]:
    yield "[Unit]"
    yield f"Description=gilmok {one.kind} {one.name}"
    # It works without a network as well: what it has to say waits in its spool.
    yield "After=network.target"
    # Nobody stands beside it: it is started again for as long as the machine runs.
    yield "StartLimitIntervalSec=0"
    yield "\n[Service]"
    yield "Type=notify"
    yield "NotifyAccess=main"
    yield f"ExecStart={_command(one, places)}"
    yield "Restart=on-failure"
    yield f"RestartSec={AGAIN_S}"
    # Settings that are wrong don't get right by themselves.
    yield f"RestartPreventExitStatus={USAGE}"
    yield f"TimeoutStartSec={START_S}"
    yield f"TimeoutStopSec={STOP_S}"
    yield f"WatchdogSec={one.limits.watchdog_s:g}"
    yield "KillMode=mixed"
    yield f"User={one.account}"
    yield f"Group={one.account}"
    if one.groups:
        yield f"SupplementaryGroups={' '.join(one.groups)}"
    yield f"StateDirectory=gilmok/{one.place}"
    yield "StateDirectoryMode=0700"
    yield f"CacheDirectory=gilmok/{one.place}"
    yield "CacheDirectoryMode=0700"
    yield f"WorkingDirectory={places.state}"
    for name in one.secrets:
        yield f"LoadCredential={name}:{places.secrets / name}"
    yield f"Environment=HOME={places.state} XDG_STATE_HOME={places.state} XDG_CACHE_HOME={places.cache}"
    # What it says is the journal's at once.
    yield f"Environment=GILMOK_HOME={STORE} PYTHONUNBUFFERED=1"
    yield f"SyslogIdentifier={places.service}"
    for name, text in one.fields.items():
        yield f"LogExtraFields={quoted(f'{name}={text}')}"
    yield f"LogRateLimitIntervalSec={LOG_PERIOD_S}"
    yield f"LogRateLimitBurst={LOG_LINES}"
    yield f"MemoryMax={one.limits.memory}"
    if one.limits.cpus:
        yield f"CPUQuota={math.ceil(one.limits.cpus * 100)}%"
    yield f"TasksMax={MOST_TASKS}"
    yield "DevicePolicy=closed"
    if not one.devices:
        yield "PrivateDevices=yes"
    for device in one.devices:
        yield f"DeviceAllow={device} rw"
    yield SANDBOX
    yield "\n[Install]"
    yield "WantedBy=multi-user.target"


def _command(one: Installed, places: Places) -> str:
    words = [*one.program, *VERBS[one.kind], str(places.settings / f"{one.kind}.toml")]
    # In a command, and nowhere else, $ stands before a variable.
    return " ".join(quoted(word).replace("$", "$$") for word in words)


def quoted(word: str) -> str:
    """One word of a list, whatever stands in it; systemd replaces what begins with %."""
    plain = word.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return plain if plain and not set(plain) & set(" \t\n;'\"\\") else f'"{plain}"'
