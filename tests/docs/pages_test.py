#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What README and docs say is so: links lead somewhere, commands run, their output is as shown, settings are accepted.

SF_BUILD, SF_SOURCE as for tests/e2e. The commands run in a copy of pipelines/, on the program of SF_BUILD.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

SOURCE = pathlib.Path(os.environ.get("SF_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
BUILD = pathlib.Path(os.environ.get("SF_BUILD") or SOURCE / "build/dev").resolve()
PAGES = [SOURCE / "README.md", SOURCE / "sdk/README.md", *sorted((SOURCE / "docs").rglob("*.md"))]
# Not run here: they fetch, install or build (CI runs ./sf demo and ./sf test), or show a file of the reader's own.
ELSEWHERE = re.compile(r"^(git clone|\./sf (demo|test)\b)")
DEMO = "build/release/bin/signalfoundry run pipelines/demo.toml --drain"  # what ./sf demo runs


def blocks(page, language):
    """(line, text) of the fenced blocks in that language."""
    start, kind = 0, None
    lines = page.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if kind is None:
            start, kind = number, line[3:].strip()
        else:
            if kind == language:
                yield start, "".join(lines[start : number - 1])
            kind = None


def anchors(page):
    """The anchors that GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.replace("`", "").lower()).replace(" ", "-") for head in heads}


class Pages(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="sf-docs-"))
        self.addCleanup(shutil.rmtree, self.place)
        shutil.copytree(SOURCE / "pipelines", self.place / "pipelines")
        (self.place / "build").mkdir()
        (self.place / "build/release").symlink_to(BUILD)

    def sh(self, script, code=0):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.place, capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, code, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return done.stdout + done.stderr

    def test_links_lead_somewhere(self):
        links = 0
        for page in PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.S)):
                if re.match(r"[a-z]+:", target):
                    continue
                file, _, anchor = target.partition("#")
                there = (page.parent / file).resolve() if file else page
                self.assertTrue(there.exists(), f"{page.relative_to(SOURCE)}: {target}")
                if anchor:
                    self.assertIn(anchor, anchors(there), f"{page.relative_to(SOURCE)}: {target}")
                links += 1
        self.assertGreater(links, 30)

    def test_readme_commands_run_and_print_what_it_shows(self):
        readme = SOURCE / "README.md"
        shown = next(text for _, text in blocks(readme, "") if text.lstrip().startswith("this run"))
        printed = self.sh(DEMO)
        for line in shown.splitlines():
            self.assertIn(re.sub(r", head .*", "", line), printed)
        again = json.loads(self.sh(DEMO + " --format json 2>/dev/null"))["counts"]
        self.assertEqual((again["fetched"], again["duplicate"], again["accepted"]), (72, 72, 0))
        commands = [line for _, text in blocks(readme, "sh") for line in text.splitlines() if line.strip()]
        run = [line for line in commands if not ELSEWHERE.match(line)]
        self.assertGreaterEqual(len(run), 6)
        for line in run:
            if "signalfoundry" in line:
                self.sh(line)

    def test_the_tutorial_can_be_followed(self):
        self.sh(DEMO)
        key = json.loads(self.sh("build/release/bin/signalfoundry case list --state build/demo --format json"
                                 " | head -n 1"))["case_id"]
        ran = 0
        script = "set +o pipefail\n"  # `head` ends some of them early, as it would at a prompt
        for _, text in blocks(SOURCE / "docs/tutorial.md", "sh"):
            for line in text.splitlines():
                if not ELSEWHERE.match(line):
                    script += line.replace("c-<key>", key) + "\n"
                    ran += 1
        self.assertGreaterEqual(ran, 9)
        self.sh(script)
        self.assertEqual(len(list((self.place / "build/demo/processed").rglob("*.json"))), 73)

    def test_an_export_is_checked_by_the_script_of_the_ledger_page(self):
        self.sh(DEMO)
        (self.place / "verify.py").write_text(next(blocks(SOURCE / "docs/formats/ledger.md", "python"))[1])
        export = "build/release/bin/signalfoundry ledger export build/demo"
        self.assertIn("entries, head", self.sh(f"{export} | {sys.executable} verify.py"))
        self.assertIn("chain is broken", self.sh(f"{export} | sed '7d' | {sys.executable} verify.py", 1))

    def test_toml_is_toml_and_a_whole_pipeline_is_one(self):
        pipelines = 0
        for page in PAGES:
            for line, text in blocks(page, "toml"):
                with self.subTest(page=str(page.relative_to(SOURCE)), line=line):
                    parsed = tomllib.loads(text)
                    if "pipeline" in parsed:
                        pipelines += 1
                        self.check_pipeline(text)
        self.assertGreater(pipelines, 0)

    def check_pipeline(self, text):
        """Everything but the files of a site, which are not here, is accepted."""
        (self.place / "site.toml").write_text(text)
        done = subprocess.run([BUILD / "bin/signalfoundry", "validate", "site.toml"], cwd=self.place,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(done.returncode, (0, 78))
        for problem in done.stderr.splitlines():
            self.assertRegex(problem, r"not there|does not exist|no such|cannot be read|: \d+ problems?$")

    def test_policy_snippets_are_accepted(self):
        default = (SOURCE / "pipelines/policies/default.toml").read_text()
        checked = 0
        for line, text in blocks(SOURCE / "docs/reference/policy.md", "toml"):
            with self.subTest(line=line):
                tables = {head.split(".")[0].strip("[]") for head in re.findall(r"^\[+[^\]]+\]+", text, re.M)}
                policy = without_tables(default, tables) + "\n" + text
                if tables == {"aliases"}:
                    continue  # of a file of its own
                (self.place / "pipelines/policies/default.toml").write_text(policy)
                self.sh("build/release/bin/signalfoundry validate pipelines/demo.toml")
                checked += 1
        self.assertGreaterEqual(checked, 5)

    def test_the_metrics_of_a_run_are_listed_and_metrics_have_their_whole_name(self):
        self.sh(DEMO)
        listed = (SOURCE / "docs/formats/heartbeat.md").read_text()
        names = re.findall(r"^# TYPE (\S+)", (self.place / "build/demo/metrics.prom").read_text(), re.M)
        self.assertGreater(len(names), 15)
        for name in names:
            short = re.sub(r"_alerts_[a-z_]+_total$", "_alerts_…_total", name)
            self.assertIn(f"`{short}", listed, name)
        raw = set()
        for file in [*SOURCE.glob("core/**/*.cpp"), *SOURCE.glob("plugins/**/*.cpp")]:
            raw |= set(re.findall(r'(?:count|gauge)\("([a-z_]+)"|metrics_\.(?:set|add)\([^,]+, "([a-z_]+)"', file.read_text()))
        raw = {name for pair in raw for name in pair if name}
        self.assertGreater(len(raw), 20)
        for page in PAGES:
            for name in re.findall(r"`([a-z_]+)`", page.read_text()):
                self.assertNotIn(name, raw, f"{page.relative_to(SOURCE)}: write signalfoundry_{name} and its label")

    def test_the_members_of_status_are_listed(self):
        self.sh(DEMO)
        status = json.loads(self.sh("build/release/bin/signalfoundry status build/demo --format json"))
        section = (SOURCE / "docs/reference/cli.md").read_text().split("\n## `status`")[1].split("\n## ")[0]
        for name in [*status, *status["queue"], *status["ledger"], *status["last_runs"][0]]:
            self.assertIn(f"`{name}`", section)

    def test_json_is_json(self):
        for page in PAGES:
            for line, text in blocks(page, "json"):
                if "…" not in text:
                    with self.subTest(page=str(page.relative_to(SOURCE)), line=line):
                        json.loads(text)


def without_tables(policy, tables):
    """A policy less its tables of these names, so that a snippet can take their place."""
    out, keep = [], True
    for line in policy.splitlines():
        if line.startswith("["):
            keep = line.strip("[] ").split("]")[0].split(".")[0] not in tables
        if keep or line.startswith("#"):
            out.append(line)
    return "\n".join(out)


if __name__ == "__main__":
    unittest.main()
