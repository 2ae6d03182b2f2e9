import pytest

from fink_lib.errors import ConfigError
from fink_lib.ingest.source import java_security


def test_no_settings_give_no_options() -> None:
    assert java_security({}) == {}


def test_login_becomes_a_jaas_line() -> None:
    options = java_security(
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": "me",
            "sasl.password": 'p"w\\',
        }
    )
    assert options == {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": (
            'org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="p\\"w\\\\";'
        ),
    }


def test_certificates_are_pem() -> None:
    options = java_security({"ssl.ca.location": "/ca.pem", "ssl.key.pem": "KEY", "ssl.certificate.pem": "CERT"})
    assert options == {
        "kafka.ssl.truststore.location": "/ca.pem",
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.keystore.key": "KEY",
        "kafka.ssl.keystore.certificate.chain": "CERT",
        "kafka.ssl.keystore.type": "PEM",
    }


def test_host_names_may_go_unchecked() -> None:
    assert java_security({"ssl.endpoint.identification.algorithm": "none"}) == {
        "kafka.ssl.endpoint.identification.algorithm": ""
    }


@pytest.mark.parametrize(
    "given",
    [
        {"sasl.username": "me"},
        {"ssl.key.location": "/key.pem"},
        {"fetch.max.bytes": "1"},
        {"sasl.mechanism": "GSSAPI", "sasl.username": "me", "sasl.password": "x"},
    ],
)
def test_what_java_cannot_do_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"FINK_KAFKA_SECURITY"):
        java_security(given)
    with pytest.raises(ConfigError, match=r"FINK_ZTF_SECURITY"):
        java_security(given, "FINK_ZTF_SECURITY")
