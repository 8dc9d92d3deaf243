"""The mesh's own small authority, and the certificate that its nats-server shows to machines that join."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from covey.errors import BadSettings, StartFailed
from covey.facilities.mesh_identities import refuse_if_open
from covey.facilities.private_files import write_private

SERVER_NAME = "covey-mesh"
"""The name in the certificate, whatever the addresses under which the server is reached: they change, the key stays."""
AUTHORITY_DAYS = 7300
CERTIFICATE_DAYS = 825
RENEWED_DAYS_BEFORE = 275
PIN_BYTES = 32


class MeshCertificates:
    """What is below ``<data>/mesh/tls``. Plain, blocking file work: for a thread, or for the start."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority_file = directory / "ca.pem"
        self.certificate_file = directory / "server.pem"
        self.key_file = directory / "server.key"
        self._authority_key_file = directory / "ca.key"

    def prepare(self, now: datetime | None = None) -> bool:
        """Make what is missing and renew what is about to expire; whether anything was written. Keys stay the same.
        Raises StartFailed when the folder or a key can be read by others, or is damaged."""
        now = now or datetime.now(UTC)
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        refuse_if_open(self.directory)
        try:
            authority_key, server_key = _key(self._authority_key_file), _key(self.key_file)
            if not self.authority_file.exists():
                write_private(self.authority_file, _pem(_authority(authority_key, now)))
            authority = x509.load_pem_x509_certificate(self.authority_file.read_bytes())
            if not self._is_due(now):
                return False
            write_private(self.certificate_file, _pem(_server(server_key, authority, authority_key, now)))
        except (OSError, ValueError, TypeError) as error:
            raise StartFailed("the certificates of the mesh cannot be made, or are damaged") from error
        return True

    def authority_text(self) -> str:
        """The authority's certificate, as machines that join keep it."""
        return self.authority_file.read_text()

    def pin(self) -> bytes:
        """What an invitation carries, so that a machine recognises this server before it knows the authority."""
        certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        return pin_of(certificate)

    def _is_due(self, now: datetime) -> bool:
        if not self.certificate_file.exists():
            return True
        certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        return certificate.not_valid_after_utc - now < timedelta(days=RENEWED_DAYS_BEFORE)


def pin_of(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the certificate's public key. A renewed certificate has the same."""
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(spki).digest()


def client_context(authority: str | None = None, *, file: str | None = None) -> ssl.SSLContext:
    """TLS 1.3 to servers that ``file`` or the text ``authority`` vouches for, and to no others. Raises BadSettings."""
    try:
        context = ssl.create_default_context(cafile=file, cadata=authority)
    except OSError as error:  # ssl.SSLError is one too
        raise BadSettings("a certificate cannot be read, or is damaged", param="mesh.connection.ca_file") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # A single certificate that is trusted as it is needs no authority above it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def client_options(context: ssl.SSLContext | None, server_name: str | None) -> dict[str, Any]:
    """What the NATS library has to be told: the handshake comes first on both sides, so nothing is said in the clear.
    None: the server is on this machine and speaks no TLS."""
    if context is None:
        return {}
    options: dict[str, Any] = {"tls": context, "tls_handshake_first": True}
    if server_name is not None:
        options["tls_hostname"] = server_name
    return options


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        write_private(
            path,
            made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    refuse_if_open(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("another kind of key")
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _builder(subject: str, issuer: x509.Name | None, now: datetime, days: int) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=days))
    )


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    public = key.public_key()
    return (
        _builder("Covey mesh authority", None, now, AUTHORITY_DAYS)
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    return (
        _builder(SERVER_NAME, authority.subject, now, CERTIFICATE_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
