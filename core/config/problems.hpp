// SPDX-License-Identifier: Apache-2.0
//
// problems.hpp - collects what is wrong while checking goes on. One thread.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "config/pipeline_config.hpp"
#include "config/value.hpp"

namespace signalfoundry::config {

class Problems {
 public:
  // `what` is already printable: the caller escapes names that it quotes.
  void add(const Place& place, std::string what);
  std::size_t count() const { return list_.size() + left_out_; }
  // In file order, those of --set last. At most 1000; the last one then says how many more there are.
  std::vector<Problem> take();

 private:
  struct Entry {
    Problem problem;
    bool from_file;
  };
  std::vector<Entry> list_;
  std::size_t left_out_ = 0;
};

// "\"text\"", printable.
std::string quoted(const std::string& text);
// "\"a\", \"b\" or \"c\"", at most 20 of them.
std::string listed(const std::vector<std::string>& names, const char* last_word);

}  // namespace signalfoundry::config
