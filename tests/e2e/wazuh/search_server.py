# SPDX-License-Identifier: Apache-2.0
"""The few searches that the sources send, answered from memory over plain HTTP on this machine, for where no OpenSearch
is. It knows a range of time, `exists`, sort, search_after and counts by minutes; anything else is answered with 400, so
a test on it cannot pass by being misunderstood. Against the real server the same is tested in products_test.py.
"""
import collections
import datetime
import http.server
import json
import threading
import urllib.parse


def value_of(document, name):
    """A field by its dotted name, however much of the name is one member."""
    if not isinstance(document, dict):
        return None
    if name in document:
        return document[name]
    for cut in (i for i, c in enumerate(name) if c == "."):
        if name[:cut] in document and (found := value_of(document[name[:cut]], name[cut + 1 :])) is not None:
            return found
    return None


def millis(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def holds(query, document):
    (kind, about), = query.items()
    if kind == "match_none":
        return False
    if kind == "exists":
        return value_of(document, about["field"]) is not None
    if kind == "range":
        (field, bounds), = about.items()
        assert set(bounds) == {"gte", "lt", "format"} and bounds["format"] == "epoch_millis", bounds
        return bounds["gte"] <= millis(value_of(document, field)) < bounds["lt"]
    assert kind == "bool" and set(about) <= {"filter", "must_not"}, query
    yes = all(holds(part, document) for part in about.get("filter", []))
    return yes and not any(holds(part, document) for part in about.get("must_not", []))


def by_minutes(found, about):
    assert about["fixed_interval"] == "1m" and about["format"] == "epoch_millis", about
    counts = collections.Counter(millis(value_of(one, about["field"])) // 60_000 * 60_000 for _, one in found)
    return {"buckets": [{"key": minute, "doc_count": counts[minute]} for minute in sorted(counts)]}


def search(documents, body):
    fields = [next(iter(one)) for one in body.get("sort", [])]

    def key(document):
        return [millis(value_of(document, fields[0]))] + [value_of(document, field) for field in fields[1:]]

    found = [one for one in documents if holds(body["query"], one[1])]
    if fields:
        found.sort(key=lambda one: key(one[1]))
    if "search_after" in body:
        found = [one for one in found if key(one[1]) > body["search_after"]]
    hits = [{"_id": name, "_source": text, "sort": key(text)} for name, text in found[: body["size"]]]
    out = {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": {"hits": hits}}
    if "aggs" in body:
        now = datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000
        out["aggregations"] = {"clock": {"buckets": [{"to": now}]}}
        if set(body["aggs"]) != {"clock"}:
            out["aggregations"]["minutes"] = by_minutes(found, body["aggs"]["minutes"]["date_histogram"])
    return out


class SearchServer:
    """indices: name -> [(_id, document)]. Ends with the process."""

    def __init__(self, indices):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    place = urllib.parse.urlsplit(self.path)
                    wanted, = [name for name in indices if place.path == f"/{urllib.parse.quote(name, safe='*')}/_search"]
                    status, answer = 200, search(indices[wanted], json.loads(text))
                except Exception as error:  # the answer says it, and the test fails on it
                    status, answer = 400, {"error": {"type": "not_understood", "reason": repr(error)}}
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
