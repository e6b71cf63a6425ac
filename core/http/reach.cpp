// SPDX-License-Identifier: Apache-2.0
//
// How far a request would come: name, connection, TLS. Nothing of the request is sent.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "base/time.hpp"
#include "http/client.hpp"
#include "http/exchange.hpp"

namespace signalfoundry::http {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kExpiresSoonMs = 14 * kDayMs;

// The sink wants no more.
struct Stopped {};

// Told to the plugin's sink.
class Steps {
 public:
  explicit Steps(const sf_check_sink* sink) : sink_(sink) {}
  void tell(std::uint32_t outcome, sf_status status, std::string_view name, std::string_view found,
            std::string_view advice = {}) const {
    const sf_check check{sizeof(sf_check), outcome, status, 0, text(name), text(found), text(advice)};
    if (sink_ != nullptr && sink_->report(sink_, &check) == SF_CANCELLED) throw Stopped();
  }
  // `sentence` is "what; what to do".
  void failed(sf_status status, std::string_view name, std::string_view sentence) const {
    const auto semicolon = sentence.rfind("; ");
    tell(SF_CHECK_FAILED, status, name, sentence.substr(0, semicolon),
         semicolon == std::string_view::npos ? std::string_view() : sentence.substr(semicolon + 2));
  }
  void ok(std::string_view name, const std::string& found) const { tell(SF_CHECK_OK, SF_OK, name, found); }

 private:
  static sf_str text(std::string_view from) { return {from.data(), from.size()}; }
  const sf_check_sink* sink_;
};

// The server's own certificate, as libcurl tells it.
struct Certificate {
  std::string subject;
  std::string issuer;
  std::int64_t expires_ms = 0;  // 0: not told
};

Certificate certificate_of(CURL* handle) {
  Certificate out;
  const curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr || chain->num_of_certs < 1)
    return out;
  for (const auto* at = chain->certinfo[0]; at != nullptr; at = at->next) {
    const std::string_view line(at->data);
    const auto value = [&](std::string_view name) {
      return line.substr(0, name.size()) == name ? line.substr(name.size()) : std::string_view{};
    };
    if (const auto subject = value("Subject:"); !subject.empty()) out.subject = printable(subject, 120);
    if (const auto issuer = value("Issuer:"); !issuer.empty()) out.issuer = printable(issuer, 120);
    if (const auto expires = value("Expire date:"); !expires.empty()) {
      const auto seconds = curl_getdate(std::string(expires).c_str(), nullptr);
      out.expires_ms = seconds > 0 ? static_cast<std::int64_t>(seconds) * 1000 : 0;
    }
  }
  return out;
}

void tell_tls(CURL* handle, const Exchange& x, const Steps& steps) {
  const auto own = certificate_of(handle);
  const auto day = rfc3339(own.expires_ms).substr(0, 10);
  const auto left = own.expires_ms - now_ms();
  std::string found =
      fmt::format("the certificate of {} is {}, signed by {}", x.place.where,
                  own.subject.empty() ? "not told" : own.subject, own.issuer.empty() ? "whom is not told" : own.issuer);
  found += x.ca_file.empty() ? ", trusted by this machine's store" : ", trusted by " + printable(x.ca_file, 160);
  if (own.expires_ms != 0)
    found += fmt::format(", valid until {} ({} days)", day, std::max<std::int64_t>(left, 0) / kDayMs);
  if (own.expires_ms != 0 && left < kExpiresSoonMs)
    return steps.tell(SF_CHECK_WARN, SF_OK, "tls", found,
                      "renew it on the server before that day: every run fails after it");
  steps.ok("tls", found);
}

double ms_of(CURL* handle, CURLINFO what) {
  curl_off_t us = 0;
  curl_easy_getinfo(handle, what, &us);
  return static_cast<double>(us) / 1000;
}

// Did it end at TLS? Then there was a connection, whether libcurl noted its time or not.
bool ended_at_tls(CURLcode code) {
  return code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CONNECT_ERROR ||
         code == CURLE_SSL_CIPHER || code == CURLE_PEER_FAILED_VERIFICATION;
}

void tell_connection(CURL* handle, const Exchange& x, const Steps& steps, bool connected) {
  const char* address = nullptr;
  curl_easy_getinfo(handle, CURLINFO_PRIMARY_IP, &address);
  const std::string peer = address == nullptr ? "" : printable(address, 60);
  steps.ok("name", fmt::format("the host of {} is {} ({:.0f} ms)", x.place.where, peer.empty() ? "known" : peer,
                               ms_of(handle, CURLINFO_NAMELOOKUP_TIME_T)));
  if (!connected) return;
  const auto took = ms_of(handle, CURLINFO_CONNECT_TIME_T);
  steps.ok("connection", fmt::format("{} accepts connections{}", x.place.where,
                                     took > 0 ? fmt::format(" ({:.0f} ms)", took) : std::string()));
}

sf_status look(CURL* handle, Exchange& x, const Steps& steps, sf_error* error) {
  set_up_connection(handle, x);
  curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle, CURLOPT_CERTINFO, 1L);
  const auto code = curl_easy_perform(handle);
  const bool connected = code == CURLE_OK || ended_at_tls(code) || ms_of(handle, CURLINFO_CONNECT_TIME_T) > 0;
  const bool resolved = connected || (code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_COULDNT_RESOLVE_PROXY &&
                                      ms_of(handle, CURLINFO_NAMELOOKUP_TIME_T) > 0);
  if (resolved) tell_connection(handle, x, steps, connected);
  if (code == CURLE_OK) {
    if (x.place.tls)
      tell_tls(handle, x, steps);
    else
      steps.tell(SF_CHECK_SKIPPED, SF_OK, "tls", "http:// has none; it is taken for servers on this machine only");
    return SF_OK;
  }
  const auto failure = failure_of(handle, code, x);
  steps.failed(failure.status, !resolved ? "name" : connected && x.place.tls ? "tls" : "connection", failure.sentence);
  return fail(error, failure.status, failure.sentence);
}

sf_status look(const sf_http_request& request, const std::atomic<bool>* stop, const Steps& steps, sf_error* error) {
  try {
    Exchange x;
    std::memcpy(&x.q, &request, std::min<std::size_t>(request.struct_size, sizeof x.q));
    x.stop = stop;
    prepare_connection(x);
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
    if (!handle) throw std::bad_alloc();
    return look(handle.get(), x, steps, error);
  } catch (const Refused& refused) {
    // Before anything was tried: there is no such request.
    steps.failed(SF_INVALID, "url", refused.what());
    return fail(error, SF_INVALID, refused.what());
  } catch (const std::exception& unexpected) {
    const auto sentence =
        fmt::format("the server could not be looked at: {}; free memory and try again", unexpected.what());
    steps.failed(SF_RETRY, "connection", sentence);
    return fail(error, SF_RETRY, sentence);
  }
}

}  // namespace

sf_status Client::reach(const sf_http_request& request, const std::atomic<bool>* stop, const sf_check_sink* sink,
                        sf_error* error) {
  try {
    return look(request, stop, Steps(sink), error);
  } catch (const Stopped&) {
    return fail(error, SF_CANCELLED, "the look was stopped");
  } catch (const std::exception& unexpected) {
    return fail(error, SF_RETRY,
                fmt::format("the server could not be looked at: {}; free memory and try again", unexpected.what()));
  }
}

}  // namespace signalfoundry::http
