"""Runs scim2-tester against a server: check.py TENANT_URL TOKEN. Prints one JSON object for each check."""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

url, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
with Client(base_url=url, headers=headers, trust_env=False) as http:
    for result in check_server(SyncSCIMClient(http)):
        line = {
            "status": result.status.name,
            "title": result.title,
            "resourceType": result.resource_type,
            "reason": result.reason,
        }
        print(json.dumps(line))
