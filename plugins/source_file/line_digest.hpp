// SPDX-License-Identifier: Apache-2.0
//
// line_digest.hpp - tells lines apart that are too long to be held, however their bytes arrive: SHA-256 of 64 KiB at a
// time, each together with the digest of what came before. Thread: one.
#pragma once
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace source_file {

class LineDigest {
 public:
  using Hash = std::function<std::string(std::string_view)>;
  explicit LineDigest(Hash hash) : hash_(std::move(hash)) {}

  void reset() {
    held_.clear();
    bytes_ = 0;
  }
  void add(std::string_view text) {
    while (!text.empty()) {
      const auto piece = text.substr(0, kPiece - bytes_);
      held_.append(piece);
      bytes_ += piece.size();
      text.remove_prefix(piece.size());
      if (bytes_ < kPiece) continue;
      held_ = hash_(held_);
      bytes_ = 0;
    }
  }
  std::string value() const { return bytes_ == 0 && !held_.empty() ? held_ : hash_(held_); }

 private:
  static constexpr std::size_t kPiece = std::size_t{64} << 10U;
  Hash hash_;
  std::string held_;       // the digest so far, and the bytes after it
  std::size_t bytes_ = 0;  // of the latter
};

}  // namespace source_file
