// SPDX-License-Identifier: Apache-2.0
//
// Goal: what the indexer says of each document decides: a fault that may pass is tried again, one that will not is
// given up with the reason, and a document that somebody changed meanwhile is looked at again. None costs the others.
#include "site.hpp"

using namespace writeback_test;

namespace {

constexpr const char* kConflict =
    "[f0]: version conflict, required seqNo [1], primary term [1]. current document has "
    "seqNo [2] and primary term [1]";

json status(const char* word) {
  return {{"wazuh", {{"case", {{"status", word}}}}}};
}

}  // namespace

TEST_CASE("writeback_wazuh: a fault of an item that may pass is tried again, the others are set", "[writeback_wazuh]") {
  for (const int code : {408, 429, 500, 503}) {
    INFO(code);
    Site site(25);
    site.documents[3].status = code;
    site.documents[3].error = "rejected execution of \x1b[31mcoordinating operation";
    CHECK(site.deliver() == SF_AGAIN);
    CHECK(
        site.says("cannot change 1 of 25 documents of a finding now (" + std::to_string(code) + " rejected execution"));
    CHECK(!site.says("\x1b"));
    CHECK(site.set() == 24);
    site.documents[3].status = 200;
    site.updated.clear();
    CHECK(site.deliver() == SF_OK);
    CHECK(site.updated == std::vector<std::string>{"f3"});
    CHECK(site.counted("writeback_updated") == 1);
  }
}

TEST_CASE("writeback_wazuh: an item that is refused for good is given up with its reason", "[writeback_wazuh]") {
  Site site(12);
  site.documents[11].status = 404;
  site.documents[11].error = "[f11]: document missing";
  CHECK(site.deliver() == SF_FAILED);
  CHECK(site.says("refuses to change 1 of 12 documents of a finding (404 [f11]: document missing)"));
  CHECK(site.set() == 11);
  site.documents[11].status = 400;
  site.documents[11].error = {{"type", "mapper_parsing_exception"}, {"reason", "strict"}};
  CHECK(site.deliver() == SF_FAILED);
  CHECK(site.says("(400 strict)"));
}

TEST_CASE("writeback_wazuh: an item that a role may not change waits for the role", "[writeback_wazuh]") {
  Site site(2);
  site.documents[0].status = 403;
  site.documents[0].error = "no permissions for [indices:data/write/update] and User [name=sf]";
  CHECK(site.deliver() == SF_DENIED);
  CHECK(site.says("does not let this user change 1 of 2 documents of a finding (403 no permissions for [indices:data"));
  site.documents[0].error = "index [.ds-findings] blocked by: [FORBIDDEN/8/index write (api)];";
  CHECK(site.deliver() == SF_AGAIN);  // no fault of the role
  CHECK(site.says("blocked by"));
}

TEST_CASE("writeback_wazuh: of several faults the one that may pass counts", "[writeback_wazuh]") {
  Site site(3);
  site.documents[0].status = 404;
  site.documents[0].error = "document missing";
  site.documents[2].status = 429;
  site.documents[2].error = "busy";
  CHECK(site.deliver() == SF_AGAIN);
  site.documents[2].status = 200;
  CHECK(site.deliver() == SF_FAILED);
  CHECK(site.set() == 2);
}

TEST_CASE("writeback_wazuh: a document that a person changed meanwhile is looked at again", "[writeback_wazuh]") {
  Site site(2);
  site.before_update = [&] {
    auto& first = site.documents[0];
    if (site.updated.empty()) first.status = 409, first.error = kConflict;
  };
  site.mock.clock.on_wait = [&](std::uint32_t) {
    site.documents[0].status = 200;
    site.documents[0].source = status("closed");
  };
  CHECK(site.deliver() == SF_OK);
  CHECK(site.documents[0].source == status("closed"));
  CHECK(site.documents[1].source == status("completed"));
  CHECK(site.updated == std::vector<std::string>{"f0", "f1"});
  CHECK(site.mock.clock.waits == std::vector<std::uint32_t>{3'000});  // longer than a refresh
  CHECK(site.counted("writeback_updated") == 1);
}

TEST_CASE("writeback_wazuh: one that only got a comment meanwhile is set then", "[writeback_wazuh]") {
  Site site(1);
  site.documents[0].status = 409;
  site.documents[0].error = kConflict;
  site.mock.clock.on_wait = [&](std::uint32_t) { site.documents[0].status = 200; };
  CHECK(site.deliver() == SF_OK);
  CHECK(site.set() == 1);
  CHECK(site.updated.size() == 2);
}

TEST_CASE("writeback_wazuh: one that is changed all the time waits for the next run", "[writeback_wazuh]") {
  Site site(2);
  site.documents[0].status = 409;
  site.documents[0].error = kConflict;
  CHECK(site.deliver() == SF_AGAIN);
  CHECK(site.says("which somebody else changes meanwhile (409 [f0]: version conflict"));
  CHECK(site.updated.size() == 4);  // f0 three times, f1 once
  CHECK(site.set() == 1);
}

TEST_CASE("writeback_wazuh: a run that stops while it waits keeps the message", "[writeback_wazuh]") {
  Site site(1);
  site.documents[0].status = 409;
  site.mock.clock.stopping = true;
  CHECK(site.deliver() == SF_RETRY);
  CHECK(site.says("the message waits for the next one"));
}

TEST_CASE("writeback_wazuh: an answer that is none of this endpoint gives nothing up", "[writeback_wazuh]") {
  for (const char* body : {"", "[]", "<html>", "{}", R"({"errors":"maybe"})", R"({"errors":true})",
                           R"({"errors":true,"items":[]})", R"({"errors":true,"items":[7,{"status":"x"}]})"}) {
    INFO(body);
    Site site(1);
    site.spoil_update = [&](MockAnswer& answer) { answer.body = body; };
    CHECK(site.deliver() == SF_RETRY);
    CHECK(site.says("gave an answer that is not understood"));
  }
}

TEST_CASE("writeback_wazuh: a request that is refused as a whole says why in the endpoint's words",
          "[writeback_wazuh]") {
  Site site(1);
  site.spoil_update = [](MockAnswer& answer) {
    answer.status = 400;
    answer.body = R"({"message":"Case management is disabled","status":400})";
  };
  CHECK(site.deliver() == SF_FAILED);
  CHECK(site.says("refuses the change of a case (400 Case management is disabled)"));
}
