"""The answers that machines share: Redis or Valkey, and only where a person has named it in `cache.redis_url`.

What is stored there is sealed with the question, so neither who runs that server nor who else uses it can read code in
it; what they see are hashes, sizes and times. Answers of models on this machine go to a Redis on this machine only.
A server that is down, hangs or talks nonsense costs 0.2 s at most, once in 5 to 60 s, and changes nothing else.
"""

import ipaddress
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from hybrid_lsp.cache.rest import Rest, log

if TYPE_CHECKING:
    from redis import Redis

PREFIX = "hybrid-lsp:1:"
_WAIT_S = 0.2
_PURGE_S = 2.0
_KEYS_AT_ONCE = 500
_UNTIL = "answers are not shared with other machines until that is mended."
_NOT_INSTALLED = "cache.redis_url is set, but what speaks to Redis is not installed: pip install 'hybrid-lsp[redis]'."
_NO_ADDRESS = (
    "cache.redis_url is not an address of a Redis server; write it like redis://127.0.0.1:6379/0,"
    " rediss://host:6380/0 or unix:///run/redis.sock."
)

T = TypeVar("T")


class RedisStore:
    """Safe from any thread and never raises. Connects at the first call."""

    def __init__(self, url: str, *, rest: Rest, most_bytes: int) -> None:
        self._url = url
        self.rest = rest
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._client: Redis | None = None
        self._is_closed = False
        self.is_here = is_this_machine(url)
        """Whether the server runs on this machine, going by the address alone."""

    def read(self, digest: str) -> object:
        """Return what is stored under this name, or None; never more bytes than an answer may have."""
        # GETRANGE, not GET: whatever somebody else has put there, no more of it than this is read.
        return self._do(lambda client: client.getrange(PREFIX + digest, 0, self._most_bytes), None)

    def write(self, digest: str, sealed: bytes, *, ttl_s: int) -> None:
        """Keep an answer for so many seconds."""
        self._do(lambda client: client.set(PREFIX + digest, sealed, ex=ttl_s), None)

    def drop(self, digest: str) -> None:
        """Delete one answer."""
        self._do(lambda client: client.delete(PREFIX + digest), None)

    def purge(self) -> int:
        """Delete every answer of ours, whoever left it, and return how many they were. Takes 2 s at most.

        What is left then is still not served here: it is older than the purge.
        """

        def work(client: Any) -> int:
            end_s, cursor, count = time.monotonic() + _PURGE_S, 0, 0
            while True:
                cursor, names = client.scan(cursor, match=f"{PREFIX}*", count=_KEYS_AT_ONCE)
                count += client.delete(*names) if names else 0
                if not cursor or time.monotonic() > end_s:
                    return count

        return self._do(work, 0)

    def close(self) -> None:
        """Hang up for good."""
        with self._lock:
            client, self._client, self._is_closed = self._client, None, True
        if client is not None:
            client.close()

    def _do(self, work: Callable[[Any], T], otherwise: T) -> T:
        client = self._connected()
        if client is None:
            return otherwise
        try:
            done = work(client)
        except Exception as error:  # of an answer that is none, redis-py makes whatever: even a RecursionError
            log.debug("redis: %s", type(error).__name__)  # its text may hold the address
            self.rest.failed(_sentence(error))
            return otherwise
        self.rest.worked()
        return done

    def _connected(self) -> "Redis | None":
        with self._lock:
            if self._is_closed or self.rest.is_resting:
                return None
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> "Redis | None":
        try:
            from redis.exceptions import RedisError
        except ImportError:
            self.rest.gave_up(_NOT_INSTALLED)
            return None
        try:
            return _client(self._url)
        except (ValueError, TypeError, RedisError):  # their texts would show the address, password and all
            self.rest.gave_up(_NO_ADDRESS)
            return None


def _client(url: str) -> "Redis":
    """Return a client with our deadlines, whatever stands after the `?` of the address."""
    from redis import ConnectionPool, Redis
    from redis.backoff import NoBackoff
    from redis.connection import parse_url
    from redis.retry import Retry

    ours = {
        "retry": Retry(NoBackoff(), 0),  # by default it tries for four seconds
        "retry_on_timeout": False,
        "socket_connect_timeout": _WAIT_S,
        "socket_timeout": _WAIT_S,
        "protocol": 2,
        "decode_responses": False,
        "driver_info": None,  # one round trip less
    }
    pool = ConnectionPool(**{**parse_url(url), **ours})  # type: ignore[no-untyped-call]
    pool.make_connection()  # connects to nothing, but refuses what it does not know
    return Redis(connection_pool=pool)


def is_this_machine(url: str) -> bool:
    """Whether an address of a Redis server says literally that it is on this machine: no name is looked up."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "unix" or parts.hostname == "localhost":
            return True
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _sentence(error: Exception) -> str:
    """Say what is the matter with the server, in words of ours: redis-py's may hold the address and the password."""
    from redis.exceptions import AuthenticationError, NoPermissionError, TimeoutError
    from redis.exceptions import ConnectionError as NobodyError

    if isinstance(error, AuthenticationError | NoPermissionError):
        return f"The Redis server refuses the user or password in cache.redis_url; {_UNTIL}"
    if isinstance(error, TimeoutError):
        return f"The Redis server of cache.redis_url does not answer within 0.2 s; {_UNTIL}"
    if isinstance(error, NobodyError | OSError):
        return f"Nobody answers at the address in cache.redis_url; {_UNTIL}"
    return f"What answers at the address in cache.redis_url cannot do what a Redis server can; {_UNTIL}"
