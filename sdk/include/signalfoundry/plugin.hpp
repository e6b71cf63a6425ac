// SPDX-License-Identifier: Apache-2.0
//
// plugin.hpp - everything a plugin author includes. Header-only, C++20, nothing third-party.
//
//   class Noisy : public sf::Triage { ... };
//   SF_TRIAGE_PLUGIN(Noisy, .id = "org.example.noisy", .version = "1.0.0", .summary = "…", .license = "MIT");
#pragma once
#include <signalfoundry/fs.hpp>
#include <signalfoundry/http.hpp>
#include <signalfoundry/notifier.hpp>
#include <signalfoundry/source.hpp>
#include <signalfoundry/stage.hpp>
#include <signalfoundry/triage.hpp>

namespace sf __attribute__((visibility("hidden"))) {
  // What the last line of a plugin states; see sf_descriptor (abi/entry.h).
  struct Info {
    const char* id;
    const char* version;
    const char* summary = "";
    const char* license = "";
    const char* vendor = "";
    const char* config_schema = "{}";
  };

  namespace detail {
  inline const void* table_of(const char* id, const char* first, const void* first_table, const char* second,
                              const void* second_table) noexcept {
    if (std::strcmp(id, first) == 0) return first_table;
    return second != nullptr && std::strcmp(id, second) == 0 ? second_table : nullptr;
  }
  }  // namespace detail
}  // namespace )

// NOLINTBEGIN(cppcoreguidelines-macro-usage)
#define SF_DETAIL_PLUGIN(IFACE, TABLE, ...) SF_DETAIL_PLUGIN2(IFACE, &TABLE, nullptr, nullptr, __VA_ARGS__)
#define SF_DETAIL_PLUGIN2(IFACE, TABLE, IFACE2, TABLE2, ...)                                                          \
  namespace {                                                                                                         \
  constexpr ::sf::Info sf_info{__VA_ARGS__};                                                                          \
  constexpr const char* sf_kinds[] = {IFACE, IFACE2, nullptr};                                                        \
  constexpr const char* sf_needs[] = {nullptr};                                                                       \
  constinit const sf_descriptor sf_self{                                                                              \
      sizeof(sf_descriptor), 0,        sf_info.id, sf_info.version, sf_info.summary, sf_info.license, sf_info.vendor, \
      sf_info.config_schema, sf_kinds, sf_needs};                                                                     \
  const void* sf_get(const char* id) noexcept {                                                                       \
    return ::sf::detail::table_of(id, IFACE, TABLE, IFACE2, TABLE2);                                                  \
  }                                                                                                                   \
  }                                                                                                                   \
  extern "C" constinit const sf_plugin_entry signalfoundry_plugin {                                                   \
    SF_PLUGIN_MAGIC, sizeof(sf_plugin_entry), SF_ABI_MAJOR, SF_ABI_MINOR, 0, 0, &sf_self, sf_get                      \
  }
#define SF_SOURCE_PLUGIN(CLASS, ...) SF_DETAIL_PLUGIN(SF_SOURCE, ::sf::detail::source_table<CLASS>, __VA_ARGS__)
#define SF_TRIAGE_PLUGIN(CLASS, ...) SF_DETAIL_PLUGIN(SF_TRIAGE, ::sf::detail::triage_table<CLASS>, __VA_ARGS__)
#define SF_STAGE_PLUGIN(CLASS, ...) SF_DETAIL_PLUGIN(SF_STAGE, ::sf::detail::stage_table<CLASS>, __VA_ARGS__)
#define SF_NOTIFIER_PLUGIN(CLASS, ...) SF_DETAIL_PLUGIN(SF_NOTIFY, ::sf::detail::notify_table<CLASS>, __VA_ARGS__)
// Two classes in one plugin: a stage, and the notifier that delivers what this stage sends (BatchSink::send). Each gets
// the stage's settings.
#define SF_STAGE_NOTIFIER_PLUGIN(STAGE, NOTIFIER, ...)                                                             \
  SF_DETAIL_PLUGIN2(SF_STAGE, &::sf::detail::stage_table<STAGE>, SF_NOTIFY, &::sf::detail::notify_table<NOTIFIER>, \
                    __VA_ARGS__)
// NOLINTEND(cppcoreguidelines-macro-usage)
