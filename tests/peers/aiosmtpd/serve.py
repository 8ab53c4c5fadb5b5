"""Starts aiosmtpd: serve.py PORT FOLDER [tls|starttls] [auth] [refuse]. It ends when standard input does.

Messages go to FOLDER, as N.json with the envelope, how it came, and what Python's own parser makes of it. With `tls` it begins with TLS, with
`starttls` it takes nothing before STARTTLS; both with certificate.pem and key.pem of FOLDER. With `auth` nobody gets
through but `scimulate` with the password `s3cret-of-mail`; with `refuse` every recipient is refused.
"""

import email
import email.policy
import json
import os
import ssl
import sys
import threading
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

port, folder, *modes = sys.argv[1:]
folder = Path(folder)
count = 0


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if "refuse" in modes:
            return "550 5.1.1 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global count
        count += 1
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        parts = list(message.iter_parts())
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data and session.auth_data.login.decode(),
            "subject": message["subject"],
            "parts": [[part.get_content_type(), part.get_content()] for part in parts],
            "defects": [repr(defect) for part in [message, *parts] for defect in part.defects],
        }
        (folder / f"{count}.json").write_text(json.dumps(told))
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"scimulate" and data.password == b"s3cret-of-mail"
    return AuthResult(success=good, handled=False, auth_data=data)


context = None
if "tls" in modes or "starttls" in modes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
encrypts = {"ssl_context": context} if "tls" in modes else {"tls_context": context}
controller = Controller(
    Handler(),
    hostname="127.0.0.1",
    port=int(port),
    require_starttls="starttls" in modes,
    auth_required="auth" in modes,
    # TLS from the start isn't taken for TLS by it.
    auth_require_tls="starttls" in modes,
    authenticator=authenticate,
    **encrypts,
)


def end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


controller.start()
(folder / "ready").touch()
threading.Thread(target=end_with_parent).start()
