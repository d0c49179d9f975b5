#include "files.h"

#include "support.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#ifdef _WIN32
#    define WIN32_LEAN_AND_MEAN
#    define NOMINMAX
#    include <windows.h>
#else
#    include <fcntl.h>
#    include <sys/mman.h>
#    include <sys/stat.h>
#    include <unistd.h>
#endif

namespace snug {

namespace {

// What the system said of its last call that failed.
struct SystemError {
    bool        disk_full;
    std::string words;
};
#ifdef _WIN32
SystemError last_error() {
    const auto code = GetLastError();
    return { code == ERROR_DISK_FULL || code == ERROR_HANDLE_DISK_FULL || code == ERROR_DISK_QUOTA_EXCEEDED,
             "error " + std::to_string(code) };
}
#else
SystemError last_error() { return { errno == ENOSPC || errno == EDQUOT, std::strerror(errno) }; }
#endif

[[noreturn]] void fail_to_read(const std::string & path, const std::string & reason) {
    throw Failure(Code::FILE, "could not read " + path + ": " + reason);
}

[[noreturn]] void fail_to_write(const std::string & path, const SystemError & error) {
    if (error.disk_full) {
        throw Failure(Code::DISK_FULL, "the disk is full: " + path + " could not be written");
    }
    throw Failure(Code::CANNOT_WRITE, path + " cannot be written: " + error.words);
}

[[noreturn]] void fail_to_open(const std::string & path, File::Mode mode) {
    const auto error = last_error();
    if (mode == File::Mode::write) {
        fail_to_write(path, error);
    }
    throw Failure(Code::FILE, "could not open " + path + ": " + error.words);
}

} // namespace

void require_regular_file(const std::string & path, Code code) {
    std::error_code error;
    const auto      status = std::filesystem::status(std::filesystem::u8path(path), error);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        throw Failure(code, path + " is not a file");
    }
}

void File::require(uint64_t bytes, uint64_t offset) const {
    if (bytes > size() || offset > size() - bytes) {
        fail_to_read(path, "the file ends too early");
    }
}

#ifdef _WIN32

namespace {

std::wstring wide(const std::string & text) {
    const int    length = MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, nullptr, 0);
    std::wstring result(length, L'\0');
    MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, result.data(), length);
    return result;
}

struct Handle {
    HANDLE handle;
    ~Handle() {
        if (handle && handle != INVALID_HANDLE_VALUE) {
            CloseHandle(handle);
        }
    }
};

OVERLAPPED at(uint64_t offset) {
    OVERLAPPED position = {};
    position.Offset     = static_cast<DWORD>(offset);
    position.OffsetHigh = static_cast<DWORD>(offset >> 32);
    return position;
}

constexpr size_t LARGEST_TRANSFER = 1u << 30;

} // namespace

bool can_map(const std::string & path) {
    const Handle file{ CreateFileW(wide(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING,
                                   FILE_ATTRIBUTE_NORMAL, nullptr) };
    // who opens it says why it cannot be
    if (file.handle == INVALID_HANDLE_VALUE) {
        return true;
    }
    const Handle mapping{ CreateFileMappingW(file.handle, nullptr, PAGE_READONLY, 0, 0, nullptr) };
    void *       view = mapping.handle ? MapViewOfFile(mapping.handle, FILE_MAP_READ, 0, 0, 0) : nullptr;
    if (view) {
        UnmapViewOfFile(view);
    }
    return view != nullptr;
}

File::File(const std::string & path, Mode mode) : path(path) {
    require_regular_file(path, mode == Mode::write ? Code::CANNOT_WRITE : Code::FILE);
    const bool writing = mode == Mode::write;
    handle = CreateFileW(wide(path).c_str(), writing ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                         nullptr, writing ? OPEN_ALWAYS : OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (handle == INVALID_HANDLE_VALUE) {
        fail_to_open(path, mode);
    }
}

File::~File() { CloseHandle(handle); }

uint64_t File::size() const {
    LARGE_INTEGER bytes;
    if (!GetFileSizeEx(handle, &bytes)) {
        fail_to_read(path, last_error().words);
    }
    return static_cast<uint64_t>(bytes.QuadPart);
}

void File::read_at(void * data, size_t bytes, uint64_t offset) const {
    auto * target = static_cast<uint8_t *>(data);
    while (bytes > 0) {
        auto  position = at(offset);
        DWORD done     = 0;
        if (!ReadFile(handle, target, static_cast<DWORD>(std::min(bytes, LARGEST_TRANSFER)), &done, &position) || done == 0) {
            fail_to_read(path, last_error().words);
        }
        target += done, offset += done, bytes -= done;
    }
}

void File::write_at(const void * data, size_t bytes, uint64_t offset) const {
    auto * source = static_cast<const uint8_t *>(data);
    while (bytes > 0) {
        auto  position = at(offset);
        DWORD done     = 0;
        if (!WriteFile(handle, source, static_cast<DWORD>(std::min(bytes, LARGEST_TRANSFER)), &done, &position)) {
            fail_to_write(path, last_error());
        }
        source += done, offset += done, bytes -= done;
    }
}

#else

bool can_map(const std::string & path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    // who opens it says why it cannot be
    if (file < 0) {
        return true;
    }
    struct stat status;
    const auto  bytes = fstat(file, &status) == 0 ? static_cast<size_t>(status.st_size) : 0;
    // as llama.cpp maps it
    void * mapped = bytes == 0 ? nullptr : mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) {
        return false;
    }
    if (mapped) {
        munmap(mapped, bytes);
    }
    return true;
}

File::File(const std::string & path, Mode mode) : path(path) {
    require_regular_file(path, mode == Mode::write ? Code::CANNOT_WRITE : Code::FILE);
    descriptor = mode == Mode::write ? open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        fail_to_open(path, mode);
    }
}

File::~File() { close(descriptor); }

uint64_t File::size() const {
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        fail_to_read(path, last_error().words);
    }
    return static_cast<uint64_t>(status.st_size);
}

void File::read_at(void * data, size_t bytes, uint64_t offset) const {
    auto * target = static_cast<uint8_t *>(data);
    while (bytes > 0) {
        const ssize_t done = pread(descriptor, target, bytes, static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            fail_to_read(path, done == 0 ? "the file ends too early" : last_error().words);
        }
        target += done, offset += done, bytes -= done;
    }
}

void File::write_at(const void * data, size_t bytes, uint64_t offset) const {
    auto * source = static_cast<const uint8_t *>(data);
    while (bytes > 0) {
        const ssize_t done = pwrite(descriptor, source, bytes, static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            fail_to_write(path, last_error());
        }
        source += done, offset += done, bytes -= done;
    }
}

#endif

} // namespace snug
