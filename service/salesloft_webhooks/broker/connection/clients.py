"""Makes redis-py's client for an address: which connections, with which login and which certificates."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff

from salesloft_webhooks.broker.connection.addresses import Address, Kind, parse_address
from salesloft_webhooks.broker.connection.credentials import Credentials
from salesloft_webhooks.broker.connection.sentinels import GIVEN_UP_SECONDS, Sentinels
from salesloft_webhooks.broker.connection.sockets import (
    SOCKET,
    connection_class,
    load_certificate,
    network_base,
    sentinel_base,
)
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings

Client = Redis | RedisCluster

CONNECT_SECONDS = 1.0
"""How long connecting to a primary that sentinels named may take, then the sentinels are asked again. A second is long
between machines that trust each other to fail over in a few."""
TLS_CONNECT_SECONDS = 3.0
"""The same where certificates are checked on both sides, which is work for busy processors."""


def make_client(settings: Settings) -> tuple[Client, Sequence[Redis]]:
    """The client, and those it works with behind the scenes and does not close. Connects to nothing yet.

    Raises:
        ConfigurationError: settings contradict each other, or a file cannot be used.
    """
    address = parse_address(settings.redis_url.get_secret_value())
    options = _options(settings, address)
    credentials = _credentials(settings, address)
    match address.kind:
        case Kind.SENTINEL:
            return _behind_sentinels(settings, address, options, credentials)
        case Kind.CLUSTER:
            return _cluster(settings, address, options, credentials), ()
        case Kind.SOCKET:
            del options["socket_keepalive"]
            base = connection_class(SOCKET, credentials, settings.store_timeout_seconds)
            where: dict[str, Any] = {"path": address.path}
        case Kind.SERVER:
            base = connection_class(network_base(tls=address.tls), credentials, settings.store_timeout_seconds)
            host, port = address.hosts[0]
            where = {"host": host, "port": port}
    pool = ConnectionPool(connection_class=base, db=address.database, **where, **options)
    return Redis.from_pool(pool), ()


def _options(settings: Settings, address: Address) -> dict[str, Any]:
    return {
        # Blocking reads must end before the socket's time-out does.
        "socket_timeout": settings.store_timeout_seconds + settings.poll_seconds,
        "socket_connect_timeout": settings.store_timeout_seconds,
        "socket_keepalive": True,
        # redis-py would repeat a command ten times; whether that is safe is for our callers to know.
        "retry": Retry(NoBackoff(), 0),
        **address.options,
        **_tls(settings, address),
    }


def _tls(settings: Settings, address: Address) -> dict[str, str]:
    certificate, key = settings.redis_client_cert_file, settings.redis_client_key_file
    files = {
        "REDIS_CA_FILE": settings.redis_ca_file,
        "REDIS_CLIENT_CERT_FILE": certificate,
        "REDIS_CLIENT_KEY_FILE": key,
    }
    for name, file in files.items():
        if file is not None and not address.tls:
            raise ConfigurationError(f"{name} is set, but REDIS_URL does not use TLS (rediss://)")
    found = {"ssl_ca_certs": str(settings.redis_ca_file)} if settings.redis_ca_file else {}
    if not certificate and not key:
        return found
    if not certificate or not key:
        raise ConfigurationError("REDIS_CLIENT_CERT_FILE and REDIS_CLIENT_KEY_FILE need each other")
    try:
        load_certificate(str(certificate), str(key))
    except OSError as exc:
        problem = exc.strerror if exc.errno and exc.errno > 0 else "they are no certificate and its key in PEM"
    else:
        return {**found, "ssl_certfile": str(certificate), "ssl_keyfile": str(key)}
    raise ConfigurationError(f"REDIS_CLIENT_CERT_FILE or REDIS_CLIENT_KEY_FILE cannot be used: {problem}")


def _credentials(settings: Settings, address: Address) -> Credentials | None:
    if address.username and settings.redis_username:
        raise ConfigurationError("REDIS_USERNAME is set, and REDIS_URL names a user; set only one")
    if address.password and settings.redis_password_file:
        raise ConfigurationError("REDIS_PASSWORD_FILE is set, and REDIS_URL holds a password; set only one")
    username = address.username or settings.redis_username
    if not (username or address.password or settings.redis_password_file):
        return None
    return Credentials(username, address.password, file=settings.redis_password_file, setting="REDIS_PASSWORD_FILE")


def _behind_sentinels(
    settings: Settings, address: Address, options: dict[str, Any], credentials: Credentials | None
) -> tuple[Redis, Sequence[Redis]]:
    limit = min(TLS_CONNECT_SECONDS if address.tls else CONNECT_SECONDS, settings.store_timeout_seconds)
    sentinels = _sentinels(settings, address, options)
    pool = SentinelConnectionPool(  # type: ignore[no-untyped-call]
        address.service,
        sentinels,
        connection_class=connection_class(sentinel_base(tls=address.tls), credentials, limit),
        db=address.database,
        **{**options, "socket_connect_timeout": limit},
    )
    return Redis.from_pool(pool), sentinels.clients


def _sentinels(settings: Settings, address: Address, options: dict[str, Any]) -> Sentinels:
    secret, file = settings.redis_sentinel_password, settings.redis_sentinel_password_file
    if secret and file:
        raise ConfigurationError("REDIS_SENTINEL_PASSWORD and REDIS_SENTINEL_PASSWORD_FILE contradict each other")
    password = secret.get_secret_value() if secret else None
    credentials = None
    if settings.redis_sentinel_username or password or file:
        setting = "REDIS_SENTINEL_PASSWORD_FILE"
        credentials = Credentials(settings.redis_sentinel_username, password, file=file, setting=setting)
    tls = address.tls if settings.redis_sentinel_tls is None else settings.redis_sentinel_tls
    kept = {name: value for name, value in options.items() if tls or not name.startswith("ssl_")}
    kept |= {"socket_timeout": GIVEN_UP_SECONDS, "socket_connect_timeout": GIVEN_UP_SECONDS}
    kept.pop("max_connections", None)
    base = connection_class(network_base(tls=tls), credentials, GIVEN_UP_SECONDS)
    return Sentinels(
        [
            Redis.from_pool(ConnectionPool(connection_class=base, host=host, port=port, **kept))
            for host, port in address.hosts
        ]
    )


def _cluster(
    settings: Settings, address: Address, options: dict[str, Any], credentials: Credentials | None
) -> RedisCluster:
    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    client = RedisCluster(startup_nodes=nodes, ssl=address.tls, **options)
    base = connection_class(network_base(tls=address.tls), credentials, settings.store_timeout_seconds)
    # It has no parameter for the class of its connections. Nodes it finds later are made from these options, too.
    client.connection_kwargs["connection_class"] = base
    for node in client.startup_nodes:
        node.connection_class = base  # type: ignore[assignment]
    return client
