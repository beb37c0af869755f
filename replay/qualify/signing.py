"""A report's signature: ed25519 over the digests of every file in its folder, so that none can change, come or go."""

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING

from models.fetch import digest
from replay.qualify.record import PAGE, RECORD, SIGNATURE, RecordUnreadable
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.clock import Clock
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, json_of, read_bytes, read_small
from sensors.record import Record
from sensors.terminal.pretty_json import pretty

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HEAD = "gilmok qualification, signed: 1"


class SigningUnavailable(GilmokError):
    def __init__(self, error: ImportError) -> None:
        super().__init__(
            f"signing needs {error.name or str(error)!r}, which is not installed", "pip install 'gilmok[qualify]'"
        )


class KeyUnusable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is no ed25519 key: {why}", "`gilmok qualify keygen NAME` makes a pair")


class KeyTaken(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already", "name another key; none is overwritten")


class AlreadySigned(GilmokError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already: the report is signed", f"take {path.name} away to sign it anew")


class SignatureWrong(GilmokError):
    """The report is not what was signed, or not signed by this key."""


class Signature(Record, frozen=True, kw_only=True):
    signed_utc_ns: int
    public_key: str
    """Of the signer, raw, base64. Whose it is, only a copy from elsewhere can tell."""
    files: dict[str, str]
    """sha256 of each file, by its path in the folder."""
    signature: str
    """Of `signed_bytes`, base64."""


def make_keys(name: Path) -> tuple[Path, Path]:
    """NAME.pem (private, for its owner's eyes) and NAME.pub. Raises SigningUnavailable, KeyTaken or FileUnwritable."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise SigningUnavailable(error) from error
    private, public = name.with_name(f"{name.name}.pem"), name.with_name(f"{name.name}.pub")
    for path in (private, public):
        if path.exists():
            raise KeyTaken(path)
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    atomic_files.write(private, secret, private=True)
    try:
        atomic_files.write(public, shown)
    except FileUnwritable:
        # Half a pair is in the way of the next one.
        private.unlink()
        raise
    return private, public


def sign(folder: Path, key: Path, clock: Clock) -> Path:
    """Sign the report in `folder`; returns the signature's path.

    Raises SigningUnavailable, KeyUnusable, RecordUnreadable, AlreadySigned or FileUnwritable.
    """
    path = folder / SIGNATURE
    if path.exists():
        raise AlreadySigned(path)
    signer = _private(key)
    files = digests(folder)
    for name in (RECORD, PAGE):
        if name not in files:
            raise RecordUnreadable(folder, f"there is no {name}")
    signed_utc_ns = clock.now().utc_ns
    signature = Signature(
        signed_utc_ns=signed_utc_ns,
        public_key=base64.b64encode(signer.public_key().public_bytes_raw()).decode(),
        files=files,
        signature=base64.b64encode(signer.sign(signed_bytes(signed_utc_ns, files))).decode(),
    )
    return atomic_files.write(path, pretty(signature))


def verify(folder: Path, key: Path) -> Signature:
    """Raises SignatureWrong naming what differs, SigningUnavailable, KeyUnusable or RecordUnreadable."""
    public = _public(key)
    from cryptography.exceptions import InvalidSignature

    told = _read(folder / SIGNATURE)
    try:
        public.verify(base64.b64decode(told.signature, validate=True), signed_bytes(told.signed_utc_ns, told.files))
    except (InvalidSignature, binascii.Error):
        owner = base64.b64encode(public.public_bytes_raw()).decode()
        if owner != told.public_key:
            why = f"it names the key {told.public_key}, {key} is {owner}"
            raise SignatureWrong(f"{folder} was not signed with this key: {why}", "get the signer's own key") from None
        raise SignatureWrong(
            f"the signature of {folder} doesn't belong to its list of files", "the list was changed after signing"
        ) from None
    differing = differences(told.files, digests(folder))
    if differing:
        raise SignatureWrong(
            f"{folder} is not what was signed: {'; '.join(differing)}", "get the report from its signer again"
        )
    return told


def differences(signed: dict[str, str], found: dict[str, str]) -> list[str]:
    changed = [f"{name} was changed" for name in sorted(signed.keys() & found.keys()) if signed[name] != found[name]]
    gone = [f"{name} is missing" for name in sorted(signed.keys() - found.keys())]
    new = [f"{name} was added" for name in sorted(found.keys() - signed.keys())]
    return changed + gone + new


def digests(folder: Path) -> dict[str, str]:
    """sha256 of every file in the folder but the signature itself, links followed; raises RecordUnreadable."""
    try:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        named = {path.relative_to(folder).as_posix(): path for path in files}
        return {name: digest(path) for name, path in sorted(named.items()) if name != SIGNATURE}
    except OSError as error:
        raise RecordUnreadable(folder, error.strerror or str(error)) from error


def signed_bytes(signed_utc_ns: int, files: dict[str, str]) -> bytes:
    """What is signed: a head, the instant, and the lines that `sha256sum` prints, by name."""
    lines = [HEAD, str(signed_utc_ns), *(f"{files[name]}  {name}" for name in sorted(files))]
    return "".join(f"{line}\n" for line in lines).encode()


def _read(path: Path) -> Signature:
    if not path.exists():
        raise SignatureWrong(f"{path.parent} is not signed", f"there is no {SIGNATURE} in it")
    try:
        return json_of(read_bytes(path), Signature)
    except ContentWrong as error:
        raise SignatureWrong(
            f"{path} can't be read as a signature: {error.what}", "get the report from its signer again"
        ) from error


def _private(path: Path) -> "Ed25519PrivateKey":
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise SigningUnavailable(error) from error
    try:
        key = serialization.load_pem_private_key(read_small(path), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(path, str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(path, "it is a key of another kind")
    return key


def _public(path: Path) -> "Ed25519PublicKey":
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise SigningUnavailable(error) from error
    try:
        key = serialization.load_pem_public_key(read_small(path))
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(path, str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable(path, "it is a key of another kind")
    return key
