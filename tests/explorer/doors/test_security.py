"""Who may talk to the server: every rule is tried from outside, as a browser would."""

from __future__ import annotations

import pytest
from flask import Flask

from explorer.config import Server
from explorer.doors.security import COOKIE, check_bind, guard, is_loopback
from explorer.errors import ConfigError


def guarded(**options: object) -> Flask:
    app = Flask("guarded")
    app.add_url_rule("/", view_func=lambda: "page", methods=["GET", "POST"])
    guard(app, Server(**options))  # type: ignore[arg-type]
    return app


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("localhost", True)])
def test_loopback_addresses(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", "127.0.0.1.example.org"])
def test_other_addresses_need_a_token_or_a_word(host: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        check_bind(Server(host=host))
    check_bind(Server(host=host, token="secret"))
    check_bind(Server(host=host, insecure=True))


def test_the_default_bind_is_allowed() -> None:
    check_bind(Server())


@pytest.mark.parametrize(("host", "status"), [("localhost:8050", 200), ("127.0.0.1", 200), ("rebound.example", 400)])
def test_unknown_host_names_are_refused(host: str, status: int) -> None:
    assert guarded().test_client().get("/", headers={"Host": host}).status_code == status


def test_a_post_from_another_site_is_refused() -> None:
    client = guarded().test_client()
    assert client.post("/", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/", headers={"Origin": "http://localhost"}).status_code == 200
    assert client.post("/").status_code == 200


def test_the_token_opens_once_and_stays_in_an_http_only_cookie() -> None:
    client = guarded(token="right").test_client()
    assert client.get("/").status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    opened = client.get("/?token=right")
    assert opened.status_code == 302
    assert opened.headers["Location"] == "/"
    cookie = opened.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/").data == b"page"


def test_large_requests_are_refused() -> None:
    app = guarded(max_request_mb=1)
    app.add_url_rule(
        "/read", "read", view_func=lambda: str(len(__import__("flask").request.get_data())), methods=["POST"]
    )
    client = app.test_client()
    assert client.post("/read", data=b"x" * 1000).data == b"1000"
    assert client.post("/read", data=b"x" * (2 * 1024 * 1024)).status_code == 413


def test_pages_may_load_from_this_server_only() -> None:
    headers = guarded().test_client().get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_token_opens_nothing_under_an_unknown_host_name() -> None:
    client = guarded(token="right").test_client()
    assert client.get("/?token=right", headers={"Host": "rebound.example"}).status_code == 400
