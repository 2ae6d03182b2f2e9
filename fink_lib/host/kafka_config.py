"""What the local broker is told: four listeners, who may come in by each, and small tables for one node."""

from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

ADMIN = "fink"  # the account of the broker itself and of our own programs; it may do everything

# SCRAM-SHA-512 is what fink-client speaks.
# Nothing expires: a stream that meets a hole in its topic fails on purpose, and a home is deleted as a whole.
# Internal topics get few partitions: their default of 50 only makes starting and stopping slow on one node.
# The broker speaks to itself with a password too: were it anonymous, anonymous would have to be allowed everything.
PROPERTIES = Template("""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PUBLIC://127.0.0.1:$public,USERS://127.0.0.1:$users,INTERNAL://127.0.0.1:$internal,\
CONTROLLER://127.0.0.1:$controller
advertised.listeners=PUBLIC://127.0.0.1:$public,USERS://127.0.0.1:$users,INTERNAL://127.0.0.1:$internal
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=\
PUBLIC:PLAINTEXT,USERS:$users_protocol,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
sasl.mechanism.controller.protocol=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=$admin_login
listener.name.internal.sasl.enabled.mechanisms=PLAIN
listener.name.internal.plain.sasl.jaas.config=$admin_login
listener.name.users.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.users.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
log.dirs=$log_dir
auto.create.topics.enable=true
num.partitions=$partitions
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
""")
# Without these lines everybody may do everything, by whichever listener.
AUTHORIZER = f"""\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{ADMIN}
allow.everyone.if.no.acl.found=false
"""
TLS = Template("""\
listener.name.users.ssl.keystore.type=PEM
listener.name.users.ssl.keystore.location=$pem
""")
LOGGING = """\
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
"""


@dataclass(frozen=True)
class Listeners:
    """Ports of the broker.

    Attributes
    ----------
    public
        Anonymous clients: public topics, reading only.
    users
        Clients with a password.
    internal
        The broker itself and our own programs.
    controller
        The broker's metadata.
    """

    public: int
    users: int
    internal: int
    controller: int


def users_protocol(tls: Path | None) -> str:
    """Return the security protocol of the listener for users."""
    return "SASL_PLAINTEXT" if tls is None else "SASL_SSL"


def admin_login(password: str) -> str:
    """Return the login of the broker itself, as client and as server."""
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    return f'{module} required username="{ADMIN}" password="{password}" user_{ADMIN}="{password}";'


def admin_security(password: str) -> dict[str, str]:
    """Return librdkafka's settings of that login."""
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": ADMIN,
        "sasl.password": password,
    }


def broker_properties(
    listeners: Listeners,
    password: str,
    *,
    log_dir: Path,
    partitions: int,
    secured: bool = True,
    tls: Path | None = None,
) -> str:
    """Return ``server.properties``.

    Parameters
    ----------
    listeners
        Where it listens.
    password
        Of the account of the broker itself.
    log_dir
        Where messages are kept.
    partitions
        Partitions of a topic that a producer creates by writing to it.
    secured
        Whether anybody is refused anything.
    tls
        PEM file with the key and the certificates of the listener for users.
    """
    text = PROPERTIES.substitute(
        asdict(listeners),
        admin_login=admin_login(password),
        users_protocol=users_protocol(tls),
        log_dir=log_dir,
        partitions=partitions,
    )
    return text + (AUTHORIZER if secured else "") + ("" if tls is None else TLS.substitute(pem=tls.absolute()))
