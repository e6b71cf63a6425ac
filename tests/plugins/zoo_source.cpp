// SPDX-License-Identifier: Apache-2.0
//
// zoo_source.cpp - a small source of files that is right, and one for each ZOO_… that is wrong in one way: what the
// conformance kit has to find. Its position is the number of the last file that was pushed.
#include <signalfoundry/fs.hpp>
#include <signalfoundry/plugin.hpp>
#include <signalfoundry/wazuh_mapping.hpp>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>
#include <vector>

namespace {

constexpr const char* kSchema = R"json({"type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {"path": {"type": "string", "x-sf-path": true, "description": "The directory."}}})json";

std::optional<unsigned long> number_of(std::string_view text) {
  unsigned long out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

class ZooSource final : public sf::Source {
 public:
  void configure(const sf::Host& host, std::string_view) override { host_ = host; }
  std::string mapping() override { return sf::kWazuhMapping; }

  void open(std::string_view position) override {
    last_ = 0;
    listed_ = false;
    if (position.empty()) return;
    const auto at = number_of(position);
#ifdef ZOO_CRASHES
    if (!at) ::raise(SIGSEGV);
#endif
#ifdef ZOO_SKIPS_GARBAGE
    last_ = at.value_or(1'000'000);
#else
    if (!at) throw sf::Error(SF_FATAL, "the position is none of this source's; see the ledger");
    last_ = *at;
#endif
  }

  sf::Poll poll(const sf::Emitter& out, uint32_t max_records, uint32_t) override {
#ifdef ZOO_HANGS_ON_STOP
    try {
      return read(out, max_records);
    } catch (const sf::Stop&) {
      for (;;) ::pause();
    }
#else
    return read(out, max_records);
#endif
  }

 private:
  void list() {
    files_.clear();
    next_ = 0;
    const auto dir = sf::fs::Dir::open(host_, "setting:path");
    if (!dir) throw sf::Error(SF_RETRY, "there is no directory; make it");
    for (auto& entry : dir->list(".json"))
      if (const auto number = number_of(std::string_view(entry.name).substr(0, entry.name.size() - 5));
          number && *number > last_)
        files_.emplace_back(*number, std::move(entry));
    std::sort(files_.begin(), files_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    dir_ = dir;
    listed_ = true;
  }

  std::string bytes_of(const sf::fs::Entry& entry) const {
    return dir_->read(entry, 0, 1U << 20U)
        .match([](std::string bytes) { return bytes; },
               [](sf::Gone) -> std::string { throw sf::Error(SF_RETRY, "a file vanished; it is asked for again"); });
  }

  sf::Poll read(const sf::Emitter& out, uint32_t max_records) {
    if (!listed_) list();
#ifdef ZOO_MOVES_FIRST
    if (next_ == 0 && !files_.empty()) out.checkpoint(std::to_string(files_.back().first));
#endif
#ifdef ZOO_IGNORES_MAX
    max_records = 1'000'000;
#endif
    for (uint32_t pushed = 0; pushed < max_records; ++pushed) {
      if (next_ == files_.size()) {
        listed_ = false;
        return sf::Poll::end;
      }
      const auto& [number, entry] = files_[next_];
#ifdef ZOO_LOSES_ON_FULL
      ++next_;
      last_ = number;
      if (!out.push(bytes_of(entry), "", std::to_string(number))) return sf::Poll::more;
#elif defined(ZOO_SKIPS_VANISHED)
      using Bytes = std::optional<std::string>;
      const auto bytes =
          dir_->read(entry, 0, 1U << 20U)
              .match([](std::string text) { return Bytes(std::move(text)); }, [](sf::Gone) { return Bytes(); });
      if (bytes && !out.push(*bytes, "", std::to_string(number))) return sf::Poll::more;
      last_ = number;  // and what is pushed next carries the position past it
      ++next_;
#elif defined(ZOO_SAME_POSITION)
      if (!out.push(bytes_of(entry), "", "0")) return sf::Poll::more;
      ++next_;
#elif defined(ZOO_PUSHES_AFTER_FULL)
      if (!out.push(bytes_of(entry), "", std::to_string(number)) && !out.push(bytes_of(entry), "", ""))
        return sf::Poll::more;
      last_ = number;
      ++next_;
#elif defined(ZOO_MOVES_FIRST)
      if (!out.push(bytes_of(entry), "", "")) return sf::Poll::more;
      last_ = number;
      ++next_;
#else
      if (!out.push(bytes_of(entry), "", std::to_string(number))) return sf::Poll::more;
      last_ = number;
      ++next_;
#endif
    }
    return sf::Poll::more;
  }

  sf::Host host_;
  std::optional<sf::fs::Dir> dir_;
  std::vector<std::pair<unsigned long, sf::fs::Entry>> files_;
  std::size_t next_ = 0;
  unsigned long last_ = 0;
  bool listed_ = false;
};

}  // namespace

SF_SOURCE_PLUGIN(ZooSource, .id = ZOO_ID, .version = "1.0.0", .summary = "A source for tests of the conformance kit.",
                 .license = "Apache-2.0", .config_schema = kSchema);
