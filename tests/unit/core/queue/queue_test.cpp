// SPDX-License-Identifier: Apache-2.0
//
// Goal: no file of the queue is lost, overwritten or taken twice, whatever else lies in the directory.
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.hpp"
#include "state_dirs.hpp"
#include "support/catch.h"

using signalfoundry::sha256_hex;
using signalfoundry::fs::Gone;
using signalfoundry::queue::kFreshMax;
using signalfoundry::queue::Queue;
using signalfoundry::queue::StateDir;
using signalfoundry::queue::Waiting;

namespace {

const std::string kKey = "31e5ff40e56f42ab16753bca7b51423b";
const std::string kOurs = "p03-1726653704788-d798719c-" + kKey + ".json";
constexpr std::int64_t kTime = 1'726'653'704'788;  // 2024-09-18
using Names = std::set<std::string>;

Names scanned(Queue& queue) {
  Names out;
  queue.scan_all([&](const Waiting& w) { return out.emplace(w.name), true; });
  return out;
}

std::string claimed(const Queue& queue, std::string_view name) {
  return queue.claim(name).match([](bool done) { return done ? "claimed" : "taken"; }, [](Gone) { return "gone"; });
}

// A file in active/, as after claim().
void active(const StateDirs& s, const std::string& name, std::string_view bytes) {
  s.dirs.active.create_file(name, bytes);
}

}  // namespace

TEST_CASE("state dir: its folders are made; what is the runner's own is closed to everybody else") {
  const StateDirs s;
  for (const char* folder : {"queue", "active", ".accept", ".staging", "processed", "quarantine", "cases", "packs"})
    CHECK(s.dirs.root.find_sub(folder));
  for (const char* folder : {"active", ".accept", ".staging"}) {
    struct stat info {};
    REQUIRE(::stat((s.temp / "state" + "/" + folder).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0700);
  }
}

TEST_CASE("state dir: has a history once something was recorded, not when alerts merely wait") {
  const StateDirs s;
  CHECK(!s.dirs.has_history());
  s.dirs.queue.create_file("a.json", "{}");
  s.dirs.accept.create_file(kOurs, "{}");
  CHECK(!s.dirs.has_history());
  s.dirs.active.create_file(kOurs, "{}");
  CHECK(s.dirs.has_history());
  s.dirs.active.remove(kOurs);
  CHECK(!s.dirs.has_history());
  s.dirs.root.append("heartbeat-history.jsonl", "{}\n");
  CHECK(s.dirs.has_history());
}

TEST_CASE("scan: sees every *.json file; what is hidden is not seen, what is no such file is left alone and counted") {
  StateDirs s;
  s.dirs.queue.create_file(kOurs, "");
  s.dirs.queue.create_file("drop-in.json", "");
  s.dirs.queue.create_file(".half-written.json", "");
  s.dirs.queue.create_file("notes.txt", "");
  s.dirs.queue.make("folder.json");
  REQUIRE(::symlink("/etc/passwd", (s.temp / "state/queue/link.json").c_str()) == 0);
  REQUIRE(::mkfifo((s.temp / "state/queue/fifo.json").c_str(), 0600) == 0);
  for (int i = 0; i < 2; ++i) {
    CHECK(scanned(s.queue) == Names{kOurs, "drop-in.json"});
    CHECK(s.queue.depth() == 2);
    CHECK(s.queue.drop_ins() == 1);
    CHECK(s.queue.strange() == 4);
    CHECK(s.queue.oldest_ms() == kTime);
  }
  CHECK(names_in(s.dirs.queue).size() == 7);
  CHECK(s.queue.scans() == 2);
}

TEST_CASE("scan: tells of ours what the name says, of a drop-in a group by the letters of its name") {
  StateDirs s;
  for (const auto& name : {kOurs, std::string("web-1.json"), std::string("web-2.json"), std::string("db-1.json")})
    s.dirs.queue.create_file(name, "");
  std::map<std::string, std::uint32_t> groups;
  s.queue.scan_all([&](const Waiting& w) {
    CHECK(w.ours.has_value() == (w.name == kOurs));
    return groups.emplace(w.name, w.group), true;
  });
  CHECK(groups.at(kOurs) == 0xd798719c);
  CHECK(groups.at("web-1.json") == groups.at("web-2.json"));
  CHECK(groups.at("web-1.json") != groups.at("db-1.json"));
}

TEST_CASE("scan: a visitor that has enough still leaves the depth right; what is set aside is counted, not shown") {
  StateDirs s;
  for (const char* name : {"a.json", "b.json", "c.json"}) s.dirs.queue.create_file(name, "");
  int shown = 0;
  s.queue.scan_all([&](const Waiting&) { return ++shown < 2; });
  CHECK(shown == 2);
  CHECK(s.queue.depth() == 3);
  s.queue.set_aside("b.json");
  CHECK(scanned(s.queue) == Names{"a.json", "c.json"});
  CHECK(s.queue.depth() == 3);
  s.queue.removed(1);
  CHECK(s.queue.depth() == 2);
  s.queue.removed(9);
  CHECK(s.queue.depth() == 0);
}

TEST_CASE("scan: of the new ones, those that this process queued since the last scan") {
  StateDirs s;
  const auto fresh = [&] {
    Names out;
    CHECK(s.queue.scan_new([&](const Waiting& w) { return out.emplace(w.name), true; }));
    return out;
  };
  s.queue.add_new(kOurs);
  s.queue.added(1);
  CHECK(fresh() == Names{kOurs});
  CHECK(fresh().empty());
  CHECK(s.queue.added_in_all() == 1);
  s.queue.add_new(kOurs);
  s.queue.set_aside(kOurs);
  CHECK(fresh().empty());
  s.restart();
  s.queue.add_new(kOurs);
  scanned(s.queue);
  CHECK(fresh().empty());
}

TEST_CASE("scan: of more new ones than names are kept of, none is told, until a scan of all") {
  StateDirs s;
  int seen = 0;
  const auto count = [&](const Waiting&) { return ++seen, true; };
  for (std::size_t i = 0; i < kFreshMax; ++i) s.queue.add_new(kOurs);
  CHECK(s.queue.scan_new(count));
  CHECK(seen == kFreshMax);
  for (std::size_t i = 0; i < kFreshMax + 2; ++i) s.queue.add_new(kOurs);
  const auto scans = s.queue.scans();
  CHECK_FALSE(s.queue.scan_new(count));
  CHECK_FALSE(s.queue.scan_new(count));
  CHECK(seen == kFreshMax);
  CHECK(s.queue.scans() == scans);
  CHECK(scanned(s.queue).empty());
  s.queue.add_new(kOurs);
  CHECK(s.queue.scan_new(count));
  CHECK(seen == kFreshMax + 1);
}

TEST_CASE("admit: each name once, in the order of admission, until it is taken") {
  StateDirs s;
  CHECK(s.queue.admit("b"));
  CHECK(s.queue.admit("a"));
  CHECK(!s.queue.admit("b"));
  CHECK(s.queue.take_admitted() == std::vector<std::string>{"b", "a"});
  CHECK(s.queue.take_admitted().empty());
  CHECK(s.queue.admit("b"));
}

TEST_CASE("claim: takes the file out of the queue; what is gone is gone; what is active is not overwritten") {
  StateDirs s;
  s.dirs.queue.create_file("a.json", "1");
  CHECK(claimed(s.queue, "a.json") == "claimed");
  CHECK(claimed(s.queue, "a.json") == "gone");
  s.dirs.queue.create_file("a.json", "2");
  CHECK(claimed(s.queue, "a.json") == "taken");
  CHECK(bytes_of(s.dirs.active, "a.json") == "1");
  CHECK(bytes_of(s.dirs.queue, "a.json") == "2");
}

TEST_CASE("give back: the file waits again; where its name was taken meanwhile both stay") {
  StateDirs s;
  active(s, "a.json", "1");
  s.queue.give_back("a.json");
  CHECK(bytes_of(s.dirs.queue, "a.json") == "1");
  active(s, "a.json", "2");
  s.queue.give_back("a.json");
  CHECK(bytes_of(s.dirs.queue, "a.json") == "1");
  CHECK(bytes_of(s.dirs.active, "a.json") == "2");
  s.queue.give_back("never-there.json");
}

TEST_CASE("finish: the file is filed under its day and key") {
  StateDirs s;
  active(s, kOurs, "alert");
  CHECK(!s.queue.has_processed(kKey, kTime));
  s.queue.finish(kOurs, kKey, sha256_hex("alert"), kTime);
  CHECK(s.queue.has_processed(kKey, kTime));
  CHECK(s.dirs.active.empty());
  CHECK(bytes_of(*s.dirs.processed.find_path("2024/09/18"), kKey + ".json") == "alert");
  s.queue.finish(kOurs, kKey, sha256_hex("alert"), kTime);
  CHECK(!s.queue.has_processed(kKey, kTime + 86'400'000));
}

TEST_CASE("finish: the same bytes again are not kept twice, other bytes are kept beside, each once") {
  StateDirs s;
  const auto finish = [&](const std::string& name, const std::string& bytes) {
    active(s, name, bytes);
    s.queue.finish(name, kKey, sha256_hex(bytes), kTime);
    CHECK(s.dirs.active.empty());
    return names_in(*s.dirs.processed.find_path("2024/09/18"));
  };
  const std::string first = kKey + ".json";
  const std::string second = kKey + "." + sha256_hex("other").substr(0, 16) + ".json";
  CHECK(finish("a.json", "alert") == Names{first});
  CHECK(finish("b.json", "alert") == Names{first});
  CHECK(finish("c.json", "other") == Names{first, second});
  CHECK(finish("d.json", "other") == Names{first, second});
  const auto day = *s.dirs.processed.find_path("2024/09/18");
  CHECK(bytes_of(day, first) == "alert");
  CHECK(bytes_of(day, second) == "other");
}

TEST_CASE("finish: what stands in the place and is no file does not swallow the alert") {
  StateDirs s;
  s.dirs.processed.sub_path("2024/09/18").make(kKey + ".json");
  active(s, "a.json", "alert");
  s.queue.finish("a.json", kKey, sha256_hex("alert"), kTime);
  CHECK(s.dirs.active.empty());
  CHECK(bytes_of(*s.dirs.processed.find_path("2024/09/18"), kKey + "." + sha256_hex("alert").substr(0, 16) + ".json") ==
        "alert");
}

TEST_CASE("quarantine: the bytes under a safe name, the reason beside them, and again the same after a crash") {
  StateDirs s;
  active(s, "..evil\nname.json", "not json");
  std::string file;
  for (int i = 0; i < 2; ++i) {
    file = s.queue.quarantine_active("..evil\nname.json", kKey, "no\x1b[2J good", "run-1");
    CHECK(file == kKey + "-_.evil_name.json");
    CHECK(names_in(s.dirs.quarantine) == Names{file, file + ".reason.json"});
    s.restart();
  }
  CHECK(bytes_of(s.dirs.quarantine, file) == "not json");
  CHECK(bytes_of(s.dirs.active, "..evil\nname.json") == "not json");
  const auto reason = signalfoundry::Json::parse(bytes_of(s.dirs.quarantine, file + ".reason.json"));
  CHECK(reason.at("file") == file);
  CHECK(reason.at("original_name") == "..evil\\x0Aname.json");
  CHECK(reason.at("key") == kKey);
  CHECK(reason.at("reason") == "no\\x1B[2J good");
  CHECK(reason.at("run_id") == "run-1");
  s.queue.drop_active("..evil\nname.json");
  CHECK(s.dirs.active.empty());
  CHECK(bytes_of(s.dirs.quarantine, file) == "not json");
}

TEST_CASE("quarantine: a reason and a name of any length and bytes are one bounded line of JSON") {
  StateDirs s;
  const std::string name = std::string(250, '\xff') + ".json";
  active(s, name, "");
  const std::string file = s.queue.quarantine_active(name, kKey, std::string(10'000, '\xfe'), "r");
  const std::string text = bytes_of(s.dirs.quarantine, file + ".reason.json");
  CHECK(text.size() < 1'500);
  CHECK(text.find('\n') == text.size() - 1);
  CHECK(signalfoundry::Json::parse(text).is_object());
}

TEST_CASE("quarantine: a file whose name looks like a reason's is not taken for one") {
  StateDirs s;
  active(s, "x.reason.json", "bytes");
  const std::string file = s.queue.quarantine_active("x.reason.json", kKey, "why", "r");
  CHECK(!file.ends_with(".reason.json"));
  CHECK(names_in(s.dirs.quarantine) == Names{file, file + ".reason.json"});
}

TEST_CASE("quarantine: bytes that a source rejected are kept once, however often they come") {
  StateDirs s;
  std::string file;
  for (int i = 0; i < 2; ++i) file = s.queue.quarantine_bytes("broken", kKey, "why", "poll", "r");
  CHECK(file == kKey + "-poll");
  CHECK(names_in(s.dirs.quarantine) == Names{file, file + ".reason.json"});
  CHECK(bytes_of(s.dirs.quarantine, file) == "broken");
}
