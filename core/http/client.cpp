// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "http/exchange.hpp"

namespace signalfoundry::http {
namespace {

constexpr std::size_t kIdleHandles = 8;

sf_str borrowed(std::string_view text) {
  return {text.data(), text.size()};
}

void hand_over(CURL* handle, const Exchange& x, const sf_response_sink* sink) {
  std::vector<sf_http_header> headers;
  headers.reserve(x.headers.size());
  for (const auto& [name, value] : x.headers) headers.push_back({borrowed(name), borrowed(value)});
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  const sf_http_response response{sizeof(sf_http_response), static_cast<std::uint32_t>(status), headers.data(),
                                  headers.size(), borrowed(x.body)};
  if (sink != nullptr) sink->on_response(sink, &response);
}

}  // namespace

// Idle handles, each with its open connections.
class Client::Pool {
 public:
  Pool() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    idle_.reserve(kIdleHandles);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (auto* handle : idle_) curl_easy_cleanup(handle);
  }
  CURL* take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto* handle = idle_.back();
        idle_.pop_back();
        return handle;
      }
    }
    auto* handle = curl_easy_init();
    if (handle == nullptr) throw std::bad_alloc();
    return handle;
  }
  void give_back(CURL* handle) {
    curl_easy_reset(handle);
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleHandles) return idle_.push_back(handle);
    curl_easy_cleanup(handle);
  }

 private:
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

Client::Client() : pool_(std::make_unique<Pool>()) {}
Client::~Client() = default;

sf_status Client::request(const sf_http_request& request, const SecretOf& secret, const std::atomic<bool>* stop,
                          const sf_response_sink* sink, sf_error* error) {
  try {
    Exchange x;
    std::memcpy(&x.q, &request, std::min<std::size_t>(request.struct_size, sizeof x.q));
    x.stop = stop;
    prepare(x, secret);
    const auto back = [this](CURL* handle) { pool_->give_back(handle); };
    const std::unique_ptr<CURL, decltype(back)> handle(pool_->take(), back);
    set_up(handle.get(), x);
    const auto code = curl_easy_perform(handle.get());
    if (code != CURLE_OK) {
      const auto failure = failure_of(handle.get(), code, x);
      return fail(error, failure.status, failure.sentence);
    }
    hand_over(handle.get(), x, sink);
    return SF_OK;
  } catch (const Refused& refused) {
    return fail(error, SF_INVALID, refused.what());
  } catch (const std::exception& unexpected) {
    return fail(error, SF_RETRY,
                fmt::format("the exchange could not be made: {}; free memory and try again", unexpected.what()));
  }
}

}  // namespace signalfoundry::http
