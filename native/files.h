#pragma once

#include "errors.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace snug {

// Refuses folders, pipes and devices with Failure(code, …): opening a pipe waits until somebody writes to it. What is not there is left to
// who opens it.
void require_regular_file(const std::string & path, Code code);

// Whether the system lets a file be read as memory: some network and FUSE drives do not. Nothing is read.
bool can_map(const std::string & path);

// Positioned reads and writes that several threads may do at once. Throws Failure with the system's
// reason: FILE when reading; DISK_FULL or CANNOT_WRITE when writing.
class File {
  public:
    enum class Mode { read, write };
    File(const std::string & path, Mode mode);
    ~File();
    File(const File &)             = delete;
    File & operator=(const File &) = delete;

    void read_at(void * data, size_t bytes, uint64_t offset) const;
    void write_at(const void * data, size_t bytes, uint64_t offset) const;
    // throws unless the file holds this many bytes from there on
    void require(uint64_t bytes, uint64_t offset) const;

  private:
    uint64_t size() const;

    std::string path;
#ifdef _WIN32
    void * handle;
#else
    int descriptor;
#endif
};

} // namespace snug
