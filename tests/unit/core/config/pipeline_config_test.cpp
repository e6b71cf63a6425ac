// SPDX-License-Identifier: Apache-2.0
#include "config/pipeline_config.hpp"

#include <sys/stat.h>

#include <filesystem>

#include "base/digest.hpp"
#include "fixture.hpp"
#include "support/catch.h"

namespace {

const std::string kHead = "[pipeline]\nname = \"p\"\nstate = \"s\"\n";
const std::string kStage = "[[stage]]\nname = \"cap\"\nplugin = \"queue_cap\"\n[stage.settings]\ncap = 1\n";

std::string current_dir() {
  return std::filesystem::current_path().string();
}

}  // namespace

// Goal: a whole file gives exactly what it says, the rest from the defaults, paths from where the file is.
TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a correct file, with defaults, paths, durations and secrets") {
  dir.write("sub/policies/soc.toml", "x");
  const auto secret = dir.write("secret", "s3cret\n");
  const std::string text = R"(
[pipeline]
name = "wazuh-soc"
state = "../state"
workers = 4
batch = 10000
max_alert_bytes = 65536

[disk]
low_mib = 4096
critical_inodes = 0

[schedule]
every = "5m"

[plugins]
paths = ["plugins", "/opt/plugins/../more"]
allow_draft = true

[[stage]]
name = "poll"
plugin = "source"
[stage.settings]
url = "https://indexer:9200"
password = { file = "../secret" }
overlap = "1h"
policy = "policies/soc.toml"
files = ["a", "./b//c"]
ratio = 1
tls.ca_file = "ca.pem"

[[stage]]
name = "cap-1"
plugin = "./queue_cap.so"
[stage.settings]
cap = 2_000

[[stage]]
name = "end"
plugin = "bare"
)";
  schemas[dir / "sub/queue_cap.so"] = schemas["queue_cap"];
  const auto file = dir.write("sub/p.toml", text);
  const auto loaded = load_file(file);
  REQUIRE(problems(loaded) == Lines{});
  const auto& p = loaded.pipeline;
  CHECK(p.file == file);
  CHECK(p.name == "wazuh-soc");
  CHECK(p.state == dir / "state");
  CHECK(p.workers == 4);
  CHECK(p.batch == 10000);
  CHECK(p.max_alert_bytes == 65536);
  CHECK(p.disk.low_mib == 4096);
  CHECK(p.disk.low_inodes == 10'000);
  CHECK(p.disk.critical_mib == 32);
  CHECK(p.disk.critical_inodes == 0);
  CHECK(p.every_ms == 300'000);
  CHECK(p.plugin_paths == Lines{dir / "sub/plugins", "/opt/more"});
  CHECK(p.allow_draft);
  CHECK(p.digest == signalfoundry::sha256_hex(text));
  CHECK(plugin_paths == p.plugin_paths);
  CHECK(allow_draft);
  REQUIRE(p.stages.size() == 3);

  const auto& poll = p.stages[0];
  CHECK(poll.name == "poll");
  CHECK(poll.plugin == "source");
  CHECK(poll.line == 20);
  CHECK(poll.column == 1);
  CHECK(poll.settings == nlohmann::json({{"url", "https://indexer:9200"},
                                         {"password", "secret"},
                                         {"format", "jsonl"},
                                         {"retries", 3},
                                         {"ratio", 1},
                                         {"follow", false},
                                         {"overlap", 3'600'000},
                                         {"policy", dir / "sub/policies/soc.toml"},
                                         {"cache", dir / "sub/cache"},
                                         {"files", {dir / "sub/a", dir / "sub/b/c"}},
                                         {"tls", {{"ca_file", dir / "sub/ca.pem"}, {"verify", true}}}}));
  REQUIRE(poll.secrets.size() == 1);
  CHECK(poll.secrets.at("password").file == secret);
  CHECK(poll.secrets.at("password").env.empty());
  CHECK(poll.paths == std::map<std::string, std::string>{{"policy", dir / "sub/policies/soc.toml"},
                                                         {"cache", dir / "sub/cache"},
                                                         {"files[0]", dir / "sub/a"},
                                                         {"files[1]", dir / "sub/b/c"},
                                                         {"tls.ca_file", dir / "sub/ca.pem"}});
  CHECK(p.stages[1].name == "cap-1");
  CHECK(p.stages[1].plugin == dir / "sub/queue_cap.so");
  CHECK(p.stages[1].settings == nlohmann::json({{"cap", 2000}}));
  CHECK(p.stages[2].settings == nlohmann::json::object());
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: the least file, its defaults, --state") {
  options.state = "elsewhere/../there";
  const auto loaded = load("[pipeline]\nname = \"p\"\n" + kStage);
  REQUIRE(problems(loaded) == Lines{});
  CHECK(loaded.pipeline.state == current_dir() + "/there");
  CHECK(loaded.pipeline.workers == 0);
  CHECK(loaded.pipeline.batch == 1000);
  CHECK(loaded.pipeline.max_alert_bytes == 1U << 20U);
  CHECK(loaded.pipeline.every_ms == 0);
  CHECK(loaded.pipeline.plugin_paths.empty());
  CHECK_FALSE(loaded.pipeline.allow_draft);
}

// Goal: the acceptance of issue 3: each mistake, all at once, with its place and what to do.
TEST_CASE_METHOD(ConfigFixture, "load_pipeline: twenty mistakes in one file are all reported, in file order") {
  const auto found = problems_of(R"([pipeline]
name = "Wazuh SOC"
wrokers = 4
batch = 0
max_alert_bytes = "1M"
[schedule]
every = 300
[plugin]
paths = []
[[stage]]
name = "poll"
plugin = "source"
[stage.settings]
retires = 5
password = "hunter2"
format = "jsonlines"
retries = "many"
overlap = "5 minutes"
policy = "policies/missing.toml"
[[stage]]
name = "cap"
plugin = "queue_capp"
[stage.settings]
cap = 1
[[stage]]
name = "poll"
plugin = "queue_cap"
cap = 2000
[[stage]]
plugin = "bare"
colour = "red"
settings = 3
[[stage]]
name = "9"
plugin = ["queue_cap"]
[[stage]]
name = ""
)");
  CHECK(
      found ==
      Lines{
          "DIR/p.toml:1:1: required key \"state\" is missing in [pipeline]. Add state = \"...\".",
          "DIR/p.toml:2:8: \"name\" in [pipeline] may hold a-z, 0-9 and \"-\" only. Write name = \"soc\".",
          "DIR/p.toml:3:1: unknown key \"wrokers\" in [pipeline]. Did you mean \"workers\"?",
          "DIR/p.toml:4:9: \"batch\" in [pipeline] must be from 1 to 10000.",
          "DIR/p.toml:5:19: \"max_alert_bytes\" in [pipeline] must be an integer, not a string. Write max_alert_bytes "
          "= 1048576.",
          "DIR/p.toml:7:9: \"every\" in [schedule] must be a duration in quotes, not an integer. Write every = "
          "\"30s\".",
          "DIR/p.toml:8:2: unknown key \"plugin\" in the pipeline file. Did you mean \"plugins\"?",
          "DIR/p.toml:13:1: required key \"url\" is missing in [stage.settings] of stage \"poll\". Add url = \"...\".",
          "DIR/p.toml:14:1: unknown key \"retires\" in [stage.settings] of stage \"poll\". Did you mean \"retries\"?",
          "DIR/p.toml:15:12: \"password\" is a secret in plain text. Put it into a file and write password = { file = "
          "\"...\" "
          "}, or use { env = \"...\" }.",
          "DIR/p.toml:16:10: \"format\" in [stage.settings] of stage \"poll\" must be \"jsonl\" or \"dir\".",
          "DIR/p.toml:17:11: \"retries\" in [stage.settings] of stage \"poll\" must be an integer, not a string. Write "
          "retries "
          "= 3.",
          "DIR/p.toml:18:11: \"overlap\" in [stage.settings] of stage \"poll\" is not a duration. Write a whole number "
          "and a "
          "unit in quotes: \"250ms\", \"30s\", \"5m\", \"2h\" or \"7d\".",
          "DIR/p.toml:19:10: \"policy\" in [stage.settings] of stage \"poll\" names \"DIR/policies/missing.toml\", "
          "which is not "
          "there. Create it or correct the path.",
          "DIR/p.toml:22:10: no plugin \"queue_capp\". Install it.",
          "DIR/p.toml:25:1: required key \"cap\" is missing in [stage.settings] of stage \"poll\". Add cap = 1.",
          "DIR/p.toml:26:8: stage \"poll\" is there twice; the first is in line 10. Rename one of them.",
          "DIR/p.toml:28:1: \"cap\" in [[stage]] \"poll\" is a setting of the plugin. Put it below [stage.settings].",
          "DIR/p.toml:29:1: required key \"name\" is missing in [[stage]] number 4. Add name = \"...\".",
          "DIR/p.toml:31:1: unknown key \"colour\" in [[stage]] number 4. Remove it; known here: \"name\" and "
          "\"plugin\".",
          "DIR/p.toml:32:12: \"settings\" of stage number 4 must be a table, not an integer. Write [stage.settings] on "
          "a line "
          "of its own and its keys below.",
          "DIR/p.toml:34:8: \"name\" in [[stage]] \"9\" must begin with a-z and go on with a-z, 0-9, \"_\" or \"-\". "
          "Write name "
          "= \"poll\".",
          "DIR/p.toml:35:10: \"plugin\" in [[stage]] \"9\" must be a string, not an array. Write plugin = \"...\".",
          "DIR/p.toml:36:1: required key \"plugin\" is missing in [[stage]] number 6. Add plugin = \"...\".",
          "DIR/p.toml:37:8: \"name\" in [[stage]] number 6 must not be empty. Write name = \"...\".",
      });
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: nothing in the file, and tables that are none") {
  CHECK(problems_of("") == Lines{
                               "DIR/p.toml: required key \"name\" is missing in [pipeline]. Add name = \"...\".",
                               "DIR/p.toml: required key \"state\" is missing in [pipeline]. Add state = \"...\".",
                               "DIR/p.toml: there is no [[stage]]. Add at least one, with name and plugin.",
                           });
  CHECK(problems_of("pipeline = 1\nstage = [1]\nschedule = []\n") ==
        Lines{
            "DIR/p.toml:1:12: \"pipeline\" must be a table, not an integer. Write [pipeline] on a line of its own and "
            "its keys "
            "below.",
            "DIR/p.toml:2:10: a stage must be a table. Write [[stage]] and its keys below.",
            "DIR/p.toml:3:12: \"schedule\" must be a table, not an array. Write [schedule] on a line of its own and "
            "its keys "
            "below.",
        });
  CHECK(problems_of(kHead + "[stage]\nname = \"a\"\n") ==
        Lines{"DIR/p.toml:4:1: \"stage\" is a list. Write [[stage]], with two brackets, before each stage."});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: paths that cannot be meant") {
  CHECK(problems_of("[pipeline]\nname = \"p\"\nstate = \"\"\n" + kStage) ==
        Lines{"DIR/p.toml:3:9: \"state\" in [pipeline] must not be empty. Name a file or directory."});
  CHECK(
      problems_of("[pipeline]\nname = \"p\"\nstate = \"~/s\"\n" + kStage) ==
      Lines{
          "DIR/p.toml:3:9: \"state\" in [pipeline] begins with \"~\", which only a shell understands. Write the whole "
          "path."});
  CHECK(problems_of("[pipeline]\nname = \"p\"\nstate = \"/a\\u0000b\"\n" + kStage) ==
        Lines{"DIR/p.toml:3:9: \"state\" in [pipeline] must not hold a NUL character. Remove it."});
}

// Goal: a plugin that cannot be used is one problem in its place; the other stages are checked all the same.
TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a plugin is asked once, and its refusal is reported at every use") {
  schemas["odd"] = {{"type", "object"}, {"properties", {{"x", {{"type", "string"}, {"pattern", "a"}}}}}};
  const auto found = problems_of(kHead + R"([[stage]]
name = "a"
plugin = "gone"
[[stage]]
name = "b"
plugin = "gone"
[[stage]]
name = "c"
plugin = "odd"
[[stage]]
name = "d"
plugin = "queue_cap"
[stage.settings]
cap = 0
)");
  CHECK(found == Lines{
                     "DIR/p.toml:6:10: no plugin \"gone\". Install it.",
                     "DIR/p.toml:9:10: no plugin \"gone\". Install it.",
                     "DIR/p.toml:12:10: the settings schema of plugin \"odd\" is refused: /properties/x/pattern: the "
                     "keyword is not in the "
                     "subset. See docs/formats/settings-schema.md.",
                     "DIR/p.toml:17:7: \"cap\" in [stage.settings] of stage \"d\" must be from 1 to 1000000.",
                 });
  CHECK(asked == Lines{"gone", "odd", "queue_cap"});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: each kind of wrong setting") {
  const std::string in = "in [stage.settings] of stage \"poll\" ";
  CHECK(with_settings(R"(url = ""
user = "longer than 8"
ratio = 1.5
level = 2
follow = "yes"
format = "jsnol"
delay = "2m"
overlap = "8d"
files = []
tags = ["a", 2, "bc"]
tls = { verify = 1, ca = "x" }
proxy = {}
retries = -1
cache = 1979-05-27
)") == Lines{
           "DIR/p.toml:8:7: \"url\" " + in + "must not be empty. Write url = \"...\".",
           "DIR/p.toml:9:8: \"user\" " + in + "must have at most 8 characters, not 13.",
           "DIR/p.toml:10:9: \"ratio\" " + in + "must be from 0 to 1.",
           "DIR/p.toml:11:9: \"level\" " + in + "must be one of 1, 5, 9.",
           "DIR/p.toml:12:10: \"follow\" " + in + "must be true or false, not a string. Write follow = false.",
           "DIR/p.toml:13:10: \"format\" " + in + "must be \"jsonl\" or \"dir\". Did you mean \"jsonl\"?",
           "DIR/p.toml:14:9: \"delay\" " + in + "must be at most 90s.",
           "DIR/p.toml:15:11: \"overlap\" " + in + "must be from 1s to 7d.",
           "DIR/p.toml:16:9: \"files\" " + in + "must have at least 1 entry. Write files = [ \"...\" ].",
           "DIR/p.toml:17:9: \"tags[0]\" " + in + "must have at least 2 characters, not 1.",
           "DIR/p.toml:17:14: \"tags[1]\" " + in + "must be a string, not an integer. Write \"...\".",
           "DIR/p.toml:18:18: \"tls.verify\" " + in + "must be true or false, not an integer. Write verify = true.",
           "DIR/p.toml:18:21: unknown key \"tls.ca\" in [stage.settings] of stage \"poll\". Remove it; known here: "
           "\"ca_file\" "
           "and \"verify\".",
           "DIR/p.toml:19:9: required key \"proxy.host\" is missing in [stage.settings] of stage \"poll\". Add host = "
           "\"...\".",
           "DIR/p.toml:20:11: \"retries\" " + in + "must be at least 0.",
           "DIR/p.toml:21:9: \"cache\" " + in +
               "must be a path in quotes, not a date or time. Write cache = \"cache\".",
       });
  CHECK(with_settings("url = \"u\"\nratio = nan\ntags = [\"aa\"]\nretries = 2.0\n") ==
        Lines{
            "DIR/p.toml:9:9: \"ratio\" " + in + "must be a finite number. Write ratio = 0.5.",
            "DIR/p.toml:10:8: \"tags\" " + in + "must have at least 2 entries. Write tags = [ \"...\" ].",
            "DIR/p.toml:11:11: \"retries\" " + in +
                "must be an integer, not a number with a fraction. Write retries = 3.",
        });
}

// Goal: --set goes through the same checks, and its problems name it and not a line.
TEST_CASE_METHOD(ConfigFixture, "load_pipeline: --set overrides a setting, typed by the schema") {
  options.set = {"poll.url=1234",         "poll.retries=9",           "poll.files=[\"x\"]", "poll.overlap=7d",
                 "poll.tls.verify=false", "poll.format=dir",          "poll.user=true",     "poll.retries=7",
                 "poll.cache=/abs",       "poll.password={env=\"V\"}"};
  const auto loaded = load(kHead + "[[stage]]\nname = \"poll\"\nplugin = \"source\"\n[stage.settings]\nurl = []\n");
  REQUIRE(problems(loaded) == Lines{});
  const auto& stage = loaded.pipeline.stages.at(0);
  CHECK(stage.settings.at("url") == "1234");
  CHECK(stage.settings.at("retries") == 7);
  CHECK(stage.settings.at("files").at(0) == current_dir() + "/x");
  CHECK(stage.settings.at("overlap") == 604'800'000);
  CHECK(stage.settings.at("tls").at("verify") == false);
  CHECK(stage.settings.at("format") == "dir");
  CHECK(stage.settings.at("user") == "true");
  CHECK(stage.settings.at("cache") == "/abs");
  CHECK(stage.secrets.at("password").env == "V");
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: mistakes in --set, never with the value") {
  options.set = {
      "cap.cap=hunter2", "cap.cpa=hunter2", "cpa.cap=hunter2",   "other.x=1",       "cap",         "=1", ".cap=1",
      "cap.=1",          "cap.a..b=1",      "cap.cap.x=hunter2", "cap.x\n=hunter2", "cap.cap=\xFF"};
  const auto loaded = load(kHead + kStage);
  const std::string form = "this is not stage.key=value. Write it like --set poll.page_size=500.";
  CHECK(problems(loaded) ==
        Lines{
            "--set cap: " + form,
            "--set : " + form,
            "--set .cap: " + form,
            "--set cap.: " + form,
            "--set cap.a..b: " + form,
            "--set cap.cap: the value is not UTF-8. Write it in UTF-8.",
            "--set cap.cap.x: \"cap\" in [stage.settings] of stage \"cap\" must be an integer, not a table. Write cap "
            "= 1.",
            "--set cap.cpa: unknown key \"cpa\" in [stage.settings] of stage \"cap\". Did you mean \"cap\"?",
            "--set cap.x\\x0A: unknown key \"x\\x0A\" in [stage.settings] of stage \"cap\". Remove it; known here: "
            "\"cap\".",
            "--set cpa.cap: there is no stage \"cpa\". Did you mean \"cap\"?",
            "--set other.x: there is no stage \"other\". The stages are \"cap\".",
        });
  options.set = {"cap.cap=1\ncap = 2"};
  CHECK(
      problems_of(kHead + kStage) ==
      Lines{"--set cap.cap: \"cap\" in [stage.settings] of stage \"cap\" must be an integer, not a string. Write cap = "
            "1."});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a file that cannot be read is one problem") {
  CHECK(
      problems(load_file(dir / "none.toml")) ==
      Lines{"DIR/none.toml: cannot read \"DIR/none.toml\": No such file or directory. Create it or correct the path."});
  CHECK(problems(load_file(dir.path())) == Lines{"DIR: \"DIR\" is a directory. Name a regular file."});
  const auto fifo = dir / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(problems(load_file(fifo)) == Lines{"DIR/fifo: \"DIR/fifo\" is a fifo, socket or device. Name a regular file."});
  CHECK(problems_of(std::string((1U << 20U) + 1, '#')) ==
        Lines{"DIR/p.toml: \"DIR/p.toml\" is larger than 1048576 bytes. Make it smaller, or correct the path."});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a relative file name stays as it was given, what it names does not") {
  const auto missing = load_file("no-such-dir/../p.toml");
  REQUIRE(missing.problems.size() == 1);
  CHECK(missing.problems[0].file == "no-such-dir/../p.toml");
  CHECK(missing.pipeline.file == current_dir() + "/p.toml");
}

// Goal: TOML that is wrong or hostile is one problem with its place, never a crash.
TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a syntax error has its line and column") {
  const auto found = load("[pipeline]\nname = \"p\"\nstate = /var\n");
  REQUIRE(found.problems.size() == 1);
  CHECK(found.problems[0].line == 3);
  CHECK(found.problems[0].column == 9);
  CHECK_THAT(found.problems[0].what, ContainsSubstring("this is not valid TOML: "));
  CHECK_THAT(found.problems[0].what, ContainsSubstring("Correct it; what comes after is checked then."));
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: hostile TOML") {
  const std::vector<std::string> hostile{
      "a = " + std::string(100'000, '['),
      "a = " + std::string(100, '[') + std::string(100, ']'),
      std::string(100'000, '['),
      "a = \"\xFF\"",
      "a = \"\xED\xA0\x80\"",
      std::string("a = \"\0\"", 8),
      std::string("\0", 1),
      "\xFF\xFE[\0p\0",
      "a = \"\"\"\"\"\"\"\"\"",
      "a = 99999999999999999999",
      "a = 1\na = 2",
      "[a]\n[a]",
      "[[a]]\n[a]",
      "a = \"",
      "a = '''",
      "= 1",
      "a",
      "a = \"\\u{1}\"",
      "a = \"\\uD800\"",
      "\r",
      "[[[a]]]",
      "[=",
      "a = 1979-05-27T",
      "a = [},",
      "a = 1ü",
      "a = -''j\"xë",
      "a = 1 \uFB26",
      std::string(1U << 20U, '='),
  };
  for (const auto& text : hostile) {
    const auto found = load(text);
    INFO(signalfoundry::sha256_hex(text));
    REQUIRE(found.problems.size() == 1);
    CHECK_THAT(found.problems[0].what, ContainsSubstring("this is not valid TOML: "));
    CHECK(found.problems[0].what.size() < 500);
  }
}

// Goal: text that toml++ has only an assertion for is a problem in its line, in every build.
TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a line that the parser gives up on is found") {
  const std::string words =
      ":1: this is not valid TOML: this line is not understood. Correct it; what comes after is checked then.";
  CHECK(problems_of(kHead + "[[[stage]]]\n" + kStage) == Lines{"DIR/p.toml:4" + words});
  CHECK(problems_of("[[[stage]]]") == Lines{"DIR/p.toml:1" + words});
  CHECK(problems_of(kHead + kStage + "# more\n[ = ]") == Lines{"DIR/p.toml:10" + words});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: keys of a hundred thousand parts do not overflow the stack") {
  std::string deep = "a";
  for (int i = 0; i < 100'000; ++i) deep += ".a";
  const std::string words = "this key has more than 16 parts. Write it shorter.";
  CHECK(problems_of("\n  " + deep + " = 1\n") == Lines{"DIR/p.toml:2:34: " + words});
  for (const auto& text :
       {"[" + deep + "]\n", "[[" + deep + "]]\n", "x = {" + deep + " = 1}\n", "x = [ { " + deep + " = 1 } ]\n",
        "x = [\"\"\"a\"\"\"\"\", { " + deep + " = 1 } ]\n", "x = ['''a'''', { " + deep + " = 1 } ]\n"}) {
    const auto found = load(text);
    REQUIRE(found.problems.size() == 1);
    CHECK(found.problems[0].what == words);
  }
  CHECK(problems_of(kHead + kStage + "# a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s\n") == Lines{});
  CHECK(with_settings("url = 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s' # .\n") == Lines{});
  CHECK(with_settings("url = \"\"\"\\\"\"\"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s\n\"\"\"\n") == Lines{});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: the number and the size of problems are bounded") {
  std::string text = kHead;
  for (int i = 0; i < 5000; ++i) text += "k" + std::to_string(i) + " = 1\n";
  const auto found = problems_of(text + kStage);
  REQUIRE(found.size() == 1001);
  CHECK(found[0] ==
        "DIR/p.toml:4:1: unknown key \"k0\" in [pipeline]. Remove it; known here: \"batch\", \"max_alert_bytes\", "
        "\"name\", \"state\" and \"workers\".");
  CHECK(found[1000] == "DIR/p.toml: 4000 more problems. Correct these first.");
  const auto huge = problems_of(kHead + std::string(100'000, 'k') + " = 1\n" + kStage);
  REQUIRE(huge.size() == 1);
  CHECK(huge[0].size() < 500);
  CHECK(problems_of(kHead + "\"a\\u001b[31m\" = 1\n" + kStage) ==
        Lines{"DIR/p.toml:4:1: unknown key \"a\\x1B[31m\" in [pipeline]. Remove it; known here: \"batch\", "
              "\"max_alert_bytes\", \"name\", \"state\" and \"workers\"."});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a BOM and Windows line ends are read") {
  std::string text = "\xEF\xBB\xBF" + kHead + kStage;
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.replace(at, 1, "\r\n");
  CHECK(problems_of(text) == Lines{});
}

TEST_CASE_METHOD(ConfigFixture, "load_pipeline: a critical mark over the low one is refused") {
  const auto loaded = load(kHead + "[disk]\nlow_mib = 10\ncritical_mib = 11\n" + kStage);
  REQUIRE(problems(loaded).size() == 1);
  CHECK_THAT(problems(loaded)[0], ContainsSubstring("critical_mib (11) is over low_mib (10)"));
  CHECK(load(kHead + "[disk]\nlow_mib = 0\ncritical_mib = 11\n" + kStage).problems.empty());
}
