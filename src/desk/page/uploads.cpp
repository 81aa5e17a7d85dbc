#include "desk/page/uploads.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.hpp"
#include "desk/page/tree.hpp"

namespace carrel::desk::page {

namespace {

std::string find_upload(const std::string& home, const std::string& path) {
    const auto whole = path.starts_with("~/")  ? home + path.substr(1)
                       : path.starts_with('/') ? path
                                               : home + "/" + path;
    if (path.empty() || path.contains('\0'))
        throw core::Error{core::Code::invalid, "a path is empty or has a NUL byte", "no_such_file"};
    std::error_code error;
    const bool is_file = std::filesystem::is_regular_file(whole, error);
    if (!is_file || ::access(whole.c_str(), R_OK) != 0)
        throw core::Error{core::Code::invalid,
                          fmt::format("\"{}\" is no file of the desk that can be read", one_line(path, 300)),
                          "no_such_file"};
    return whole;
}

}  // namespace

Task<std::vector<std::string>> find_uploads(async::Pool& pool, std::string home,
                                            std::vector<std::string> paths) {
    return async::run_on(pool, [home = std::move(home), paths = std::move(paths)] {
        std::vector<std::string> found;
        for (const auto& path : paths) found.push_back(find_upload(home, path));
        return found;
    });
}

}  // namespace carrel::desk::page
