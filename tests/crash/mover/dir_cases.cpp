// SPDX-License-Identifier: Apache-2.0
//
// Every public helper of core/fs.
#include <atomic>

#include "fs/read_path.hpp"
#include "scene.hpp"
#include "unit/core/fs/outcome.hpp"

namespace fs = signalfoundry::fs;

namespace {

const std::string kLarge((2U << 20U) + 12'345, 'l');  // three pieces of a copy

void nothing(Scene&) {}
auto file(const std::string& path, const std::string& bytes = "old bytes\n") {
  return [=](Scene& s) { s.put(path, bytes); };
}
void tree(Scene& s) {
  s.put("d/x/a/b/f", "1");
  s.put("d/x/a/g", "2");
  s.put("d/x/h", "3");
}
std::string yes_no(bool yes) {
  return yes ? "yes" : "no";
}

std::string listing(const fs::Dir& dir) {
  std::string out;
  dir.list([&](const fs::Listed& e) {
    out += std::string(e.name) + " " + fs::kind_name(e.kind) + " " + outcome(dir.stat(e.name)) + ";";
    return true;
  });
  return out;
}

std::vector<Case> opening() {
  return {
      {"open", "d", nothing, [](Scene& s) { return yes_no(fs::Dir::open(s.in("d")).has_value()); }, true},
      {"create", "n", nothing, [](Scene& s) { return fs::Dir::create(s.in("n/m")).path(); }, true},
      {"sub", "d/x", nothing, [](Scene& s) { return listing(s.d.sub("x")); }},
      {"sub, there", "d/x", tree, [](Scene& s) { return listing(s.d.sub("x")); }},
      {"find_sub", "d/x", tree, [](Scene& s) { return yes_no(s.d.find_sub("x").has_value()); }},
      {"sub_path", "d/x", tree, [](Scene& s) { return s.d.sub_path("x/a/n/m").path(); }},
      {"find_path", "d/x", tree, [](Scene& s) { return yes_no(s.d.find_path("x/a/b").has_value()); }},
      {"make", "d/x", nothing, [](Scene& s) { return yes_no(s.d.make("x")); }},
  };
}

std::vector<Case> looking() {
  return {
      {"list", "d/x", file("d/x"), [](Scene& s) { return listing(s.d); }},
      {"empty", "d/x", file("d/x"), [](Scene& s) { return yes_no(s.d.empty()); }},
      {"stat", "d/x", file("d/x"), [](Scene& s) { return outcome(s.d.stat("x")); }},
      {"read", "d/x", file("d/x"), [](Scene& s) { return outcome(s.d.read("x", 1000)); }},
      {"read, a part", "d/x", file("d/x", kLarge),
       [](Scene& s) { return outcome(s.d.read("x", 1U << 20U, 1U << 20U)); }},
      {"sync_all", "d/x", file("d/x"), [](Scene& s) { return s.d.sync_all(), "done"; }},
      {"space", "d/x", file("d/x"), [](Scene& s) { return yes_no(s.d.space().bytes_free != 0); }},
      {"read_path", "d/x", file("d/x"), [](Scene& s) { return fs::read_path(s.in("d/x"), 1000); }, true},
      {"path_info", "d/x", file("d/x"), [](Scene& s) { return yes_no(fs::path_info(s.in("d/x")).regular); }, true},
      {"exists", "d/x", file("d/x"), [](Scene& s) { return yes_no(fs::exists(s.in("d/x"))); }, true},
  };
}

std::vector<Case> moving() {
  return {
      {"move", "d/x", file("d/x"), [](Scene& s) { return outcome(s.d.move("x", s.to, "y")); }},
      {"link", "d/x", file("d/x"), [](Scene& s) { return outcome(s.d.link("x", s.to, "y")); }},
      {"copy", "d/x", file("d/x"), [](Scene& s) { return outcome(s.d.copy("x", s.to, "y")); }},
      {"copy, large", "d/x", file("d/x", kLarge), [](Scene& s) { return outcome(s.d.copy("x", s.to, "y")); }},
      {"exchange", "d/x", tree, [](Scene& s) { return yes_no(s.d.exchange("x", s.to, "y")); }},
      {"exchange, taken", "d/x",
       [](Scene& s) {
         tree(s);
         s.put("to/y/old", "4");
       },
       [](Scene& s) { return yes_no(s.d.exchange("x", s.to, "y")); }},
      {"remove", "d/x", file("d/x"), [](Scene& s) { return yes_no(s.d.remove("x")); }},
      {"remove_tree, a file", "d/x", file("d/x"), [](Scene& s) { return yes_no(s.d.remove_tree("x")); }},
      {"remove_tree", "d/x", tree, [](Scene& s) { return yes_no(s.d.remove_tree("x")); }},
  };
}

std::vector<Case> writing() {
  return {
      {"create_file", "d/x", nothing, [](Scene& s) { return s.d.create_file("x", "new"), "done"; }},
      {"write_file", "d/x", nothing, [](Scene& s) { return s.d.write_file("x", "new"), "done"; }},
      {"write_file, there", "d/x", file("d/x"), [](Scene& s) { return s.d.write_file("x", "new"), "done"; }},
      {"append", "d/x", nothing, [](Scene& s) { return s.d.append("x", "line\n"), "done"; }},
      {"append, there", "d/x", file("d/x"), [](Scene& s) { return s.d.append("x", "line\n"), "done"; }},
      {"append, torn", "d/x", file("d/x", "half a li"), [](Scene& s) { return s.d.append("x", "line\n"), "done"; }},
      {"lock", "d/x", nothing, [](Scene& s) { return yes_no(fs::Lock::try_take(s.d, "x", "me").has_value()); }},
      {"lock, there", "d/x", file("d/x"),
       [](Scene& s) { return yes_no(fs::Lock::try_take(s.d, "x", "me").has_value()); }},
      {"lock, waited for", "d/x", file("d/x"),
       [](Scene& s) {
         const std::atomic<bool> stop{false};
         return yes_no(fs::Lock::wait(s.d, "x", "me", stop).has_value());
       }},
      {"lock in place", "d/x",
       [](Scene& s) { s.more = std::make_shared<fs::Lock>(*fs::Lock::try_take(s.d, "x", "me")); },
       [](Scene& s) { return yes_no(static_cast<fs::Lock*>(s.more.get())->in_place()); }},
  };
}

}  // namespace

std::vector<Case> dir_cases() {
  std::vector<Case> out;
  for (auto part : {opening(), looking(), moving(), writing()}) out.insert(out.end(), part.begin(), part.end());
  for (auto& one : out) one.name = "Dir " + one.name;
  return out;
}
