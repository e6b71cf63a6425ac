#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`validate`: everything that is wrong with a pipeline, at once, each with its place and what to do."""
import json
import os
import re

import support

PROBLEM = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<text>.+)$")


class Validate(support.EndToEnd):
    def problems(self, text, *arguments):
        support.write(self.box.toml, text)
        result = self.box.call("validate", self.box.toml, *arguments)
        found = [m.groupdict() for m in map(PROBLEM.match, result.err.splitlines()) if m]
        return result, {int(p["line"]): p for p in found}

    def line_of(self, text, piece):
        return next(i for i, line in enumerate(text.splitlines(), 1) if piece in line)

    BROKEN = """[pipeline]
name  = "broken"
state = "state"
worker = 4
max_alert_bytes = "many"

[[stage]]
name   = "poll"
plugin = "source_wazuh"
[stage.settings]
url      = "https://indexer.example:9200"
user     = "sf-reader"
password = "hunter2"
page_sise = 500

[[stage]]
name   = "cap"
plugin = "queue_cap"
[stage.settings]
cap = "two thousand"

[[stage]]
name   = "triage"
plugin = "triage_policy"
[stage.settings]
policy = "policies/missing.toml"

[[stage]]
name   = "cap"
plugin = "cases"

[[stage]]
name   = "tickets"
plugin = "no_such_plugin"
"""

    def test_every_problem_is_reported_at_once_with_its_place_and_what_to_do(self):
        result, problems = self.problems(self.BROKEN)
        self.assertEqual(result.code, 78, str(result))
        expected = {"worker = 4": "worker", "max_alert_bytes": "max_alert_bytes", "hunter2": "password",
                    "page_sise": "page_size", "two thousand": "cap", "missing.toml": "missing.toml",
                    "no_such_plugin": "no_such_plugin"}
        for piece, word in expected.items():
            line = self.line_of(self.BROKEN, piece)
            with self.subTest(problem=piece):
                self.assertIn(line, problems, result.err)
                self.assertIn(word, problems[line]["text"])
        second = [i for i, line in enumerate(self.BROKEN.splitlines(), 1) if '"cap"' in line and "name" in line][1]
        self.assertIn(second, problems, "the duplicate stage name\n" + result.err)
        self.assertNotIn("hunter2", result.err + result.out, "a secret in a message")
        self.assertEqual(result.out, "", "talk goes to stderr")
        for p in problems.values():
            self.assertEqual(p["file"], self.box.toml)
            support.say(f"{p['line']}:{p['column']}: {p['text']}")
        self.assertFalse(os.path.exists(os.path.join(self.box.base, "state")), "validate wrote something")

    def test_the_misspelt_key_comes_with_a_suggestion(self):
        result, _ = self.problems(self.BROKEN)
        self.assertIn('"workers"', result.err)
        self.assertIn('"page_size"', result.err)

    def test_run_refuses_what_validate_refuses(self):
        support.write(self.box.toml, self.BROKEN)
        result = self.box.run()
        self.assertEqual(result.code, 78, str(result))
        self.assertFalse(os.path.exists(self.box.state))

    def test_a_syntax_error_has_its_place(self):
        result, problems = self.problems('[pipeline]\nname = "x"\nstate = "unclosed\n')
        self.assertEqual(result.code, 78, str(result))
        self.assertIn(3, problems, result.err)

    def test_a_file_that_is_missing_or_no_file(self):
        for path in (os.path.join(self.box.base, "nowhere.toml"), self.box.input, "/dev/null"):
            result = self.box.call("validate", path)
            self.assertEqual(result.code, 78, str(result))
            self.assertIn(os.path.basename(path), result.err)

    def test_hostile_toml_ends_in_a_sentence(self):
        for text in (b"\xff\xfe\0[pipeline]", b"[" * 100_000, b"a=" + b"[" * 50_000, b"a = 1\n" * 100_000, b"\0" * 100,
                     b'x = "' + b"y" * (8 << 20) + b'"'):
            support.write(self.box.toml, text)
            result = self.box.call("validate", self.box.toml, timeout=60)
            self.assertEqual(result.code, 78, f"{text[:20]!r} {result}")

    def test_a_defect_in_the_policy_has_its_place_in_the_policy(self):
        policy = support.write(os.path.join(self.box.base, "policy.toml"),
                               "[thresholds]\nescalate_min_level = 12\nescalate_mim_level = 3\n")
        self.box.pipeline(policy=policy)
        result = self.box.call("validate", self.box.toml)
        self.assertEqual(result.code, 78, str(result))
        self.assertRegex(result.err, r"policy\.toml:3:\d+")
        self.assertIn("escalate_min_level", result.err)

    def test_swapping_the_source_is_one_line(self):
        support.write(os.path.join(self.box.base, "secret"), "x\n")
        os.chmod(os.path.join(self.box.base, "secret"), 0o600)
        self.box.pipeline(support.write_jsonl(os.path.join(self.box.input, "a.jsonl"), [support.alert(1)]))
        text = support.read(self.box.toml).decode()
        self.assertEqual(self.box.call("validate", self.box.toml).code, 0)
        settings = text.index("[stage.settings]")
        swapped = text[:settings].replace('plugin = "source_file"', 'plugin = "source_wazuh"') + '''[stage.settings]
url = "https://127.0.0.1:1"
user = "reader"
password = { file = "secret" }
''' + text[text.index("[[stage]]", settings):]
        changed = [(a, b) for a, b in zip(text[:settings].splitlines(), swapped[:settings + 1].splitlines()) if a != b]
        self.assertEqual(len(changed), 1)
        result, _ = self.problems(swapped)
        self.assertEqual(result.code, 0, str(result))
        support.say(f"one line: {changed[0][0]} -> {changed[0][1]} (and the settings of the new source)")

    def test_the_shipped_pipelines_are_valid(self):
        for name in ("demo.toml",):
            result = self.box.call("validate", os.path.join(support.SOURCE, "pipelines", name))
            self.assertEqual(result.code, 0, str(result))

    def wrong_policy(self):
        return support.write(os.path.join(self.box.base, "policy.toml"),
                             "[thresholds]\nescalate_min_level = 12\nescalate_mim_level = 3\nreview_x = 1\nfoo = 2\n")

    def test_the_pipeline_and_the_policy_are_wrong_and_both_are_reported(self):
        self.box.pipeline(policy=self.wrong_policy())
        text = support.read(self.box.toml).decode().replace("cap = 2000", "cpa = 2000")
        result, _ = self.problems(text)
        self.assertEqual(result.code, 78, str(result))
        places = [line.split(": ")[0] for line in result.err.splitlines()]
        wrong = os.path.join(self.box.base, "policy.toml")
        self.assertEqual(places[0].rsplit(":", 2)[0], self.box.toml, result.err)
        self.assertEqual([place.rsplit(":", 1)[0] for place in places[1:4]], [f"{wrong}:{n}" for n in (3, 4, 5)],
                         "each once, in the form file:line:column\n" + result.err)
        self.assertEqual(len(places), 5, "what it comes to is the last line\n" + result.err)
        self.assertIn("4 problems", result.err.splitlines()[-1])

    def test_one_problem_of_a_policy_stands_at_its_place(self):
        wrong = support.write(self.wrong_policy(), "[thresholds]\nescalate_mim_level = 3\n")
        self.box.pipeline(policy=wrong)
        result = self.box.call("validate", self.box.toml)
        self.assertEqual(result.code, 78, str(result))
        self.assertTrue(result.err.startswith(f"{wrong}:2:1: "), result.err)
        self.assertEqual(len(result.err.splitlines()), 2, result.err)

    def test_json_says_the_same(self):
        missing = os.path.join(self.box.base, "nowhere.toml")
        self.box.pipeline()
        good = support.read(self.box.toml).decode()
        self.box.pipeline(policy=self.wrong_policy())
        policy = support.read(self.box.toml).decode()
        for what, file, text, count in (
                ("broken", self.box.toml, self.BROKEN, 8), ("policy", self.box.toml, policy, 3),
                ("syntax", self.box.toml, "[pipeline\n", 1), ("missing", missing, "", 1), ("good", self.box.toml, good, 0)):
            support.write(self.box.toml, text)
            for arguments in ((), ("--connect",)):
                with self.subTest(what=what, arguments=arguments):
                    result = self.box.call("validate", file, "--format", "json", *arguments)
                    self.assertEqual(result.code, 78 if count else 0, str(result))
                    report = result.report
                    self.assertEqual(report["valid"], count == 0)
                    self.assertEqual(len(report["problems"]), count, report)
                    self.assertEqual("steps" in report, bool(arguments))
                    for one in report["problems"]:
                        place = one["file"] if one["line"] is None else f"{one['file']}:{one['line']}:{one['column']}"
                        self.assertIn(f"{place}: {one['what']}", result.err.splitlines())
                    self.assertNotIn("hunter2", result.out)

    def test_a_plugin_that_crashes_or_ends_is_one_problem_and_the_next_stage_is_tried(self):
        plugins = os.path.join(support.BUILD, "test-plugins")
        if not os.path.exists(os.path.join(plugins, "crash_configure.sfplugin.so")):
            self.skipTest("the plugins of the tests are not built")
        self.box.pipeline(policy=self.wrong_policy())
        for plugin, words in (("crash_configure", "crashed with signal 11"), ("exit_configure", "ended the process")):
            self.box.pipeline(policy=self.wrong_policy())
            self.box.add_stage("cap", "bad", plugin)
            result = self.box.call("validate", self.box.toml, "--plugin-dir", plugins, "--format", "json")
            self.assertEqual(result.code, 78, str(result))
            problems = result.report["problems"]
            self.assertEqual(len(problems), 4, problems)
            self.assertIn(f'stage "bad" (plugin {plugin})', problems[0]["what"])
            self.assertIn(words, problems[0]["what"])
            self.assertEqual(problems[0]["file"], self.box.toml)


if __name__ == "__main__":
    support.main()
