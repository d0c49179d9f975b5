# Targets: snug::llama (libllama, libggml, libggml-base of node-llama-cpp's platform package) and snug::node (the symbols
# that the host program, Node or Electron, provides).
add_library(snug-llama INTERFACE)
add_library(snug::llama ALIAS snug-llama)
add_library(snug-node INTERFACE)
add_library(snug::node ALIAS snug-node)

function(snug_find_library name out)
  # node-llama-cpp puts llama.cpp's version into some of the names: libllama.v0.5.0.so
  file(GLOB found "${SNUG_LLAMA_LIBRARIES}/lib${name}.so" "${SNUG_LLAMA_LIBRARIES}/lib${name}.v*.so"
    "${SNUG_LLAMA_LIBRARIES}/lib${name}.dylib" "${SNUG_LLAMA_LIBRARIES}/lib${name}.v*.dylib"
    "${SNUG_LLAMA_LIBRARIES}/${name}.dll" "${SNUG_LLAMA_LIBRARIES}/${name}.v*.dll")
  list(LENGTH found count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "Expected exactly one ${name} library in ${SNUG_LLAMA_LIBRARIES}, found ${count}: ${found}")
  endif()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

if(WIN32)
  # The package ships DLLs without import libraries: make them from the DLLs' export tables.
  function(snug_import_library dll out)
    get_filename_component(stem "${dll}" NAME_WE)
    set(definition "${CMAKE_BINARY_DIR}/${stem}.def")
    set(library "${CMAKE_BINARY_DIR}/${stem}.lib")
    execute_process(COMMAND dumpbin /nologo /exports "${dll}" OUTPUT_VARIABLE exports COMMAND_ERROR_IS_FATAL ANY)
    get_filename_component(file_name "${dll}" NAME)
    string(REGEX MATCHALL "\n +[0-9]+ +[0-9A-F]+ +[0-9A-F]+ +[^ \r\n]+" lines "${exports}")
    file(WRITE "${definition}" "LIBRARY ${file_name}\nEXPORTS\n")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE ".* ([^ ]+)$" "\\1" symbol "${line}")
      file(APPEND "${definition}" "  ${symbol}\n")
    endforeach()
    execute_process(COMMAND lib /nologo /def:${definition} /out:${library} /machine:${CMAKE_CXX_COMPILER_ARCHITECTURE_ID}
      COMMAND_ERROR_IS_FATAL ANY)
    set(${out} "${library}" PARENT_SCOPE)
  endfunction()
  set(node_library "${CMAKE_BINARY_DIR}/node_api.lib")
  execute_process(COMMAND lib /nologo /def:${SNUG_NODE_HEADERS}/def/node_api.def /out:${node_library}
    /machine:${CMAKE_CXX_COMPILER_ARCHITECTURE_ID} COMMAND_ERROR_IS_FATAL ANY)
  target_link_libraries(snug-node INTERFACE ${node_library})
elseif(APPLE)
  target_link_options(snug-node INTERFACE -undefined dynamic_lookup)
endif()

foreach(name llama ggml ggml-base)
  snug_find_library(${name} path)
  if(WIN32)
    snug_import_library("${path}" path)
  endif()
  target_link_libraries(snug-llama INTERFACE "${path}")
endforeach()

# Found beside the addon when packaged, else in node_modules; relative, so that a checkout can be moved.
file(RELATIVE_PATH relative_libraries "${CMAKE_BINARY_DIR}" "${SNUG_LLAMA_LIBRARIES}")
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
if(APPLE)
  set(CMAKE_INSTALL_RPATH "@loader_path;@loader_path/${relative_libraries}")
elseif(UNIX)
  set(CMAKE_INSTALL_RPATH "$ORIGIN;$ORIGIN/${relative_libraries}")
endif()
