// SPDX-License-Identifier: Apache-2.0
//
// Goal: a .gz gives the bytes that were compressed, from any place on; what is damaged gives all before the damage and
// says so; no input takes more than its pieces.
#include "gzip_file.hpp"

#include <random>

#include "gzip_text.hpp"
#include "support/catch.h"

using source_file::GzipFile;

namespace {

GzipFile::Read from(const std::string& bytes) {
  return [bytes](std::uint64_t offset, std::uint64_t limit) {
    return std::optional(bytes.substr(std::min<std::size_t>(offset, bytes.size()), limit));
  };
}
std::string text_of(std::size_t size) {
  std::string out;
  for (std::size_t n = 0; out.size() < size; ++n) out += std::to_string(n * n) + "\n";
  out.resize(size);
  return out;
}
std::string all_of(GzipFile& file, std::size_t piece) {
  std::string out;
  for (;;) {
    const auto more = file.read(out.size(), piece);
    out += more.value();
    if (more->size() < piece) return out;
  }
}

}  // namespace

TEST_CASE("gzip file: gives what was compressed, in pieces of any size", "[source_file]") {
  for (const std::size_t size : {0U, 1U, 65'535U, 65'536U, 1'000'000U}) {
    const auto text = text_of(size);
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{65'536}, std::size_t{1} << 20U}) {
      GzipFile file(from(gzip_of(text)));
      CHECK(all_of(file, piece) == text);
      CHECK(file.damage().empty());
    }
  }
}

TEST_CASE("gzip file: reads at any place, forwards and backwards", "[source_file]") {
  const auto text = text_of(500'000);
  GzipFile file(from(gzip_of(text)));
  for (const std::size_t at : {0U, 499'990U, 3U, 250'000U, 250'000U, 0U, 499'999U}) {
    CHECK(file.read(at, 10).value() == text.substr(at, 10));
  }
  CHECK(file.read(500'000, 10).value().empty());
  CHECK(file.read(900'000, 10).value().empty());
}

TEST_CASE("gzip file: members one after another are one file, and zeros after them nothing", "[source_file]") {
  for (const std::size_t zeros : {0U, 1U, 512U}) {
    GzipFile file(from(gzip_of("one\n") + gzip_of("") + gzip_of("two\n") + std::string(zeros, '\0')));
    CHECK(all_of(file, 1000) == "one\ntwo\n");
    CHECK(file.damage().empty());
  }
}

TEST_CASE("gzip file: cut anywhere it gives a beginning of the text, and says so", "[source_file]") {
  const auto text = text_of(3000);
  const auto whole = gzip_of(text);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    GzipFile file(from(whole.substr(0, size)));
    const auto got = all_of(file, 100);
    INFO(size);
    CHECK(text.starts_with(got));
    CHECK(!file.damage().empty());
  }
}

TEST_CASE("gzip file: a flipped bit anywhere ends it before or at the end, and says so", "[source_file]") {
  const auto text = text_of(3000);
  const auto whole = gzip_of(text);
  unsigned unnoticed = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    GzipFile file(from(bytes));
    const auto got = all_of(file, 100);
    CHECK(got.size() <= 100'000);
    if (file.damage().empty()) ++unnoticed;
    if (file.damage().empty()) CHECK(got == text);
  }
  CHECK(unnoticed <= 7);  // time, extra flags and system of the header (RFC 1952, 2.3) say nothing of the text
}

TEST_CASE("gzip file: what is no gzip, or followed by something else, is said", "[source_file]") {
  GzipFile text(from("{\"id\":\"1\"}\n"));
  CHECK(all_of(text, 100).empty());
  CHECK(text.damage() == "it is not in gzip's format");
  GzipFile empty(from(""));
  CHECK(all_of(empty, 100).empty());
  CHECK(empty.damage() == "it is empty");
  GzipFile more(from(gzip_of("one\n") + "two\n"));
  CHECK(all_of(more, 100) == "one\n");
  CHECK(more.damage() == "something that is not in gzip's format follows");
}

TEST_CASE("gzip file: gone at any read is nothing, and no damage", "[source_file]") {
  std::mt19937 random(1);
  std::string noise(200'000, '\0');
  for (auto& one : noise) one = static_cast<char>(random() >> 24U);
  const auto whole = gzip_of(noise);
  REQUIRE(whole.size() > 150'000);
  for (unsigned nth = 1; nth <= 3; ++nth) {
    unsigned reads = 0;
    GzipFile file([&](std::uint64_t offset, std::uint64_t limit) -> std::optional<std::string> {
      if (++reads == nth) return std::nullopt;
      return whole.substr(offset, limit);
    });
    CHECK(!file.read(0, 1'000'000));
  }
}
