#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""source_wazuh against a real OpenSearch with TLS and authentication.

Goal: 5,000 alerts, 300 to each timestamp, in pages of 500, get the same dispositions by alert id as through
source_file; a second run brings only duplicates; a late alert is found; documents are kept byte for byte; a client
certificate does as well as a password.
"""
import datetime
import json
import os

import wazuh_site as site

COUNT = 5000


def utc(ago_s):
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago_s)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def documents(about):
    """Every document of the index, as the index gives it back."""
    out, after = [], None
    while True:
        body = {"size": 1000, "sort": [{"timestamp": "asc"}, {"id": "asc"}], "query": {"match_all": {}}}
        if after:
            body["search_after"] = after
        hits = site.ask(about, "POST", "/wazuh-alerts-*/_search", body)["hits"]["hits"]
        if not hits:
            return out
        out += [hit["_source"] for hit in hits]
        after = hits[-1]["sort"]


def same_as_source_file(about, place, wazuh, ids):
    code, report, talk = wazuh.run("--drain")
    assert code == 0, (report, talk)
    assert report["status"] == "ok", report
    assert report["totals"]["accepted"] == COUNT, report["totals"]
    assert report["poll"]["watermark"], report["poll"]
    lines = place / "alerts.jsonl"
    lines.write_text("".join(json.dumps(document) + "\n" for document in documents(about)))
    local = site.Pipeline("source_file", {"path": str(lines), "format": "jsonl"})
    code, report, talk = local.run("--drain")
    assert code == 0, (report, talk)
    ours, theirs = wazuh.verdicts(), local.verdicts()
    assert set(ours) == set(ids) and len(ids) == COUNT
    assert all(len(given) == 1 for given in ours.values())
    assert ours == theirs, [(key, ours[key], theirs.get(key)) for key in ours if ours[key] != theirs.get(key)][:5]
    assert len({given[0] for given in ours.values()}) > 1, "one disposition for all proves little"
    wazuh.check_books()
    local.check_books()


def again_only_duplicates(wazuh):
    before = wazuh.ledger()[-1]["seq"]
    code, report, _ = wazuh.run()
    assert code == 0 and report["counts"]["accepted"] == 0, report
    assert report["counts"]["fetched"] == report["counts"]["duplicate"] == COUNT, report
    kinds = {entry["kind"] for entry in wazuh.ledger() if entry["seq"] > before}
    assert not kinds & {"accepted", "verdict", "quarantined"}, kinds


def late_and_odd_alerts_arrive(about, wazuh):
    """Indexed four minutes late; spaces and escapes in the document; no id; no manager; two managers with one id."""
    stamp = utc(240)
    odd = [
        {"timestamp": stamp, "id": "late.1", "manager": {"name": "m1"}, "rule": {"id": "5503", "level": 5}},
        {"timestamp": stamp, "id": "late.1", "manager": {"name": "m2"}, "rule": {"id": "5503", "level": 5}},
        {"timestamp": stamp, "manager": {"name": "m1"}, "rule": {"id": "5503", "level": 5}, "full_log": "no id"},
        {"timestamp": stamp, "id": "late.2", "rule": {"id": "5503", "level": 5}, "full_log": "no manager"},
    ]
    index = "wazuh-alerts-4.x-" + stamp[:10].replace("-", ".")
    for alert in odd:
        site.ask(about, "POST", f"/{index}/_doc", alert)
    site.ask(about, "POST", f"/{index}/_refresh")
    code, report, talk = wazuh.run()
    assert code == 0, (report, talk)
    assert report["counts"]["accepted"] == len(odd), report["counts"]
    code, report, _ = wazuh.run()
    assert code == 0 and report["counts"]["accepted"] == 0, report["counts"]


def documents_are_kept_byte_for_byte(about, wazuh):
    """The case's alert.json is what the index was given, spaces, escapes and long numbers included."""
    stamp = utc(120)
    text = (
        '{ "timestamp":"%s" ,"id" : "exact.1", "manager":{"name":"m1"},\t'
        '"rule":{"id":"5503","level":12,"description":"x"},'
        '"data":{"n":12345678901234567890,"f":1.50,"e":"\\u00e9\\/\\"}]"} }' % stamp
    )
    done = site.put_text(about, f"/wazuh-alerts-4.x-{stamp[:10].replace('-', '.')}/_doc?refresh=true", text)
    assert done["result"] == "created", done
    code, report, talk = wazuh.run()
    assert code == 0, (report, talk)
    found = [path for path in (wazuh.state / "cases").glob("*/*/*/*/alert.json") if b"exact.1" in path.read_bytes()]
    assert len(found) == 1 and found[0].read_text() == text, [path.read_text() for path in found]


def a_client_certificate_does_as_well(about):
    with_certificate = site.settings_for(
        about, user=None, password=None, client_cert=about["client_cert"], client_key=about["client_key"]
    )
    pipeline = site.Pipeline("source_wazuh", with_certificate)
    code, report, talk = pipeline.run()
    assert code == 0, (report, talk)
    assert report["counts"]["accepted"] >= COUNT, report["counts"]


def preflight_tells_what_is_there(about):
    steps = site.Pipeline("source_wazuh", site.settings_for(about)).preflight(0)
    assert [*steps] == ["name", "connection", "tls", "credentials", "product", "index", "counts"], steps
    assert {outcome for outcome, _, _ in steps.values()} == {"ok"}, steps
    assert '"reader", with the roles' in steps["credentials"][1] and about["version"] in steps["product"][1], steps
    with_certificate = site.settings_for(
        about, user=None, password=None, client_cert=about["client_cert"], client_key=about["client_key"]
    )
    assert site.Pipeline("source_wazuh", with_certificate).preflight(0)["index"][0] == "ok"
    site.ask(about, "PUT", "/not-for-readers", {})
    steps = site.Pipeline("source_wazuh", site.settings_for(about, index="not-for-readers")).preflight(77)
    assert steps["index"][0] == "failed" and "add indices:data/read/search on" in steps["index"][2], steps
    os.environ["SF_WRONG_PASSWORD"] = "wrong-one"
    wrong = site.settings_for(about, password={"env": "SF_WRONG_PASSWORD"})
    assert site.Pipeline("source_wazuh", wrong).preflight(77)["credentials"][0] == "failed"
    os.environ["SF_ADMIN_PASSWORD"] = about["users"]["admin"]
    admin = site.settings_for(about, user="admin", password={"env": "SF_ADMIN_PASSWORD"})
    assert site.Pipeline("source_wazuh", admin).preflight(0)["credentials"][0] == "warn"


def main():
    about = site.opensearch()
    os.environ["SF_TEST_PASSWORD"] = about["users"]["reader"]
    place = site.temp_dir()
    site.forget_alerts(about)
    when = utc(3600)[:19] + "Z"
    ids = site.load(about, place, "--count", str(COUNT), "--equal", "300", "--start", when, "--step-ms", "1000")
    wazuh = site.Pipeline("source_wazuh", site.settings_for(about, page_size=500, overlap="2h"))
    same_as_source_file(about, place, wazuh, ids)
    again_only_duplicates(wazuh)
    late_and_odd_alerts_arrive(about, wazuh)
    documents_are_kept_byte_for_byte(about, wazuh)
    a_client_certificate_does_as_well(about)
    preflight_tells_what_is_there(about)
    assert about["users"]["reader"] not in wazuh.file.read_text()


main()
