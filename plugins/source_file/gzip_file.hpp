// SPDX-License-Identifier: Apache-2.0
//
// gzip_file.hpp - what a .gz decompresses to, from any place on, holding 64 KiB of it however much it is.
//
// Reading forwards is one pass. Several members one after another are one file (RFC 1952, 2.2); zeros after the last
// are passed over, as gzip does. What is damaged gives everything before the damage, and damage() says the rest.
// [stage-thread]
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace source_file {

class GzipFile {
 public:
  // At most `limit` compressed bytes at a place; fewer: the end. Nothing: the file is gone.
  using Read = std::function<std::optional<std::string>(std::uint64_t offset, std::uint64_t limit)>;

  explicit GzipFile(Read read);
  GzipFile(GzipFile&&) noexcept;
  GzipFile& operator=(GzipFile&&) noexcept;
  ~GzipFile();

  // At most `limit` bytes (1 or more) at a place in the decompressed file; fewer: the end. Nothing: the file is gone.
  // What lies before is decompressed and let go. Throws what Read throws, and sf::Error where memory is short.
  std::optional<std::string> read(std::uint64_t offset, std::size_t limit);
  // Why what was read so far may not be all, as the end of a sentence; "" for a file that is whole.
  const std::string& damage() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace source_file
