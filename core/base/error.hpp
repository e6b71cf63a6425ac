// SPDX-License-Identifier: Apache-2.0
//
// error.hpp - the error of the core: an exit code of the contract and a sentence for a person.
#pragma once
#include <stdexcept>
#include <string>

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

// An Error for a failed system call: 73 where an output cannot be created (EACCES, EROFS, ENOSPC, EDQUOT, EPERM),
// else 74.
Error io_error(int error_number, const std::string& what);

}  // namespace signalfoundry
