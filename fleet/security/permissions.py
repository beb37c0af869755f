"""What each member of a fleet may say and hear, in the words of two brokers.

A node writes its own `up` and reads its own `down`; a hub reads every `up`, writes every `down`, and has a state of
its own. Nobody else is named, so nobody else may anything: a holder that was revoked is left out.
"""

from collections.abc import Sequence

from edge.wire.topics import EVERY_NODE, ROOT
from fleet.security.register import ISSUED, Holder, members

MOSQUITTO = """\
# Who may say and hear what: from `gilmok fleet acl --for mosquitto`; made anew after each enrolment and revocation.
# In mosquitto.conf (copies of the fleet's and its broker's files, which Mosquitto's user may read, and nobody else):
#   listener 8883
#   cafile {fleet}/ca.crt
#   crlfile {fleet}/crl.pem
#   certfile {broker}.crt
#   keyfile {broker}.key
#   require_certificate true
#   use_identity_as_username true
#   allow_anonymous false
#   acl_file THIS FILE
#   max_packet_size 1100000
# SIGHUP makes Mosquitto read this file and crlfile again: at once a revoked one may say and hear nothing, and isn't let
# in again.
"""
NATS = """\
# Who may say and hear what: from `gilmok fleet acl --for nats`; made anew after each enrolment and revocation. At
# SIGHUP nats-server reads it again: a revoked one is not named, so it is thrown out and not let in again.
# Beside it:
#   max_payload: 1100000
#   mqtt {
#     listen: "0.0.0.0:8883"
#     tls { ca_file: "ca.crt", cert_file: "broker.crt", key_file: "broker.key", verify_and_map: true }
#   }
# Of several servers that are one (examples/cluster), each believes what comes on its route's port: into `cluster {}`
#     tls { ca_file: "ca.crt", cert_file: "broker.crt", key_file: "broker.key", verify_cert_and_check_known_urls: true }
# with `routes` that name hosts (no addresses) for which a broker is enrolled, so that only brokers are let in.
"""
# An MQTT subscription of QoS 1 is delivered on a subject of the server's own, which no MQTT client can name.
DELIVERIES = "$MQTT.sub.>"


def mosquitto(holders: Sequence[Holder], fleet: str) -> str:
    """An acl_file; `fleet`: the folder, as its settings are to name it."""
    broker = next((one.name for one in holders if one.role == "broker" and one.revoked_utc_ns is None), "broker")
    settings = MOSQUITTO.format(fleet=fleet, broker=f"{fleet}/{ISSUED}/{broker}/{broker}")
    return settings + "".join(
        f"\nuser {one.name}\n"
        + "".join(f"topic write {topic}\n" for topic in _says(one))
        + "".join(f"topic read {topic}\n" for topic in _hears(one))
        for one in members(list(holders))
    )


def nats(holders: Sequence[Holder]) -> str:
    """nats-server's `authorization`, with certificates' subjects as users."""
    users = "".join(_nats_user(one) for one in members(list(holders)))
    return f"authorization {{\n  users = [\n{users}  ]\n}}\n"


def _nats_user(one: Holder) -> str:
    said = ", ".join(f'"{_subject(topic)}"' for topic in _says(one))
    # MQTT's `up/#` is `up`, too.
    bare = [topic.removesuffix("/#") for topic in _hears(one) if topic.endswith("/#")]
    heard = ", ".join(f'"{subject}"' for subject in [*map(_subject, [*_hears(one), *bare]), DELIVERIES])
    # Without a connection type, whoever reaches the server's own port could take the name: no password guards it.
    return (
        f'    {{ user: "{one.subject}", allowed_connection_types: ["MQTT"],\n'
        f"      permissions: {{ publish: [{said}], subscribe: [{heard}] }} }}\n"
    )


def _says(one: Holder) -> list[str]:
    if one.role == "node":
        return [f"{ROOT}/{one.site}/{one.name}/up/#"]
    site = one.site or "+"
    return [f"{ROOT}/{site}/+/down/#", f"{ROOT}/{one.site or 'all'}/hub/{one.name}/state"]


def _hears(one: Holder) -> list[str]:
    if one.role == "node":
        return [f"{ROOT}/{one.site}/{one.name}/down/#"]
    nodes = f"{ROOT}/{one.site}/+/up/#" if one.site else EVERY_NODE
    return [nodes, f"{ROOT}/{one.site or 'all'}/hub/{one.name}/state"]


def _subject(topic: str) -> str:
    """MQTT's words in NATS's: levels end with a dot; `#` is `>`, `+` is `*`."""
    return topic.replace("/", ".").replace("#", ">").replace("+", "*")
