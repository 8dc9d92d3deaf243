from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from covey.errors import BadSettings, StartFailed
from covey.facilities.mesh_certificates import (
    CERTIFICATE_DAYS,
    SERVER_NAME,
    MeshCertificates,
    client_context,
    client_options,
    pin_of,
)


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str | None:
    """The TLS version that both agree on, without a socket. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = server.wrap_bio(to_server, to_client, server_side=True)
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    waiting = [here, there]
    while waiting:
        for side in tuple(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
    return here.version()


def server_context(certificates: MeshCertificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate_file, certificates.key_file)
    return context


def made(folder: Path) -> MeshCertificates:
    certificates = MeshCertificates(folder / "tls")
    assert certificates.prepare()
    return certificates


def test_who_knows_the_authority_trusts_the_server_under_its_own_name_only(tmp_path: Path) -> None:
    certificates = made(tmp_path)
    client = client_context(certificates.authority_text())
    assert shake_hands(server_context(certificates), client, SERVER_NAME) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_context(certificates), client, "localhost")


def test_another_authority_with_the_same_names_is_not_trusted(tmp_path: Path) -> None:
    client = client_context(file=str(made(tmp_path / "ours").authority_file))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_context(made(tmp_path / "theirs")), client, SERVER_NAME)


def test_older_tls_is_refused(tmp_path: Path) -> None:
    certificates = made(tmp_path)
    server = server_context(certificates)
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake_hands(server, client_context(certificates.authority_text()), SERVER_NAME)


def test_one_certificate_can_be_trusted_by_itself(tmp_path: Path) -> None:
    certificates = made(tmp_path)
    client = client_context(certificates.certificate_file.read_text())
    assert shake_hands(server_context(certificates), client, SERVER_NAME) == "TLSv1.3"


def test_nothing_is_made_twice_and_renewal_keeps_the_key(tmp_path: Path) -> None:
    certificates = made(tmp_path)
    pin, first = certificates.pin(), certificates.certificate_file.read_bytes()
    assert not certificates.prepare()
    assert certificates.certificate_file.read_bytes() == first
    assert certificates.prepare(datetime.now(UTC) + timedelta(days=CERTIFICATE_DAYS - 100))
    assert certificates.certificate_file.read_bytes() != first
    assert certificates.pin() == pin == pin_of(x509.load_pem_x509_certificate(first))
    assert len(pin) == 32


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    certificates = made(tmp_path)
    for path in certificates.directory.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    certificates.key_file.chmod(0o644)
    with pytest.raises(StartFailed):
        certificates.prepare()


@pytest.mark.parametrize("name", ["ca.key", "server.key", "ca.pem", "server.pem"])
def test_damage_is_named_and_not_mended_in_silence(tmp_path: Path, name: str) -> None:
    certificates = made(tmp_path)
    (certificates.directory / name).write_text("nonsense")
    with pytest.raises(StartFailed):
        certificates.prepare()


def test_an_unreadable_authority_is_a_bad_setting(tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        client_context(file=str(tmp_path / "none.pem"))
    with pytest.raises(BadSettings):
        client_context("nonsense")


def test_the_library_is_told_to_shake_hands_first() -> None:
    assert client_options(None, "x") == {}
    context = ssl.create_default_context()
    assert client_options(context, None) == {"tls": context, "tls_handshake_first": True}
    assert client_options(context, "x")["tls_hostname"] == "x"
