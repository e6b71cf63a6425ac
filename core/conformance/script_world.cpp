// SPDX-License-Identifier: Apache-2.0
//
// A server that answers what a script says, so that a source of any HTTP protocol can be tried
// (docs/reference/conformance.md, "A script of answers").
#include <fmt/format.h>

#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "conformance/finding.hpp"
#include "conformance/places.hpp"
#include "conformance/world.hpp"
#include "fs/read_path.hpp"

namespace signalfoundry::conformance {

using nlohmann::json;

namespace {

constexpr std::uint64_t kLargestBody = std::uint64_t{64} << 20U;

struct Answer {
  std::string method;   // "": any
  std::string path;     // the request's must begin with it; "": any
  bool repeat = false;  // it is not used up
  bool used = false;
  Reply reply;
};

struct ScriptRun {
  std::vector<Answer> answers;
  std::set<std::string> ids;
};

Fault fault_of(const std::string& name) {
  if (name == "hang") return Fault::hang;
  if (name == "close") return Fault::close;
  if (name == "truncate") return Fault::truncate;
  if (name == "long_body") return Fault::long_body;
  if (name == "gzip_bomb") return Fault::gzip_bomb;
  throw std::invalid_argument("fault \"" + printable(name) +
                              "\" is none of hang, close, truncate, long_body, gzip_bomb");
}

void check_members(const json& object, const std::set<std::string>& known) {
  if (!object.is_object()) throw std::invalid_argument("an object was expected");
  for (const auto& [name, value] : object.items())
    if (!known.contains(name)) throw std::invalid_argument("unknown member \"" + printable(name) + "\"");
}

std::string body_of(const json& answer, const std::string& folder) {
  if (!answer.contains("body_file")) {
    const auto body = answer.value("body", json(""));
    return body.is_string() ? body.get<std::string>() : body.dump();
  }
  const auto name = answer.at("body_file").get<std::string>();
  if (!fs::valid_name(name)) throw std::invalid_argument("body_file is not the name of a file beside the script");
  const auto dir = fs::Dir::open(folder);
  if (!dir) throw std::invalid_argument("the script's folder is gone");
  return dir->read(name, kLargestBody)
      .match([](fs::Content content) { return std::move(content.bytes); },
             [&](fs::Gone) -> std::string { throw std::invalid_argument("there is no " + printable(name)); });
}

Answer answer_of(const json& from, const std::string& folder) {
  check_members(from, {"method", "path", "repeat", "status", "headers", "type", "body", "body_file", "fault"});
  Answer out;
  out.method = from.value("method", "");
  out.path = from.value("path", "");
  out.repeat = from.value("repeat", false);
  out.reply.status = from.value("status", 200U);
  out.reply.type = from.value("type", "application/json");
  for (const auto& [name, value] : from.value("headers", json::object()).items())
    out.reply.headers.emplace_back(name, value.get<std::string>());
  out.reply.body = body_of(from, folder);
  if (from.contains("fault")) out.reply.fault = fault_of(from.at("fault"));
  return out;
}

class ScriptWorld final : public World {
 public:
  ScriptWorld(const Ground& ground, std::vector<ScriptRun> runs)
      : ground_(ground),
        script_(std::move(runs)),
        server_(ground.certificate, [this](const Request& request) { return answer(request); }) {}

  std::map<std::string, std::string> places() const override { return {{"url", server_.url()}}; }
  void add(const std::vector<Document>&) override { skip("a script holds its answers, and none for this check"); }
  // The first run of a process is the script's first; after its last, that is asked again from its beginning.
  void begin_run() override {
    if (begun_ && at_ + 1 < script_.size()) ++at_;
    begun_ = true;
    for (auto& one : script_[at_].answers) one.used = false;
  }
  HttpsServer* server() override { return &server_; }
  const std::set<std::string>* expected_ids() const override { return &script_[at_].ids; }

 private:
  Reply answer(const Request& request) {
    for (auto& one : script_[at_].answers) {
      if (one.used || !request.target.starts_with(one.path)) continue;
      if (!one.method.empty() && one.method != request.method) continue;
      one.used = !one.repeat;
      Reply reply = one.reply;
      const auto now = ground_.clock.now_ms();
      reply.body = with_places(std::move(reply.body), {{"now_ms", std::to_string(now)},
                                                       {"now_s", std::to_string(now / 1000)},
                                                       {"minute_ago_s", std::to_string(now / 1000 - 60)},
                                                       {"minute_ago", rfc3339(now - 60'000)}});
      return reply;
    }
    Reply none;
    none.status = 404;
    none.body = R"({"error":"the script has no answer left for this request"})";
    return none;
  }

  Ground ground_;
  std::vector<ScriptRun> script_;
  std::size_t at_ = 0;
  bool begun_ = false;
  HttpsServer server_;
};

class EmptyWorld final : public World {
 public:
  std::map<std::string, std::string> places() const override { return {}; }
  void add(const std::vector<Document>&) override { skip("the kit has nothing that speaks this source's protocol"); }
};

}  // namespace

std::unique_ptr<World> make_script_world(const Ground& ground, const std::string& script, const std::string& name,
                                         const std::string& folder) {
  std::vector<ScriptRun> runs;
  try {
    const auto text = json::parse(script);
    check_members(text, {"about", "runs"});
    for (const auto& run : text.at("runs")) {
      check_members(run, {"answers", "ids"});
      auto& out = runs.emplace_back();
      for (const auto& one : run.at("answers")) out.answers.push_back(answer_of(one, folder));
      for (const auto& id : run.at("ids")) out.ids.insert(id.get<std::string>());
    }
    if (runs.empty()) throw std::invalid_argument("runs is empty");
  } catch (const std::exception& e) {  // of JSON, or of a member
    throw Error(Exit::config,
                fmt::format("{}: {}. See docs/reference/conformance.md.", printable(name, 500), e.what()));
  }
  return std::make_unique<ScriptWorld>(ground, std::move(runs));
}

std::unique_ptr<World> make_empty_world(const Ground&) {
  return std::make_unique<EmptyWorld>();
}

}  // namespace signalfoundry::conformance
