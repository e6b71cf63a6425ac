// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "config/pipeline_config.hpp"
#include "fixture.hpp"
#include "support/catch.h"

using signalfoundry::Error;
using signalfoundry::Exit;
using signalfoundry::config::read_secret;
using signalfoundry::config::SecretRef;

namespace {

const std::string kUrl = "url = \"u\"\n";
const std::string kIn = " in [stage.settings] of stage \"poll\" ";

std::string refusal(const SecretRef& ref) {
  try {
    read_secret(ref);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::config);
    return error.what();
  }
  return "(read)";
}

}  // namespace

// Goal: a secret can only be referred to, and whatever stands in its place is never repeated.
TEST_CASE_METHOD(ConfigFixture, "secrets: plain text of any type is refused and not shown") {
  for (const char* value : {"\"hunter2\"", "12345678", "[\"hunter2\"]", "true", "1.5", "\"\""}) {
    const auto found = with_settings(kUrl + "password = " + value + "\n");
    CHECK(found ==
          Lines{"DIR/p.toml:9:12: \"password\" is a secret in plain text. Put it into a file and write password "
                "= { file = \"...\" }, or use { env = \"...\" }."});
  }
  options.set = {"poll.password=hunter2"};
  CHECK(with_settings(kUrl) ==
        Lines{"--set poll.password: \"password\" is a secret in plain text. Put it into a file and "
              "write password = { file = \"...\" }, or use { env = \"...\" }."});
}

TEST_CASE_METHOD(ConfigFixture, "secrets: exactly one of file and env") {
  dir.write("pass", "x");
  const std::string one = "\"password\"" + kIn +
                          "must hold either file or env. Write password = { file = \"...\" } or password = { env = "
                          "\"...\" }.";
  CHECK(with_settings(kUrl + "password = {}\n") == Lines{"DIR/p.toml:9:12: " + one});
  CHECK(with_settings(kUrl + "password = { file = \"pass\", env = \"P\" }\n") == Lines{"DIR/p.toml:9:12: " + one});
  CHECK(
      with_settings(kUrl + "password = { flie = \"pass\" }\n") ==
      Lines{
          "DIR/p.toml:9:14: unknown key \"password.flie\" in [stage.settings] of stage \"poll\". A secret holds either "
          "file or env."});
  CHECK(with_settings(kUrl + "password = { file = 1 }\n") ==
        Lines{"DIR/p.toml:9:21: \"password.file\"" + kIn + "must be a string without NUL. Write file = \"...\"."});
  CHECK(with_settings(kUrl + "password = { env = \"hunter 2\" }\n") ==
        Lines{"DIR/p.toml:9:20: \"password.env\"" + kIn +
              "must be the name of an environment variable, not the secret itself."});
  CHECK(with_settings(kUrl + "password = { env = \"P_1\" }\n") == Lines{});
}

TEST_CASE_METHOD(ConfigFixture, "secrets: the file must be there, a file, and closed to others") {
  CHECK(with_settings(kUrl + "password = { file = \"none\" }\n") ==
        Lines{"DIR/p.toml:9:21: \"password.file\"" + kIn +
              "names \"DIR/none\", which is not there. Create it or correct the path."});
  dir.make("folder");
  CHECK(with_settings(kUrl + "password = { file = \"folder\" }\n") ==
        Lines{"DIR/p.toml:9:21: \"password.file\"" + kIn +
              "names \"DIR/folder\", which is not a regular file. Name a file that holds only the secret."});
  const auto file = dir.write("pass", "hunter2\n");
  for (const unsigned open : {0604U, 0644U, 0602U, 0666U}) {
    REQUIRE(::chmod(file.c_str(), open) == 0);
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", open);
    CHECK(with_settings(kUrl + "password = { file = \"pass\" }\n") ==
          Lines{"DIR/p.toml:9:21: \"password.file\"" + kIn +
                "names \"DIR/pass\", which every user may read or write (mode " + mode +
                "). Take that away with chmod o-rwx."});
    CHECK(refusal({file, ""}) == "\"" + file + "\" may be used by others than its owner and group (mode " + mode +
                                     "). Take that away with chmod o-rwx.");
  }
  for (const unsigned closed : {0400U, 0600U, 0640U, 0660U}) {
    REQUIRE(::chmod(file.c_str(), closed) == 0);
    CHECK(with_settings(kUrl + "password = { file = \"pass\" }\n") == Lines{});
    CHECK(read_secret({file, ""}) == "hunter2");
  }
}

TEST_CASE("read_secret: one trailing line end is not part of it") {
  const TempDir dir;
  CHECK(read_secret({dir.write("a", "s3 cret"), ""}) == "s3 cret");
  CHECK(read_secret({dir.write("a", "s3cret\n"), ""}) == "s3cret");
  CHECK(read_secret({dir.write("a", "s3cret\r\n"), ""}) == "s3cret");
  CHECK(read_secret({dir.write("a", " s3cret \n"), ""}) == " s3cret ");
}

// Goal: a rotated secret is used at the next call.
TEST_CASE("read_secret: reads anew each time") {
  const TempDir dir;
  const SecretRef ref{dir.write("a", "old\n"), ""};
  CHECK(read_secret(ref) == "old");
  dir.write("a", "new\n");
  CHECK(read_secret(ref) == "new");
}

TEST_CASE("read_secret: follows a link, as secrets that a cluster mounts are") {
  const TempDir dir;
  const auto link = dir / "link";
  REQUIRE(::symlink(dir.write("a", "s\n").c_str(), link.c_str()) == 0);
  CHECK(read_secret({link, ""}) == "s");
}

TEST_CASE("read_secret: failures name the file or variable and never the value") {
  const TempDir dir;
  CHECK(refusal({dir / "none", ""}) ==
        "cannot read \"" + (dir / "none") + "\": No such file or directory. Create it or correct the path.");
  for (const char* empty : {"", "\n", "\r\n"})
    CHECK(refusal({dir.write("a", empty), ""}) ==
          "the file \"" + (dir / "a") + "\" holds no secret: it is empty. Put the secret there.");
  for (const auto& text : {std::string("hunter2\nsecond\n"), std::string("hun\0ter2", 8), std::string("hunter2\n\n")})
    CHECK(refusal({dir.write("a", text), ""}) ==
          "the file \"" + (dir / "a") + "\" must hold one line, the secret. Remove the rest.");
  CHECK(refusal({dir.write("a", std::string(70'000, 'x')), ""}) ==
        "\"" + (dir / "a") + "\" is larger than 65536 bytes. Make it smaller, or correct the path.");
  const auto fifo = dir / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(refusal({fifo, ""}) == "\"" + fifo + "\" is a fifo, socket or device. Name a regular file.");
}

TEST_CASE("read_secret: environment variables") {
  ::unsetenv("SF_TEST_SECRET");
  CHECK(
      refusal({"", "SF_TEST_SECRET"}) ==
      "the environment variable \"SF_TEST_SECRET\" is not set. Set it to the secret, or refer to a file with { file = "
      "\"...\" }.");
  ::setenv("SF_TEST_SECRET", "", 1);
  CHECK(refusal({"", "SF_TEST_SECRET"}) ==
        "the environment variable \"SF_TEST_SECRET\" holds no secret: it is empty. Put the secret there.");
  ::setenv("SF_TEST_SECRET", "s3cret", 1);
  CHECK(read_secret({"", "SF_TEST_SECRET"}) == "s3cret");
  ::unsetenv("SF_TEST_SECRET");
}
