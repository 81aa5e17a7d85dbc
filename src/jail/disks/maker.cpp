#include "jail/disks/maker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <list>

#include "core/sys.hpp"
#include "core/text.hpp"
#include "jail/disks/disk.hpp"
#include "jail/process/channel.hpp"
#include "jail/workspaces/tree.hpp"

namespace carrel::jail::disks {

namespace {

using core::Fd;

/// Sizes whose file systems are kept to be copied.
constexpr std::size_t most_templates = 8;
/// Files of a layer after which it is not measured further.
constexpr std::size_t most_measured = 2'000'000;

class Maker {
public:
    Maker(int channel, std::string folder) : channel_{channel}, folder_{std::move(folder)} {}

    void answer(process::Packet packet) {
        const std::string_view text{packet.text};
        const auto space = std::min(text.find(' '), text.size());
        const auto verb = text.substr(0, space);
        const std::string rest{text.substr(std::min(space + 1, text.size()))};
        if (verb == "make") make(core::parse_unsigned(rest).value_or(0));
        if (verb == "drop") give_up(packet.fd);
        if (verb == "keep") flush(packet.fd);
        if (verb == "drop" || verb == "keep") drop(std::move(packet.fd));
        if (verb == "measure") measure(rest, packet.fd);
    }

private:
    struct Template {
        std::uint64_t room;
        Fd file;
    };

    void make(std::uint64_t room) {
        try {
            const auto disk = mount_copy(get_template(room), folder_);
            process::send_packet(channel_, "file", disk.file.get());
            process::send_packet(channel_, fmt::format("made {}", room), disk.mount.get());
        } catch (const core::Error& error) {
            process::send_packet(channel_, "failed " + process::format_failure(error));
        }
    }

    const Fd& get_template(std::uint64_t room) {
        const auto found = std::ranges::find(templates_, room, &Template::room);
        if (found == templates_.end())
            templates_.push_front({room, make_template(folder_, room)});
        else
            templates_.splice(templates_.begin(), templates_, found);
        if (templates_.size() > most_templates) templates_.pop_back();
        return templates_.front().file;
    }

    void drop(Fd disk) {
        disk.reset();
        process::send_packet(channel_, "dropped");
    }

    void measure(const std::string& id, const Fd& folder) {
        std::uint64_t bytes = 0;
        std::size_t files = 0;
        const auto see = [&](const workspaces::Found& found) {
            bytes += static_cast<std::uint64_t>(found.status.st_blocks) * 512;
            if (++files > most_measured) throw core::Error{core::Code::exhausted, "too many files"};
        };
        try {
            workspaces::walk(folder.get(), "upper", "upper", see,
                             [](const std::string&, const std::string&) {});
        } catch (const core::Error&) {
            // What was seen up to here is there all the same.
        }
        process::send_packet(channel_, fmt::format("measured {} {}", id, bytes));
    }

    int channel_;
    std::string folder_;
    std::list<Template> templates_;  ///< the one that was used last comes first
};

}  // namespace

void run_maker(int channel, const std::string& folder) {
    ::prctl(PR_SET_NAME, "carrel-disks");
    ::signal(SIGPIPE, SIG_IGN);
    try {
        const Fd ours{core::checked("keep the channel", ::fcntl(channel, F_DUPFD_CLOEXEC, 3))};
        if (ours.get() > 3) ::close_range(3, static_cast<unsigned>(ours.get()) - 1, 0);
        ::close_range(static_cast<unsigned>(ours.get()) + 1, ~0U, 0);
        Maker maker{ours.get(), folder};
        while (auto packet = process::receive_packet(ours.get())) maker.answer(std::move(*packet));
    } catch (const core::Error&) {
        // The jail is gone, or makes another of us.
    }
    ::_exit(0);
}

}  // namespace carrel::jail::disks
