// SPDX-License-Identifier: Apache-2.0
//
// instance.hpp - one instance of a plugin: created, configured, called through a guard, destroyed.
//
// Thread: one call at a time.
#pragma once
#include <string>

#include "base/error.hpp"
#include "plugin/host.hpp"
#include "plugin/plugin.hpp"

namespace signalfoundry::pipeline {

// A hook's failure. what() names stage and plugin; words() is what the plugin said of it, "" where it said nothing.
class StageError : public Error {
 public:
  StageError(Exit exit, sf_status failed_status, std::string stage, const std::string& sentence, std::string words = {})
      : Error(exit, sentence), status_(failed_status), stage_(std::move(stage)), words_(std::move(words)) {}
  sf_status status() const noexcept { return status_; }
  const std::string& stage() const noexcept { return stage_; }
  const std::string& words() const noexcept { return words_; }

 private:
  sf_status status_;
  std::string stage_;
  std::string words_;
};

// What a plugin is to its stage: the first of these that it offers.
enum class Role { source, triage, stage, notify, none };
Role role_of(const plugin::Plugin& plugin);

class Instance {
 public:
  // create and configure. Throws StageError. `role`: of a plugin that offers more than one, which to be.
  Instance(plugin::Shared& shared, const config::StageConfig& stage, const plugin::Plugin& plugin);
  Instance(plugin::Shared& shared, const config::StageConfig& stage, const plugin::Plugin& plugin, Role role);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const config::StageConfig& stage() const { return host_.stage; }
  const plugin::Plugin& plugin() const { return plugin_; }
  void* self() const { return self_; }

  // Calls hook(sf_error*) -> sf_status. Gives a status >= 0; throws StageError for errors, exceptions and unknown
  // codes.
  template <class Hook>
  sf_status call(const char* name, Hook&& hook, std::string_view file = {}) {
    sf_error error{};
    return checked(name, guarded(name, file, error, [&] { return hook(&error); }), error);
  }
  // What the plugin says of the inputs of its verdicts: a JSON object. Triage only.
  std::string inputs();
  std::string mapping();

 private:
  void destroy() noexcept;
  sf_status guarded(const char* name, std::string_view file, sf_error& error, const std::function<sf_status()>& hook);
  sf_status checked(const char* name, sf_status status, const sf_error& error) const;
  std::string text_from(const char* name, sf_status (*hook)(void*, const sf_bytes_sink*, sf_error*));

  plugin::Host host_;
  const plugin::Plugin& plugin_;
  Role role_;
  void* self_ = nullptr;
};

}  // namespace signalfoundry::pipeline
