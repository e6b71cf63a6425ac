// SPDX-License-Identifier: Apache-2.0
//
// position.hpp - which file is followed and how far it was read, as the ledger keeps it between two runs.
//
// {"v":2,"file","dev","ino","mtime_ms","empty","offset","first_line_sha256","last_bytes","last_sha256","until_ms"}, and
// "next_ino" and "passed_ms" where there is one. An
// inode number is used again and a name is moved, so neither is believed without the digests of what was read. A .gz
// has the place in what it decompresses to, so a file that is compressed between two runs keeps its position.
// [any-thread]
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace source_file {

constexpr std::size_t kDigestBytesMax = 4096;  // of the first line and of the last one, so much is digested

struct Position {
  std::string file;  // "2026/Nov/ossec-alerts-27.json", relative to the live file and without .gz; "" when not known
  std::uint64_t dev = 0;
  std::uint64_t ino = 0;  // 0: nothing was read yet, or what was read is gone
  std::int64_t mtime_ms = 0;
  bool empty = false;            // it had not one byte when it was looked at last
  std::uint64_t offset = 0;      // everything before was handed over
  std::string first_line;        // SHA-256 of the first line, or of its first 4 KiB; "" while not known
  std::uint64_t last_bytes = 0;  // this many bytes before the offset, the end of the last line, 4 KiB at most ...
  std::string last_sha256;       // ... have this SHA-256
  std::uint64_t next_ino = 0;    // of a file after it without one of Wazuh's names, seen empty; 0: none
  std::int64_t passed_ms = 0;    // files whose time lies ahead of now, up to here, were read; 0: there was none
  std::int64_t until_ms = -1;    // when everything that was there had been read; -1: not yet

  std::string text() const;
  // Nothing for what is no JSON object, as damage leaves it. Also takes {"v":1,"ino","offset","first_line_sha256"} of
  // earlier versions. Throws sf::Error(SF_FATAL) for an object that this version did not write: another plugin's, or a
  // newer version's.
  static std::optional<Position> of(std::string_view text);
};

}  // namespace source_file
