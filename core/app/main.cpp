// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "app/cli.hpp"
#include "app/common.hpp"
#include "base/text.hpp"

namespace {

using signalfoundry::Exit;
constexpr std::size_t kLongestMessage = 8000;

// A file opened later must never get the number of a standard stream that the caller closed: the ledger as stdout.
void hold_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR) != fd) return;
}

// No core file, and nobody but root who looks into this process, its memory or its environment: secrets pass through
// it (docs/adr/0012-secrets.md). Whoever looks for a crash sets the variable, with secrets that are not worth anything.
void close_to_others() {
  if (const char* open = std::getenv("SIGNALFOUNDRY_ALLOW_CORE"); open != nullptr && std::strcmp(open, "1") == 0)
    return;
  ::prctl(PR_SET_DUMPABLE, 0);
}

int give_up(const signalfoundry::Errors& e) {
  try {
    for (const auto& line : e.lines()) signalfoundry::app::complain(signalfoundry::printable(line, kLongestMessage));
  } catch (const std::exception&) {  // nobody listens
  }
  return static_cast<int>(e.code());
}

int give_up(Exit code, const char* what) {
  try {
    signalfoundry::app::complain("signalfoundry: " + signalfoundry::printable(what, kLongestMessage));
  } catch (const std::exception&) {  // nobody listens
  }
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  close_to_others();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return static_cast<int>(signalfoundry::app::command_line({argc > 0 ? argv + 1 : argv, argv + argc}));
  } catch (const signalfoundry::Errors& e) {
    return give_up(e);
  } catch (const signalfoundry::Error& e) {
    return give_up(e.code(), e.what());
  } catch (const std::exception& e) {
    return give_up(Exit::internal, e.what());
  }
}
