"""Addresses as people may see them: an address may hold a password, even one that is wrong in every other way."""

import re

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+")
_LOGIN_IN_TEXT = re.compile(rf"({_SCHEME.pattern})\S*@")


def without_login(address: str) -> str:
    """`address` with stars for all that stands before its last `@`, except the scheme.

    Made for what nobody could take apart (no scheme, a slash in the password, `rtsp:/` of a path): it hides too much
    of an address rather than a letter too little. Where no colon stands before an `@` there is neither a scheme nor a
    password.
    """
    before, _, host = address.rpartition("@")
    if ":" not in before:
        return address
    scheme = _SCHEME.match(before)
    return f"{scheme.group() if scheme else ''}***@{host}"


def without_logins(text: str) -> str:
    """A sentence with stars for the login of every address in it, up to the last `@` before a space."""
    return _LOGIN_IN_TEXT.sub(r"\1***@", text) if "@" in text else text
