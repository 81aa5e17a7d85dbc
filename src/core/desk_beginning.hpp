// What a desk that runs is told by whoever gets it: all that could not be known when it was made.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::core {

/// A small file that is put into a desk before anybody works there.
struct DeskFile {
    std::string path;  ///< a relative one begins in the home directory
    std::string bytes;
    bool operator==(const DeskFile&) const = default;
};

/// All may be empty: then it stays as the desk was made. The values are the user's secrets: in no log, event
/// or answer.
struct DeskBeginning {
    int width = 0;  ///< of the screen, pixels; 0: as it is
    int height = 0;
    std::map<std::string, std::string> environment;  ///< of every program that starts from then on
    std::string locale;                              ///< "de_DE.UTF-8"
    std::string time_zone;                           ///< "Europe/Berlin"
    std::string http_proxy;                          ///< "http://proxy.example:3128", perhaps with a password
    std::vector<DeskFile> files;
    std::string command;   ///< run by bash in the background, when the files are there
    std::string open_url;  ///< shown by the browser at last

    bool is_empty() const { return *this == DeskBeginning{}; }
    bool operator==(const DeskBeginning&) const = default;
};

/// As which background process `command` runs.
inline constexpr std::string_view first_process = "start";

/// A proxy's address without its password: for people and logs.
std::string without_password(std::string_view address);

/// Why that is no address of an HTTP proxy; empty when it is one. Does not repeat the address, which may hold
/// a password.
std::string why_no_proxy(std::string_view address);

}  // namespace carrel::core
