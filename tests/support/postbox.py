"""An SMTP server small enough to read: it keeps messages, and refuses what a test tells it to refuse."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Postbox:
    """Messages that were taken. `refuse` maps a verb to the reply it gets instead of the usual one."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    account: tuple[str, str] | None = None
    protected: list[bool] = field(default_factory=list)
    """For each message whether it came over TLS."""
    context: ssl.SSLContext | None = None
    """With it STARTTLS is offered."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        signed_in = self.account is None
        await _say(writer, self.refuse.get("CONNECT", "220 postbox"))
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb in self.refuse:
                await _say(writer, self.refuse[verb])
            elif verb == "EHLO":
                offered = ["250-postbox"]
                if self.context is not None and writer.get_extra_info("ssl_object") is None:
                    offered.append("250-STARTTLS")
                await _say(writer, *offered, "250 AUTH PLAIN")
            elif verb == "STARTTLS" and self.context is not None:
                await _say(writer, "220 go on")
                await writer.start_tls(self.context)
            elif verb == "AUTH":
                user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")[1:]
                signed_in = (user, password) == self.account
                await _say(writer, "235 hello" if signed_in else "535 who are you")
            elif verb == "DATA":
                await self._take(reader, writer)
            elif verb == "QUIT":
                await _say(writer, "221 bye")
                return
            elif verb == "RCPT":
                self.recipients.append(line.partition("<")[2].rstrip(">").partition(">")[0])
                await _say(writer, "250 fine" if signed_in else "530 sign in")
            else:
                await _say(writer, "250 fine" if signed_in else "530 sign in")

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _say(writer, "354 go on")
        body = await reader.readuntil(b"\r\n.\r\n")
        written = message_from_bytes(body[:-5].replace(b"\r\n..", b"\r\n."), policy=policy.default)
        assert isinstance(written, EmailMessage)
        self.messages.append(written)
        self.protected.append(writer.get_extra_info("ssl_object") is not None)
        await _say(writer, self.refuse.get("END", "250 taken"))


async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()


@asynccontextmanager
async def postbox(*, tls: ssl.SSLContext | None = None, from_the_start: bool = False) -> AsyncIterator[Postbox]:
    """A postbox on a free port; with `tls` it offers STARTTLS, or speaks nothing else `from_the_start`."""
    here = Postbox(context=None if from_the_start else tls)
    server = await asyncio.start_server(here.serve, "127.0.0.1", 0, ssl=tls if from_the_start else None)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A fresh certificate for 127.0.0.1: what a server shows, and a client that trusts nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "postbox")])
    now = datetime.fromtimestamp(1, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365 * 200))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cert, private)
    client = ssl.create_default_context(cafile=str(cert))
    return server, client
