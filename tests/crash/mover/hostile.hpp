// SPDX-License-Identifier: Apache-2.0
//
// hostile.hpp - a neighbour with write access that has its turn right before the N-th system call of a helper.
//
// One thread. While a Turn lives, every call of calls.c counts; before the N-th the victim is done something to.
#pragma once
#include <string>
#include <vector>

enum class Action {
  unlink,
  replace,  // by a file with other content
  truncate,
  grow,
  link_to_file,  // a symbolic link to a file outside
  link_to_dir,   // to a directory outside
  fifo,
  directory,    // with a file in it
  swap_parent,  // the directory that holds it is moved away, and a link to a directory outside takes its place
};
const std::vector<Action>& all_actions();
const char* action_name(Action action);

// What of a call is the victim: its first name (or descriptor), its second name, or what the helper was called for.
enum class Victim { first, second, subject };

class Turn {
 public:
  struct Plan {
    unsigned at = 0;  // 0: nothing is done, only counted
    Action action = Action::unlink;
    Victim victim = Victim::first;
    std::string root;     // victims lie in here
    std::string outside;  // has a file "secret" and a directory "folder"
    std::string away;     // where a parent is moved to; not there yet
    std::string subject;  // absolute path
  };
  explicit Turn(Plan plan);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  unsigned calls() const;             // so far
  const std::string& struck() const;  // the victim's path; "": nothing was done
  const std::string& call() const;    // before which it was
};
