// SPDX-License-Identifier: Apache-2.0
#include "plugin/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <regex>

#include "alert/json.hpp"
#include "base/text.hpp"
#include "config/schema.hpp"
#include "plugin/host.hpp"
#include "plugin/library_file.hpp"

namespace signalfoundry::plugin {

namespace {

// Sizes of ABI 1.0; later fields are asked for with SF_HAS().
constexpr std::size_t kPrefix = 16;
constexpr std::size_t kEntry = 32;
constexpr std::size_t kDescriptor = 72;
constexpr std::size_t kMostNames = 64;
constexpr std::size_t kLongestText = 1U << 20U;

// A slot that is not optional.
struct Slot {
  const char* name;
  std::size_t offset;
};
struct Kind {
  const char* id;
  std::size_t size;  // of the table in ABI 1.0
  std::vector<Slot> required;
};
const Kind& source_kind() {
  static const Kind kind{SF_SOURCE,
                         80,
                         {{"create", offsetof(sf_source, create)},
                          {"destroy", offsetof(sf_source, destroy)},
                          {"configure", offsetof(sf_source, configure)},
                          {"mapping", offsetof(sf_source, mapping)},
                          {"open", offsetof(sf_source, open)},
                          {"poll", offsetof(sf_source, poll)}}};
  return kind;
}
const Kind& triage_kind() {
  static const Kind kind{SF_TRIAGE,
                         48,
                         {{"create", offsetof(sf_triage, create)},
                          {"destroy", offsetof(sf_triage, destroy)},
                          {"configure", offsetof(sf_triage, configure)},
                          {"triage", offsetof(sf_triage, triage)},
                          {"inputs", offsetof(sf_triage, inputs)}}};
  return kind;
}
const Kind& stage_kind() {
  static const Kind kind{SF_STAGE,
                         56,
                         {{"create", offsetof(sf_stage, create)},
                          {"destroy", offsetof(sf_stage, destroy)},
                          {"configure", offsetof(sf_stage, configure)}}};
  return kind;
}
const Kind& notify_kind() {
  static const Kind kind{SF_NOTIFY,
                         48,
                         {{"create", offsetof(sf_notify, create)},
                          {"destroy", offsetof(sf_notify, destroy)},
                          {"configure", offsetof(sf_notify, configure)},
                          {"notify", offsetof(sf_notify, notify)}}};
  return kind;
}

constexpr const char* kAskVendor = "Ask its vendor for a plugin built with the SignalFoundry SDK";

class Gate {
 public:
  Gate(const std::string& path, const sf_plugin_entry* entry, std::size_t symbol_size)
      : path_(path), entry_(entry), symbol_size_(symbol_size) {}

  Plugin pass() {
    versions();
    Plugin out;
    out.abi_major = entry_->abi_major;
    out.abi_minor = entry_->abi_minor;
    out.needs_minor = entry_->needs_minor;
    describe(out);
    services();
    schema(out.config_schema);
    interfaces(out);
    return out;
  }

 private:
  Error no(const std::string& reason, const std::string& advice = kAskVendor) const {
    return refusal(path_, reason, advice);
  }

  void versions() const {
    const auto short_entry = [&](std::uint64_t size) {
      return no(fmt::format("its entry is too short ({} bytes; ABI 1.0 has {})", size, kEntry));
    };
    if (symbol_size_ < kPrefix) throw short_entry(symbol_size_);
    if (entry_->magic != SF_PLUGIN_MAGIC)
      throw no(fmt::format("its entry has the magic {:08x} instead of {:08x}", entry_->magic, SF_PLUGIN_MAGIC));
    if (entry_->abi_major != SF_ABI_MAJOR)
      throw no(fmt::format("built for plugin ABI {}.{}; this host speaks {}.{}", entry_->abi_major, entry_->abi_minor,
                           SF_ABI_MAJOR, SF_ABI_MINOR),
               fmt::format("Rebuild it with SDK {}.x", SF_ABI_MAJOR));
    if (entry_->needs_minor > SF_ABI_MINOR)
      throw no(fmt::format("needs host ABI {}.{} or newer; this is {}.{}", entry_->abi_major, entry_->needs_minor,
                           SF_ABI_MAJOR, SF_ABI_MINOR),
               "Upgrade SignalFoundry");
    if (entry_->struct_size < kEntry) throw short_entry(entry_->struct_size);
    if (entry_->struct_size > symbol_size_)
      throw no(fmt::format("its entry says {} bytes and has {}", entry_->struct_size, symbol_size_));
    if (entry_->descriptor == nullptr || entry_->get_interface == nullptr)
      throw no(fmt::format("its entry has no {}", entry_->descriptor == nullptr ? "descriptor" : "get_interface()"));
    if (entry_->descriptor->struct_size < kDescriptor)
      throw no(fmt::format("its descriptor is too short ({} bytes; ABI 1.0 has {})", entry_->descriptor->struct_size,
                           kDescriptor));
  }

  std::string text(const char* field, const char* value, bool may_be_empty) const {
    if (value == nullptr) throw no(fmt::format("its descriptor has no {}", field));
    std::string out(value, ::strnlen(value, kLongestText));
    if (out.size() == kLongestText) throw no(fmt::format("its {} is longer than 1 MiB", field));
    if (!valid_utf8(out)) throw no(fmt::format("its {} is not UTF-8: \"{}\"", field, printable(out)));
    if (!may_be_empty && out.find_first_not_of(" \t\r\n") == std::string::npos)
      throw no(fmt::format("its {} is blank", field));
    return out;
  }

  std::vector<std::string> texts(const char* field, const char* const* values) const {
    if (values == nullptr) throw no(fmt::format("its descriptor has no {}", field));
    std::vector<std::string> out;
    for (; *values != nullptr; ++values) {
      if (out.size() == kMostNames)
        throw no(fmt::format("its {} have no end (NULL) among the first {}", field, kMostNames));
      out.push_back(text(field, *values, false));
    }
    return out;
  }

  void describe(Plugin& out) {
    const auto& self = *entry_->descriptor;
    out.id = text("id", self.id, false);
    out.version = text("version", self.version, false);
    out.summary = text("summary", self.summary, true);
    out.license = text("license", self.license, true);
    out.vendor = text("vendor", self.vendor, true);
    out.config_schema = text("settings schema", self.config_schema, false);
    out.kinds = texts("kinds", self.kinds);
    needs_ = texts("needs", self.needs);
    const auto slash = path_.rfind('/');
    const std::string stem = path_.substr(slash + 1, path_.size() - slash - 1 - kSuffix.size());
    if (out.id != stem)
      throw no(fmt::format("its id is \"{}\", its file name says \"{}\"", printable(out.id), printable(stem)),
               fmt::format("Name the file {}.sfplugin.so", printable(out.id)));
    static const std::regex id("[A-Za-z0-9][A-Za-z0-9_-]*(\\.[A-Za-z0-9][A-Za-z0-9_-]*)*");
    if (out.id.size() > 100 || !std::regex_match(out.id, id))
      throw no(
          fmt::format("its id \"{}\" is not made of letters, digits, \"_\", \"-\" and single dots", printable(out.id)));
    static const std::regex semver(
        "(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})"
        "(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?");
    if (out.version.size() > 100 || !std::regex_match(out.version, semver))
      throw no(fmt::format("its version \"{}\" is not a semantic version such as 1.0.0", printable(out.version)));
    if (out.kinds.empty()) throw no("it names no kind, such as sf.triage/1");
  }

  void services() const {
    const auto& here = service_ids();
    for (const auto& need : needs_)
      if (std::find(here.begin(), here.end(), need) == here.end())
        throw no(fmt::format("needs the service {}, which this host does not have", printable(need)),
                 "Upgrade SignalFoundry");
  }

  void schema(const std::string& source) const {
    const auto refused = [&](std::string_view why) {
      return no(fmt::format("its settings schema is refused: {}", printable(why, 500)),
                "docs/formats/settings-schema.md says what a schema may hold");
    };
    try {
      if (const auto wrong = config::check_schema(parse_json(source)); !wrong.empty()) throw refused(wrong);
    } catch (const Rejected& error) {
      throw refused(error.what());
    }
  }

  template <class Table>
  void table(const Plugin& plugin, const Kind& kind, const Table*& out) const {
    if (std::find(plugin.kinds.begin(), plugin.kinds.end(), kind.id) == plugin.kinds.end()) return;
    const void* found = nullptr;
    try {
      found = entry_->get_interface(kind.id);
    } catch (...) {
      throw no(fmt::format("get_interface(\"{}\") threw an exception", kind.id));
    }
    if (found == nullptr) throw no(fmt::format("names the kind {}, but has no table for it", kind.id));
    const auto* table = static_cast<const Table*>(found);
    if (table->struct_size < kind.size)
      throw no(
          fmt::format("its {} table is too short ({} bytes; ABI 1.0 has {})", kind.id, table->struct_size, kind.size));
    for (const auto& slot : kind.required) {
      void (*function)() = nullptr;
      std::memcpy(&function, static_cast<const char*>(found) + slot.offset, sizeof function);
      if (function == nullptr) throw no(fmt::format("its {} table has no {}()", kind.id, slot.name));
    }
    out = table;
  }

  void interfaces(Plugin& out) const {
    table(out, source_kind(), out.source);
    table(out, triage_kind(), out.triage);
    table(out, stage_kind(), out.stage);
    table(out, notify_kind(), out.notify);
    // A kind that this host does not know is no reason to refuse, as long as there is one that it does.
    if (out.source == nullptr && out.triage == nullptr && out.stage == nullptr && out.notify == nullptr)
      throw no(fmt::format("is a plugin of kind {}, which this host does not know", printable(out.kinds.front())),
               "Upgrade SignalFoundry");
  }

  const std::string& path_;
  const sf_plugin_entry* entry_;
  std::size_t symbol_size_;
  std::vector<std::string> needs_;
};

}  // namespace

Plugin check_entry(const std::string& path, const sf_plugin_entry* entry, std::size_t symbol_size) {
  return Gate(path, entry, symbol_size).pass();
}

}  // namespace signalfoundry::plugin
