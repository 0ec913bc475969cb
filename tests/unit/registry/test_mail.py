"""Where messages are handed over, as an operator says it in one line; and what goes over the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from common.errors import Refused
from registry.domain import notices, wording
from registry.execute import mail
from registry.execute.mail import Server

SENDER = "Mortise <no-reply@mortise.example>"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mail.example", Server("mail.example", 465, "tls", None, None, SENDER)),
        ("smtp+starttls://u:p%40ss@mail.example", Server("mail.example", 587, "starttls", "u", "p@ss", SENDER)),
        ("smtp://relay.example:2525", Server("relay.example", 2525, "plain", None, None, SENDER)),
        ("smtp://u:p@localhost", Server("localhost", 25, "plain", "u", "p", SENDER)),
    ],
)
def test_a_server_is_one_line(url: str, server: Server) -> None:
    assert Server.read(url, SENDER) == server


@pytest.mark.parametrize(
    ("url", "sender", "said"),
    [
        ("mail.example:25", SENDER, "MORTISE_SMTP_URL must be"),
        ("https://mail.example", SENDER, "MORTISE_SMTP_URL must be"),
        ("smtps://", SENDER, "MORTISE_SMTP_URL must be"),
        ("smtp://u:p@mail.example", SENDER, "unprotected"),
        ("smtps://mail.example", None, "MORTISE_MAIL_FROM"),
        ("smtps://mail.example", "nobody", "MORTISE_MAIL_FROM"),
    ],
)
def test_a_line_that_would_not_work_is_refused_at_the_start(url: str, sender: str | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Server.read(url, sender)


@given(some.from_regex(wording.EMAIL, fullmatch=True), some.text(max_size=30))
def test_every_address_and_name_that_is_accepted_can_be_written_to(address: str, name: str) -> None:
    try:
        to = wording.email(address)
        organisation = wording.line(name, field="name", chars=wording.TITLE_CHARS)
    except Refused:
        return
    about = {"organisation": organisation, "role": "member", "until": "2027-01-01 00:00 UTC"}
    message = notices.compose("invitation", about, secret="inv_x", url=None)

    sent = mail.written(Server("h", 25, "plain", None, None, SENDER), "n", to, message).as_bytes()

    headers = sent.split(b"\n\n")[0].split(b"\n")
    assert sum(line.lower().startswith(b"to:") for line in headers) == 1
    assert b"bcc:" not in sent.split(b"\n\n")[0].lower()
