"""Runs scim2-tester against an endpoint: check.py URL TOKEN. Prints what each check came to as a line of JSON."""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

url, token = sys.argv[1:]
client = Client(base_url=url, headers={"Authorization": f"Bearer {token}"})
for result in check_server(SyncSCIMClient(client)):
    told = {"status": result.status.name, "check": result.title, "reason": result.reason}
    print(json.dumps(told, default=str))
