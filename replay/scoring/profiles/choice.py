"""A profile by its name."""

from collections.abc import Callable, Mapping

from replay.scoring.profiles.crosswalk import crosswalk
from replay.scoring.profiles.figures import ProfileFigures, ProfileName
from replay.scoring.profiles.official import official
from replay.scoring.stream import ScoredStream
from sensors.errors import GilmokError

RULES: Mapping[ProfileName, Callable[[ScoredStream], ProfileFigures]] = {"official": official, "crosswalk": crosswalk}


def profiles(stream: ScoredStream) -> dict[ProfileName, ProfileFigures]:
    return {name: profile(stream, name) for name in RULES}


def profile(stream: ScoredStream, name: ProfileName) -> ProfileFigures:
    """Where the profile isn't defined, its `unknown` says why."""
    try:
        return RULES[name](stream)
    except GilmokError as error:
        return ProfileFigures(unknown=error.sentence)
