"""Alerts to a webhook: signed, one message after another, sent again until it is taken.

What is signed is `T.BODY`, T being the seconds of UTC of this try, with HMAC-SHA256 and the secret; the header
`X-Gilmok-Signature: t=T,v1=HEX` says both, so that a receiver can refuse what is old (docs/alerts.md).
"""

import hashlib
import hmac
import http.client
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fleet.alert_settings import Webhook
from fleet.alerts.records import AlertEvent, Outgoing
from sensors.clock import NS_PER_S
from sensors.errors import GilmokError
from sensors.host import software
from sensors.outside import MOST_SMALL_BYTES, ContentWrong, read_bytes
from sensors.private_files import check_secret
from sensors.terminal.pretty_json import compact

SIGNATURE, DELIVERY = "X-Gilmok-Signature", "X-Gilmok-Delivery"
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
READ_BYTES = 1024
LEAST_SECRET = 16
"""Bytes: what is shorter can be guessed from a signature."""
TEXT_ALERTS = 20
TRIAL = "trial"
"""Of a message that tells of no alert."""


class WebhookSecretWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"webhook.secret_file names {path}, {why}",
            f"write {LEAST_SECRET} or more random characters into a file of your own: "
            "`(umask 077; openssl rand -hex 32 > FILE)`",
        )


class NoWebhook(GilmokError):
    def __init__(self) -> None:
        super().__init__("no webhook is configured", "add a table [webhook] to HUB.toml; docs/alerts.md shows it")


class NotTaken(GilmokError):
    """Never quotes the address's path, what was answered, or the secret."""

    def __init__(self, webhook: Webhook, why: str) -> None:
        super().__init__(f"{webhook.shown} did not take the alert: {why}", "it is sent again; check [webhook]")


def secret_of(webhook: Webhook) -> bytes:
    """Without the spaces and line ends around it. Raises WebhookSecretWrong or SecretOpen."""
    check_secret("webhook.secret_file", webhook.secret_file)
    try:
        secret = read_bytes(webhook.secret_file, MOST_SMALL_BYTES).strip()
    except ContentWrong as wrong:
        raise WebhookSecretWrong(webhook.secret_file, f"which can't be read: {wrong.what}") from wrong
    if len(secret) < LEAST_SECRET:
        raise WebhookSecretWrong(webhook.secret_file, f"which holds less than {LEAST_SECRET} characters")
    return secret


def signature(secret: bytes, utc_s: int, body: bytes) -> str:
    return f"t={utc_s},v1={hmac.new(secret, b'%d.%s' % (utc_s, body), hashlib.sha256).hexdigest()}"


def body_of(message: Outgoing, hub: str) -> bytes:
    """JSON; `text` is what a chat shows of it."""
    lines = [] if message.events else [f"{hub}: a trial; alerts will come here"]
    lines += [_line(event) for event in message.events[:TEXT_ALERTS]]
    if (more := len(message.events) - TEXT_ALERTS) > 0:
        lines.append(f"and {more} more")
    return compact(
        {
            "version": 1,
            "id": message.id,
            "hub": hub,
            "sent_by": software(),
            "text": "\n".join(lines),
            "events": [_told(event) for event in message.events],
        }
    )


def post(webhook: Webhook, body: bytes, delivery: str, utc_ns: int) -> None:
    """Return when it was taken, with a status from 200 to 299; redirections are not followed.

    Raises NotTaken, WebhookSecretWrong or SecretOpen.
    """
    parts = urlsplit(webhook.url)
    signed = signature(secret_of(webhook), utc_ns // NS_PER_S, body)
    headers = {"Content-Type": "application/json", "User-Agent": software(), SIGNATURE: signed, DELIVERY: delivery}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = None
    try:
        connection = _connection(webhook)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read(READ_BYTES)
    except ssl.SSLCertVerificationError as error:
        raise NotTaken(webhook, f"its certificate is not believed: {error.verify_message}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        # What HTTPException quotes came from there.
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise NotTaken(webhook, why) from None
    finally:
        if connection is not None:
            connection.close()
    if not 200 <= answer.status < 300:
        raise NotTaken(webhook, f"it answered {answer.status}")


def wait_s(tries: int) -> float:
    """Until the next try, after so many."""
    return min(FIRST_WAIT_S * 2.0 ** min(tries - 1, 20), LONGEST_WAIT_S)


def _connection(webhook: Webhook) -> http.client.HTTPConnection:
    parts = urlsplit(webhook.url)
    assert parts.hostname is not None
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=webhook.timeout_s)
    try:
        trust = ssl.create_default_context(cafile=webhook.ca_file)
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or "no certificate is in it"
        raise NotTaken(webhook, f"webhook.ca_file {webhook.ca_file} can't be used: {why}") from None
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=webhook.timeout_s, context=trust)


def _told(event: AlertEvent) -> dict[str, Any]:
    alert = event.alert
    return {
        "id": alert.id,
        "became": event.became,
        "at_utc_ns": event.at_utc_ns,
        "why": event.why,
        **{name: getattr(alert, name) for name in alert.__struct_fields__ if name not in ("id", "do")},
        "do": alert.do,
    }


def _line(event: AlertEvent) -> str:
    alert = event.alert
    about = "/".join(part for part in (alert.site, alert.node, alert.stream) if part) or "the hub"
    if event.became == "cleared":
        return f"cleared: {about}: {alert.name}: {event.why}"
    return f"{alert.severity}: {about}: {alert.name}: {alert.what}"
