"""Checks HTTP Archives against the members that version 1.2 of the format requires and allows, and prints, for each
file, how many entries it has. What is wrong goes to stderr, with exit code 1.

    python3 har.py FILE...
"""

import base64
import json
import re
import sys

TEXT, NUMBER, BOOLEAN = "a text", "a number", "a boolean"
INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)$")

# Members by the name of their object: what they are, and whether they have to be there.
PAIR = {"name": (TEXT, True), "value": (TEXT, True), "comment": (TEXT, False)}
COOKIE = PAIR | {
    "path": (TEXT, False), "domain": (TEXT, False), "expires": (TEXT, False),
    "httpOnly": (BOOLEAN, False), "secure": (BOOLEAN, False),
}
PARAM = {
    "name": (TEXT, True), "value": (TEXT, False), "fileName": (TEXT, False), "contentType": (TEXT, False),
    "comment": (TEXT, False),
}
CREATOR = {"name": (TEXT, True), "version": (TEXT, True), "comment": (TEXT, False)}
POST_DATA = {"mimeType": (TEXT, True), "params": ([PARAM], True), "text": (TEXT, True), "comment": (TEXT, False)}
CONTENT = {
    "size": (NUMBER, True), "compression": (NUMBER, False), "mimeType": (TEXT, True), "text": (TEXT, False),
    "encoding": (TEXT, False), "comment": (TEXT, False),
}
REQUEST = {
    "method": (TEXT, True), "url": (TEXT, True), "httpVersion": (TEXT, True), "cookies": ([COOKIE], True),
    "headers": ([PAIR], True), "queryString": ([PAIR], True), "postData": (POST_DATA, False),
    "headersSize": (NUMBER, True), "bodySize": (NUMBER, True), "comment": (TEXT, False),
}
RESPONSE = {
    "status": (NUMBER, True), "statusText": (TEXT, True), "httpVersion": (TEXT, True), "cookies": ([COOKIE], True),
    "headers": ([PAIR], True), "content": (CONTENT, True), "redirectURL": (TEXT, True),
    "headersSize": (NUMBER, True), "bodySize": (NUMBER, True), "comment": (TEXT, False),
}
TIMINGS = {
    "blocked": (NUMBER, False), "dns": (NUMBER, False), "connect": (NUMBER, False), "send": (NUMBER, True),
    "wait": (NUMBER, True), "receive": (NUMBER, True), "ssl": (NUMBER, False), "comment": (TEXT, False),
}
CACHE = {"comment": (TEXT, False)}
ENTRY = {
    "pageref": (TEXT, False), "startedDateTime": (TEXT, True), "time": (NUMBER, True), "request": (REQUEST, True),
    "response": (RESPONSE, True), "cache": (CACHE, True), "timings": (TIMINGS, True),
    "serverIPAddress": (TEXT, False), "connection": (TEXT, False), "comment": (TEXT, False),
}
LOG = {"version": (TEXT, True), "creator": (CREATOR, True), "entries": ([ENTRY], True), "comment": (TEXT, False)}
ARCHIVE = {"log": (LOG, True)}


def check(value, expected, place, problems):
    if expected is TEXT:
        if not isinstance(value, str):
            problems.append(f"{place} isn't {TEXT}")
    elif expected is NUMBER:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            problems.append(f"{place} isn't {NUMBER}")
    elif expected is BOOLEAN:
        if not isinstance(value, bool):
            problems.append(f"{place} isn't {BOOLEAN}")
    elif isinstance(expected, list):
        if not isinstance(value, list):
            problems.append(f"{place} isn't a list")
            return
        for index, item in enumerate(value):
            check(item, expected[0], f"{place}[{index}]", problems)
    else:
        if not isinstance(value, dict):
            problems.append(f"{place} isn't an object")
            return
        for name, (kind, required) in expected.items():
            if name in value:
                check(value[name], kind, f"{place}.{name}", problems)
            elif required:
                problems.append(f"{place} has no {name}")
        for name in value:
            if name not in expected and not name.startswith("_"):
                problems.append(f"{place}.{name} isn't known to the format")


def check_entry(entry, place, problems):
    if not INSTANT.match(entry["startedDateTime"]):
        problems.append(f"{place}: {entry['startedDateTime']} isn't an instant")
    timings = [entry["timings"][name] for name in ("send", "wait", "receive")]
    if min(timings) < 0 or abs(sum(timings) - entry["time"]) > 0.001:
        problems.append(f"{place}: {timings} don't sum up to {entry['time']}")
    content = entry["response"]["content"]
    if content.get("encoding") == "base64":
        base64.b64decode(content["text"], validate=True)
    if not re.match(r"^https?://[^/]+/", entry["request"]["url"]):
        problems.append(f"{place}: {entry['request']['url']} isn't a URL")


def refuse_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError(f"a member stands twice among {names}")
    return dict(pairs)


def main():
    problems = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            archive = json.load(file, object_pairs_hook=refuse_duplicates)
        found = []
        check(archive, ARCHIVE, "archive", found)
        if not found:
            for index, entry in enumerate(archive["log"]["entries"]):
                check_entry(entry, f"entries[{index}]", found)
            print(len(archive["log"]["entries"]))
        problems += [f"{path}: {problem}" for problem in found]
    if problems:
        sys.exit("\n".join(problems))


main()
