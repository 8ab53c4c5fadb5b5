"""Starts scim2-server's own command: serve.py PORT TOKEN. It ends when standard input does."""

import os
import sys
import threading

from scim2_server.testserver.cli import main


def end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


port, token = sys.argv[1:]
threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv = ["scim2-server", "--hostname", "127.0.0.1", "--port", port, "--bearer-token", token]
sys.exit(main())
