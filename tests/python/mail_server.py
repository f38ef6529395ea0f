"""A mail server for tests: TLS, a password, and recipients that it refuses or puts off.

Takes a folder with server.pem and server.key, "tls" or "starttls", a user and a password. Prints its port. Writes each
mail that it takes as one line of JSON to mails.jsonl in the folder. A recipient whose name begins with "refused" gets
550 5.1.1, "later" 451 4.7.1, "relay" 554 5.7.1, and "bare" 550 without an enhanced code; what goes to "slow" is answered
late, twice. A sender whose name begins with "blocked" gets 550 5.7.60.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# Seconds by which each of two answers is late.
SLOW = 0.7


class Box:
    def __init__(self, path):
        self.path = path

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if address.startswith("blocked"):
            return "550 5.7.60 <%s> you may not send as this sender" % address
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused"):
            return "550 5.1.1 <%s> no such mailbox" % address
        if address.startswith("later"):
            return "451 4.7.1 <%s> come back" % address
        if address.startswith("relay"):
            return "554 5.7.1 <%s> relay access denied" % address
        if address.startswith("bare"):
            return "550 <%s> no" % address
        if address.startswith("slow"):
            await asyncio.sleep(SLOW)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("slow"):
            await asyncio.sleep(SLOW)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): value for name, value in mail.items()},
            "body": mail.get_content(),
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.decode() if session.auth_data else None,
        }
        with open(self.path, "a", encoding="utf-8") as box:
            box.write(json.dumps(kept) + "\n")
        return "250 2.0.0 Ok: <%s> queued as Q%d" % (envelope.rcpt_tos[0], len(kept["body"]))


def main():
    folder, protection, user, password = pathlib.Path(sys.argv[1]), *sys.argv[2:5]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")

    def authenticate(server, session, envelope, mechanism, data):
        known = isinstance(data, LoginPassword)
        right = known and data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=right, auth_data=data.login if right else None)

    secured = {} if protection == "tls" else {"tls_context": context, "require_starttls": True}

    def connected():
        return SMTP(
            Box(folder / "mails.jsonl"),
            hostname="localhost",
            authenticator=authenticate,
            auth_required=True,
            # With TLS from the first byte the protocol does not see it.
            auth_require_tls=protection != "tls",
            **secured,
        )

    async def serve():
        loop = asyncio.get_running_loop()
        tls = context if protection == "tls" else None
        server = await loop.create_server(connected, "127.0.0.1", 0, ssl=tls)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
