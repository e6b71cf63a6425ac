#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same incident, told by Wazuh 4, Wazuh 5 and Elastic, gets the same verdict under one policy.

Goal: the 72 shipped demo alerts, in the three shapes of incidents.py, are drained by source_wazuh (wazuh-4 and wazuh-5)
and source_elastic and triaged by one policy: equal dispositions one by one, all four of them in use.
"""
import collections
import json
import sys

import incidents
import search_server
import wazuh_site as site

LEAST = 30


def demo_alerts():
    lines = (site.ROOT / "pipelines" / "demo-alerts.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def indices(alerts):
    return {
        "wazuh-alerts-*": [(f"a{n}", alert) for n, alert in enumerate(alerts)],
        "wazuh-findings-v5-*": [(f"b{n}", incidents.wazuh5(alert)) for n, alert in enumerate(alerts)],
        ".alerts-security.alerts-default": [(f"c{n}", incidents.elastic(alert)) for n, alert in enumerate(alerts)],
    }


SOURCES = [("Wazuh 4", "source_wazuh", {}), ("Wazuh 5", "source_wazuh", {"schema": "wazuh-5"}),
           ("Elastic", "source_elastic", {})]


def check(alerts, settings):
    """Drains each of SOURCES with `settings(number)` and compares; prints the table."""
    assert len(alerts) >= LEAST
    policy = site.temp_dir() / "policy.toml"
    policy.write_text(incidents.policy())
    told = []
    for number, (name, plugin, more) in enumerate(SOURCES):
        pipeline = site.Pipeline(plugin, {**settings(number), **more}, policy)
        code, report, talk = pipeline.run("--drain")
        assert code == 0 and report["status"] == "ok", (name, report["error"], talk)
        verdicts = pipeline.verdicts()
        wanted = {incidents.ids(alert)[number] for alert in alerts}
        assert len(wanted) == len(alerts) and set(verdicts) == wanted, (name, len(verdicts), wanted ^ set(verdicts))
        assert all(len(given) == 1 for given in verdicts.values())
        pipeline.check_books()
        told.append([verdicts[incidents.ids(alert)[number]][0] for alert in alerts])
        before = report["totals"]["accepted"]
        code, report, _ = pipeline.run()
        assert code == 0 and report["totals"]["accepted"] == before, report["counts"]
    table(told)
    different = [(alert["rule"]["id"], alert["id"], *row) for alert, *row in zip(alerts, *told) if len(set(row)) > 1]
    assert not different, different
    side_by_side(alerts, settings, policy, told[0])
    assert set(told[0]) == {"benign", "known_fp", "review", "escalated"}, collections.Counter(told[0])


def side_by_side(alerts, settings, policy, wanted):
    """The three as stages of one pipeline, as during a move from one product to another."""
    pipeline = site.Pipeline(SOURCES[0][1], settings(0), policy)
    more = "".join(site.stage(f"poll{number}", plugin, {**settings(number), **extra})
                   for number, (_, plugin, extra) in enumerate(SOURCES) if number > 0)
    cap = site.stage("cap", "queue_cap", {"cap": 2000})
    text = pipeline.file.read_text()
    assert cap in text
    pipeline.file.write_text(text.replace(cap, more + cap))
    code, report, talk = pipeline.run("--drain")
    assert code == 0 and report["totals"]["accepted"] == len(SOURCES) * len(alerts), (report, talk)
    verdicts = pipeline.verdicts()
    for alert, disposition in zip(alerts, wanted):
        assert [verdicts[name] for name in incidents.ids(alert)] == [[disposition]] * len(SOURCES), alert["id"]
    pipeline.check_books()


def table(told):
    print(f"{'':10}" + "".join(f"{word:>11}" for word in ("escalated", "review", "known_fp", "benign", "all")))
    for (name, *_), row in zip(SOURCES, told):
        counts = collections.Counter(row)
        numbers = [counts[word] for word in ("escalated", "review", "known_fp", "benign")]
        print(f"{name:10}" + "".join(f"{number:>11}" for number in [*numbers, len(row)]), flush=True)


def main():
    alerts = demo_alerts()
    server = search_server.SearchServer(indices(alerts))
    days = (site.now() - site.moment_of(alerts[0])).days + 2
    reach = {"url": server.url, "start": f"{days}d", "window": f"{days}d", "page_size": 10}
    check(alerts, lambda number: reach)


if __name__ == "__main__":
    sys.exit(main())
