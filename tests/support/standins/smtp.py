"""A mail server that takes everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[int, list[EmailMessage]]]:
    """Its port, and the messages it got."""
    messages: list[EmailMessage] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                message = message_from_bytes(raw, policy=policy.default)
                assert isinstance(message, EmailMessage)
                messages.append(message)
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], messages
    server.close()
