// SPDX-License-Identifier: Apache-2.0
#include "pipeline/instance.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <exception>

#include "base/text.hpp"
#include "pipeline/crash_note.hpp"

namespace signalfoundry::pipeline {

namespace {

bool known(sf_status status) {
  return status >= SF_PANIC && status <= SF_TOO_LARGE;
}

Exit exit_of(const plugin::Plugin& plugin, sf_status status, std::string_view hook) {
  if (status == SF_INVALID && hook == "configure") return Exit::config;
  if (hook == "notify") return status == SF_DENIED ? Exit::denied : Exit::unavailable;
  if (plugin.source != nullptr) {
    if (status == SF_PANIC || status == SF_FATAL) return Exit::internal;
    return status == SF_DENIED ? Exit::denied : Exit::unavailable;
  }
  if (status == SF_DENIED) return Exit::cant_create;
  return status == SF_RETRY ? Exit::io : Exit::internal;
}

// The text of a fixed-size field, up to its NUL.
template <std::size_t N>
std::string text(const char (&field)[N]) {
  return printable(std::string_view(field, ::strnlen(field, N)), N);
}

sf_status put(const sf_bytes_sink* sink, sf_str piece) {
  auto& out = *static_cast<std::string*>(sink->impl);
  if (out.size() + piece.size > (1U << 20U)) return SF_TOO_LARGE;
  out.append(piece.data, piece.size);
  return SF_OK;
}

}  // namespace

Role role_of(const plugin::Plugin& plugin) {
  if (plugin.source != nullptr) return Role::source;
  if (plugin.triage != nullptr) return Role::triage;
  if (plugin.stage != nullptr) return Role::stage;
  return plugin.notify != nullptr ? Role::notify : Role::none;
}

Instance::Instance(plugin::Shared& shared, const config::StageConfig& stage, const plugin::Plugin& plugin)
    : Instance(shared, stage, plugin, role_of(plugin)) {}

Instance::Instance(plugin::Shared& shared, const config::StageConfig& stage, const plugin::Plugin& plugin, Role role)
    : host_(shared, stage), plugin_(plugin), role_(role) {
  const auto start = [&](const auto* table) {
    call("create", [&](sf_error* e) -> sf_status {
      self_ = table->create(host_.raw(), e);
      return self_ != nullptr ? SF_OK : (e->code < 0 ? e->code : static_cast<sf_status>(SF_FATAL));
    });
    const std::string settings = stage.settings.dump();
    call("configure", [&](sf_error* e) { return table->configure(self_, {settings.data(), settings.size()}, e); });
  };
  try {
    switch (role_) {
      case Role::source:
        start(plugin.source);
        break;
      case Role::triage:
        start(plugin.triage);
        break;
      case Role::stage:
        start(plugin.stage);
        break;
      case Role::notify:
        start(plugin.notify);
        break;
      case Role::none:
        throw StageError(Exit::config, SF_INVALID, stage.name,
                         fmt::format("stage \"{}\": {} offers no interface this version uses", stage.name, plugin.id));
    }
  } catch (...) {
    destroy();
    throw;
  }
}

Instance::~Instance() {
  destroy();
}

void Instance::destroy() noexcept {
  if (self_ == nullptr) return;
  void* self = std::exchange(self_, nullptr);
  sf_error error{};
  guarded("destroy", {}, error, [&]() -> sf_status {
    switch (role_) {
      case Role::source:
        plugin_.source->destroy(self);
        break;
      case Role::triage:
        plugin_.triage->destroy(self);
        break;
      case Role::stage:
        plugin_.stage->destroy(self);
        break;
      default:
        plugin_.notify->destroy(self);
    }
    return SF_OK;
  });
}

sf_status Instance::guarded(const char* name, std::string_view file, sf_error& error,
                            const std::function<sf_status()>& hook) {
  const Doing doing(host_.stage.name, plugin_.id, name, file);
  // The SDK catches on its side; this is for tables written by hand.
  try {
    return hook();
  } catch (const std::exception& e) {
    std::snprintf(error.message, sizeof error.message, "%s", e.what());
  } catch (...) {
    std::snprintf(error.message, sizeof error.message, "an exception that is no std::exception");
  }
  return SF_PANIC;
}

sf_status Instance::checked(const char* name, sf_status status, const sf_error& error) const {
  if (status >= 0 && known(status)) return status;
  std::string what = text(error.message);
  if (!known(status)) {
    what = fmt::format("it returned the unknown status {}", status);
    status = SF_FAILED;
  }
  if (what.empty()) what = fmt::format("it failed with status {} and gave no reason", status);
  const char* how = status == SF_PANIC ? " threw an exception" : "";
  throw StageError(exit_of(plugin_, status, name), status, host_.stage.name,
                   fmt::format("stage \"{}\" (plugin {}, {}){}: {}", host_.stage.name, plugin_.id, name, how, what),
                   text(error.message));
}

std::string Instance::text_from(const char* name, sf_status (*hook)(void*, const sf_bytes_sink*, sf_error*)) {
  std::string out;
  const sf_bytes_sink sink{sizeof(sf_bytes_sink), 0, &out, put};
  call(name, [&](sf_error* e) { return hook(self_, &sink, e); });
  return out;
}
std::string Instance::inputs() {
  return text_from("inputs", plugin_.triage->inputs);
}
std::string Instance::mapping() {
  return text_from("mapping", plugin_.source->mapping);
}

}  // namespace signalfoundry::pipeline
