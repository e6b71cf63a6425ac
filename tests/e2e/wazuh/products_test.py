#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Findings of Wazuh 5 and alerts of Elastic Security on a real OpenSearch with TLS, roles and hidden indices.

Goal: with the least role of the documentation, thousands of documents of each shape, many to a millisecond, in small
pages, arrive once each; a second run brings only duplicates; recovered, re-stored and re-worked documents are not new;
building blocks stay out; what is late or lacks its keys is found; the same incidents get the same verdicts.
No Elasticsearch and no Wazuh 5 was to be had: OpenSearch answers the same plain searches.
"""
import datetime
import json
import os
import pathlib
import sys

import incidents
import same_verdict_test as verdicts
import wazuh_site as site

COUNT = 2000
EQUAL = 150
PASSWORD = "Products-test-7"
KEYWORD = {"type": "keyword"}
DATE = {"type": "date"}
FINDINGS = {
    "@timestamp": DATE,
    "event": {"properties": {"doc_id": KEYWORD, "index": KEYWORD}},
    "wazuh": {"properties": {"rule": {"properties": {"id": KEYWORD}}}},
}
SIGNALS = {"@timestamp": DATE, "kibana.alert.uuid": KEYWORD, "kibana.alert.building_block_type": KEYWORD}
SIGNAL_INDEX = ".internal.alerts-security.alerts-default-000001"
SPACE = ".alerts-security.alerts-default"


def stamp(ago_s):
    return (site.now() - datetime.timedelta(seconds=ago_s)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def role(about, name, patterns):
    """A user with the one right that the documentation gives."""
    security = "/_plugins/_security/api"
    rights = {"cluster_permissions": [], "index_permissions": [{"index_patterns": patterns, "allowed_actions": ["read"]}]}
    site.ask(about, "PUT", f"{security}/roles/{name}", rights)
    site.ask(about, "PUT", f"{security}/internalusers/{name}", {"password": PASSWORD})
    site.ask(about, "PUT", f"{security}/rolesmapping/{name}", {"users": [name]})


def prepare(about):
    """The data stream of findings, the hidden index of alerts behind its alias, a reader for each."""
    for path in ("/_data_stream/wazuh-findings-v5-security", f"/{SIGNAL_INDEX}"):
        try:
            site.ask(about, "DELETE", path)
        except OSError:  # it was not there
            pass
    template = {"index_patterns": ["wazuh-findings-v5-*"], "data_stream": {},
                "template": {"mappings": {"properties": FINDINGS, "dynamic": False},
                             "settings": {"number_of_shards": 3, "number_of_replicas": 0}}}
    site.ask(about, "PUT", "/_index_template/findings", template)
    site.ask(about, "PUT", "/_data_stream/wazuh-findings-v5-security")
    site.ask(about, "PUT", f"/{SIGNAL_INDEX}", {
        "mappings": {"properties": SIGNALS, "dynamic": False}, "aliases": {SPACE: {"is_hidden": True}},
        "settings": {"index.hidden": True, "number_of_shards": 3, "number_of_replicas": 0}})
    role(about, "sf-findings", ["wazuh-findings-v5-*"])
    role(about, "sf-alerts", [SPACE, ".internal.alerts-security.alerts-default-*"])


def store(about, index, documents):
    lines = "".join('{"create":{}}\n' + json.dumps(one) + "\n" for one in documents)
    done = site.send(about, "POST", f"/{index}/_bulk?refresh=true", lines.encode())
    assert not done["errors"], done["items"][0]


def many(alerts, make, change):
    """COUNT documents, EQUAL to a millisecond, of the shape that `make` gives."""
    out = []
    for n in range(COUNT):
        one = make(alerts[n % len(alerts)])
        one["@timestamp"] = stamp(3600 + n // EQUAL)
        change(one, n)
        out.append(one)
    return out


def number_finding(one, n):
    one["event"]["doc_id"] = f"event-{n // 2}"  # two rules on one event are two findings
    one["wazuh"]["rule"]["id"] = f"rule-{n % 2}"


def number_signal(one, n):
    one["kibana.alert.uuid"] = f"uuid-{n}"


def id_of_finding(one):
    return f"{one['event']['index']}/{one['event']['doc_id']}/{one['wazuh']['rule']['id']}"


def reach(about, user, **more):
    return {**site.settings_for(about, user=user, page_size=100, overlap="2h"), **more}


def run(pipeline, accepted):
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and report["status"] == "ok", (report["error"], talk)
    assert report["counts"]["accepted"] == accepted, report["counts"]
    return report


def same_set(pipeline, ids):
    """Every alert of the index has one verdict, and nothing else has one."""
    given = pipeline.verdicts()
    assert set(given) == set(ids) and len(ids) == len(set(ids)), (len(given), len(ids))
    assert all(len(one) == 1 for one in given.values())
    pipeline.check_books()


def findings(about, alerts):
    documents = many(alerts, incidents.wazuh5, number_finding)
    store(about, "wazuh-findings-v5-security", documents)
    pipeline = site.Pipeline("source_wazuh", reach(about, "sf-findings", schema="wazuh-5"))
    first_totals(pipeline)
    same_set(pipeline, [id_of_finding(one) for one in documents])
    run_again(pipeline)
    # A recovery wrote the same findings once more, and an analyst worked on one: nothing new.
    again = [json.loads(json.dumps(one)) for one in documents[:11]]
    again[0]["wazuh"]["case"] = {"status": "ACKNOWLEDGED"}
    late = incidents.wazuh5(alerts[0])
    late["@timestamp"] = stamp(600)
    late["event"]["doc_id"] = "late"
    odd = incidents.wazuh5(alerts[1])
    odd["@timestamp"] = stamp(601)
    del odd["event"]["doc_id"]
    store(about, "wazuh-findings-v5-security", [*again, late, odd])
    report = run(pipeline, 2)
    # What is read by time alone comes once more, with the page that begins at its millisecond.
    assert report["counts"]["duplicate"] == COUNT + len(again) + 1, report["counts"]
    print("ok: findings of Wazuh 5", flush=True)


def signals(about, alerts):
    documents = many(alerts, incidents.elastic, number_signal)
    blocks = [{**incidents.elastic(alerts[n]), "@timestamp": stamp(3600), "kibana.alert.uuid": f"block-{n}",
               "kibana.alert.building_block_type": "default"} for n in range(5)]
    store(about, SIGNAL_INDEX, documents + blocks)
    pipeline = site.Pipeline("source_elastic", reach(about, "sf-alerts"))
    first_totals(pipeline)
    same_set(pipeline, [one["kibana.alert.uuid"] for one in documents])
    run_again(pipeline)
    # Somebody closes one in Kibana, which moves nothing but its state; here it is stored anew, later and with it.
    closed = {**documents[0], "kibana.alert.workflow_status": "closed", "@timestamp": stamp(900)}
    late = {**documents[1], "@timestamp": stamp(600), "kibana.alert.uuid": "late"}
    odd = {key: value for key, value in late.items() if key != "kibana.alert.uuid"}
    store(about, SIGNAL_INDEX, [closed, late, odd])
    run(pipeline, 2)
    run(pipeline, 0)
    # A pattern reaches the hidden index, too.
    wide = site.Pipeline("source_elastic", reach(about, "sf-alerts", index=".internal.alerts-security.alerts-default-*"))
    run(wide, COUNT + 2)
    print("ok: alerts of Elastic Security", flush=True)


def first_totals(pipeline):
    report = run(pipeline, COUNT)
    assert report["totals"]["accepted"] == COUNT and report["poll"]["watermark"], report


def run_again(pipeline):
    report = run(pipeline, 0)
    assert report["counts"]["fetched"] == report["counts"]["duplicate"] == COUNT, report["counts"]


def refusals(about):
    """The other product's index is forbidden to each reader; an API key that the server does not know is refused."""
    os.environ["SF_API_KEY"] = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw=="
    key = {"password": None, "api_key": {"env": "SF_API_KEY"}}
    cases = [
        (reach(about, "sf-findings"), 'does not let user "sf-findings" read .alerts-security.alerts-default (403'),
        (reach(about, None, **key), "refuses the API key (401)"),
    ]
    for settings, sentence in cases:
        pipeline = site.Pipeline("source_elastic", {**settings, "retry_for": "1s"})
        code, report, talk = pipeline.run()
        assert code == 77 and sentence in report["error"], (code, report["error"], talk)
        assert os.environ["SF_API_KEY"] not in json.dumps(report) + talk
    print("ok: refusals", flush=True)


def the_key_is_sent(about):
    """As "ApiKey", seen by a server that stands in for Elasticsearch."""
    server = site.start("https-fault", "--certificate", "good")
    pathlib.Path(server["rules"]).write_text(json.dumps([{"path": "/_search", "do": {"json": {
        "timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": {"hits": []}}}}]))
    more = {"password": None, "api_key": {"env": "SF_API_KEY"}}
    pipeline = site.Pipeline("source_elastic", reach({**about, **server}, None, **more))
    run(pipeline, 0)
    asked = [json.loads(line) for line in pathlib.Path(server["requests"]).read_text().splitlines()]
    assert asked and all(one["authorization"] == "ApiKey" for one in asked), asked
    assert all("expand_wildcards=open,hidden" in one["path"] for one in asked), asked
    print("ok: the API key", flush=True)


def same_verdicts(about, alerts):
    """As same_verdict_test.py, on the real server."""
    prepare(about)
    site.forget_alerts(about)
    site.ask(about, "PUT", "/wazuh-alerts-4.x-2026.11.22", {"mappings": {"dynamic": False, "properties": {
        "timestamp": DATE, "id": KEYWORD, "manager": {"properties": {"name": KEYWORD}}}}})
    store(about, "wazuh-alerts-4.x-2026.11.22", alerts)
    store(about, "wazuh-findings-v5-security", [incidents.wazuh5(one) for one in alerts])
    store(about, SIGNAL_INDEX, [incidents.elastic(one) for one in alerts])
    days = (site.now() - site.moment_of(alerts[0])).days + 2
    users = [("reader", "SF_READER_PASSWORD"), ("sf-findings", "SF_TEST_PASSWORD"), ("sf-alerts", "SF_TEST_PASSWORD")]
    verdicts.check(alerts, lambda number: reach(about, users[number][0], password={"env": users[number][1]},
                                                start=f"{days}d", window=f"{days}d", page_size=10))
    site.forget_alerts(about)


def main():
    about = site.opensearch()
    os.environ["SF_TEST_PASSWORD"] = PASSWORD
    os.environ["SF_READER_PASSWORD"] = about["users"]["reader"]
    alerts = verdicts.demo_alerts()
    prepare(about)
    findings(about, alerts)
    signals(about, alerts)
    refusals(about)
    the_key_is_sent(about)
    same_verdicts(about, alerts)


if __name__ == "__main__":
    sys.exit(main())
