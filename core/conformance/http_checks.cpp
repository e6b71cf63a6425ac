// SPDX-License-Identifier: Apache-2.0
//
// What a source makes of a server that is not well: it fails with a sentence or asks again, and loses nothing.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/time.hpp"
#include "conformance/check.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr std::size_t kRequestsMax = 5;  // of a run that are spoiled in turn

using Spoil = std::function<void(Reply&)>;

Reply answer(unsigned status, const std::string& type, const std::string& body) {
  Reply out;
  out.status = status;
  out.type = type;
  out.body = body;
  return out;
}

void healthy(Bench& bench, std::size_t& requests) {
  auto& server = bench.server();
  bench.begin();
  server.heal();
  const auto t = bench.run();
  bench.require_good(t, "with a server that is well");
  bench.require_all({&t}, "with a server that is well");
  requests = std::min(server.requests(), kRequestsMax);
  require(requests != 0, "it asked the server nothing");
}

// The answers from the `first`th on are spoiled, `count` of them (0: all that follow); then the server is well again.
void spoiled(Bench& bench, const std::string& what, std::size_t first, std::size_t count, const Spoil& spoil) {
  auto& server = bench.server();
  std::size_t struck = 0;
  server.spoil([&](std::size_t nth, const Request&, Reply& reply) {
    if (nth < first || (count != 0 && nth >= first + count)) return;
    ++struck;
    spoil(reply);
  });
  const auto under = bench.run();
  server.heal();
  const auto when = fmt::format("{} in answer {}{}", what, first, count == 0 ? " and all that follow" : "");
  if (struck == 0) return;
  for (const auto& asked : under.intervals)
    require(!asked.complete || asked.from_ms <= asked.to_ms, "an interval ends before it begins");
  const auto after = bench.run_after(under);
  bench.require_good(after, when + ", then a server that is well");
  bench.require_all({&under, &after}, when + ", then a server that is well");
}

// Each answer of a run in turn: that one alone, and from it on all.
void each(Bench& bench, const std::string& what, const Spoil& spoil) {
  std::size_t requests = 0;
  healthy(bench, requests);
  for (std::size_t nth = 1; nth <= requests; ++nth) {
    spoiled(bench, what, nth, 1, spoil);
    spoiled(bench, what, nth, 0, spoil);
  }
}

// As each(), for faults that cost real time.
void first_and_second(Bench& bench, const std::string& what, const Spoil& spoil) {
  std::size_t requests = 0;
  healthy(bench, requests);
  spoiled(bench, what, 1, 0, spoil);
  spoiled(bench, what, std::min<std::size_t>(2, requests), 1, spoil);
}

void error_500(Bench& bench) {
  each(bench, "500", [](Reply& reply) {
    reply = answer(500, "application/json",
                   R"({"error":{"type":"task_cancelled_exception","reason":"cancelled"},"status":500})");
  });
}

void timeout(Bench& bench) {
  first_and_second(bench, "no answer", [](Reply& reply) { reply.fault = Fault::hang; });
}

void truncated(Bench& bench) {
  each(bench, "half a body", [](Reply& reply) { reply.fault = Fault::truncate; });
  each(bench, "a body without its last byte", [](Reply& reply) { reply.fault = Fault::short_body; });
}

void wrong_length(Bench& bench) {
  each(bench, "a Content-Length of half the body", [](Reply& reply) { reply.fault = Fault::long_body; });
}

void closed(Bench& bench) {
  each(bench, "a connection that ends without an answer", [](Reply& reply) { reply.fault = Fault::close; });
}

void bomb(Bench& bench) {
  first_and_second(bench, "256 MiB of white space in 1.7 MB of gzip",
                   [](Reply& reply) { reply.fault = Fault::gzip_bomb; });
  first_and_second(bench, "256 MiB of white space in gzip in gzip",
                   [](Reply& reply) { reply.fault = Fault::gzip_twice; });
}

void not_json(Bench& bench) {
  each(bench, "a login page with status 200",
       [](Reply& reply) { reply = answer(200, "text/html", "<html><title>Please sign in</title></html>"); });
  each(bench, "an empty body with status 200", [](Reply& reply) { reply = answer(200, "application/json", ""); });
  each(bench, "{} with status 200", [](Reply& reply) { reply = answer(200, "application/json", "{}"); });
}

void redirect(Bench& bench) {
  const auto elsewhere = bench.server().url() + "/login";
  std::size_t followed = 0;
  std::size_t requests = 0;
  healthy(bench, requests);
  bench.server().spoil([&](std::size_t, const Request& request, Reply& reply) {
    if (request.target.starts_with("/login")) ++followed;
    reply = answer(302, "text/html", "");
    reply.headers.emplace_back("Location", elsewhere);
  });
  const auto under = bench.run();
  bench.server().heal();
  require(followed == 0, "it followed a redirect, and would give its credentials to whoever is there");
  require(!under.good(), "a redirect in place of every answer: " + under.ending() + ", as if all were well");
  const auto after = bench.run_after(under);
  bench.require_all({&under, &after}, "redirects, then a server that is well");
}

void bad_gateway(Bench& bench) {
  each(bench, "502 with a page of HTML",
       [](Reply& reply) { reply = answer(502, "text/html", "<html><head><title>502 Bad Gateway</title></head>"); });
}

void unavailable(Bench& bench) {
  each(bench, "503", [](Reply& reply) {
    reply = answer(503, "application/json",
                   R"({"error":{"type":"cluster_block_exception","reason":"no cluster-manager"}})");
  });
}

void throttled_with(Bench& bench, const std::string& what, const std::string& retry_after) {
  each(bench, what, [&](Reply& reply) {
    reply = answer(429, "application/json",
                   R"({"error":{"type":"rejected_execution_exception","reason":"queue is full"}})");
    if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  });
}

void throttled(Bench& bench) {
  throttled_with(bench, "429", "");
  throttled_with(bench, "429 with Retry-After: 2", "2");
  throttled_with(bench, "429 with Retry-After: a date of the past", "Sun, 06 Nov 1994 08:49:37 GMT");
  throttled_with(bench, "429 with Retry-After: nonsense", "-9999999999999999999999");
}

// Wrong credentials tried again and again lock the user out.
void refused(Bench& bench, unsigned status, const char* body) {
  constexpr std::size_t kTriesMax = 3;
  std::size_t requests = 0;
  healthy(bench, requests);
  bench.server().spoil([&](std::size_t, const Request&, Reply& reply) { reply = answer(status, "text/plain", body); });
  const auto under = bench.run();
  const auto tries = bench.server().requests();
  bench.server().heal();
  require(under.status == SF_DENIED,
          fmt::format("{} to every request should end the run with SF_DENIED; {}", status, under.ending()));
  require(tries <= kTriesMax, fmt::format("{} was answered {} times in one run: that locks a user out", status, tries));
  const auto after = bench.run_after(under);
  bench.require_all({&under, &after}, fmt::format("{}, then a server that is well", status));
}

void denied(Bench& bench) {
  refused(bench, 401, "Unauthorized");
}

void forbidden(Bench& bench) {
  refused(bench, 403, R"({"error":{"type":"security_exception","reason":"no permissions"},"status":403})");
}

}  // namespace

std::vector<Check> http_checks() {
  return {
      {"http-500", "500 to one request, or to all from one on, loses nothing.", "ABI", error_500},
      {"http-timeout", "A server that does not answer within the deadline loses nothing.", "ABI", timeout},
      {"http-truncated-body", "Half a body, or one without its last byte, is no page.", "ABI, SIEM 4", truncated},
      {"http-wrong-length", "A Content-Length that is too small makes no page of half an answer.", "SIEM 4",
       wrong_length},
      {"http-closed", "A connection that ends without an answer loses nothing.", "SIEM 5", closed},
      {"http-gzip-bomb", "A small answer that decodes to 256 MiB, from gzip or gzip in gzip, is refused, not read.",
       "SIEM 4", bomb},
      {"http-not-json", "A login page, an empty body or {} with status 200 is no page.", "SIEM 5", not_json},
      {"http-redirect", "A redirect is an error, and is not followed.", "SIEM 5", redirect},
      {"http-502-html", "A proxy's page of HTML loses nothing.", "SIEM 5", bad_gateway},
      {"http-503", "A server that is not ready loses nothing.", "SIEM 5", unavailable},
      {"http-429", "Throttling, with and without Retry-After in every form, loses nothing.", "SIEM 5", throttled},
      {"http-401", "Refused credentials end the run with SF_DENIED, after few tries.", "SIEM 5", denied},
      {"http-403", "A missing permission ends the run with SF_DENIED, after few tries.", "SIEM 5", forbidden},
  };
}

}  // namespace signalfoundry::conformance
