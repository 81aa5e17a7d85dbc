// What a desk is like: all of it that whoever wants one can choose.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carrel::core {

inline constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// What a desk can reach.
enum class Network {
    none,      ///< nothing but itself
    internet,  ///< the public internet; never the host, other desks or private ranges
};

/// "none" or "internet": stable, part of the API.
std::string_view name_of(Network network);
/// Any other word than "none" is the internet.
Network network_of(std::string_view name);

/// What one desk may use at most.
struct Limits {
    double cpus = 2;                    ///< cores' worth of time
    std::uint64_t memory = 4ull << 30;  ///< bytes, all processes of the desk together
    unsigned processes = 1024;          ///< processes and threads
    std::uint64_t disk = 500ull << 20;  ///< bytes that it may have written; 0: as many as fit
    bool operator==(const Limits&) const = default;
};

/// Pixels that a screen may be asked to have.
inline constexpr int smallest_width = 320;
inline constexpr int largest_width = 3840;
inline constexpr int smallest_height = 240;
inline constexpr int largest_height = 2160;

struct DeskShape {
    std::string image = "desktop";  ///< its name; a driver takes the build that is current
    Network network = Network::internet;
    int width = 1280;  ///< of the screen, pixels
    int height = 800;
    Limits limits;
    std::string workspace = {};     ///< of its owner's, by name; empty: none
    bool workspace_home = false;    ///< HOME is kept in it, too
    bool shares_workspace = false;  ///< others that say so may have it at the same time
    bool operator==(const DeskShape&) const = default;
};

}  // namespace carrel::core
