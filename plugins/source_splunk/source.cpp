// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include <signalfoundry/wazuh_mapping.hpp>

#include "../shared/search/clock.hpp"
#include "notable_mapping.hpp"
#include "preflight.hpp"

namespace source_splunk {
namespace {

// Where the event lies in Splunk, the same whenever it is read: bucket (index, number, origin) and address in it.
std::string address_of(const Row& row) {
  const auto cd = text_of(row.cd).value_or("");
  if (cd.empty()) return {};
  auto bucket = text_of(row.bucket).value_or("");
  return (bucket.empty() ? text_of(row.index).value_or("") : std::move(bucket)) + "/" + cd;
}

}  // namespace

void Source::configure(const sf::Host& host, std::string_view settings_json) {
  host_ = host;
  settings_ = read_settings(settings_json);
  filter_text_ = settings_.filter();
  filter_ = host_.sha256(filter_text_).substr(0, 16);
  if (settings_.user == "admin")
    host_.warn(
        "user is \"admin\", who may change everything in Splunk; make a read-only user (docs/sources/splunk.md)");
}

bool Source::preflight(const sf::Checks& out) {
  source_splunk::preflight(host_, settings_, stop_, out);
  return true;
}

std::string Source::mapping() {
  return settings_.content == Content::wazuh ? sf::kWazuhMapping : kNotableMapping;
}

void Source::reset() {
  begun_ = false;
  asked_ = false;
  done_ = false;
  answer_ = {};
  row_.reset();
}

void Source::open(std::string_view position) {
  cursor_ = from_position(position);
  run_fetched_ = 0;
  reset();
}

sf::Poll Source::poll(const sf::Emitter& out, uint32_t max_records, uint32_t /*wait_ms*/) {
  uint32_t pushed = 0;
  try {
    if (!begun_) begin(out);
    while (!done_) {
      if (stop_.load(std::memory_order_relaxed)) throw sf::Stop{};
      if (!asked_) {
        if (pushed != 0 && pushed == max_records) return sf::Poll::more;
        answer_ = client_->search(slice_);
        asked_ = true;
        row_ = answer_.next();
      } else if (!row_) {
        end_of_slice(out);
      } else {
        if (pushed == max_records || !offer(out)) return sf::Poll::more;
        ++pushed;
      }
    }
    return sf::Poll::end;
  } catch (const sf::Error&) {
    report_incomplete(out);
    reset();
    throw;
  }
}

bool Source::offer(const sf::Emitter& out) {
  if (settings_.content == Content::notable) {
    if (!out.push(row_->result, address_of(*row_), "")) return false;
  } else if (const auto alert = text_of(row_->raw)) {
    if (!out.push(*alert, address_of(*row_), "")) return false;
  } else {
    out.reject(row_->result, "an event whose _raw is not one text");
  }
  row_ = answer_.next();
  ++slice_fetched_;
  ++run_fetched_;
  return true;
}

// Learns the server's clock, and from it the stretch that this run reads.
void Source::begin(const sf::Emitter& out) {
  // Until Splunk tells its clock, this machine's says what could not be read.
  plan_ = plan(cursor_, settings_, host_.now_ms(), host_.now_ms(), filter_);
  slice_ = {plan_.from_ms, plan_.to_ms};
  slice_fetched_ = 0;
  client_ = std::make_unique<Client>(host_, settings_, stop_);
  const auto told = client_->clock_ms();
  const auto local = host_.now_ms();
  if (!told) host_.info("Splunk at " + settings_.where + " does not tell its clock; this machine's is used");
  const auto now = ::search::trusted_now(host_, "Splunk at " + settings_.where, told, local);
  plan_ = plan(cursor_, settings_, now, local, filter_);
  if (!plan_.warning.empty()) host_.warn(plan_.warning);
  begun_ = true;
  if (!cursor_) checkpoint(out);  // else a first run that reads nothing would begin later each time
  slice_ = {plan_.from_ms, plan_.from_ms};
  next_slice();
}

// Goes on to the slice after the present one, or ends the run.
void Source::next_slice() {
  answer_ = {};
  asked_ = false;
  slice_fetched_ = 0;
  slice_ = slice_after(plan_, slice_.to_ms, client_->longest_ms());
  done_ = slice_.from_ms >= plan_.to_ms;
  if (done_) host_.info(std::to_string(run_fetched_) + " alerts read from " + settings_.where);
}

void Source::end_of_slice(const sf::Emitter& out) {
  plan_.cursor.indexed_ms = std::max(plan_.cursor.indexed_ms, slice_.to_ms);
  out.interval(interval(1));
  checkpoint(out);
  next_slice();
}

void Source::checkpoint(const sf::Emitter& out) {
  out.checkpoint(to_position(plan_.cursor));
  cursor_ = plan_.cursor;
}

sf_interval Source::interval(std::uint32_t complete) const {
  sf_interval out{};
  out.struct_size = sizeof out;
  out.pages = complete;
  out.from_ms = slice_.from_ms;
  out.to_ms = complete != 0 ? slice_.to_ms : plan_.to_ms;
  out.fetched = slice_fetched_;
  out.filter = sf::to_c(filter_text_);
  out.complete = complete;
  return out;
}

void Source::report_incomplete(const sf::Emitter& out) noexcept {
  try {
    out.interval(interval(0));
  } catch (...) {  // The fault that is being reported says more.
  }
}

}  // namespace source_splunk
