// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <unistd.h>

#include <string>

#include "base/time.hpp"
#include "support/catch.h"

namespace lg = signalfoundry::log;

namespace {

// What is written to stderr while it lives.
class Stderr {
 public:
  Stderr() : saved_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe(ends_) == 0);
    REQUIRE(::dup2(ends_[1], STDERR_FILENO) == STDERR_FILENO);
  }
  Stderr(const Stderr&) = delete;
  Stderr& operator=(const Stderr&) = delete;
  ~Stderr() {
    restore();
    ::close(ends_[0]);
  }
  std::string read() {
    restore();
    std::string text(65536, '\0');
    const auto size = ::read(ends_[0], text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    ::close(ends_[1]);
    saved_ = -1;
  }
  int saved_;
  int ends_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("log: a line is time, level, who and printable text") {
  Stderr err;
  lg::warn("poll", "3 of 4\nare \x1B[31mbad");
  lg::info("", "no one");
  const auto text = err.read();
  REQUIRE(text.size() > 24);
  CHECK(signalfoundry::parse_time(text.substr(0, 24)));
  CHECK(text.substr(24, text.find('\n') - 24) == " warn  poll: 3 of 4\\x0Aare \\x1B[31mbad");
  CHECK(text.substr(text.find('\n') + 25) == " info  no one\n");
}

TEST_CASE("log: nothing below the level, debug is off at first") {
  Stderr err;
  lg::write(lg::Level::debug, "a", "hidden");
  lg::set_level(lg::Level::error);
  lg::warn("a", "hidden");
  lg::error("a", "shown");
  lg::set_level(lg::Level::info);
  const auto text = err.read();
  CHECK(text.substr(24) == " error a: shown\n");
}

// Goal: a line stays below PIPE_BUF, up to which lines of several processes do not mix.
TEST_CASE("log: one line is at most 4096 bytes") {
  Stderr err;
  lg::error(std::string(10'000, 'w'), std::string(100'000, 't'));
  const auto text = err.read();
  CHECK(text.size() <= 4096);
  CHECK(text.size() > 3900);
  CHECK(text.back() == '\n');
}
