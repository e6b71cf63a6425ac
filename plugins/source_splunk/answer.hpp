// SPDX-License-Identifier: Apache-2.0
//
// answer.hpp - an answer of Splunk's export endpoint: every result of a slice, or what is wrong with it and what to do.
//
// The answer is one JSON object a line: {"preview":false,"offset":0,"result":{…}}, the last row of a set with
// "lastrow":true (dev.splunk.com, "How to work with searches and jobs using the Splunk SDK for Python", export
// searches). A search that found nothing answers {"preview":false,"lastrow":true}. [any-thread]
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../shared/search/problem.hpp"
#include "search_text.hpp"
#include "settings.hpp"

namespace source_splunk {

// One result, as slices of the answer; strings with their quotes. "" where there is none.
struct Row {
  std::string_view result;  // the whole object, its bytes as they came
  std::string_view raw;
  std::string_view index;
  std::string_view cd;
  std::string_view bucket;
  std::string_view index_time;
};

class Answer {
 public:
  Answer() = default;
  explicit Answer(std::string body) : body_(std::make_unique<const std::string>(std::move(body))) {}

  // The next result, in the answer's order; nothing at its end. Previews are left out.
  std::optional<Row> next();
  const std::string& body() const { return *body_; }

 private:
  std::unique_ptr<const std::string> body_;  // what the views point into
  std::size_t at_ = 0;
};

using ::search::Problem;
using ::search::Reply;

// What is wrong with an answer that is not 200; nothing for 200.
std::optional<Problem> refused(const Reply& reply, const Settings& settings);

// Gives the results of `slice`, or says what is wrong. An answer whose last row is not marked lastrow, or that tells
// of an error or of missing results, is never whole. `warnings` gets what Splunk warned of, printable, ten at most.
std::optional<Problem> read_answer(Reply reply, const Settings& settings, const Slice& slice, Answer& answer,
                                   std::vector<std::string>& warnings);

// The text of a JSON string that is given with its quotes; nothing for anything else.
std::optional<std::string> text_of(std::string_view json);

}  // namespace source_splunk
