// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "fs/read_path.hpp"
#include "http/exchange.hpp"

namespace signalfoundry::http {
namespace {

constexpr std::size_t kIdleHandles = 8;
constexpr long kUnauthorised = 401;

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

// Is the secret another one by now than the one that was refused? It was rotated in the middle of the exchange then.
bool was_rotated(const Exchange& x, const SecretOf& secret) {
  const auto key = x.q.user.size != 0 ? x.q.password_secret : x.q.bearer_secret;
  if (!secret || key.size == 0) return false;
  try {
    const Secret now(secret({key.data, key.size}));
    return now.text != x.secret.text;
  } catch (const std::exception&) {
    return false;  // what the server said is the better sentence
  }
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
  // A handle, and how often forget() was called before.
  std::pair<CURL*, unsigned> take() {
    unsigned generation = 0;
    {
      const std::lock_guard lock(mutex_);
      generation = generation_;
      if (!idle_.empty()) {
        auto* handle = idle_.back();
        idle_.pop_back();
        return {handle, generation};
      }
    }
    auto* handle = curl_easy_init();
    if (handle == nullptr) throw std::bad_alloc();
    return {handle, generation};
  }
  void give_back(CURL* handle, unsigned generation) {
    curl_easy_reset(handle);
    const std::lock_guard lock(mutex_);
    if (generation == generation_ && idle_.size() < kIdleHandles) return idle_.push_back(handle);
    curl_easy_cleanup(handle);
  }
  // No connection that is open now is used for another exchange.
  void forget() {
    const std::lock_guard lock(mutex_);
    ++generation_;
    for (auto* handle : idle_) curl_easy_cleanup(handle);
    idle_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<CURL*> idle_;
  unsigned generation_ = 0;
};

Client::Client() : pool_(std::make_unique<Pool>()) {}
Client::~Client() = default;

// Was a file replaced that connections of this client were made with? They are those of the identity before.
bool Client::files_changed(const Exchange& x) {
  bool changed = false;
  for (const auto* path : {&x.ca_file, &x.client_cert, &x.client_key}) {
    if (path->empty()) continue;
    const auto info = fs::path_info(*path);
    const FileVersion now{info.dev, info.ino, info.size, info.mtime_ns, info.ctime_ns};
    const std::lock_guard lock(files_mutex_);
    const auto [it, first] = files_.try_emplace(*path, now);
    changed = changed || (!first && it->second != now);
    it->second = now;
  }
  return changed;
}

sf_status Client::request(const sf_http_request& request, const SecretOf& secret, const std::atomic<bool>* stop,
                          const sf_response_sink* sink, sf_error* error) {
  try {
    for (bool again = false;; again = true) {
      Exchange x;
      std::memcpy(&x.q, &request, std::min<std::size_t>(request.struct_size, sizeof x.q));
      x.stop = stop;
      prepare(x, secret);
      if (files_changed(x)) pool_->forget();
      const auto taken = pool_->take();
      const auto back = [this, generation = taken.second](CURL* used) { pool_->give_back(used, generation); };
      const std::unique_ptr<CURL, decltype(back)> handle(taken.first, back);
      set_up(handle.get(), x);
      const auto code = curl_easy_perform(handle.get());
      if (code != CURLE_OK) {
        const auto failure = failure_of(handle.get(), code, x);
        return fail(error, failure.status, failure.sentence);
      }
      long status = 0;
      curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
      if (status == kUnauthorised && !again && was_rotated(x, secret)) continue;
      hide_credentials(x, status);
      hand_over(handle.get(), x, sink);
      return SF_OK;
    }
  } catch (const Refused& refused) {
    return fail(error, SF_INVALID, refused.what());
  } catch (const std::exception& unexpected) {
    return fail(error, SF_RETRY,
                fmt::format("the exchange could not be made: {}; free memory and try again", unexpected.what()));
  }
}

}  // namespace signalfoundry::http
