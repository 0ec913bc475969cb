"""Values of parameters as the text that PostgreSQL reads them from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

_ESCAPED: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})


def encoded(values: Sequence[Any]) -> list[bytes | None]:
    """Each value as text in UTF-8, None for null.

    Takes str, int, float, bool, datetime with a time zone, None, and lists of these. Raises ValueError for anything
    else, and for text that UTF-8 cannot hold.
    """
    return [_FORMS.get(type(value), _refused)(value) for value in values]


def listed(texts: Sequence[bytes | None]) -> bytes:
    """The text of a list of values that are encoded already."""
    return b"{%b}" % b",".join([b"NULL" if one is None else _marked(one) for one in texts])


def _marked(text: bytes) -> bytes:
    return b'"%b"' % text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _text(value: str) -> bytes:
    return value.encode()


def _number(value: float) -> bytes:
    # The shortest text that reads back as the same number.
    return repr(value).encode()


def _boolean(value: bool) -> bytes:  # noqa: FBT001 - it is the value
    return b"t" if value else b"f"


def _instant(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError("a time without a time zone is no value of a parameter")
    return value.isoformat().encode()


def _list(values: Sequence[Any]) -> bytes:
    return b"{%b}" % b",".join([_ITEMS.get(type(value), _refused)(value) for value in values])


def _quoted(value: str) -> bytes:
    return f'"{value.translate(_ESCAPED)}"'.encode()


def _nothing(_: None) -> None:
    return None


def _no_item(_: None) -> bytes:
    return b"NULL"


def _refused(value: Any) -> bytes:
    text = f"a {type(value).__name__} is no value of a parameter"
    raise ValueError(text)


_ITEMS: Final[dict[type, Callable[[Any], bytes]]] = {
    str: _quoted,
    int: _number,
    float: _number,
    bool: _boolean,
    datetime: _instant,
    type(None): _no_item,
}
_FORMS: Final[dict[type, Callable[[Any], bytes | None]]] = {
    **_ITEMS,
    str: _text,
    list: _list,
    tuple: _list,
    type(None): _nothing,
}
