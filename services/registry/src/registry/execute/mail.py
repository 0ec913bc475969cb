"""Messages to people: into the log of the process, or by SMTP to a server that an operator named."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal, Protocol
from urllib.parse import unquote, urlsplit

from common import clock
from common.logs import observe
from registry.domain.notices import Message

SECONDS_MAX: Final = 15.0
"""Of each step of the conversation."""
AT_ONCE: Final = 2
PERMANENT: Final = 500
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Security = Literal["tls", "starttls", "plain"]
SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtps": ("tls", 465),
    "smtp+starttls": ("starttls", 587),
    "smtp": ("plain", 25),
}
"""Of MORTISE_SMTP_URL: how the connection is protected, and the usual port."""


class Undelivered(Exception):  # noqa: N818 - what came of it
    """The message was not taken. `final`: it never will be. `away`: no other would be either, for now."""

    def __init__(self, why: str, *, final: bool = False, away: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.final = final
        self.away = away


class Channel(Protocol):
    """A way to reach people."""

    name: Literal["log", "smtp"]

    async def send(self, notice: str, to: str, message: Message) -> None:
        """Hand a message over. Raises Undelivered."""


class LogChannel:
    """One line in the log of the process for each message; its words, which may hold a secret, in development only."""

    name: Literal["log", "smtp"] = "log"

    def __init__(self, *, development: bool) -> None:
        self._development = development

    async def send(self, notice: str, to: str, message: Message) -> None:
        shown = {"to": to, "subject": message.subject, "text": message.text} if self._development else None
        observe("notice.logged", notice=notice, message=shown)


@dataclass(frozen=True)
class Server:
    """Where messages are handed over."""

    host: str
    port: int
    security: Security
    user: str | None
    password: str | None
    sender: str

    @classmethod
    def read(cls, url: str, sender: str | None) -> Server:
        """The server that `smtps://user:password@host:port` names (`smtp+starttls`, `smtp`). Raises ValueError."""
        parts = urlsplit(url)
        known = SCHEMES.get(parts.scheme)
        if known is None or not parts.hostname:
            message = (
                f"MORTISE_SMTP_URL must be smtps://, smtp+starttls:// or smtp:// and a host, not {parts.scheme}://"
            )
            raise ValueError(message)
        if not sender or "@" not in sender:
            message = "MORTISE_MAIL_FROM must be the address that messages come from"
            raise ValueError(message)
        security, usual = known
        if security == "plain" and parts.username and parts.hostname not in LOOPBACK:
            message = "MORTISE_SMTP_URL would send a password unprotected; use smtps:// or smtp+starttls://"
            raise ValueError(message)
        return cls(
            parts.hostname,
            parts.port or usual,
            security,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            sender,
        )


class SmtpChannel:
    """Hands messages to an SMTP server, each over a connection of its own, at most two at once."""

    name: Literal["log", "smtp"] = "smtp"

    def __init__(self, server: Server, *, context: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._context = context or ssl.create_default_context()
        # A server that never answers must not take the threads that others of this process need.
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="smtp")

    async def send(self, notice: str, to: str, message: Message) -> None:
        await asyncio.get_running_loop().run_in_executor(
            self._pool, self._send, to, written(self._server, notice, to, message)
        )

    def _send(self, to: str, message: EmailMessage) -> None:
        try:
            with self._connected() as connection:
                connection.send_message(message, to_addrs=[to])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise Undelivered(f"the recipient was refused ({codes[0]})", final=min(codes) >= PERMANENT) from None
        except smtplib.SMTPDataError as error:
            final = error.smtp_code >= PERMANENT
            raise Undelivered(f"the message was refused ({error.smtp_code})", final=final) from None
        except smtplib.SMTPNotSupportedError as error:
            final = self._server.security != "starttls" or "STARTTLS" not in str(error)
            raise Undelivered("the server cannot do what is needed", final=final, away=not final) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(f"the server does not work ({type(error).__name__})", away=True) from None

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=SECONDS_MAX, context=self._context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=SECONDS_MAX)
        try:
            if server.security == "starttls":
                connection.starttls(context=self._context)
            if server.user:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection


def written(server: Server, notice: str, to: str, message: Message) -> EmailMessage:
    """The message as it goes over the wire. Its id follows from the notice, so a second sending is known as one."""
    written = EmailMessage()
    written["From"] = server.sender
    written["To"] = to
    written["Subject"] = message.subject
    written["Date"] = format_datetime(clock.now())
    written["Message-ID"] = f"<{notice}@{server.sender.rpartition('@')[2].rstrip('>')}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(message.text)
    return written
