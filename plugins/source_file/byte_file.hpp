// SPDX-License-Identifier: Apache-2.0
//
// byte_file.hpp - one file's bytes by their place, whether it is plain or a .gz (then: what it decompresses to).
//
// The file is opened anew for each read, by its name, and only taken where its inode number is still the same: another
// file under the name, or none, is Nothing and never an error. [stage-thread]
#pragma once
#include <signalfoundry/fs.hpp>

#include "gzip_file.hpp"

namespace source_file {

class ByteFile {
 public:
  ByteFile(sf::fs::Dir dir, sf::fs::Entry entry)
      : dir_(std::make_shared<sf::fs::Dir>(std::move(dir))), entry_(std::make_shared<sf::fs::Entry>(std::move(entry))) {
    if (!is_gzip(entry_->name)) return;
    gzip_.emplace([dir = dir_, file = entry_](std::uint64_t offset, std::uint64_t limit) {
      return plain(*dir, *file, offset, limit);
    });
  }
  static bool is_gzip(std::string_view name) { return name.ends_with(".gz"); }

  // At most `limit` bytes (1 or more); fewer: the end. Nothing: the file is gone. Throws sf::Error.
  std::optional<std::string> read(std::uint64_t offset, std::size_t limit) {
    return gzip_ ? gzip_->read(offset, limit) : plain(*dir_, *entry_, offset, limit);
  }
  // A .gz does not grow.
  bool grows() const { return !gzip_; }
  std::string damage() const { return gzip_ ? gzip_->damage() : ""; }
  const sf::fs::Entry& entry() const { return *entry_; }

 private:
  static std::optional<std::string> plain(const sf::fs::Dir& dir, const sf::fs::Entry& entry, std::uint64_t offset,
                                          std::uint64_t limit) {
    return dir.read(entry, offset, limit)
        .match([](std::string bytes) { return std::optional(std::move(bytes)); },
               [](sf::Gone) { return std::optional<std::string>(); });
  }

  std::shared_ptr<sf::fs::Dir> dir_;
  std::shared_ptr<sf::fs::Entry> entry_;
  std::optional<GzipFile> gzip_;
};

}  // namespace source_file
