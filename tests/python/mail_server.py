"""A mail server for tests: TLS, a password, and recipients that it refuses or puts off.

Takes a folder with server.pem and server.key, "tls" or "starttls", a user and a password. Prints its port. Writes each
mail that it takes as one line of JSON to mails.jsonl in the folder. A recipient whose name begins with "refused" gets
550, one that begins with "later" 451.
"""

import email
import email.policy
import json
import pathlib
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Box:
    def __init__(self, path):
        self.path = path

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused"):
            return "550 5.1.1 <%s> no such mailbox" % address
        if address.startswith("later"):
            return "451 4.7.1 <%s> come back" % address
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): value for name, value in mail.items()},
            "body": mail.get_content(),
            "tls": session.ssl is not None,
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

    secured = (
        {"ssl_context": context} if protection == "tls" else {"tls_context": context, "require_starttls": True}
    )
    controller = Controller(
        Box(folder / "mails.jsonl"),
        hostname="127.0.0.1",
        port=0,
        server_hostname="localhost",
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=protection != "tls",
        **secured,
    )
    # The controller knocks at the port that it was told, which is not known yet.
    controller._trigger_server = lambda: None
    controller.start()
    print(controller.server.sockets[0].getsockname()[1], flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
