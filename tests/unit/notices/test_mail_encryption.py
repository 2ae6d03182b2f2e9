"""Mail to a server that offers STARTTLS, and to one that does not: what is encrypted, and what is not sent at all."""

import datetime as dt
import ipaddress
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fink_lib.notices import senders

HERE = ipaddress.ip_address("127.0.0.1")


def own_certificate(folder: Path) -> Path:
    """Write a key and a certificate for this machine, signed by itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(HERE)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls_server(mail_server: Any, tmp_path: Path) -> tuple[Any, Path]:
    file = own_certificate(tmp_path)
    mail_server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mail_server.tls.load_cert_chain(file)
    return mail_server, file


def send(server: Any, login: str = "") -> None:
    message = EmailMessage()
    message["From"], message["To"] = "fink@example.org", "someone@example.org"
    message.set_content("a night")
    where = f"smtp://{login}127.0.0.1:{server.server_address[1]}"
    with senders.mail_server(where) as connected:
        connected.send_message(message)


def test_starttls_is_taken_where_it_is_offered(tls_server: tuple[Any, Path]) -> None:
    server, _ = tls_server
    send(server)
    assert len(server.mails) == 1
    assert server.encrypted
    assert all(server.encrypted)


def test_a_server_that_offers_none_is_spoken_to_as_before(mail_server: Any) -> None:
    send(mail_server)
    assert len(mail_server.mails) == 1
    assert not any(mail_server.encrypted)


def test_a_password_goes_to_a_server_of_a_valid_certificate_only(
    tls_server: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, file = tls_server
    with pytest.raises(ssl.SSLCertVerificationError):
        send(server, login="me:secret@")
    assert server.mails == []
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    send(server, login="me:secret@")
    assert len(server.mails) == 1
    assert all(server.encrypted)


def test_where_mail_is_handed_in_nothing_goes_unencrypted(
    mail_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders, "SUBMISSION_PORT", mail_server.server_address[1])
    with pytest.raises(smtplib.SMTPNotSupportedError, match="STARTTLS extension not supported"):
        send(mail_server)
    file = own_certificate(tmp_path)
    mail_server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mail_server.tls.load_cert_chain(file)
    with pytest.raises(ssl.SSLCertVerificationError):
        send(mail_server)
    assert mail_server.mails == []
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    send(mail_server)
    assert len(mail_server.mails) == 1
