"""How requests are named in spans: few names, whatever is asked for."""

from __future__ import annotations

import pytest

from gateway.api.traced import route


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/query", "/query"),
        ("/readyz", "/readyz"),
        ("/0123456789abcdef0123456789abcdef/graphql", "/{endpoint}/graphql"),
        ("/0123456789abcdef0123456789abcdef/export", "/{endpoint}/export"),
        ("/simple/v1/0123456789abcdef0123456789abcdef", "/simple/v1/{endpoint}"),
        ("/wp-admin/login.php", "/{endpoint}/*"),
        ("/a/b/c/d", "/*"),
        ("/", "/*"),
    ],
)
def test_a_request_is_named_by_what_it_is_for_and_not_for_whom(path: str, name: str) -> None:
    assert route(path) == name
