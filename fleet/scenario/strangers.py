"""Who else spoke at the site of a run: nodes that are none of the scenario's, and other sessions of its names."""

from collections.abc import Collection

from fleet.arrivals import SessionKey
from fleet.ledger.reader import LedgerReader

SHOWN = 8


def strangers(ledger: LedgerReader, site: str, own: Collection[SessionKey]) -> list[str]:
    """A sentence, if there was anyone, for a person: who, of which run, and how many reports were booked of them."""
    names = {key.node for key in own}
    found: list[str] = []
    for key in ledger.sessions(site):
        if key in own:
            continue
        reports, last = ledger.count(key), ledger.last_heard(key)
        # The broker keeps the introductions of nodes that ended long ago; whoever said nothing since isn't here.
        if reports or last.health or last.state == "online":
            birth = ledger.birth(key)
            run = f"run {birth.run}, " if birth is not None else ""
            namesake = ", a name of this run's" if key.node in names else ""
            found.append(f"{key.node} ({run}{reports} reports{namesake})")
    if not found:
        return []
    who = "one other session" if len(found) == 1 else f"{len(found)} other sessions"
    shown = ", ".join(found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
    return [f"{who} spoke at site {site} meanwhile, and count for nothing here: {shown}"]
