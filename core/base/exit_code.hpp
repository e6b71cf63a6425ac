// SPDX-License-Identifier: Apache-2.0
//
// exit_code.hpp - how the program ends; the values are sysexits(3), fixed by the contract.
#pragma once

namespace signalfoundry {

enum class Exit : int {
  ok = 0,
  mismatch = 1,  // the thing that was checked does not hold
  usage = 64,
  data = 65,         // bad input data
  unavailable = 69,  // the SIEM or another service cannot be reached
  internal = 70,
  cant_create = 73,  // an output cannot be created (permission, read-only, full)
  io = 74,
  locked = 75,  // another run holds the lock
  denied = 77,  // credentials refused
  config = 78,
};

}  // namespace signalfoundry
