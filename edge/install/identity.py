"""A unit's identity: a key that never leaves it, and what a fleet gave for it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from edge.config import NodeConfig
from edge.wire.address import BrokerAt
from edge.wire.joining import Joined
from edge.wire.topics import check_name
from sensors import atomic_files, config
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.outside import read_small
from sensors.plugins import need
from sensors.private_files import private_folder
from sensors.ranges import Name, Text

KEY, CERTIFICATE, AUTHORITY, ROOT, TABLE = "unit.key", "unit.crt", "ca.crt", "root.json", "joined.toml"
HEAD = "# What this unit was given when it joined; `gilmok unit install NODE.toml --identity DIR` puts it to use.\n"


class Identity(Settings, frozen=True, kw_only=True):
    """joined.toml."""

    name: Name
    site: Name
    broker: BrokerAt
    repository: Text | None = None
    root: Path | None = None


class AnswerWrong(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(
            f"what the hub gave is not this unit's: {why}", "is that the hub? Ask whoever runs it for a new token"
        )


class OtherNode(GilmokError):
    def __init__(self, config: str, identity: str) -> None:
        super().__init__(
            f"NODE.toml is of {config}, and this unit has joined as {identity}",
            "correct name and site there: a certificate lets its own name speak, and no other",
        )


@dataclass(frozen=True, slots=True)
class OwnKey:
    private: Any
    pem: bytes

    def request(self) -> bytes:
        """PKCS #10, signed."""
        x509, serialization, hashes = _cryptography()
        name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "unit")])
        signed = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.private, hashes.SHA256())
        made: bytes = signed.public_bytes(serialization.Encoding.PEM)
        return made


def own_key(folder: Path) -> OwnKey:
    """The one of `folder`, made where there is none: who asks again asks with the same. Raises OSError, ValueError,
    ExtraMissing or FileUnwritable.
    """
    _, serialization, _ = _cryptography()
    ec = need("cryptography.hazmat.primitives.asymmetric.ec", "fleet", "certificates")
    path = private_folder(folder) / KEY
    if path.exists():
        pem = read_small(path)
        return OwnKey(serialization.load_pem_private_key(pem, password=None), pem)
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    atomic_files.write(path, pem, durable=True, private=True)
    return OwnKey(private, pem)


def keep(folder: Path, joined: Joined, key: OwnKey, repository: str) -> Identity:
    """Write what was given beside the key, after a look at whose it is; raises AnswerWrong, NameWrong or
    FileUnwritable.
    """
    check_name("node", joined.node)
    check_name("site", joined.site)
    _check(joined, key)
    files = [(CERTIFICATE, joined.certificate), (AUTHORITY, joined.authority)]
    tables: dict[str, Any] = {"name": joined.node, "site": joined.site}
    if joined.repository and joined.root:
        files.append((ROOT, joined.root))
        tables |= {"repository": repository, "root": ROOT}
    paths = {"ca_file": AUTHORITY, "certificate_file": CERTIFICATE, "key_file": KEY}
    tables["broker"] = {"url": joined.broker, **(paths if joined.broker.startswith("mqtts:") else {})}
    for name, text in files:
        atomic_files.write(folder / name, text, durable=True, private=True)
    # Last: where it is, all the others are.
    atomic_files.write(folder / TABLE, HEAD + tomli_w.dumps(tables), durable=True, private=True)
    return read(folder)


def read(folder: Path) -> Identity:
    """Raises ConfigMissing or ConfigWrong."""
    return config.read(folder / TABLE, Identity)


def with_identity(node: NodeConfig, one: Identity) -> NodeConfig:
    """Raises OtherNode."""
    if (node.name, node.site) != (one.name, one.site):
        raise OtherNode(f"{node.site}/{node.name}", f"{one.site}/{one.name}")
    return msgspec.structs.replace(node, broker=one.broker)


def _check(joined: Joined, key: OwnKey) -> None:
    x509, serialization, _ = _cryptography()
    spki: Callable[[Any], bytes] = lambda public: public.public_bytes(  # noqa: E731
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        certificate = x509.load_pem_x509_certificate(joined.certificate.encode())
        authority = x509.load_pem_x509_certificate(joined.authority.encode())
        certificate.verify_directly_issued_by(authority)
        names = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
        ours = spki(certificate.public_key()) == spki(key.private.public_key())
    except Exception as error:
        # What comes from elsewhere may break the reader in any way.
        raise AnswerWrong(f"its certificates can't be read ({type(error).__name__})") from error
    if not ours:
        raise AnswerWrong("its certificate is of another key")
    if [one.value for one in names] != [joined.node]:
        raise AnswerWrong(f"its certificate does not name {joined.node}")


def _cryptography() -> tuple[Any, Any, Any]:
    primitives = "cryptography.hazmat.primitives"
    needed = ("cryptography.x509", f"{primitives}.serialization", f"{primitives}.hashes")
    x509, serialization, hashes = (need(module, "fleet", "certificates") for module in needed)
    return x509, serialization, hashes
