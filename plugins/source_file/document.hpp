// SPDX-License-Identifier: Apache-2.0
//
// document.hpp - the alert in a text that is either the alert itself or a search hit around it, byte for byte.
//
// A hit is an object with an object "_source" and a string "_index" or "_id". The alert is then the bytes of _source as
// they stand: nothing is parsed into a document and written again. [any-thread]
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace source_file {

constexpr std::size_t kAlertBytesMax = std::size_t{1} << 20U;  // the longest line or file that is taken for an alert

struct Document {
  std::string_view alert;  // a part of the text that was given
  std::string id;          // the hit's _id, or ""
};

// Nothing: the text is not one JSON object. A text may pass here and still not be JSON (the host parses it): only
// what is needed to find the members of the outermost object is looked at.
std::optional<Document> find_document(std::string_view text);

// Why the text is not one JSON object, as a short printable sentence; "" when it is one.
std::string why_no_object(std::string_view text);

// Without JSON's white space (also a CR before the line feed) at both ends.
std::string_view trimmed(std::string_view text);
// Without a UTF-8 byte order mark.
std::string_view without_mark(std::string_view text);
// A file name or a parser's message in a sentence: one line, printable, at most `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 160);

}  // namespace source_file
