"""Alerts at a real receiver over HTTP: signed, sent again until they are taken, and never with the secret in sight."""

import hashlib
import hmac
import json
import logging
import os
import signal
import socket
import ssl
from pathlib import Path

import msgspec
import pytest

from fleet.alert_settings import Alert, Webhook, WebhookWrong
from fleet.alerts import outbox, records
from fleet.alerts.keeper import AlertKeeper
from fleet.alerts.outbox import Outbox
from fleet.alerts.records import AlertEvent, Outgoing, Sent, StandingAlert
from fleet.alerts.webhook import NotTaken, WebhookSecretWrong, body_of, post, wait_s
from fleet.config import HubConfig
from fleet.security.authority import Authority
from gilmok import main
from sensors.clock import SystemClock
from tests.fleet.alerts.conftest import SECRET, Fleet, Receiver
from tests.secret_files import secret_file
from tests.waiting import wait_until


def event(node: str = "pole", at_utc_ns: int = 1) -> AlertEvent:
    alert = StandingAlert(
        id="0" * 16,
        name="<script>alert(1)</script>",
        rule="hot",
        severity="critical",
        site="seoul",
        node=node,
        stream="",
        since_utc_ns=1,
        value=91.0,
        worst=93.0,
        bound=85.0,
        unit="°C",
        what="its chip is at 91 °C",
        do="check its fan",
    )
    return AlertEvent(at_utc_ns=at_utc_ns, became="raised", alert=alert)


def test_what_is_sent_is_signed_with_the_time_and_says_all(fleet: Fleet, receiver: Receiver, secret: Path) -> None:
    hook = Webhook(url=receiver.url, secret_file=secret)
    fleet.hub = msgspec.structs.replace(fleet.hub, webhook=hook)
    fleet.say("pole", hot_c=91, state="online")
    with fleet.watching(Alert(rule="hot", for_s=0, severity="critical")) as watch:
        watch.look()
        wait_until(lambda: receiver.came, "the alert to be sent")
        wait_until(lambda: records.read(watch.path).sent.delivered, "that to be noted")
    ((headers, body),) = receiver.came
    stamp, _, given = headers["x-gilmok-signature"].partition(",v1=")
    said = stamp.removeprefix("t=")
    assert given == hmac.new(SECRET.encode(), f"{said}.".encode() + body, hashlib.sha256).hexdigest()
    assert int(said) == fleet.clock.now().utc_ns // 10**9
    told = json.loads(body)
    (one,) = told["events"]
    assert (one["became"], one["site"], one["node"], one["value"], one["unit"]) == ("raised", "seoul", "pole", 91, "°C")
    assert told["text"] == "critical: seoul/pole: hot: its chip is at 91.0 °C; the bound is 85.0 °C"
    assert one["do"].startswith("Check fan")
    assert headers["x-gilmok-delivery"] == told["id"]
    assert not records.read(watch.path).outbox


def test_a_receiver_that_is_down_gets_everything_later_in_order(receiver: Receiver, secret: Path) -> None:
    receiver.answers = [503, 302, 400]
    hook = Webhook(url=receiver.url, secret_file=secret)
    waits: list[float] = []

    def soon(tries: int) -> float:
        waits.append(wait_s(tries))
        return 0.01

    box = Outbox(hook, "hub", SystemClock(), [], Sent(), lambda: None, soon)
    box.start()
    now_ns = SystemClock().now().utc_ns
    box.put([event("a", now_ns)])
    box.put([event("b", now_ns)])
    wait_until(lambda: box.sent.delivered == 2, "both to be taken")
    box.stop(5)
    assert [json.loads(body)["events"][0]["node"] for _, body in receiver.came] == ["a", "a", "a", "a", "b"]
    assert waits == [1, 2, 4]
    assert (box.sent.failed, box.sent.trouble, box.waiting) == (3, "", ())
    assert wait_s(1000) == 300


def test_what_waits_is_bounded_kept_and_given_up_when_it_is_old(secret: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    hook = Webhook(url=f"http://127.0.0.1:{port}/token-in-the-path", secret_file=secret, give_up_after_s=0)
    box = Outbox(hook, "hub", SystemClock(), [], Sent(), lambda: None)
    for at in range(outbox.MOST + 2):
        box.put([event(str(at))])
    assert (len(box.waiting), box.waiting[0].events[0].alert.node, box.sent.given_up) == (outbox.MOST, "2", 2)
    box.put([event(str(at)) for at in range(250)])
    assert [len(one.events) for one in box.waiting[-3:]] == [100, 100, 50]
    with caplog.at_level(logging.WARNING):
        box.start()
        wait_until(lambda: box.sent.failed, "a try")
        box.stop(5)
    assert box.waiting[0].tries == 1
    assert f"http://127.0.0.1:{port} did not take the alert: Connection refused" in caplog.text
    assert SECRET not in caplog.text
    assert "token-in-the-path" not in caplog.text
    # It was made long ago: after its next chance it is given up.
    again = Outbox(hook, "hub", SystemClock(), box.waiting[:1], box.sent, lambda: None)
    again.start()
    wait_until(lambda: not again.waiting, "it to be given up")
    again.stop(5)
    assert again.sent.given_up == box.sent.given_up + 1


def test_a_secret_that_is_missing_or_short_and_an_address_that_is_none_are_told(
    receiver: Receiver, secret: Path, tmp_path: Path
) -> None:
    body = body_of(Outgoing(id="trial", made_utc_ns=0, events=()), "hub")
    short = secret_file(tmp_path / "short.key", "0123")
    for path in (short, tmp_path / "none.key", tmp_path):
        with pytest.raises(WebhookSecretWrong) as wrong:
            post(Webhook(url=receiver.url, secret_file=path), body, "trial", 0)
        assert "0123" not in str(wrong.value)
    assert not receiver.came
    for url in ("ftp://host/x", "http://", "https://user:pass@host/", "http://host:99999/", "http://host/a b", "x"):
        with pytest.raises(WebhookWrong) as refused:
            Webhook(url=url, secret_file=secret)
        assert "pass" not in refused.value.sentence
    plain = receiver.url.replace("http:", "https:")
    with pytest.raises(NotTaken) as untaken:
        post(Webhook(url=plain, secret_file=secret, timeout_s=2), body, "trial", 0)
    assert "token-in-the-path" not in untaken.value.sentence


def test_a_receiver_behind_tls_is_believed_by_its_authority_alone(
    receiver: Receiver, secret: Path, tmp_path: Path
) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed (pip install gilmok[fleet])")
    folder = Authority(tmp_path / "fleet", SystemClock()).enrol("hooks", "broker", "", 1, ["127.0.0.1"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "hooks.crt", folder / "hooks.key")
    receiver.socket = tls.wrap_socket(receiver.socket, server_side=True)
    body = body_of(Outgoing(id="trial", made_utc_ns=0, events=()), "hub")
    url = receiver.url.replace("http:", "https:")
    with pytest.raises(NotTaken, match="its certificate is not believed"):
        post(Webhook(url=url, secret_file=secret), body, "trial", 0)
    for wrong in (folder / "none.crt", secret):
        with pytest.raises(NotTaken, match=f"ca_file {wrong} can't be used"):
            post(Webhook(url=url, secret_file=secret, ca_file=wrong), body, "trial", 0)
    post(Webhook(url=url, secret_file=secret, ca_file=folder / "ca.crt"), body, "trial", 0)
    assert len(receiver.came) == 1


def test_a_person_tries_the_webhook_and_lists_what_stands(
    fleet: Fleet, receiver: Receiver, secret: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "HUB.toml"
    hook = f'[webhook]\nurl = "{receiver.url}"\nsecret_file = "{secret}"\n'
    path.write_text(f'store = "hub.db"\n[[alert]]\nrule = "hot"\nfor_s = 0\n{hook}', encoding="utf-8")
    assert main(["hub", "alerts", "--hub", str(path), "--try-webhook"]) == 0
    assert json.loads(receiver.came[0][1])["text"] == "hub: a trial; alerts will come here"
    assert main(["hub", "alerts", "--hub", str(path)]) == 0
    fleet.say("pole", hot_c=91, state="online")
    with fleet.watching(Alert(rule="hot", for_s=0)) as watch:
        watch.look()
    assert main(["hub", "alerts", "--hub", str(path)]) == 0
    assert main(["hub", "alerts", "--hub", str(path), "--past"]) == 0
    said = capsys.readouterr().out
    assert "no alert stands" in said
    assert "seoul/pole" in said
    assert "Check fan" in said
    assert SECRET not in said
    receiver.answers = [500]
    assert main(["hub", "alerts", "--hub", str(path), "--try-webhook"]) == 1
    assert "it answered 500" in capsys.readouterr().err


def test_a_hub_tells_at_its_start_of_a_secret_that_is_none(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hook = Webhook(url=receiver.url, secret_file=tmp_path / "none.key")
    with AlertKeeper(HubConfig(store=tmp_path / "hub.db", webhook=hook)):
        assert "none.key, which can't be read" in caplog.text


@pytest.mark.slow
def test_beside_a_hub_its_process_is_started_again_where_it_dies_and_sends_once(
    fleet: Fleet, receiver: Receiver, secret: Path
) -> None:
    hook = Webhook(url=receiver.url, secret_file=secret)
    fleet.clock = SystemClock()  # type: ignore[assignment]
    hub = msgspec.structs.replace(fleet.hub, webhook=hook, alert=(Alert(rule="hot", for_s=0),))
    fleet.say("pole", hot_c=91, state="online")
    with AlertKeeper(hub) as keeper:
        wait_until(lambda: receiver.came, "the alert to be sent")
        wait_until(lambda: records.read(hub.alerts_at).sent.delivered, "that to be noted")
        first = keeper.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: keeper.pid not in (None, first), "it to be started again")
        fleet.say("mast", hot_c=92, state="online")
        wait_until(lambda: len(receiver.came) == 2, "the next alert to be sent")
    assert [json.loads(body)["events"][0]["node"] for _, body in receiver.came] == ["pole", "mast"]
    assert len(records.read(hub.alerts_at).standing) == 2
