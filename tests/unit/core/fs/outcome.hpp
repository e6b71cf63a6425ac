// SPDX-License-Identifier: Apache-2.0
//
// outcome.hpp - an Observation as a word, and what a call throws as text. For the tests of core/fs.
#pragma once
#include <string>

#include "base/error.hpp"
#include "fs/dir.hpp"

inline std::string word(bool done) {
  return done ? "done" : "taken";
}
inline std::string word(const signalfoundry::fs::Info&) {
  return "there";
}
inline std::string word(const signalfoundry::fs::Content& content) {
  return content.bytes;
}

// "vanished", "changed", or what came of it: "done", "taken", "there", the bytes read.
template <class T>
std::string outcome(signalfoundry::fs::Observation<T>&& observation) {
  return std::move(observation)
      .match([](T&& value) { return word(value); },
             [](signalfoundry::fs::Gone gone) -> std::string {
               return gone == signalfoundry::fs::Gone::vanished ? "vanished" : "changed";
             });
}

// "74: sentence" of the Error that `call` throws; "no error".
template <class Call>
std::string thrown(Call&& call) {
  try {
    call();
    return "no error";
  } catch (const signalfoundry::Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
}
