# llama.cpp's own tools against the very libraries that the addon links, so that a difference between them and us is
# never a difference of compiler, version or kernel. bench/peers.sh builds them; the app needs none of them.
if(WIN32)
  message(FATAL_ERROR "The comparison tools are built on Linux and macOS only.")
endif()

snug_find_library(llama-common llama_common)

add_library(snug-peer INTERFACE)
target_include_directories(snug-peer INTERFACE ${SNUG_LLAMA_SOURCE}/common ${SNUG_LLAMA_SOURCE}/vendor)
target_link_libraries(snug-peer INTERFACE ${llama_common} llama-headers snug::llama Threads::Threads)
target_compile_options(snug-peer INTERFACE -w)

set(tools ${SNUG_LLAMA_SOURCE}/tools)
add_executable(llama-quantize ${tools}/quantize/main.cpp ${tools}/quantize/quantize.cpp)
add_executable(llama-imatrix ${tools}/imatrix/imatrix.cpp)
add_executable(llama-bench ${tools}/llama-bench/main.cpp ${tools}/llama-bench/llama-bench.cpp)
add_executable(llama-perplexity ${tools}/perplexity/main.cpp ${tools}/perplexity/perplexity.cpp)
add_executable(llama-mtmd-cli ${tools}/mtmd/mtmd-cli.cpp)
foreach(peer llama-quantize llama-imatrix llama-bench llama-perplexity llama-mtmd-cli)
  target_link_libraries(${peer} PRIVATE snug-peer)
endforeach()
target_link_libraries(llama-mtmd-cli PRIVATE mtmd)

# The addon has a build folder of its own.
set_target_properties(snug PROPERTIES EXCLUDE_FROM_ALL TRUE)

# ggml searches the executable's folder for its backends and has no setting for another one. They are links, because the
# libraries that the executables link are found in the package too. Modules are called .so on macOS as well.
file(GLOB backends "${SNUG_LLAMA_LIBRARIES}/libggml-*.so")
list(FILTER backends EXCLUDE REGEX "/libggml-base\\.so$")
foreach(backend IN LISTS backends)
  get_filename_component(file_name "${backend}" NAME)
  file(CREATE_LINK "${backend}" "${CMAKE_BINARY_DIR}/${file_name}" SYMBOLIC)
endforeach()
