#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A poll's memory is that of a page, not of how many there are.

Goal: a poll of 1,200 pages of a scripted indexer takes no more than 1 MiB above one of 400: SQLite's cache of 16 MiB is
full by then, and nothing else may grow. Had it kept the 800 other pages, that were 170 MB; but a name of each alert, 10.
"""
import datetime
import http.server
import json
import subprocess
import threading

import wazuh_site as site
from support import MemoryWatch, say

PAGE = 100
BYTES = 2_048  # of an alert
FEW, MANY = 400, 1_200
STEP_MS = 1
GROWTH_KIB = 1024


class Indexer:
    """Answers the searches of a first run: so many pages of alerts that it makes when they are asked for."""

    def __init__(self, pages):
        alerts, begin = pages * PAGE, int(site.now().timestamp() * 1000) - 600_000
        assert alerts * STEP_MS < 600_000  # none lies in the future
        self.pages = 0

        def hit(i):
            ms = begin + i * STEP_MS
            moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
            source = {"timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}+0000", "id": f"{ms // 1000}.{i:06d}",
                      "manager": {"name": "m1"}, "agent": {"name": "h1"}, "rule": {"id": "5503", "level": 5},
                      "full_log": "x" * BYTES}
            return {"_id": f"d{i}", "_source": source, "sort": [ms, source["id"], "m1"]}

        def answer(body):
            hits = []
            if body["size"] and "must_not" not in body["query"]["bool"]:
                after = body.get("search_after")
                first = int(after[1].split(".")[1]) + 1 if after else 0
                hits = [hit(i) for i in range(first, min(first + body["size"], alerts))]
                self.pages += 1 if hits else 0
            out = {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": {"hits": hits}}
            if "aggs" in body:
                out["aggregations"] = {"clock": {"buckets": [{"to": site.now().timestamp() * 1000}]}}
            return out

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                text = json.dumps(answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"


def peak_kib(pages):
    indexer = Indexer(pages)
    pipeline = site.Pipeline("source_wazuh", {"url": indexer.url, "page_size": PAGE, "start": "1h"})
    pipeline.file.write_text(pipeline.file.read_text().partition('[[stage]]\nname = "cap"')[0])  # the poll alone
    words = [site.program(), "run", str(pipeline.file), "--format", "json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        watch = MemoryWatch(process)
        report = json.loads(process.stdout.read().splitlines()[-1])
    watch.join()
    assert process.returncode == 0 and report["counts"]["accepted"] == pages * PAGE, report
    assert indexer.pages == pages, indexer.pages
    say(f"{pages} pages of {PAGE} alerts: {watch.peak_kib / 1024:.1f} MiB at most")
    return watch.peak_kib


def main():
    few, many = peak_kib(FEW), peak_kib(MANY)
    say(f"{(many - few) / 1024:+.1f} MiB for {MANY - FEW} pages more")
    assert many <= few + GROWTH_KIB


main()
