// SPDX-License-Identifier: Apache-2.0
//
// Goal: the text of an entry never changes between versions, and no change of an entry goes unseen.
#include "store/ledger.hpp"

#include "base/digest.hpp"
#include "support/catch.h"

using signalfoundry::sha256_hex;
using signalfoundry::store::check_entry;
using signalfoundry::store::Count;
using signalfoundry::store::count_name;
using signalfoundry::store::Counts;
using signalfoundry::store::Disposition;
using signalfoundry::store::disposition_name;
using signalfoundry::store::disposition_of;
using signalfoundry::store::make_entry;

namespace {

constexpr std::int64_t kTime = 1'726'653'704'788;
const std::string kZeros(64, '0');
const std::string kKey = "00112233445566778899aabbccddeeff";
const std::string kHash = "1a82a7fd7f1f2c2e180869785ec32aed962966f14f487202ba4aec3cbb58c354";

std::string first_entry() {
  std::string hash;
  return make_entry({1, kTime, "r", "accepted", kKey, R"("a":1)", kZeros}, hash);
}

// A line with the hash that fits, whatever else it says.
std::string sealed(const std::string& body_without_brace) {
  return body_without_brace + ",\"hash\":\"" + sha256_hex(body_without_brace + "}") + "\"}";
}

}  // namespace

TEST_CASE("ledger: an entry's text and hash are those of every release (golden values)") {
  std::string hash;
  CHECK(make_entry({1, kTime, "r", "accepted", kKey, R"("a":1)", kZeros}, hash) ==
        R"({"seq":1,"time":"2024-09-18T10:01:44.788Z","run_id":"r","kind":"accepted","key":")" + kKey +
            R"(","a":1,"prev":")" + kZeros + R"(","hash":")" + kHash + "\"}");
  CHECK(hash == kHash);
  CHECK(make_entry({2, kTime, "r", "inputs", "", "", kHash}, hash) ==
        R"({"seq":2,"time":"2024-09-18T10:01:44.788Z","run_id":"r","kind":"inputs","key":null,"prev":")" + kHash +
            R"(","hash":"2cef3ff03e350854aab634cbcf9f6d52dbab533ded18b31e25bf78fcf4db92b6"})");
  CHECK(hash == "2cef3ff03e350854aab634cbcf9f6d52dbab533ded18b31e25bf78fcf4db92b6");
}

TEST_CASE("ledger: a good entry gives its number, its predecessor's hash and its own") {
  const auto link = check_entry(first_entry());
  REQUIRE(link);
  CHECK(link->seq == 1);
  CHECK(link->prev == kZeros);
  CHECK(link->hash == kHash);
  std::string hash;
  const auto last = check_entry(make_entry({INT64_MAX, kTime, "r", "verdict", kKey, R"("t":["\"}"])", kHash}, hash));
  REQUIRE(last);
  CHECK(last->seq == INT64_MAX);
  CHECK(last->prev == kHash);
}

TEST_CASE("ledger: every flip of one bit of an entry is seen") {
  const std::string good = first_entry();
  int unseen = 0;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ (1U << bit));
      unseen += check_entry(bad) ? 1 : 0;
    }
  CHECK(unseen == 0);
}

TEST_CASE("ledger: every byte taken out, put in or repeated is seen, and every cut from either end") {
  const std::string good = first_entry();
  int unseen = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string without = good;
    unseen += check_entry(without.erase(at, 1)) ? 1 : 0;
    for (const char c : {' ', '0', '"', '\0', good[at]}) {
      std::string more = good;
      unseen += check_entry(more.insert(at, 1, c)) ? 1 : 0;
    }
    unseen += check_entry(std::string_view(good).substr(0, at)) ? 1 : 0;
    unseen += at != 0 && check_entry(std::string_view(good).substr(at)) ? 1 : 0;
  }
  for (const char* tail : {"\n", " ", "}", "\"}"}) unseen += check_entry(good + tail) ? 1 : 0;
  CHECK(unseen == 0);
}

TEST_CASE("ledger: two entries swapped or merged are seen") {
  const std::string a = first_entry();
  std::string hash;
  const std::string b = make_entry({2, kTime, "r", "accepted", kKey, R"("a":1)", kHash}, hash);
  CHECK(check_entry(b));
  CHECK(!check_entry(a + b));
  CHECK(!check_entry(a.substr(0, a.size() - 75) + b.substr(b.size() - 75)));
}

TEST_CASE("ledger: what is no entry is none, also with a hash that fits") {
  for (const char* bad : {"", "{}", "{\"seq\":", "x"}) CHECK(!check_entry(bad));
  const std::string prev = ",\"prev\":\"" + kZeros + "\"";
  const std::string rest = ",\"time\":\"t\",\"run_id\":\"r\",\"kind\":\"k\",\"key\":null";
  CHECK(check_entry(sealed("{\"seq\":7" + rest + prev)));
  CHECK(!check_entry(sealed("{\"seq\":\"7\"" + rest + prev)));
  CHECK(!check_entry(sealed("{\"seq\":7.5" + rest + prev)));
  CHECK(!check_entry(sealed("{\"seq\":x" + rest + prev)));
  CHECK(!check_entry(sealed("{\"seq\":99999999999999999999" + rest + prev)));
  CHECK(!check_entry(sealed("{\"sec\":7" + rest + prev)));
  CHECK(!check_entry(sealed("{\"seq\":7" + prev + rest)));
  CHECK(!check_entry(sealed("{\"seq\":7" + rest + ",\"prev\":\"" + kZeros.substr(1) + "\"")));
  CHECK(!check_entry(std::string(150, ',') + ",\"hash\":\"" + kZeros + "\"}"));
}

TEST_CASE("ledger: dispositions and counts have the names of the contract") {
  for (const char* name : {"benign", "known_fp", "review", "escalated"}) {
    REQUIRE(disposition_of(name));
    CHECK(disposition_name(*disposition_of(name)) == name);
  }
  CHECK(!disposition_of("none"));
  CHECK(!disposition_of(""));
  CHECK(disposition_name(Disposition::none) == "none");
  std::string names;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Count::size); ++i)
    names += std::string(count_name(static_cast<Count>(i))) + " ";
  CHECK(names ==
        "fetched accepted duplicate triaged benign known_fp review escalated quarantined vanished packs notified ");
}

TEST_CASE("ledger: counts add up one by one") {
  Counts a;
  a[Count::fetched] = 3;
  Counts b;
  b[Count::fetched] = 4;
  b[Count::notified] = 1;
  a += b;
  CHECK(a[Count::fetched] == 7);
  CHECK(a[Count::notified] == 1);
  CHECK(a[Count::triaged] == 0);
}
