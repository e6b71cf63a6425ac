// SPDX-License-Identifier: Apache-2.0
//
// Goal: a file that an operator names is read as a whole or refused in a sentence that says what to do.
#include "fs/read_path.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "outcome.hpp"
#include "support/catch.h"
#include "support/temp_dir.hpp"

using signalfoundry::fs::exists;
using signalfoundry::fs::path_info;
using signalfoundry::fs::read_path;

TEST_CASE("read_path: the whole file, through links, up to the limit") {
  const TempDir temp;
  const std::string file = temp.write("a", "0123456789");
  REQUIRE(::symlink("a", (temp / "link").c_str()) == 0);
  CHECK(read_path(file, 10) == "0123456789");
  CHECK(read_path(temp / "link", 100) == "0123456789");
  CHECK_THAT(thrown([&] { read_path(file, 9); }),
             ContainsSubstring("78: ") && ContainsSubstring("larger than 9 bytes"));
  CHECK(read_path(temp.write("empty", ""), 0) == "");
  CHECK(read_path("/proc/self/stat", 10'000) != "");
}

TEST_CASE("read_path: what is no readable file is refused, and nothing hangs") {
  const TempDir temp;
  REQUIRE(::mkfifo((temp / "fifo").c_str(), 0600) == 0);
  CHECK_THAT(thrown([&] { read_path(temp / "fifo", 10); }), ContainsSubstring("Name a regular file"));
  CHECK_THAT(thrown([&] { read_path(temp.path(), 10); }), ContainsSubstring("is a directory"));
  CHECK_THAT(thrown([&] { read_path(temp / "none", 10); }), ContainsSubstring("Create it or correct the path"));
  CHECK_THAT(thrown([&] { read_path("/dev/zero", 10); }), ContainsSubstring("Name a regular file"));
}

TEST_CASE("read_path: a file with permissions that were ruled out is refused") {
  const TempDir temp;
  const std::string file = temp.write("secret", "x");
  CHECK(read_path(file, 10, 07) == "x");
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  CHECK_THAT(thrown([&] { read_path(file, 10, 07); }), ContainsSubstring("mode 0644"));
}

TEST_CASE("read_path: what is there is told apart from what is not") {
  const TempDir temp;
  CHECK(exists(temp.path()));
  CHECK(!exists(temp / "none"));
  CHECK(path_info(temp.path()).directory);
  CHECK(path_info(temp.write("a", "")).regular);
  CHECK(path_info(temp / "none").error_number == ENOENT);
  CHECK(path_info(temp / "a").mode == 0600);
}
