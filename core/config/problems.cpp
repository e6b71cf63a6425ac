// SPDX-License-Identifier: Apache-2.0
#include "config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.hpp"

namespace signalfoundry::config {

namespace {
constexpr std::size_t kMostProblems = 1000;
constexpr std::size_t kMostListed = 20;
}  // namespace

std::string Problem::text() const {
  if (line == 0) return fmt::format("{}: {}", printable(file, 4096), what);
  return fmt::format("{}:{}:{}: {}", printable(file, 4096), line, column, what);
}

void Problems::add(const Place& place, std::string what) {
  if (list_.size() == kMostProblems) {
    ++left_out_;
    return;
  }
  const bool from_file = place.origin->file;
  list_.push_back(
      {{place.origin->name, from_file ? place.line : 0, from_file ? place.column : 0, std::move(what)}, from_file});
}

std::vector<Problem> Problems::take() {
  std::stable_sort(list_.begin(), list_.end(), [](const Entry& a, const Entry& b) {
    return std::tuple(!a.from_file, a.problem.line, a.problem.column) <
           std::tuple(!b.from_file, b.problem.line, b.problem.column);
  });
  std::vector<Problem> out;
  out.reserve(list_.size() + 1);
  for (auto& entry : list_) out.push_back(std::move(entry.problem));
  if (left_out_ != 0)
    out.push_back({out.front().file, 0, 0, fmt::format("{} more problems. Correct these first.", left_out_)});
  list_.clear();
  left_out_ = 0;
  return out;
}

std::string quoted(const std::string& text) {
  return fmt::format("\"{}\"", printable(text));
}

std::string listed(const std::vector<std::string>& names, const char* last_word) {
  std::string out;
  const std::size_t shown = std::min(names.size(), kMostListed);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i != 0) out += i + 1 == names.size() ? fmt::format(" {} ", last_word) : ", ";
    out += quoted(names[i]);
  }
  return shown == names.size() ? out : out + ", …";
}

}  // namespace signalfoundry::config
