// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "conformance/alert_file.hpp"
#include "conformance/search_index.hpp"
#include "fs/read_path.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr std::uint64_t kLargestScript = std::uint64_t{16} << 20U;
constexpr const char* kPassword = "p4ssw0rd-0f-the-k1t";

std::string script_of(const Profile& profile, const std::string& check) {
  const std::string own = profile.script + "/" + check + ".json";
  const std::string any = profile.script + "/any.json";
  return fs::exists(own) ? own : any;
}

std::unique_ptr<World> world_of(const Ground& ground, const Profile& profile, const std::string& check) {
  switch (profile.protocol) {
    case Protocol::opensearch:
    case Protocol::elasticsearch:
      return make_search_world(ground, profile.protocol);
    case Protocol::files:
    case Protocol::directory:
      return make_file_world(ground, profile.protocol);
    case Protocol::script: {
      const auto path = script_of(profile, check);
      return make_script_world(ground, fs::read_path(path, kLargestScript), path, profile.script);
    }
    default:
      return make_empty_world(ground);
  }
}

std::string some_of(const std::set<std::string>& names) {
  std::string out;
  std::size_t count = 0;
  for (const auto& name : names) {
    if (++count > 3) return out + ", …";
    out += (out.empty() ? "" : ", ") + printable(name, 80);
  }
  return out;
}

}  // namespace

Bench::Bench(const plugin::Plugin& tested, const Profile& with, std::string check, const fs::Dir& dir)
    : plugin(tested),
      profile(with),
      check_(std::move(check)),
      certificate_(authority_.issue("IP:127.0.0.1,DNS:localhost")),
      ground_{dir, authority_, certificate_, clock},
      world_(world_of(ground_, with, check_)) {
  dir.create_file("ca.pem", authority_.pem());
  dir.create_file("password", kPassword);
}

HttpsServer& Bench::server() {
  auto* server = world_->server();
  if (server == nullptr)
    skip(fmt::format("protocol {}: there is no HTTP server to spoil", protocol_name(profile.protocol)));
  return *server;
}

SearchIndex& Bench::index() {
  auto* index = world_->index();
  if (index == nullptr) skip(fmt::format("protocol {}: there is no search index", protocol_name(profile.protocol)));
  return *index;
}

AlertFile& Bench::file() {
  auto* file = world_->file();
  if (file == nullptr) skip(fmt::format("protocol {}: there is no file of lines", protocol_name(profile.protocol)));
  return *file;
}

void Bench::put(std::vector<Document> documents) {
  world_->add(documents);
  for (auto& one : documents) expected_.push_back(std::move(one));
}

std::vector<Document> Bench::some(std::size_t count, std::int64_t from_ms, std::int64_t step_ms) {
  std::vector<Document> out;
  const auto first = clock.now_ms() + from_ms;
  const auto number = 100 * (expected_.size() + 1);
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(document(number + i, first + static_cast<std::int64_t>(i) * step_ms));
  return out;
}

void Bench::begin() {
  if (world_->expected_ids() != nullptr) return;
  put(some(25, -kHourMs, 2 * kMinuteMs));
}

config::StageConfig Bench::stage() {
  auto places = world_->places();
  places["ca_file"] = ground_.dir.path() + "/ca.pem";
  places["password_file"] = ground_.dir.path() + "/password";
  places.try_emplace("dir", ground_.dir.path());
  return stage_of(profile, plugin, places, overrides, true);
}

void Bench::judge(const Transcript& t) const {
  for (const auto& line : t.log)
    require(line.text.find(kPassword) == std::string::npos, "it wrote a secret into the log");
  require(t.sentence.find(kPassword) == std::string::npos, "it put a secret into an error");
  if (!t.misuses.empty()) fail(printable(t.misuses.front(), 500));
}

Transcript Bench::run(const RunOptions& options) {
  const auto settings = stage();
  TestHost host(settings, clock, state_dir());
  world_->begin_run();
  Transcript out;
  {
    Driver driver(host, plugin, settings);
    if (driver.open(options)) driver.drain(options);
    out = driver.take();
  }
  judge(out);
  if (world_->index() != nullptr && !world_->index()->not_understood.empty())
    fail(fmt::format("the kit's search index does not understand {}; use --protocol script",
                     some_of(world_->index()->not_understood)));
  return out;
}

Transcript Bench::run_after(const Transcript& last, RunOptions options) {
  options.position = last.position;
  options.kept = last.kept;
  return run(options);
}

Transcript Bench::run_at(const Commit& commit, RunOptions options) {
  options.position = commit.position;
  options.kept = commit.kept;
  return run(options);
}

std::size_t Bench::expected() const {
  const auto* ids = world_->expected_ids();
  return ids != nullptr ? ids->size() : expected_.size();
}

std::set<std::string> Bench::missing(const std::vector<const Transcript*>& transcripts) const {
  std::set<std::string> out;
  std::set<std::string> came;
  if (const auto* ids = world_->expected_ids(); ids != nullptr) {
    for (const auto* t : transcripts) came.merge(t->ids());
    for (const auto& id : *ids)
      if (!came.contains(id)) out.insert(id);
    return out;
  }
  std::shared_ptr<const Mapping> mapping;
  for (const auto* t : transcripts) {
    came.merge(t->keys());
    if (t->mapping) mapping = t->mapping;
  }
  for (const auto& one : expected_)
    if (!mapping || !came.contains(key_of_document(one.text, one.id, "poll", mapping, nullptr))) out.insert(one.id);
  return out;
}

void Bench::require_all(const std::vector<const Transcript*>& transcripts, const std::string& when) const {
  const auto lost = missing(transcripts);
  if (lost.empty()) return;
  fail(fmt::format("{}: {} of {} alerts did not come ({}); {}", when, lost.size(), expected(), some_of(lost),
                   transcripts.back()->ending()));
}

void Bench::require_good(const Transcript& t, const std::string& when) const {
  if (!t.good()) fail(fmt::format("{}: {}", when, t.ending()));
}

void Bench::look_for_repeats(const Transcript& t) {
  const auto keys = t.keys().size();
  const auto came = t.pushed.size() + t.rejected.size();
  if (came > keys) warnings.push_back(fmt::format("{} of {} alerts came more than once in one run", came - keys, came));
}

}  // namespace signalfoundry::conformance
