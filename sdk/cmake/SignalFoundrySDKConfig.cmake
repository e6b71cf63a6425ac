# find_package(SignalFoundrySDK): SignalFoundry::sdk and signalfoundry_add_plugin(), with nothing else needed; where
# nlohmann_json and OpenSSL are installed also SignalFoundry::testing. Works installed, and from a checkout's sdk/cmake.
if(NOT TARGET SignalFoundry::sdk)
  find_path(SIGNALFOUNDRY_SDK_INCLUDE signalfoundry/abi/all.h
    HINTS "${CMAKE_CURRENT_LIST_DIR}/../include" "${CMAKE_CURRENT_LIST_DIR}/../../../include"
          "${CMAKE_CURRENT_LIST_DIR}/../../../../include" REQUIRED NO_DEFAULT_PATH)
  add_library(SignalFoundry::sdk INTERFACE IMPORTED)
  target_include_directories(SignalFoundry::sdk INTERFACE "${SIGNALFOUNDRY_SDK_INCLUDE}")
  target_compile_features(SignalFoundry::sdk INTERFACE cxx_std_20)
endif()
if(NOT TARGET SignalFoundry::testing)
  find_package(nlohmann_json QUIET)
  find_package(OpenSSL QUIET)
  if(TARGET nlohmann_json::nlohmann_json AND TARGET OpenSSL::Crypto)
    add_library(SignalFoundry::testing INTERFACE IMPORTED)
    target_link_libraries(SignalFoundry::testing INTERFACE
                          SignalFoundry::sdk nlohmann_json::nlohmann_json OpenSSL::Crypto)
  endif()
endif()
include("${CMAKE_CURRENT_LIST_DIR}/SignalFoundryAddPlugin.cmake")
