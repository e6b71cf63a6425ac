// SPDX-License-Identifier: Apache-2.0
#include "conformance/driver.hpp"

#include <fmt/format.h>

#include <cstring>
#include <exception>

#include "alert/alert.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "conformance/finding.hpp"

namespace signalfoundry::conformance {

namespace {

constexpr std::size_t kLongestPosition = 65'536;  // so that a ledger entry stays one

std::string_view text_of(sf_str s) {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}
sf_str c_of(std::string_view s) {
  return {s.data(), s.size()};
}
Driver& driver_of(const sf_record_sink* sink) {
  return *static_cast<Driver*>(sink->impl);
}

}  // namespace

std::string key_of_document(std::string_view document, std::string_view doc_id, const std::string& stage,
                            const std::shared_ptr<const Mapping>& mapping, std::string* id) {
  try {
    const auto alert = read_alert(std::string(document), stage, mapping, doc_id, 0);
    if (id != nullptr) *id = alert.id;
    return alert.key;
  } catch (const Rejected&) {
    if (id != nullptr) *id = std::string(doc_id);
    return rejected_key(stage, sha256_hex(document));
  }
}

Driver::Driver(TestHost& host, const plugin::Plugin& plugin, const config::StageConfig& stage)
    : host_(host), plugin_(plugin), stage_(stage) {}

Driver::~Driver() {
  if (self_ == nullptr) return;
  if (opened_ && plugin_.source->close != nullptr) plugin_.source->close(self_);
  plugin_.source->destroy(self_);
}

Transcript Driver::take() {
  transcript_.log = host_.log();
  transcript_.fs_calls = host_.fs_calls;
  transcript_.fs_first_list = host_.fs_first_list;
  return std::exchange(transcript_, {});
}

// A hook by the guard of a run: what it throws is a misuse of the ABI, an unknown status too.
sf_status Driver::call(const char* hook, const std::function<sf_status(sf_error*)>& call) {
  sf_error error{};
  sf_status status = SF_PANIC;
  try {
    status = call(&error);
  } catch (const std::exception& e) {
    std::strncpy(error.message, e.what(), sizeof error.message - 1);
    transcript_.misuses.push_back(fmt::format("{} let an exception out through the C ABI", hook));
  }
  transcript_.hook = hook;
  transcript_.status = status;
  transcript_.sentence.assign(error.message, ::strnlen(error.message, sizeof error.message));
  if (status_word(status) == std::string_view("unknown"))
    transcript_.misuses.push_back(fmt::format("{} returned {}, which is no status of the ABI", hook, status));
  if (status == SF_PANIC) transcript_.misuses.push_back(fmt::format("{} threw: {}", hook, transcript_.sentence));
  if (status < 0 && transcript_.sentence.empty())
    transcript_.misuses.push_back(fmt::format("{} failed with {} and no sentence", hook, status_word(status)));
  if (status < 0 && !valid_utf8(transcript_.sentence))
    transcript_.misuses.push_back(fmt::format("{} failed with a sentence that is no UTF-8", hook));
  return status;
}

bool Driver::open(const RunOptions& options) {
  host_.before_fs = options.before_fs;
  for (const auto& [key, value] : options.kept) host_.state().load(stage_.name, key, value);
  transcript_.position = options.position;
  transcript_.kept = options.kept;
  const auto* source = plugin_.source;
  const auto created = call("create", [&](sf_error* e) -> sf_status {
    self_ = source->create(host_.raw(), e);
    return self_ != nullptr ? SF_OK : (e->code < 0 ? e->code : static_cast<sf_status>(SF_FATAL));
  });
  if (created != SF_OK) return false;
  const std::string settings = stage_.settings.dump();
  if (call("configure", [&](sf_error* e) { return source->configure(self_, c_of(settings), e); }) != SF_OK)
    return false;
  std::string text;
  const sf_bytes_sink put{sizeof(sf_bytes_sink), 0, &text, [](const sf_bytes_sink* s, sf_str piece) -> sf_status {
                            static_cast<std::string*>(s->impl)->append(text_of(piece));
                            return SF_OK;
                          }};
  if (call("mapping", [&](sf_error* e) { return source->mapping(self_, &put, e); }) != SF_OK) return false;
  try {
    mapping_ = transcript_.mapping = Mapping::parse(text);
  } catch (const std::invalid_argument& e) {
    fail(fmt::format("the mapping is none: {}", e.what()));
  }
  opened_ = call("open", [&](sf_error* e) { return source->open(self_, c_of(options.position), e); }) == SF_OK;
  return opened_;
}

sf_record_sink Driver::sink() {
  return {
      sizeof(sf_record_sink),
      0,
      this,
      [](const sf_record_sink* s, sf_str document, sf_str doc_id, sf_str position) -> sf_status {
        return driver_of(s).push(text_of(document), text_of(doc_id), text_of(position));
      },
      [](const sf_record_sink* s, sf_str position) -> sf_status {
        return driver_of(s).commit(text_of(position)), SF_OK;
      },
      [](const sf_record_sink* s, const sf_interval* v) -> sf_status {
        auto& self = driver_of(s);
        self.transcript_.intervals.push_back({v->from_ms, v->to_ms, v->complete != 0, self.transcript_.pushed.size()});
        return SF_OK;
      },
      [](const sf_record_sink* s, sf_str bytes, sf_str) -> sf_status {
        auto& self = driver_of(s);
        self.transcript_.rejected.push_back(rejected_key(self.stage_.name, sha256_hex(text_of(bytes))));
        return SF_OK;
      }};
}

sf_status Driver::push(std::string_view document, std::string_view doc_id, std::string_view position) {
  if (host_.stopping()) return SF_CANCELLED;
  if (refused_in_poll_) {
    transcript_.misuses.emplace_back("it pushed on after the host had answered SF_FULL");
    return SF_FULL;
  }
  if (owed_ && document != refused_)
    transcript_.misuses.emplace_back(
        "what the host did not take (SF_FULL) was not the first that the next poll offered");
  owed_ = false;
  const auto answer = options_->answer ? options_->answer(++pushes_) : static_cast<sf_status>(SF_OK);
  if (answer != SF_OK) {
    refused_in_poll_ = true;
    refused_ = document;
    owed_ = answer == SF_FULL;
    return answer;
  }
  if (++taken_in_poll_ == options_->max_records + 1)
    transcript_.misuses.push_back(
        fmt::format("it pushed more than max_records ({}) in one poll", options_->max_records));
  Pushed one{std::string(document), std::string(doc_id), std::string(position), "", ""};
  one.key = key_of_document(document, doc_id, stage_.name, mapping_, &one.id);
  transcript_.pushed.push_back(std::move(one));
  if (position.empty())
    note();
  else
    commit(position);
  return SF_OK;
}

void Driver::commit(std::string_view position) {
  if (position.size() > kLongestPosition)
    transcript_.misuses.push_back(fmt::format("a position is {} bytes long", position.size()));
  transcript_.position = position;
  note();
}

void Driver::keep_state() {
  const auto changed = host_.state().changed();
  for (const auto& [where, value] : changed) transcript_.kept[where.second] = value;
  host_.state().kept(changed);
}

// The books may be written now: a page is full at any push.
void Driver::note() {
  keep_state();
  transcript_.commits.push_back(
      {transcript_.pushed.size() + transcript_.rejected.size(), transcript_.position, transcript_.kept});
}

sf_status Driver::poll(const RunOptions& options) {
  options_ = &options;
  taken_in_poll_ = 0;
  refused_in_poll_ = false;
  const auto out = sink();
  ++transcript_.polls;
  const auto status = call(
      "poll", [&](sf_error* e) { return plugin_.source->poll(self_, &out, options.max_records, options.wait_ms, e); });
  // A run writes what was put so far with what was pushed, also when the poll failed.
  keep_state();
  if (status >= 0 && owed_ && status != SF_OK && status != SF_CANCELLED)
    transcript_.misuses.push_back(
        fmt::format("poll gave {} though the host had not taken an alert (SF_FULL)", status_word(status)));
  return status;
}

void Driver::drain(const RunOptions& options) {
  for (std::size_t i = 0; i < options.polls_max; ++i)
    if (poll(options) != SF_OK) return;
  fail(fmt::format("after {} polls there was still more, and nothing new came", options.polls_max));
}

sf_status Driver::ack(std::string_view position) {
  return call("ack", [&](sf_error* e) { return plugin_.source->ack(self_, c_of(position), e); });
}

void Driver::request_stop() {
  if (has_request_stop()) plugin_.source->request_stop(self_);
}

bool Driver::has_ack() const {
  return SF_HAS(plugin_.source, ack);
}

bool Driver::has_request_stop() const {
  return SF_HAS(plugin_.source, request_stop);
}

}  // namespace signalfoundry::conformance
