# The kernels with everything between them and llama.cpp's libraries, and nothing of Node.
get_target_property(addon_sources snug SOURCES)
list(FILTER addon_sources INCLUDE REGEX "^kernels/")
list(REMOVE_ITEM addon_sources kernels/multiply.cpp)
add_executable(check-products checks/products.cpp cpu.cpp errors.cpp ${addon_sources})
target_link_libraries(check-products PRIVATE llama-headers snug::llama Threads::Threads)
target_compile_options(check-products PRIVATE -Wall -Wextra -Wno-missing-field-initializers -O1 -g1
  -fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer)
target_link_options(check-products PRIVATE -fsanitize=address,undefined)
