"""What NODE.toml names: its accelerator and model, its cameras, its broker, each tried as the node would."""

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from edge.assembly import located
from edge.config import NodeConfig, StreamConfig
from edge.device.opening import open_backend
from edge.device.survey import survey
from edge.install.doctor.finding import Finding, ok, tried, unknown, wrong
from edge.wire.address import Address
from edge.wire.link import Link
from edge.wire.topics import NodeTopics
from sensors import config
from sensors.clock import Clock
from sensors.service.places import SETTINGS
from sensors.service.relocation import relocated
from sensors.sources.source import open_source, options_of

REACH_S = 5.0
CREDENTIALS = Path("/run/credentials")


def read(path: Path) -> NodeConfig:
    """Of an installed node, too, whose secrets its service alone sees; raises ConfigMissing or ConfigWrong."""
    node = config.read(path, NodeConfig)
    if not path.absolute().is_relative_to(SETTINGS):
        return node
    own = path.absolute().parent / "secrets"
    seen: NodeConfig = relocated(node, lambda _, old: own / old.name if old.is_relative_to(CREDENTIALS) else old)
    return seen


def accelerators() -> Finding:
    """Of this machine, where no NODE.toml says which one is meant."""
    found = [f"{one.name} {device.name} ({device.kind})" for one in survey() for device in one.devices]
    real = [name for name in found if "emulated" not in name]
    if not real:
        return unknown("accelerator", "no backend finds a device", "`gilmok backend list` says what each needs")
    return ok("accelerator", ", ".join(real))


def accelerator(node: NodeConfig, base: Path) -> Finding:
    chosen = node.backend
    devices = {one.name: one for one in open_backend(chosen.name, chosen.options, base).devices()}
    device = devices.get(chosen.device)
    if device is None:
        there = f"it has {', '.join(devices)}" if devices else "it finds none"
        return wrong(
            "accelerator",
            f"backend {chosen.name} has no device {chosen.device}: {there}",
            f"`gilmok backend list {chosen.name}` says what it needs",
        )
    facts = ", ".join(f"{name} {value}" for name, value in sorted(device.facts.items()))
    return ok("accelerator", f"{chosen.name} {device.name} ({device.kind}): {facts or 'it tells nothing of itself'}")


def model(node: NodeConfig) -> Finding:
    manifest, artefact = located(node.model, node.backend)
    return ok("model", f"{manifest.name}, {artefact.precision}, every byte as it was ({artefact.sha256[:12]})")


def streams(node: NodeConfig, base: Path, clock: Clock) -> Iterator[Finding]:
    for stream in node.streams:
        what = f"stream {stream.name}"

        def look(stream: StreamConfig = stream, what: str = what) -> Finding:
            options = options_of(stream.source.kind, stream.source.options, base)
            with open_source(stream.source.kind, options, stream=stream.name, clock=clock) as source:
                frame = next(iter(source.frames()), None)
            shown = f"{source.origin.kind} {source.origin.name}"
            if frame is None or frame.fault:
                why = "no frame" if frame is None else frame.fault
                return wrong(what, f"{shown} gives no picture: {why}", "does another program show one?")
            height, width = frame.image.shape[:2]
            rate = f"{source.fps:g} a second" if source.fps == source.fps else "at a rate that it doesn't tell"
            return ok(what, f"{shown}: a picture of {width}x{height}, {rate}")

        yield tried(what, look)


def brokers(node: NodeConfig, clock: Clock) -> Iterator[Finding]:
    """Each address: reached, by TLS where it says so; then let in, and allowed to hear what is for this node."""
    addresses = Address.every(node.broker)
    for address in addresses:
        yield tried(f"broker {address.url}", lambda address=address: _reached(address))  # type: ignore[misc]
    yield tried("login", lambda: _let_in(node, clock))


def _reached(address: Address) -> Finding:
    what = f"broker {address.url}"
    try:
        with socket.create_connection((address.host, address.port), REACH_S) as bare:
            if not address.tls:
                return ok(what, "it is reached, without TLS")
            with address.tls_context().wrap_socket(bare, server_hostname=address.host) as secured:
                return ok(what, f"it is reached, by {secured.version()}, and its certificate holds")
    except OSError as error:
        # Of TLS as well: what a certificate lacks stands in it.
        return wrong(
            what, f"it can't be reached: {error}", "is it on, is the port open, and do ca_file and both clocks hold?"
        )


def _let_in(node: NodeConfig, clock: Clock) -> Finding:
    topics = NodeTopics(node.site, node.name)
    # Its own name, or it would throw the running node out.
    client = f"{node.site}-{node.name}-doctor-{secrets.token_hex(4)}"
    link = Link(node.broker, client, clock=clock, subscriptions=[(topics.committed, 1), (topics.refused, 1)])
    link.connect(REACH_S)
    try:
        return ok(
            "login", f"let in over MQTT {link.protocol}, and may hear what is for it; its own words were not tried"
        )
    finally:
        link.close()
