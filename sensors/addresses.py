"""Addresses as people may see them: an address may hold a password, even one that is wrong in every other way."""

import re

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/+")
_LOGIN_IN_TEXT = re.compile(rf"({_SCHEME.pattern}|//(?=\S{{0,300}}:\S{{0,300}}@))\S*@")
"""Also where the scheme was cut off: `--classes mqtt://u:pw@h` is taken apart at its first colon."""
_QUERY_IN_TEXT = re.compile(rf"({_SCHEME.pattern}[^\s?]*\?)[^\s'\"]+")


def without_login(address: str) -> str:
    """`address` with stars for all that stands before its last `@`, except the scheme.

    Made for what nobody could take apart (no scheme, a slash in the password, `rtsp:/` of a path): it hides too much
    of an address rather than a letter too little. Where no colon stands before an `@` there is neither a scheme nor a
    password. A query is starred, too: cameras take `?user=..&password=..`, and stores a signature.
    """
    before, _, host = address.rpartition("@")
    if ":" in before:
        scheme = _SCHEME.match(before)
        address = f"{scheme.group() if scheme else ''}***@{host}"
    return _QUERY_IN_TEXT.sub(r"\1***", address)


def without_logins(text: str) -> str:
    """A sentence with stars for login and query of every address in it; a login ends at the last `@` before a space."""
    text = _LOGIN_IN_TEXT.sub(r"\1***@", text) if "@" in text else text
    return _QUERY_IN_TEXT.sub(r"\1***", text) if "?" in text else text
