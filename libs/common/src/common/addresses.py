"""Addresses of NATS: of one server, or of all servers of a cluster with commas between."""

from __future__ import annotations

from urllib.parse import urlsplit


def each(urls: str) -> list[str]:
    """The address of every server. A client that is told all of them finds a cluster with one of its servers away."""
    return [url.strip() for url in urls.split(",") if url.strip()]


def bare(urls: str) -> str:
    """The addresses without user and password."""
    return ",".join(_with(url, "") for url in each(urls))


def with_user(urls: str, user: str, password: str) -> str:
    """The addresses with user and password."""
    return ",".join(_with(url, f"{user}:{password}@") for url in each(urls))


def has_user(urls: str) -> bool:
    """Whether the first address names a user."""
    return urlsplit(each(urls)[0]).username is not None


def _with(url: str, user: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=user + parts.netloc.rpartition("@")[2]).geturl()
