# signalfoundry_add_plugin(<target> ID <id> SOURCES <file>... [LIBS <target>...])
#
# Builds <id>.sfplugin.so: a module that exports exactly one symbol, binds everything at load, and is never unloaded.
# Works in this tree and out of it (find_package(SignalFoundrySDK)).
set(SF_PLUGIN_MAP "${CMAKE_CURRENT_LIST_DIR}/sf_plugin.map")
function(signalfoundry_add_plugin target)
  cmake_parse_arguments(P "" "ID" "SOURCES;LIBS" ${ARGN})
  add_library(${target} MODULE ${P_SOURCES})
  target_link_libraries(${target} PRIVATE SignalFoundry::sdk ${P_LIBS})
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX ".sfplugin.so" OUTPUT_NAME "${P_ID}"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    BUILD_RPATH_USE_ORIGIN ON INSTALL_RPATH "$ORIGIN"
    LINK_DEPENDS "${SF_PLUGIN_MAP}")
  # A sanitizer's runtime lives in the host, so its symbols stay undefined in a plugin.
  if(NOT SF_SANITIZE)
    target_link_options(${target} PRIVATE "LINKER:-z,defs")
  endif()
  target_link_options(${target} PRIVATE "LINKER:-z,now" "LINKER:-z,nodelete" "LINKER:--version-script=${SF_PLUGIN_MAP}")
  if(SF_PLUGIN_OUTPUT_DIR)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${SF_PLUGIN_OUTPUT_DIR}")
  endif()
endfunction()
