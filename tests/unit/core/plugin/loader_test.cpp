// SPDX-License-Identifier: Apache-2.0
//
// Goal: plugins are found where they may be, loaded once, kept apart from each other and from this program, and those
// that cannot be loaded are refused in words that help.
#include "plugin/loader.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <signalfoundry/testing/under_test.hpp>

#include "base/digest.hpp"
#include "plugin_files.hpp"
#include "support/catch.h"

using signalfoundry::plugin::find;
using signalfoundry::plugin::find_all;
using signalfoundry::plugin::load;
using signalfoundry::plugin::search_path;

// The twins' function and variable, once more in this program: theirs must not bind to these.
__attribute__((visibility("default"))) std::string twin_function();
std::string twin_function() {
  return "the host's";
}

namespace {

// What is written to stderr during its life.
class Stderr {
 public:
  explicit Stderr(const TempDir& dir) : path_(dir / "stderr"), saved_(::dup(2)) {
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, 2);
    ::close(file);
  }
  ~Stderr() {
    ::dup2(saved_, 2);
    ::close(saved_);
  }
  std::string text() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::string path_;
  int saved_;
};

std::string reason(const sf_triage* table) {
  sf::testing::MockHost host;
  sf::testing::TriageUnderTest triage(host, *table);
  return triage.triage(sf::testing::MockRecord("{}", {{"rule.id", "5710"}})).reason;
}

std::string ids(const std::vector<signalfoundry::plugin::Candidate>& found) {
  std::string out;
  for (const auto& one : found) out += one.id + " ";
  return out;
}

}  // namespace

TEST_CASE("loader: a plugin in C is loaded, described and works") {
  const auto& plugin = load(plugin_path("c_triage"));
  CHECK(plugin.id == "c_triage");
  CHECK(plugin.version == "1.2.3-rc.1+c11");
  CHECK(plugin.summary == "A triage plugin in C");
  CHECK(plugin.license == "Apache-2.0");
  CHECK(plugin.kinds == std::vector<std::string>{"sf.triage/1"});
  CHECK(plugin.path == plugin_path("c_triage"));
  CHECK(plugin.source == nullptr);
  REQUIRE(plugin.triage != nullptr);
  CHECK(reason(plugin.triage) == "the scanner's own logins");

  std::ifstream in(plugin.path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  CHECK(plugin.sha256 == signalfoundry::sha256_hex(bytes));
}

TEST_CASE("loader: the same path is the same plugin, however it is spelled") {
  const auto& plugin = load(plugin_path("c_triage"));
  CHECK(&load(plugin_path("c_triage")) == &plugin);
  CHECK(&load(support::test_plugin_dir() + "/../test-plugins/./c_triage.sfplugin.so") == &plugin);
}

TEST_CASE("loader: twins of two vendors keep their own classes, functions and statics, and this program its own") {
  const auto& a = load(plugin_path("org.vendor-a.twin"));
  const auto& b = load(plugin_path("org.vendor-b.twin"));
  CHECK(reason(a.triage) == "a, static of a, 1");
  CHECK(reason(b.triage) == "b, static of b, 1");
  CHECK(reason(a.triage) == "a, static of a, 2");
  CHECK(twin_function() == "the host's");
}

TEST_CASE("loader: a plugin exports its entry and nothing else") {
  for (const char* id : {"c_triage", "org.vendor-a.twin", "throws"}) {
    load(plugin_path(id));
    void* const handle = ::dlopen(plugin_path(id).c_str(), RTLD_NOW | RTLD_NOLOAD);
    REQUIRE(handle != nullptr);
    CHECK(::dlsym(handle, "signalfoundry_plugin") != nullptr);
    CHECK(::dlsym(RTLD_DEFAULT, "signalfoundry_plugin") == nullptr);
    for (const char* hidden : {"get_interface", "_Z13twin_functionB5cxx11v", "_Z13twin_functionv"}) {
      Dl_info info{};
      const void* const symbol = ::dlsym(handle, hidden);
      CHECK((symbol == nullptr || ::dladdr(symbol, &info) == 0 || plugin_path(id) != info.dli_fname));
    }
    ::dlclose(handle);
  }
}

TEST_CASE("loader: an undefined symbol or a missing library is named, without errno nonsense") {
  CHECK(refused(plugin_path("undefined_symbol")) ==
        "undefined symbol: a_function_of_no_library. It was linked without a library that it uses: build it with "
        "signalfoundry_add_plugin() and name the library in LIBS.");
  CHECK(refused(plugin_path("missing_library")) ==
        "needs the shared library libsf_absent.so, which is not found. Install it, or put it beside the plugin.");
  const std::string newer = refused(plugin_path("newer_library"));
  CHECK_THAT(newer, Catch::Matchers::StartsWith("needs SF_new; this system has glibc 2."));
  CHECK_THAT(newer, Catch::Matchers::EndsWith(" Build it on this system or an older one."));
}

TEST_CASE("loader: a library without an entry, or with one of another library, is no plugin") {
  CHECK(refused(plugin_path("no_entry")) ==
        "is not a SignalFoundry plugin (it exports no signalfoundry_plugin). Build it with signalfoundry_add_plugin() "
        "and end "
        "it with SF_TRIAGE_PLUGIN or one of its siblings.");
  CHECK(refused(plugin_path("borrowed_entry")) ==
        "its entry comes from " + support::test_plugin_dir() +
            "/libsf_lender.so, not from the file itself. Name that plugin, or ask "
            "this one's vendor.");
}

TEST_CASE("loader: one that goes away while it is loaded is refused") {
  const TempDir dir;
  CHECK(refused(install(dir, "constructor_removes_itself")) ==
        "was removed or replaced while it was loaded. Run the command again.");
}

TEST_CASE("loader: a plugin whose code is in the process is what its path means until the process ends") {
  const TempDir dir;
  const auto path = install(dir, "bad_magic", "c_triage.sfplugin.so");
  const auto first = refused(path);
  std::filesystem::remove(path);
  install(dir, "c_triage");
  CHECK(refused(path) == first);

  const auto good = install(dir, "no_verdict");
  const auto& plugin = load(good);
  std::filesystem::remove(good);
  CHECK(&load(good) == &plugin);
}

TEST_CASE("loader: a file that was refused before its code was loaded may be repaired") {
  const TempDir dir;
  const auto path = dir.write("c_triage.sfplugin.so", "");
  CHECK(refused(path) == "is empty. Install the plugin again.");
  std::filesystem::remove(path);
  install(dir, "c_triage");
  CHECK(refused(path) == "loaded");
}

TEST_CASE("loader: one that vanishes between listing and loading is said to have done so") {
  const TempDir dir;
  install(dir, "c_triage");
  const auto found = find_all({dir.path()});
  REQUIRE(found.size() == 1);
  std::filesystem::remove(found[0].path);
  CHECK(refused(found[0].path) ==
        "there is no such file. If it was listed a moment ago, someone removed it; install it again.");
}

TEST_CASE("find_all: takes regular files with the exact suffix, sorted, and logs each that is left out") {
  const TempDir dir;
  for (const char* id : {"throws", "c_triage", "no_verdict"}) install(dir, id);
  install(dir, "c_triage", "old.sfplugin.so.bak");
  dir.make("folder.sfplugin.so");
  REQUIRE(::mkfifo((dir / "fifo.sfplugin.so").c_str(), 0600) == 0);
  REQUIRE(::symlink("c_triage.sfplugin.so", (dir / "link.sfplugin.so").c_str()) == 0);
  ::chmod((dir / "no_verdict.sfplugin.so").c_str(), 0777);

  const TempDir log;
  std::string text;
  {
    const Stderr captured(log);
    CHECK(ids(find_all({dir / "not there", dir.path()})) == "c_triage throws ");
    text = captured.text();
  }
  CHECK_THAT(text, ContainsSubstring("folder.sfplugin.so: is a directory."));
  CHECK_THAT(text, ContainsSubstring("fifo.sfplugin.so: is a fifo."));
  CHECK_THAT(text, ContainsSubstring("link.sfplugin.so: is a symbolic link."));
  CHECK_THAT(text, ContainsSubstring("no_verdict.sfplugin.so: may be changed by anyone (mode 0777)."));
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
}

TEST_CASE("find_all: of two with one id the first directory's is taken, and the other is logged") {
  const TempDir first;
  const TempDir second;
  const auto kept = install(first, "c_triage");
  const auto hidden = install(second, "c_triage");
  const TempDir log;
  const Stderr captured(log);
  const auto found = find_all({first.path(), second.path()});
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == kept);
  CHECK_THAT(captured.text(), ContainsSubstring(hidden + ": hidden by " + kept + ". Remove one of the two."));
}

TEST_CASE("find_all: a directory that anyone may write is left out") {
  const TempDir dir;
  install(dir, "c_triage");
  ::chmod(dir.path().c_str(), 0777);
  const TempDir log;
  const Stderr captured(log);
  CHECK(find_all({dir.path()}).empty());
  CHECK_THAT(captured.text(),
             ContainsSubstring("c_triage.sfplugin.so: its directory may be changed by anyone (mode 0777)."));
}

TEST_CASE("find_all: a directory that is named twice is looked into once, and one that cannot be read is logged") {
  const TempDir dir;
  ::chmod(dir.path().c_str(), 0755);
  install(dir, "c_triage");
  REQUIRE(::symlink(dir.path().c_str(), (dir / "again").c_str()) == 0);
  const std::string closed = dir.make("closed");
  ::chmod(closed.c_str(), 0);
  const TempDir log;
  const Stderr captured(log);
  const uid_t me = ::geteuid();
  if (me == 0) REQUIRE(::seteuid(65534) == 0);
  const auto found = find_all({closed, dir.path(), dir / "again"});
  if (me == 0) REQUIRE(::seteuid(0) == 0);
  CHECK(ids(found) == "c_triage ");
  const auto text = captured.text();
  CHECK_THAT(text, ContainsSubstring(closed));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("find: by id, by path, and in words where there is none") {
  const TempDir dir;
  const auto path = install(dir, "c_triage");
  CHECK(find("c_triage", {dir.path()}) == path);
  CHECK(find(path, {}) == path);
  CHECK_THROWS_WITH(find("c_triag", {dir.path(), dir / "more"}),
                    "no plugin \"c_triag\" in " + dir.path() + ", " + (dir / "more") + ". Did you mean \"c_triage\"?");
  CHECK_THROWS_WITH(find("quite_other", {dir.path()}),
                    "no plugin \"quite_other\" in " + dir.path() +
                        ". Run \"signalfoundry plugin list\", or say where it is with --plugin-dir.");
  ::chmod(path.c_str(), 0757);
  CHECK_THROWS_WITH(
      find("c_triage", {dir.path()}),
      path +
          ": may be changed by anyone (mode 0757). Plugins run as part of this program: take write permission "
          "away from others (chmod o-w) and let root or the user that runs this own it.");
}

TEST_CASE(
    "search path: given, configured, the variable, then beside the program; never the working directory by itself") {
  ::setenv("SIGNALFOUNDRY_PLUGIN_PATH", "/env/a::.:/given", 1);
  const auto path = search_path({"/given", "relative"}, {"/configured"});
  ::unsetenv("SIGNALFOUNDRY_PLUGIN_PATH");
  const std::string here = std::filesystem::current_path().string();
  REQUIRE(path.size() >= 6);
  CHECK(path[0] == "/given");
  CHECK(path[1] == here + "/relative");
  CHECK(path[2] == "/configured");
  CHECK(path[3] == "/env/a");
  const auto beside = std::filesystem::canonical("/proc/self/exe").parent_path().parent_path().string();
  CHECK(path[4] == beside + "/plugins");
  CHECK(path[5] == beside + "/lib/signalfoundry/plugins");
  CHECK(std::find(path.begin(), path.end(), here) == path.end());
}
