"""A profile by its name."""

from collections.abc import Callable, Mapping

from replay.scoring.profiles.case import Case, ProfileFigures, ProfileName
from replay.scoring.profiles.crosswalk import crosswalk
from replay.scoring.profiles.official import official
from sensors.errors import GilmokError

RULES: Mapping[ProfileName, Callable[[Case], ProfileFigures]] = {"official": official, "crosswalk": crosswalk}


def profiles(case: Case) -> dict[ProfileName, ProfileFigures]:
    return {name: profile(case, name) for name in RULES}


def profile(case: Case, name: ProfileName) -> ProfileFigures:
    """Where the profile isn't defined, its `unknown` says why."""
    try:
        return RULES[name](case)
    except GilmokError as error:
        return ProfileFigures(unknown=error.sentence)
