"""A unit's request for a certificate: its public key, and the proof that it has the private half."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sensors.errors import GilmokError
from sensors.plugins import need


class RequestWrong(GilmokError):
    def __init__(self) -> None:
        super().__init__(
            "this is no request for a certificate, signed by its own key on an elliptic curve",
            "`gilmok unit join` makes one",
        )


@dataclass(frozen=True, slots=True)
class RequestedKey:
    public: Any
    sha256: str
    """Of its DER."""


def requested_key(request: bytes) -> RequestedKey:
    """Out of PKCS #10 in PEM; raises RequestWrong, or ExtraMissing."""
    x509 = need("cryptography.x509", "fleet", "certificates")
    ec = need("cryptography.hazmat.primitives.asymmetric.ec", "fleet", "certificates")
    serialization = need("cryptography.hazmat.primitives.serialization", "fleet", "certificates")
    try:
        asked = x509.load_pem_x509_csr(request)
        public = asked.public_key()
        right = isinstance(public, ec.EllipticCurvePublicKey) and asked.is_signature_valid
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        encoded = public.public_bytes(serialization.Encoding.DER, form)
    except Exception as error:
        # What a stranger sends may break the reader in any way.
        raise RequestWrong from error
    if not right:
        raise RequestWrong
    return RequestedKey(public, hashlib.sha256(encoded).hexdigest())
