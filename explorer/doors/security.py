"""Who may talk to the server: host names, tokens, origins, sizes, and what a page may load.

The server answers on the loopback address to names it knows. Another address needs a token, shown once in the
printed link and kept in a cookie that scripts cannot read, or the operator's explicit word that none is wanted.
Sources: OWASP on DNS rebinding and cross-site request forgery; https://www.w3.org/TR/CSP3/.
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from explorer.config import Server
from explorer.errors import ConfigError

COOKIE = "earmark_token"

# Dash and AG Grid start from inline scripts and styles; nothing is ever loaded from, or sent to, another host.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self' blob: data:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'"
)


def is_loopback(host: str) -> bool:
    """True for names and addresses that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(server: Server) -> None:
    """Refuse to listen for the network without a token.

    Raises:
        ConfigError: the host is not loopback, there is no token, and ``insecure`` is not set.
    """
    if is_loopback(server.host) or server.token or server.insecure:
        return
    raise ConfigError(
        f"server.host is {server.host}, which others can reach, and there is no token: "
        "set server.token (or EARMARK_TOKEN), or say --insecure if everybody may read your corpora."
    )


def guard(app: Flask, server: Server, *, own_keys: tuple[str, ...] = ()) -> None:
    """Put the rules before and after every request of ``app``.

    Paths that begin with one of ``own_keys`` need no token: their links carry a secret of their own, for people who
    must see nothing else.
    """
    app.config["TRUSTED_HOSTS"] = [*server.trusted_hosts, server.host]
    app.config["MAX_CONTENT_LENGTH"] = server.max_request_mb * 1024 * 1024
    token = server.token

    @app.before_request
    def refuse_strangers() -> BaseResponse | None:
        host = request.host  # refuses names that are not trusted, before anything else is answered
        origin = request.headers.get("Origin")
        if request.method not in ("GET", "HEAD", "OPTIONS") and origin and urlsplit(origin).netloc != host:
            abort(403, "This request comes from another site.")
        if token and not request.path.startswith(own_keys) and not _same(request.cookies.get(COOKIE, ""), token):
            if not _same(request.args.get("token", ""), token):
                abort(401, "Open the link with ?token=... that the server printed when it started.")
            answer = redirect(request.path)
            answer.set_cookie(COOKIE, token, httponly=True, samesite="Strict", secure=request.is_secure)
            return answer
        return None

    @app.after_request
    def forbid_other_hosts(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
