// SPDX-License-Identifier: Apache-2.0
//
// throws_raw.cpp - a table written by hand, without the SDK's wall: its exceptions reach the host.
// THROWS_IN_CONSTRUCTOR throws while it is loaded, THROWS_IN_GET when it is asked for its table.
#include <signalfoundry/abi/all.h>

#include <stdexcept>
#include <string_view>

namespace {

#ifdef THROWS_IN_CONSTRUCTOR
struct Thrower {
  Thrower() { throw std::runtime_error("thrown while it was loaded"); }
};
const Thrower thrower;
#endif

int nothing = 0;

constexpr sf_triage kTable{sizeof(sf_triage),
                           0,
                           [](const sf_host*, sf_error*) -> void* { return &nothing; },
                           [](void*) {},
                           [](void*, sf_str, sf_error*) -> sf_status { return SF_OK; },
                           [](void*, const sf_record*, int64_t, const sf_verdict_sink*, sf_error*) -> sf_status {
                             throw std::runtime_error("past the wall");
                           },
                           [](void*, const sf_bytes_sink* sink, sf_error*) -> sf_status {
                             return sink->put(sink, {"{}", 2});
                           }};

constexpr const char* kKinds[] = {SF_TRIAGE, nullptr};
constexpr const char* kNeeds[] = {nullptr};
constexpr sf_descriptor kSelf{sizeof(sf_descriptor),
                              0,
                              THROWS_ID,
                              "1.0.0",
                              "Throws through its table",
                              "Apache-2.0",
                              "",
                              "{\"type\":\"object\",\"properties\":{}}",
                              kKinds,
                              kNeeds};

const void* get(const char* id) {
#ifdef THROWS_IN_GET
  throw 42;
#endif
  return std::string_view(id) == SF_TRIAGE ? &kTable : nullptr;
}

}  // namespace

extern "C" constinit const sf_plugin_entry signalfoundry_plugin{
    SF_PLUGIN_MAGIC, sizeof(sf_plugin_entry), SF_ABI_MAJOR, SF_ABI_MINOR, 0, 0, &kSelf, get};
