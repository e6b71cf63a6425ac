// SPDX-License-Identifier: Apache-2.0
#include "position.hpp"

#include "../shared/cursor_json.hpp"

namespace source_file {

namespace {

constexpr std::size_t kTextMax = 4096;

using Json = nlohmann::json;

// Throws a std::exception for what is no whole number of 0 or more, as get<> would not.
std::uint64_t number_at(const Json& j, const char* key) {
  if (!j.at(key).is_number_unsigned()) throw std::out_of_range(key);
  return j.at(key).get<std::uint64_t>();
}

Position read(const Json& j, int version) {
  Position out;
  out.ino = number_at(j, "ino");
  out.offset = number_at(j, "offset");
  out.first_line = j.at("first_line_sha256").get<std::string>();
  if (version == 1) return out;
  out.file = j.at("file").get<std::string>();
  out.dev = number_at(j, "dev");
  out.mtime_ms = shared::time_at(j, "mtime_ms");
  out.empty = j.at("empty").get<bool>();
  out.last_bytes = number_at(j, "last_bytes");
  out.last_sha256 = j.at("last_sha256").get<std::string>();
  out.until_ms = shared::time_at(j, "until_ms");
  if (j.contains("next_ino")) out.next_ino = number_at(j, "next_ino");
  if (j.contains("passed_ms")) out.passed_ms = shared::time_at(j, "passed_ms");
  if (out.last_bytes > out.offset || out.last_bytes > kDigestBytesMax) throw std::out_of_range("last_bytes");
  return out;
}

}  // namespace

std::string Position::text() const {
  // A name of a file is bytes; one that is not UTF-8 is not kept, and the file is found by its inode and digests.
  Json out{{"v", 2},
           {"file", file},
           {"dev", dev},
           {"ino", ino},
           {"mtime_ms", mtime_ms},
           {"empty", empty},
           {"offset", offset},
           {"first_line_sha256", first_line},
           {"last_bytes", last_bytes},
           {"last_sha256", last_sha256},
           {"until_ms", until_ms}};
  if (next_ino != 0) out["next_ino"] = next_ino;
  if (passed_ms != 0) out["passed_ms"] = passed_ms;
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Position> Position::of(std::string_view text) {
  if (!Json::parse(text, nullptr, false).is_object()) return std::nullopt;
  return shared::read_cursor(text, "source_file", kTextMax, 2, read);
}

}  // namespace source_file
