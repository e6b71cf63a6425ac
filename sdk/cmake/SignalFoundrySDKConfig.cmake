# find_package(SignalFoundrySDK): SignalFoundry::sdk and signalfoundry_add_plugin(), with nothing else needed.
if(NOT TARGET SignalFoundry::sdk)
  find_path(SIGNALFOUNDRY_SDK_INCLUDE signalfoundry/abi/all.h
    HINTS "${CMAKE_CURRENT_LIST_DIR}/../../../include" "${CMAKE_CURRENT_LIST_DIR}/../../../../include" REQUIRED NO_DEFAULT_PATH)
  add_library(SignalFoundry::sdk INTERFACE IMPORTED)
  target_include_directories(SignalFoundry::sdk INTERFACE "${SIGNALFOUNDRY_SDK_INCLUDE}")
  target_compile_features(SignalFoundry::sdk INTERFACE cxx_std_20)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/SignalFoundryAddPlugin.cmake")
