# SPDX-License-Identifier: Apache-2.0
"""source_wazuh's poll beside curl alone, on the same pages of a real OpenSearch with TLS.

The searches that curl sends are those of the plugin (plugins/shared/search/query.cpp): same path, sort, size and page
borders, on one connection, bodies thrown away. Ours is the whole poll: fetched, parsed, de-duplicated, durable, booked.
"""
import datetime, json, os, pathlib, subprocess, sys, time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "e2e/wazuh"))

PATH = ("/wazuh-alerts-*/_search?ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false"
        "&expand_wildcards=open&request_cache=false")


def pages(site, about, page):
    """The bodies that fetch everything, a page each, the empty last one included."""
    both = {"bool": {"filter": [{"exists": {"field": "id"}}, {"exists": {"field": "manager.name"}}]}}
    out, after = [], None
    while True:
        keys = (("timestamp", "date"), ("id", "keyword"), ("manager.name", "keyword"))
        body = {"size": page, "track_total_hits": False, "query": {"bool": {"filter": [both]}},
                "sort": [{field: {"order": "asc", "unmapped_type": kind}} for field, kind in keys]}
        if after:
            body["search_after"] = after
        out.append(json.dumps(body))
        hits = site.ask(about, "POST", PATH, body)["hits"]["hits"]
        if not hits:
            return out
        after = hits[-1]["sort"]


def curl_config(about, place, bodies):
    blocks = []
    for i, body in enumerate(bodies):
        (place / f"{i}.json").write_text(body)
        blocks.append(f'url = "{about["url"]}{PATH}"\nuser = "reader:{about["users"]["reader"]}"\ncacert = "{about["ca_file"]}"\n'
                      f'header = "Content-Type: application/json"\ndata = "@{place}/{i}.json"\noutput = "/dev/null"\nfail\nsilent\ngloboff\n')
    config = place / "curl.config"
    config.write_text("next\n".join(blocks))
    return config


class Watch:
    """Of what is done in it: seconds, and the processor seconds of the whole machine (proc(5), stat), writing back included."""

    def __enter__(self):
        os.sync()  # what others left is not written on the time of this
        self.began, self.busy = time.monotonic(), self.busy_s()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.began
        os.sync()
        self.processor = self.busy_s() - self.busy

    @staticmethod
    def busy_s():
        user, nice, system, _, _, irq, softirq = map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8])
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def floor(program, place, mode, count):
    """Of bench_poll_floor: microseconds an alert, and of processor time."""
    place.mkdir()
    with Watch() as watch:
        done = subprocess.run([program.with_name("bench_poll_floor"), mode, place, str(count)], check=True, capture_output=True, text=True)
    return float(done.stdout), watch.processor / count * 1e6


def measure(program, shared, count, page, rounds=3):
    """Microseconds an alert of "ours", "curl" and, of bench_poll_floor, what no program can do without: "files", "page",
    "books"; and "processor": the time of the whole machine for "curl" and "page". The best of `rounds` each, in turns.

    Nothing is removed before the end: ext4 looks long for an inode where many were freed a moment ago.
    """
    os.environ.update(SF_SHARED=str(shared), SF_BUILD=str(program.parents[1]))
    os.environ.setdefault("TMPDIR", "/tmp")  # on a disk, not in memory
    import wazuh_site as site
    about = site.opensearch()
    os.environ["SF_TEST_PASSWORD"] = about["users"]["reader"]
    place = site.temp_dir()
    site.forget_alerts(about)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
    site.load(about, place, "--count", str(count), "--start", f"{start:%Y-%m-%dT%H:%M:%SZ}", "--step-ms", "50")
    config = curl_config(about, place, pages(site, about, page))
    took = {"ours": [], "curl": [], "files": [], "page": [], "books": [], "curl cpu": [], "page cpu": []}
    for turn in range(rounds + 1):  # the first warms the server
        with Watch() as watch:
            subprocess.run(["curl", "-K", config], check=True)
        took["curl"].append(watch.seconds / count * 1e6)
        took["curl cpu"].append(watch.processor / count * 1e6)
        pipeline = site.Pipeline("source_wazuh", site.settings_for(about, page_size=page))
        os.sync()
        code, report, talk = pipeline.run()
        assert code == 0 and report["counts"]["accepted"] == count, (code, report, talk)
        took["ours"].append(next(s["duration_s"] for s in report["stages"] if s["name"] == "poll") / count * 1e6)
        for mode in ("files", "page", "books"):
            each, cpu = floor(program, place / f"{mode}{turn}", mode, count)
            took[mode].append(each)
            if mode == "page":
                took["page cpu"].append(cpu)
    best = {name: min(each[1:]) for name, each in took.items()}
    return best | {"processor": best["curl cpu"] + best["page cpu"]}
