// SPDX-License-Identifier: Apache-2.0
//
// mock_record.hpp - an alert for tests: a JSON document and the fields of its canonical view (docs/formats/alert.md).
//
//   MockRecord alert(R"({"rule":{"id":"5710"}})", {{"rule.id", "5710"}, {"rule.level", 5}, {"rule.groups", {"sshd"}}});
//
// Copies share the content. Give one to a driver (under_test.hpp), or read it directly: sf::Record(alert.raw()).
#pragma once
#include <openssl/evp.h>
#include <signalfoundry/fields.hpp>
#include <signalfoundry/testing/lend.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <nlohmann/json.hpp>

namespace sf __attribute__((visibility("hidden"))) {
  namespace testing {
  namespace detail {

  inline std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, 32> digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
      throw std::runtime_error("SHA-256 is not available in this OpenSSL");
    std::string out;
    for (const unsigned char byte : digest) {
      out += "0123456789abcdef"[byte >> 4U];
      out += "0123456789abcdef"[byte & 15U];
    }
    return out;
  }

  inline bool known_field(std::string_view name) {
    const auto in = [&](const auto& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
    return in(kCanonicalFields) || in(kFacts);
  }

  struct Content {
    std::string bytes;
    nlohmann::json document;
    std::map<std::string, nlohmann::json, std::less<>> fields;
  };

  // What a plugin's sf_record points to: the content, and whether its hook has returned.
  struct LiveRecord {
    std::shared_ptr<const Content> content;
    Arena* arena = nullptr;
    Parts* host = nullptr;  // null outside a hook
    bool ended = false;
  };

  struct MockPath {
    bool is_pointer = false;
    nlohmann::json::json_pointer pointer;
    std::string field;
  };

  }  // namespace detail

  class MockRecord {
   public:
    // document: the bytes as received, JSON. fields: canonical fields and facts by their dotted names; an object is
    // read as nested names. "alert.key" and "alert.sha256" are made up where they are missing. Throws on a field that
    // is not in docs/formats/alert.md.
    explicit MockRecord(std::string document, const nlohmann::json& fields = nlohmann::json::object()) {
      auto content = std::make_shared<detail::Content>();
      content->bytes = std::move(document);
      content->document = nlohmann::json::parse(content->bytes);
      flatten("", fields, content->fields);
      const auto digest = detail::sha256_hex(content->bytes);
      content->fields.try_emplace("alert.key", digest.substr(0, 32));
      content->fields.try_emplace("alert.sha256", digest);
      content_ = std::move(content);
      live_->record.content = content_;
      live_->record.arena = &live_->arena;
    }

    // A copy with one field set; a null value takes it away.
    MockRecord with(std::string_view field, const nlohmann::json& value) const {
      nlohmann::json fields = nlohmann::json::object();
      for (const auto& [name, old] : content_->fields) fields[name] = old;
      if (value.is_null())
        fields.erase(std::string(field));
      else
        fields[std::string(field)] = value;
      return MockRecord(content_->bytes, fields);
    }
    // One field of the view, null where it is absent.
    nlohmann::json field(std::string_view name) const {
      const auto it = content_->fields.find(name);
      return it == content_->fields.end() ? nlohmann::json() : it->second;
    }
    const std::string& bytes() const noexcept { return content_->bytes; }
    std::string key() const { return field("alert.key").get<std::string>(); }
    // Valid as long as this record or a copy of it; for code that is tested without a driver.
    const sf_record* raw() const noexcept { return reinterpret_cast<const sf_record*>(&live_->record); }
    const std::shared_ptr<const detail::Content>& content() const noexcept { return content_; }

   private:
    struct Live {
      detail::LiveRecord record;
      detail::Arena arena;
    };
    static void flatten(const std::string& prefix, const nlohmann::json& from,
                        std::map<std::string, nlohmann::json, std::less<>>& to) {
      for (const auto& [key, value] : from.items()) {
        const auto name = prefix.empty() ? key : prefix + "." + key;
        if (value.is_object() && !detail::known_field(name)) {
          flatten(name, value, to);
        } else if (!detail::known_field(name)) {
          throw std::invalid_argument("\"" + name + "\" is no field of docs/formats/alert.md");
        } else {
          to[name] = value;
        }
      }
    }
    std::shared_ptr<const detail::Content> content_;
    std::shared_ptr<Live> live_ = std::make_shared<Live>();
  };

  namespace detail {

  inline const MockPath& path_of(const sf_path* path) {
    return *reinterpret_cast<const MockPath*>(path);
  }

  // The record, unless its hook has returned: then the misuse is noted.
  inline const LiveRecord* live(const sf_record* record, const char* call) {
    const auto* out = reinterpret_cast<const LiveRecord*>(record);
    if (!out->ended) return out;
    out->host->misuse(std::string("sf.record/1 ") + call + ": the record was kept after its hook had returned");
    return nullptr;
  }

  inline const nlohmann::json* look_up(const LiveRecord& record, const MockPath& path) {
    if (!path.is_pointer) {
      const auto it = record.content->fields.find(path.field);
      return it == record.content->fields.end() ? nullptr : &it->second;
    }
    try {
      if (!record.content->document.contains(path.pointer)) return nullptr;
      return &record.content->document.at(path.pointer);
    } catch (const nlohmann::json::exception&) {
      return nullptr;
    }
  }

  inline void to_value(const nlohmann::json& from, Arena& arena, sf_value* out) {
    *out = sf_value{};
    if (from.is_string()) {
      out->type = SF_STR;
      out->as.str = arena.lend(from.get_ref<const std::string&>());
    } else if (from.is_boolean()) {
      out->type = SF_BOOL;
      out->as.boolean = from.get<bool>() ? 1 : 0;
    } else if (from.is_number_unsigned() && from.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
      out->type = SF_F64;
      out->as.f64 = from.get<double>();
    } else if (from.is_number_integer()) {
      out->type = SF_I64;
      out->as.i64 = from.get<int64_t>();
    } else if (from.is_number()) {
      out->type = SF_F64;
      out->as.f64 = from.get<double>();
    } else if (from.is_structured()) {
      out->type = from.is_object() ? SF_OBJECT : SF_ARRAY;
      out->as.str = arena.lend(from.dump());
    }
  }

  inline sf_status record_get(const sf_record* record, const sf_path* path, sf_value* out) {
    const auto* alert = live(record, "get");
    const auto* found = alert != nullptr ? look_up(*alert, path_of(path)) : nullptr;
    if (found == nullptr) return SF_ABSENT;
    to_value(*found, *alert->arena, out);
    return SF_OK;
  }

  inline sf_status record_each_text(const sf_record* record, const sf_path* path,
                                    int32_t (*visit)(void* impl, sf_str text), void* impl) {
    const auto* alert = live(record, "each_text");
    const auto* found = alert != nullptr ? look_up(*alert, path_of(path)) : nullptr;
    if (found == nullptr) return SF_ABSENT;
    const auto is_text = [](const nlohmann::json& value) { return value.is_string() || value.is_number(); };
    const auto hand = [&](const nlohmann::json& value) {
      return visit(impl, alert->arena->lend(value.is_string() ? value.get<std::string>() : value.dump())) == 0;
    };
    if (is_text(*found)) return hand(*found), SF_OK;
    if (!found->is_array()) return SF_ABSENT;
    for (const auto& value : *found)
      if (is_text(value) && !hand(value)) break;
    return SF_OK;
  }

  inline sf_status record_bytes(const sf_record* record, sf_str* out) {
    const auto* alert = live(record, "bytes");
    if (alert == nullptr) return SF_ABSENT;
    *out = alert->arena->lend(alert->content->bytes);
    return SF_OK;
  }

  // One list of paths per host; the list's nodes never move.
  inline const sf_path* compile_path(std::list<MockPath>& paths, std::string_view text) {
    MockPath path;
    if (known_field(text)) {
      path.field = text;
    } else if (!text.empty() && text.front() == '/') {
      try {
        path.is_pointer = true;
        path.pointer = nlohmann::json::json_pointer(std::string(text));
      } catch (const nlohmann::json::exception&) {
        return nullptr;
      }
    } else {
      return nullptr;
    }
    paths.push_back(std::move(path));
    return reinterpret_cast<const sf_path*>(&paths.back());
  }

  }  // namespace detail
  }  // namespace testing
}  // namespace )
