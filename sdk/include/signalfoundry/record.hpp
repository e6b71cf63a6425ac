// SPDX-License-Identifier: Apache-2.0
//
// record.hpp - one alert, read through paths compiled in configure(). Valid until the hook returns.
#pragma once
#include <signalfoundry/host.hpp>

#include <vector>

namespace sf __attribute__((visibility("hidden"))) {

  // A JSON pointer ("/rule/id") or a canonical field ("rule.id"). Make one per field in configure(), not per alert.
  class Path {
   public:
    Path() = default;
    // Throws SF_INVALID when `path` is neither.
    Path(const Host& host, std::string_view path)
        : api_(&host.service<sf_record_api>(SF_SERVICE_RECORD)), path_(api_->compile_path(host.raw(), to_c(path))) {
      if (path_ == nullptr)
        throw Error(SF_INVALID, "\"" + std::string(path) +
                                    "\" is neither a JSON pointer (\"/rule/id\") nor a canonical field (\"rule.id\")");
    }

   private:
    friend class Record;
    const sf_record_api* api_ = nullptr;
    const sf_path* path_ = nullptr;
  };

  class Record {
   public:
    Record() = default;
    explicit Record(const sf_record* record) noexcept : record_(record) {}
    const sf_record* raw() const noexcept { return record_; }

    std::optional<sf_value> value(const Path& path) const noexcept {
      sf_value out{};
      if (path.api_->get(record_, path.path_, &out) != SF_OK) return std::nullopt;
      return out;
    }
    // A string's text (or an object's or array's JSON); nothing for absent fields and other scalars.
    std::optional<std::string_view> text(const Path& path) const noexcept {
      const auto out = value(path);
      if (!out || out->type < SF_STR) return std::nullopt;
      return from_c(out->as.str);
    }
    std::string text_or(const Path& path, std::string_view otherwise) const {
      return std::string(text(path).value_or(otherwise));
    }
    std::optional<int64_t> integer(const Path& path) const noexcept {
      const auto out = value(path);
      if (!out || out->type != SF_I64) return std::nullopt;
      return out->as.i64;
    }
    // Calls visit(std::string_view) -> bool for each text of an array, or for the one text; false stops.
    template <class Visit>
    void each_text(const Path& path, Visit&& visit) const {
      auto call = [](void* impl, sf_str text) -> int32_t {
        return (*static_cast<std::remove_reference_t<Visit>*>(impl))(from_c(text)) ? 0 : 1;
      };
      path.api_->each_text(record_, path.path_, call, const_cast<void*>(static_cast<const void*>(&visit)));
    }
    std::vector<std::string> texts(const Path& path) const {
      std::vector<std::string> out;
      each_text(path, [&](std::string_view text) { return out.emplace_back(text), true; });
      return out;
    }
    // The SIEM's document, its bytes as received. `any` is any compiled path.
    std::string_view bytes(const Path& any) const noexcept {
      sf_str out{};
      return any.api_->bytes(record_, &out) == SF_OK ? from_c(out) : std::string_view{};
    }

   private:
    const sf_record* record_ = nullptr;
  };

}  // namespace )
