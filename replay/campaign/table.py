"""A campaign's status as tables for a terminal."""

from replay.campaign.status import CampaignStatus, CellStatus
from sensors.terminal.figures import number
from sensors.terminal.text_table import Table, Text, numbers


def render(found: CampaignStatus) -> list[str | Text | Table]:
    states = ", ".join(f"{n} {state}" for state, n in sorted(found.states.items()))
    told: list[str | Text | Table] = [f"campaign {found.name}: {len(found.cells)} cells, {states}"]
    told.append(_cells(found))
    to_do = {"waiting", "interrupted"} & set(found.states)
    if to_do:
        told.append(f"left to run: about {number(found.left_s, 0)} s, one after the other")
    told += [f"failed: {one.name}: {one.why}" for one in found.cells if one.state == "failed"]
    fenced = {one.fenced for one in found.cells if one.fenced}
    told += [f"a chip is fenced: {why}" for why in sorted(fenced)]
    if found.missing:
        told.append(f"{len(found.missing)} required cells have no result")
    return told


def _cells(found: CampaignStatus) -> Table:
    table = Table("", ["cell", "state", *numbers("tries", "s")])
    for one in found.cells:
        table.add(one.name, _state(one), str(one.tries), number(one.about_s, 1))
    return table


def _state(one: CellStatus) -> str:
    marks = [f"{one.blame}'s fault" if one.state == "failed" else "", "flaky" if one.flaky else ""]
    marks += ["" if one.required else "optional", "fenced" if one.fenced else ""]
    return ", ".join(filter(None, [one.state, *marks]))
