#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace snug {

// Positioned reads and writes that several threads may do at once. Throws Failure("FILE", …) with the system's reason.
class File {
  public:
    enum class Mode { read, write };
    File(const std::string & path, Mode mode);
    ~File();
    File(const File &) = delete;
    File & operator=(const File &) = delete;

    void read_at(void * data, size_t bytes, uint64_t offset) const;
    void write_at(const void * data, size_t bytes, uint64_t offset) const;

  private:
    std::string path;
#ifdef _WIN32
    void * handle;
#else
    int descriptor;
#endif
};

} // namespace snug
