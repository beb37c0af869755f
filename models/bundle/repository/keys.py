"""The private keys of a repository's roles: a folder of its own, for its owner's eyes, never in what is served.

ROLE-ID.pem, PKCS 8, ed25519; encrypted where there is a password. Keys of root may lie elsewhere, and be brought when
root is signed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.bundle.repository.layout import DeployUnavailable, Role
from sensors import atomic_files
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.private_files import check_secret, private_folder

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

ID_DIGITS = 16
RETIRED = "retired"


class RoleKeyUnusable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} can't be used as a key: {why}", "give its password by --password-file, or restore it")


class PasswordUnreadable(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"no password can be read from {path}: {why}", "put the keys' password into that file")


class RoleKeysAbsent(GilmokError):
    def __init__(self, role: str, found: int, threshold: int, folder: Path) -> None:
        keys = "key" if threshold == 1 else "keys"
        super().__init__(
            f"{role} is signed by {threshold} {keys}, {found} of which can be found in {folder}",
            f"bring {role}-*.pem there, or name the folder of keys with --keys",
        )


class Keys:
    """A folder of private keys."""

    def __init__(self, folder: Path, password: bytes | None = None) -> None:
        """`password`: of every key in it; None: they have none."""
        self.folder = folder
        self._password = password

    def make(self, role: Role, n: int) -> "list[CryptoSigner]":
        """New keys, written so that only their owner may read them. Raises DeployUnavailable or FileUnwritable."""
        try:
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from securesystemslib.signer import CryptoSigner
        except ImportError as error:
            raise DeployUnavailable(error) from error
        private_folder(self.folder)
        made = []
        for _ in range(n):
            key = Ed25519PrivateKey.generate()
            locked = (
                serialization.BestAvailableEncryption(self._password)
                if self._password
                else serialization.NoEncryption()
            )
            pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
            signer = CryptoSigner(key)
            atomic_files.write(self._path(role, signer.public_key.keyid), pem, durable=True, private=True)
            made.append(signer)
        return made

    def of(self, role: str, keyids: Sequence[str], threshold: int) -> "list[CryptoSigner]":
        """Those of the role's keys that are here. Raises RoleKeysAbsent (too few), RoleKeyUnusable or SecretOpen."""
        found = [self._read(path) for keyid in keyids if (path := self._path(role, keyid)).is_file()]
        named = [signer for signer in found if signer.public_key.keyid in keyids]
        if len(named) < threshold:
            raise RoleKeysAbsent(role, len(named), threshold, self.folder)
        return named

    def retire(self, role: str, keyids: Sequence[str]) -> None:
        """Away from those that sign, and kept: whoever has to look into a theft may need them."""
        for keyid in keyids:
            path = self._path(role, keyid)
            if path.is_file():
                path.rename(private_folder(self.folder / RETIRED) / path.name)

    def here(self, keyids: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """How many keys of each role are in the folder."""
        return {role: sum(self._path(role, one).is_file() for one in ids) for role, ids in keyids.items()}

    def _path(self, role: str, keyid: str) -> Path:
        return self.folder / f"{role}-{keyid[:ID_DIGITS]}.pem"

    def _read(self, path: Path) -> "CryptoSigner":
        check_secret("the repository", path)
        try:
            from cryptography.exceptions import UnsupportedAlgorithm
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from securesystemslib.signer import CryptoSigner
        except ImportError as error:
            raise DeployUnavailable(error) from error
        try:
            key = serialization.load_pem_private_key(read_small(path), password=self._password)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise RoleKeyUnusable(path, str(error)) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise RoleKeyUnusable(path, "it is a key of another kind than ed25519")
        return CryptoSigner(key)
