# SPDX-License-Identifier: Apache-2.0
"""The same incidents as three products tell them: Wazuh 4 alerts, Wazuh 5 findings, Elastic Security alerts.

They are made from Wazuh 4 alerts by a transformation that keeps what each product keeps and renames the rest:

what         Wazuh 4             Wazuh 5                               Elastic
document     as it is            nested, wazuh.* and ECS               kibana.alert.* and some of ECS with whole dotted names
time         timestamp           @timestamp, UTC                       @timestamp, UTC
identity     id, manager.name    event.index, event.doc_id, rule       kibana.alert.uuid
rule id      number              a UUID made of it                     another UUID made of it
level        0 to 15             the word of its band                  the same, "low" for "informational"; a risk score
groups       rule.groups         wazuh.rule.tags                       kibana.alert.rule.tags
host         agent.*             wazuh.agent.*                         host.*
the event    data.*, syscheck.*  ECS                                   ECS

A policy that is meant for all three lists a rule under its three ids. Thresholds and fields are the same for all.
"""
import datetime
import hashlib
import json
import uuid

NAMESPACE = uuid.UUID("7d1a2f3e-5b1c-4c51-9a55-0d6a0f6f3a10")
BANDS = [(15, "critical"), (12, "high"), (7, "medium"), (4, "low"), (0, "informational")]
RISK = {"informational": 10, "low": 21, "medium": 47, "high": 73, "critical": 99}


def word(level):
    return next(name for least, name in BANDS if level >= least)


def rule_ids(number):
    """One rule as Wazuh 4, Wazuh 5 and Elastic call it."""
    return [str(number), str(uuid.uuid5(NAMESPACE, f"wazuh-5 {number}")), str(uuid.uuid5(NAMESPACE, f"elastic {number}"))]


def moment(alert):
    stamp = datetime.datetime.fromisoformat(alert["timestamp"])
    return stamp.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"


def put(document, name, value):
    """A member at a dotted name; nothing where there is no value."""
    if value in (None, "", []):
        return
    *parents, last = name.split(".")
    for parent in parents:
        document = document.setdefault(parent, {})
    document[last] = value


def first(alert, *names):
    for name in names:
        value = alert
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value not in (None, ""):
            return value
    return None


def ecs(alert):
    """What both newer products say of the event, in the words of ECS."""
    win = "data.win.eventdata."
    out = {}
    put(out, "user.name", first(alert, "data.dstuser", "data.srcuser", win + "targetUserName", win + "user"))
    put(out, "source.ip", first(alert, "data.srcip", win + "ipAddress", win + "sourceIp"))
    put(out, "source.port", first(alert, "data.srcport", win + "ipPort", win + "sourcePort"))
    put(out, "destination.ip", first(alert, "data.dstip", win + "destinationIp"))
    put(out, "file.path", first(alert, "syscheck.path", win + "targetFilename", win + "imageLoaded"))
    put(out, "process.executable", first(alert, win + "image", win + "newProcessName", win + "sourceImage"))
    put(out, "process.command_line", first(alert, win + "commandLine", "data.command"))
    put(out, "process.parent.executable", first(alert, win + "parentImage"))
    put(out, "event.provider", first(alert, "data.win.system.providerName"))
    put(out, "event.code", first(alert, "data.win.system.eventID"))
    put(out, "event.original", first(alert, "full_log", "data.win.system.message"))
    return out


def doc_id(alert):
    """Of the event that an alert was raised for; the same in both newer products."""
    return hashlib.sha256(json.dumps(alert, sort_keys=True).encode()).hexdigest()[:20]


def wazuh5(alert):
    out = ecs(alert)
    rule = alert["rule"]
    put(out, "@timestamp", moment(alert))
    put(out, "event.doc_id", doc_id(alert))
    put(out, "event.index", ".ds-wazuh-events-v5-security-000001")
    put(out, "wazuh.rule.id", rule_ids(rule["id"])[1])
    put(out, "wazuh.rule.title", rule["description"])
    put(out, "wazuh.rule.level", word(rule["level"]))
    put(out, "wazuh.rule.tags", rule["groups"])
    for old, new in (("id", "technique.id"), ("technique", "technique.name"), ("tactic", "tactic.name")):
        put(out, "wazuh.rule.mitre." + new, rule.get("mitre", {}).get(old))
    put(out, "wazuh.agent.id", alert["agent"].get("id"))
    put(out, "wazuh.agent.name", alert["agent"].get("name"))
    put(out, "wazuh.agent.host.ip", [alert["agent"]["ip"]] if alert["agent"].get("ip") else None)
    put(out, "wazuh.cluster.node", alert["manager"]["name"])
    put(out, "wazuh.integration.name", first(alert, "decoder.name"))
    put(out, "wazuh.integration.category", "security")
    put(out, "wazuh.protocol.location", alert.get("location"))
    return out


def elastic(alert):
    out = ecs(alert)
    rule = alert["rule"]
    severity = word(rule["level"])
    put(out, "event.kind", "signal")
    put(out, "host.name", alert["agent"].get("name"))
    put(out, "host.ip", [alert["agent"]["ip"]] if alert["agent"].get("ip") else None)
    if "process" in out:  # part of a name flattened, as Kibana's writers do
        parent = out["process"].pop("parent", None)
        if parent:
            out["process"]["parent.executable"] = parent["executable"]
    out.update(
        {
            "@timestamp": moment(alert),
            "kibana.alert.uuid": hashlib.sha256(("elastic" + doc_id(alert)).encode()).hexdigest(),
            "kibana.alert.rule.rule_id": rule_ids(rule["id"])[2],
            "kibana.alert.rule.name": rule["description"],
            "kibana.alert.rule.tags": rule["groups"],
            "kibana.alert.severity": "low" if severity == "informational" else severity,
            "kibana.alert.risk_score": RISK[severity],
            "kibana.alert.status": "active",
            "kibana.alert.workflow_status": "open",
            "kibana.alert.original_time": moment(alert),
            "kibana.alert.reason": rule["description"],
        }
    )
    return out


def ids(alert):
    """How each product's alert is called in the ledger."""
    return [
        alert["id"],
        f".ds-wazuh-events-v5-security-000001/{doc_id(alert)}/{rule_ids(alert['rule']['id'])[1]}",
        elastic(alert)["kibana.alert.uuid"],
    ]


def policy():
    """One policy for the three. Elastic has no word below "low", so what is closed by level says max_level = 6."""
    def listed(*numbers):
        return json.dumps([name for number in numbers for name in rule_ids(number)])

    closed = {"5502": "pam", "5501": "pam", "60642": "windows_application", "503": "ossec", "60106": "windows_security"}
    benign = ",\n  ".join(
        f'{{ rule_id = "{name}", groups = ["{group}"], max_level = 6, reason = "ordinary" }}'
        for number, group in closed.items()
        for name in rule_ids(number)
    )
    entry = 'owner = "soc@example.org"\ncreated = 2026-01-01\nexpires = 2027-01-01\nreason = "known here"\n'
    return f"""
[always_escalate]
rule_ids = {listed("92213")}
groups = ["ransomware", "credential_dumping", "sql_injection"]
[[known_fp]]
id = "web-scanner"
{entry}groups = ["accesslog"]
where = [{{ field = "source.ip", cidr = ["192.0.2.0/24"] }}]
max_level = 6
[[known_fp]]
id = "build-files"
{entry}rule_ids = {listed("553", "554", "550")}
hosts = ["ci-runner-*", "db-01"]
where = [{{ field = "file.path", glob = ["/usr/local/bin/*", "/etc/logrotate.d/*"] }}]
[[override]]
id = "hidden-powershell"
disposition = "escalated"
reason = "started by Office or hidden"
where = [{{ field = "process.executable", glob = ['*\\powershell.exe', '*\\cmd.exe'] }},
         {{ field = "process.parent.executable", glob = ['*\\winword.exe', '*\\updsvc.exe', '*\\cmd.exe'] }}]
[sysmon]
[[sysmon.tier]]
id = "network"
event_ids = [3]
disposition = "escalated"
reason = "a connection that a rule picked out"
[review]
rule_ids = {listed("5715", "504")}
[protected]
hosts = ["DC01"]
[benign]
rules = [
  {benign},
]
"""
