// SPDX-License-Identifier: Apache-2.0
//
// error.hpp - the error of the core: an exit code of the contract and a sentence for a person.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/exit_code.hpp"

namespace signalfoundry {

// what() says what, where and what to do. A vanished file is never an Error: see fs/dir.hpp.
class Error : public std::runtime_error {
 public:
  Error(Exit code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  Exit code() const noexcept { return code_; }

 private:
  Exit code_;
};

// Several things are wrong: each is a line of its own, printable, with its place. what() is the first.
class Errors : public Error {
 public:
  // `lines` holds one at least.
  Errors(Exit code, std::vector<std::string> lines) : Error(code, lines.front()), lines_(std::move(lines)) {}
  const std::vector<std::string>& lines() const noexcept { return lines_; }

 private:
  std::vector<std::string> lines_;
};

// An Error for a failed system call: 73 where an output cannot be created (EACCES, EROFS, ENOSPC, EDQUOT, EPERM),
// else 74.
Error io_error(int error_number, const std::string& what);

}  // namespace signalfoundry
