#include "jail/disks/stock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/disks/maker.hpp"
#include "jail/process/deadline.hpp"

namespace carrel::jail::disks {

namespace {

using core::Code;
using core::Error;
using core::Fd;

/// As many desks can start one right after another without waiting for a disk.
constexpr std::size_t stock_size = 3;
/// A disk takes tens of milliseconds; on a host that is very busy, much longer.
constexpr std::chrono::seconds longest_making{10};

void ignore(const std::string&, std::uint64_t) {}

}  // namespace

Stock::~Stock() {
    dropped_.clear();
    ready_.clear();
    end_maker();
}

std::optional<std::string> Stock::find_fault(std::uint64_t room) {
    try {
        await(room);
        return std::nullopt;
    } catch (const Error& error) {
        // What was ordered beside it fails as well.
        end_maker();
        return error.message();
    }
}

Disk Stock::take(std::uint64_t room) {
    await(room);
    auto disk = std::move(ready_.back());
    ready_.pop_back();
    order(stock_size);
    return disk;
}

void Stock::await(std::uint64_t room) {
    require_maker();
    if (room != room_) {
        for (auto& disk : ready_) drop(std::move(disk.mount));
        ready_.clear();
        room_ = room;
    }
    look(ignore);
    failure_.reset();
    const process::Deadline deadline{longest_making};
    while (ready_.empty()) {
        if (failure_) throw Error{*failure_};
        order(1);
        deadline.wait_for(channel_.get(), POLLIN, "making a disk");
        look(ignore);
        require_maker();
    }
}

void Stock::drop(Fd disk) {
    if (!disk) return;
    dropped_.push_back({std::move(disk), false});
    drop_next();
}

void Stock::put_away(Fd disk) {
    if (!disk) return;
    dropped_.push_back({std::move(disk), true});
    drop_next();
}

bool Stock::measure(const std::string& desk, const Fd& folder) {
    if (is_measuring_) return false;
    require_maker();
    is_measuring_ = true;
    send("measure " + desk, folder.get());
    return true;
}

void Stock::look(const Measured& measured) {
    pollfd waiting{channel_.get(), POLLIN, 0};
    while (channel_ && ::poll(&waiting, 1, 0) > 0) {
        auto packet = process::receive_packet(channel_.get());
        if (!packet) {
            core::log_warning("the process that makes desks' disks has ended; another one is made");
            end_maker();
            return;
        }
        accept(std::move(*packet), measured);
    }
}

void Stock::accept(process::Packet packet, const Measured& measured) {
    const auto words = core::split(packet.text, ' ');
    if (words[0] == "file") {
        file_ = std::move(packet.fd);
    } else if (words[0] == "made" && packet.fd) {
        const auto room = ordered_.front();
        auto file = std::move(file_);
        ordered_.pop_front();
        if (room == room_)
            ready_.push_back({std::move(packet.fd), std::move(file)});
        else
            drop(std::move(packet.fd));
    } else if (words[0] == "failed") {
        ordered_.pop_front();
        failure_ = process::parse_failure(std::string_view{packet.text}.substr(7));
        core::log_debug("a desk's disk could not be made: {}", failure_->message());
    } else if (words[0] == "dropped") {
        is_dropping_ = false;
        drop_next();
    } else if (words[0] == "measured" && words.size() == 3) {
        is_measuring_ = false;
        measured(std::string{words[1]}, core::parse_unsigned(words[2]).value_or(0));
    }
}

void Stock::order(std::size_t wanted) {
    while (ordered_.size() + ready_.size() < wanted) {
        ordered_.push_back(room_);
        send(fmt::format("make {}", room_));
    }
}

/// One after another: what is sent to a process that is busy takes room in the socket, and the jail does not
/// wait for that.
void Stock::drop_next() {
    if (is_dropping_ || dropped_.empty()) return;
    require_maker();
    is_dropping_ = true;
    const auto disk = std::move(dropped_.front());
    dropped_.pop_front();
    send(disk.is_kept ? "keep" : "drop", disk.mount.get());
}

void Stock::send(const std::string& text, int fd) {
    try {
        process::send_packet(channel_.get(), text, fd);
    } catch (const Error& error) {
        // It has ended; look() finds that.
        core::log_debug("{}", error.message());
    }
}

void Stock::require_maker() {
    if (channel_) return;
    auto [ours, theirs] = process::make_channel();
    const auto pid = core::checked("fork", ::fork());
    if (pid == 0) {
        ours.reset();
        run_maker(theirs.get(), folder_);
    }
    maker_ = pid;
    channel_ = std::move(ours);
}

void Stock::end_maker() {
    channel_.reset();
    if (maker_ >= 0) ::waitpid(std::exchange(maker_, -1), nullptr, 0);
    ordered_.clear();
    is_dropping_ = false;
    is_measuring_ = false;
}

}  // namespace carrel::jail::disks
