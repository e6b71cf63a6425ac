// SPDX-License-Identifier: Apache-2.0
//
// Goal: whatever a library hands over as its entry, the gate gives a plugin that keeps the ABI's promises or a sentence
// that names the file; it never reads past what is there. Input: lines of `name=value` that change a good entry;
// "\0" as a value is a null pointer.
#include "plugin/gate.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "config/schema.hpp"
#include "fuzz.hpp"

using namespace signalfoundry;
using fuzz::hold;

namespace {

const std::string kPath = "/plugins/org.example.x.sfplugin.so";

class Words {
 public:
  explicit Words(std::string_view text) {
    while (!text.empty()) {
      const auto [line, rest] = fuzz::cut(text, "\n");
      const auto [name, value] = fuzz::cut(line, "=");
      words_.insert_or_assign(std::string(name), std::string(value));
      text = rest;
    }
  }
  std::uint32_t number(const char* name, std::uint32_t otherwise) const {
    const auto at = words_.find(name);
    if (at == words_.end()) return otherwise;
    std::from_chars(at->second.data(), at->second.data() + at->second.size(), otherwise);
    return otherwise;
  }
  const char* text(const char* name, const char* otherwise) const {
    const auto at = words_.find(name);
    if (at == words_.end()) return otherwise;
    return at->second.empty() || at->second[0] != '\0' ? at->second.c_str() : nullptr;
  }

 private:
  std::map<std::string, std::string, std::less<>> words_;
};

// A list as the ABI has it: pointers, the last one null. Each lies alone, so that a read past it is seen.
class List {
 public:
  List(const char* joined) {
    if (joined == nullptr) return;
    for (std::string_view rest = joined; !rest.empty();) {
      const auto [one, after] = fuzz::cut(rest, ",");
      texts_.push_back(std::make_unique<std::string>(one));
      rest = after;
    }
    pointers_ = std::make_unique<const char*[]>(texts_.size() + 1);
    for (std::size_t i = 0; i < texts_.size(); ++i) pointers_[i] = texts_[i]->c_str();
  }
  const char* const* get() const { return pointers_.get(); }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
  std::unique_ptr<const char*[]> pointers_;
};

// What get_interface() gives; it knows no state but this.
std::unique_ptr<std::vector<std::uint64_t>> table;
bool no_table = false;
bool throws = false;

const void* get_interface(const char* kind) {
  hold(kind != nullptr && std::string_view(kind).starts_with("sf."));
  if (throws) throw 7;
  return no_table ? nullptr : table->data();
}

// A table of as many bytes as it says (or fewer than 8, rounded up), with the slots that `slots` has bits for.
void make_table(const Words& words) {
  const auto size = std::min(words.number("table_size", 80), 4096U);
  const auto slots = words.number("slots", 0xffff'ffffU);
  table = std::make_unique<std::vector<std::uint64_t>>(size / 8 + 1, 0);
  for (std::size_t i = 1; i < table->size(); ++i) (*table)[i] = (slots >> (i % 32) & 1U) != 0 ? 0x1000 + i : 0;
  std::memcpy(table->data(), &size, sizeof size);
  no_table = words.number("no_table", 0) != 0;
  throws = words.number("throws", 0) != 0;
}

void check_accepted(const plugin::Plugin& plugin) {
  hold(plugin.abi_major == SF_ABI_MAJOR && plugin.needs_minor <= SF_ABI_MINOR);
  hold(plugin.id == "org.example.x" && !plugin.kinds.empty() && plugin.kinds.size() <= 64);
  for (const auto* text : {&plugin.version, &plugin.summary, &plugin.license, &plugin.vendor}) hold(valid_utf8(*text));
  hold(config::check_schema(nlohmann::json::parse(plugin.config_schema)).empty());
  const auto names = [&](const char* kind) {
    return std::find(plugin.kinds.begin(), plugin.kinds.end(), kind) != plugin.kinds.end();
  };
  hold((plugin.source != nullptr) == names(SF_SOURCE) && (plugin.triage != nullptr) == names(SF_TRIAGE));
  hold((plugin.stage != nullptr) == names(SF_STAGE) && (plugin.notify != nullptr) == names(SF_NOTIFY));
  hold(plugin.source != nullptr || plugin.triage != nullptr || plugin.stage != nullptr || plugin.notify != nullptr);
}

void check(const Words& words, const sf_descriptor* descriptor) {
  sf_plugin_entry entry{};
  entry.magic = words.number("magic", SF_PLUGIN_MAGIC);
  entry.abi_major = static_cast<std::uint16_t>(words.number("major", SF_ABI_MAJOR));
  entry.abi_minor = static_cast<std::uint16_t>(words.number("minor", SF_ABI_MINOR));
  entry.needs_minor = static_cast<std::uint16_t>(words.number("needs_minor", 0));
  entry.struct_size = words.number("struct_size", sizeof entry);
  entry.descriptor = words.number("no_descriptor", 0) != 0 ? nullptr : descriptor;
  entry.get_interface = words.number("no_get", 0) != 0 ? nullptr : &get_interface;
  // The symbol is as large as it says, and nothing lies behind it.
  const std::size_t size = std::min<std::size_t>(words.number("symbol_size", sizeof entry), sizeof entry);
  const auto symbol = std::make_unique<unsigned char[]>(size);
  std::memcpy(symbol.get(), &entry, size);
  try {
    check_accepted(plugin::check_entry(kPath, reinterpret_cast<const sf_plugin_entry*>(symbol.get()), size));
  } catch (const Error& error) {
    const std::string_view text = error.what();
    hold(error.code() == Exit::config && text.starts_with(kPath + ": ") && fuzz::sentence(text, 1500));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Words words(fuzz::text_of(data, size));
  make_table(words);
  const List kinds(words.text("kinds", SF_SOURCE));
  const List needs(words.text("needs", ""));
  sf_descriptor descriptor{};
  descriptor.struct_size = words.number("descriptor_size", sizeof descriptor);
  descriptor.id = words.text("id", "org.example.x");
  descriptor.version = words.text("version", "1.0.0");
  descriptor.summary = words.text("summary", "Brings alerts");
  descriptor.license = words.text("license", "Apache-2.0");
  descriptor.vendor = words.text("vendor", "");
  descriptor.config_schema = words.text("schema", "{}");
  descriptor.kinds = kinds.get();
  descriptor.needs = needs.get();
  check(words, &descriptor);
  return 0;
}
