// Disks that are mounted before somebody asks for one, and those that nobody needs any more.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "jail/disks/disk.hpp"
#include "jail/process/channel.hpp"

namespace carrel::jail::disks {

/// Not for two threads. The stock has disks of one size, of the one that was asked for last; the first desk
/// that takes one has it filled.
class Stock {
public:
    /// What the layer of a desk without a disk of its own holds.
    using Measured = std::function<void(const std::string& desk, std::uint64_t bytes)>;

    /// `folder`: root's, for files without a name.
    explicit Stock(std::string folder) : folder_{std::move(folder)} {}
    /// Waits until all that is in stock is unmounted.
    ~Stock();
    Stock(const Stock&) = delete;
    Stock& operator=(const Stock&) = delete;

    /// Makes one. Why there can be none on this host, or nothing.
    std::optional<std::string> find_fault(std::uint64_t room);

    /// A mount with room for so many bytes, at once if it is in stock. Throws.
    Disk take(std::uint64_t room);
    /// The last descriptor of a mount whose desk is gone: it is taken apart behind.
    void drop(core::Fd disk);
    /// The same, of one whose files are kept: see is_in_use.
    void put_away(core::Fd disk);
    /// False while an earlier one is measured. `folder` holds the layer.
    bool measure(const std::string& desk, const core::Fd& folder);

    /// Readable when there is something for look(); -1 when there is no process.
    int channel() const { return channel_.get(); }
    void look(const Measured& measured);

private:
    /// Returns when there is one of that size in stock; throws.
    void await(std::uint64_t room);
    void require_maker();
    void end_maker();
    void send(const std::string& text, int fd = -1);
    void accept(process::Packet packet, const Measured& measured);
    void order(std::size_t wanted);
    void drop_next();

    std::string folder_;
    core::Fd channel_;
    pid_t maker_ = -1;
    std::uint64_t room_ = 0;  ///< of those in stock
    std::vector<Disk> ready_;
    core::Fd file_;                      ///< of the one that is made next
    std::deque<std::uint64_t> ordered_;  ///< of which sizes
    struct Dropped {
        core::Fd mount;
        bool is_kept;
    };
    std::deque<Dropped> dropped_;
    bool is_dropping_ = false;
    bool is_measuring_ = false;
    std::optional<core::Error> failure_;  ///< of the last one ordered
};

}  // namespace carrel::jail::disks
