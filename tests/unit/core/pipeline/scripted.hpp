// SPDX-License-Identifier: Apache-2.0
//
// scripted.hpp - plugins of a test's own, in this process: tables written by hand, whose hooks are lambdas.
//
// Thread: scripts are made on the main thread; their hooks run where the runner calls them.
#pragma once
#include <signalfoundry/abi/all.h>

#include <functional>
#include <map>
#include <string>

#include "config/pipeline_config.hpp"
#include "plugin/plugin.hpp"

struct Script;

// One instance that the runner created.
struct Made {
  const Script* script;
  const sf_host* host;

  // The text of a field or fact of a record; "(absent)".
  std::string text(const sf_record* record, const char* path) const {
    const auto* api = static_cast<const sf_record_api*>(host->get_service(host, SF_SERVICE_RECORD));
    const sf_path* compiled = api->compile_path(host, {path, std::char_traits<char>::length(path)});
    sf_value value{};
    if (compiled == nullptr || api->get(record, compiled, &value) != SF_OK) return "(absent)";
    if (value.type == SF_I64) return std::to_string(value.as.i64);
    return value.type == SF_STR || value.type == SF_ARRAY || value.type == SF_OBJECT
               ? std::string(value.as.str.data, value.as.str.size)
               : "(other)";
  }
};

inline sf_str c_str(std::string_view text) {
  return {text.data(), text.size()};
}

// Fails a hook with a reason.
inline sf_status fail_with(sf_error* error, sf_status status, std::string_view message) {
  error->code = status;
  message.copy(error->message, sizeof error->message);
  return status;
}

// What a plugin does. Its stage is found by name: one script per stage name at a time.
struct Script {
  explicit Script(std::string stage_name) : name(std::move(stage_name)) { all()[name] = this; }
  ~Script() { all().erase(name); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  std::string name;
  std::function<void*(void* made, sf_error*)> create = [](void* made, sf_error*) { return made; };
  std::function<void()> destroyed = [] {};
  std::function<sf_status(std::string_view settings, sf_error*)> configure = [](std::string_view, sf_error*) {
    return SF_OK;
  };
  std::function<sf_status(const Made&, const sf_record*, std::int64_t, const sf_verdict_sink*, sf_error*)> triage;
  std::function<sf_status(const sf_bytes_sink*, sf_error*)> inputs = [](const sf_bytes_sink* sink, sf_error*) {
    return sink->put(sink, c_str("{}"));
  };
  std::function<sf_status(const Made&, const sf_record* const*, std::uint32_t, const sf_batch_sink*, sf_error*)> batch;
  std::function<sf_status(const Made&, const sf_record_sink*, sf_error*)> poll;
  std::function<sf_status(std::string_view payload, std::string_view id, std::uint32_t attempt, sf_error*)> notify;
  std::string mapping =
      R"({"name":"test","identity":{"id":["/id"],"node":["/node"]},"fields":{"time":["/time"],"rule.id":["/rule"]}})";

  static std::map<std::string, Script*>& all() {
    static std::map<std::string, Script*> scripts;
    return scripts;
  }
};

namespace scripted {

inline const Script& of(void* self) {
  return *static_cast<Made*>(self)->script;
}

inline void* create(const sf_host* host, sf_error* error) {
  const Script& script = *Script::all().at(host->stage);
  auto* made = new Made{&script, host};
  void* self = script.create(made, error);
  if (self == nullptr) delete made;
  return self;
}
inline void destroy(void* self) {
  const Script* script = static_cast<Made*>(self)->script;
  delete static_cast<Made*>(self);
  // A test's scripts may end before its process does.
  for (const auto& [name, alive] : Script::all())
    if (alive == script) return alive->destroyed();
}
inline sf_status configure(void* self, sf_str settings, sf_error* error) {
  return of(self).configure({settings.data, settings.size}, error);
}
inline sf_status triage(void* self, const sf_record* record, std::int64_t time, const sf_verdict_sink* sink,
                        sf_error* error) {
  return of(self).triage(*static_cast<Made*>(self), record, time, sink, error);
}
inline sf_status inputs(void* self, const sf_bytes_sink* sink, sf_error* error) {
  return of(self).inputs(sink, error);
}
inline sf_status batch(void* self, const sf_record* const* records, std::uint32_t count, const sf_batch_sink* sink,
                       sf_error* error) {
  return of(self).batch(*static_cast<Made*>(self), records, count, sink, error);
}
inline sf_status mapping(void* self, const sf_bytes_sink* sink, sf_error*) {
  return sink->put(sink, c_str(of(self).mapping));
}
inline sf_status open(void*, sf_str, sf_error*) {
  return SF_OK;
}
inline sf_status poll(void* self, const sf_record_sink* sink, std::uint32_t, std::uint32_t, sf_error* error) {
  return of(self).poll(*static_cast<Made*>(self), sink, error);
}
inline sf_status notify(void* self, sf_str payload, sf_str id, std::uint32_t attempt, sf_error* error) {
  return of(self).notify({payload.data, payload.size}, {id.data, id.size}, attempt, error);
}

inline const sf_triage kTriage{sizeof(sf_triage), 0, create, destroy, configure, triage, inputs};
inline const sf_stage kStage{sizeof(sf_stage), 0, create, destroy, configure, nullptr, batch, nullptr};
inline const sf_source kSource{sizeof(sf_source), 0,       create,  destroy, configure, mapping, open, poll,
                               nullptr,           nullptr, nullptr, nullptr};
inline const sf_notify kNotify{sizeof(sf_notify), 0, create, destroy, configure, notify, nullptr};

inline signalfoundry::plugin::Plugin plugin(const char* id) {
  signalfoundry::plugin::Plugin out;
  out.id = id;
  out.version = "1.2.3";
  out.sha256 = std::string(64, 'e');
  return out;
}
inline const signalfoundry::plugin::Plugin& triage_plugin() {
  static const auto one = [] {
    auto p = plugin("scripted_triage");
    p.triage = &kTriage;
    return p;
  }();
  return one;
}
inline const signalfoundry::plugin::Plugin& stage_plugin() {
  static const auto one = [] {
    auto p = plugin("scripted_stage");
    p.stage = &kStage;
    return p;
  }();
  return one;
}
inline const signalfoundry::plugin::Plugin& notify_plugin() {
  static const auto one = [] {
    auto p = plugin("scripted_notifier");
    p.notify = &kNotify;
    return p;
  }();
  return one;
}
inline const signalfoundry::plugin::Plugin& source_plugin() {
  static const auto one = [] {
    auto p = plugin("scripted_source");
    p.source = &kSource;
    return p;
  }();
  return one;
}

inline signalfoundry::config::StageConfig stage_config(const std::string& name) {
  signalfoundry::config::StageConfig out;
  out.name = name;
  out.settings = nlohmann::json::object();
  return out;
}

}  // namespace scripted
