// Facts about the desk's own health, as init tells them, and what its programs notify, for whoever follows
// /notices.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/broadcast.hpp"
#include "async/gate.hpp"
#include "core/fd.hpp"
#include "desk/init/link.hpp"
#include "desk/notices/notifications.hpp"
#include "net/http.hpp"

namespace carrel::desk::notices {

using async::Task;

/// Pixels.
struct ScreenSize {
    int width = 0;
    int height = 0;
};

struct Notice {
    std::string code;     ///< "display_restarted"
    std::string message;  ///< a sentence
    /// Of code "notification": what a program of the desk told.
    std::optional<Notification> notification = {};
    /// Of code "screen": the size that it has now.
    std::optional<ScreenSize> screen = {};
};

/// Of one byte of the link; nothing when it is no notice. Pure.
std::optional<Notice> notice_of(char word);

class Notices {
public:
    explicit Notices(async::Executor executor);

    void publish(Notice notice);
    /// Tells everybody who follows, and who will, how large the screen is.
    void tell_screen(ScreenSize size);
    /// GET /notices: one event a notice, the screen's size and those that nobody has heard first. Never ends
    /// by itself.
    net::Response follow();

private:
    async::Broadcast<Notice> broadcast_;
    std::deque<Notice> unheard_;
    std::optional<ScreenSize> screen_;
    int followers_ = 0;
    class Events;
};

/// The tool server's end of the link to init.
class Link {
public:
    /// Takes the descriptor `link_fd`. `notices` must outlive it. `bus_started` is called whenever the
    /// message bus was started.
    Link(async::Executor executor, Notices& notices, std::function<void()> bus_started);

    /// Passes init's notices on until init closes the link.
    Task<> run();
    void tell(init::Word word);
    /// Has init end everything but itself and what it keeps alive, whose pids these are.
    /// Throws Error{timeout} when it does not say that it did.
    Task<std::vector<pid_t>> end_programs();
    /// Gives these lines ("NAME=value") to init's own environment and ends what runs of the desk's programs,
    /// to be started anew with them. Returns when it has ended. Throws Error{timeout} when init does not say
    /// that it has.
    Task<> give_environment(const std::vector<std::string>& lines);
    /// Gives init lines that are only for the next tool server.
    void keep(const std::vector<std::string>& lines);

private:
    void tell_lines(init::Word word, const std::vector<std::string>& lines);

    async::Executor executor_;
    Notices& notices_;
    std::function<void()> bus_started_;
    core::Fd socket_;
    std::vector<pid_t> kept_;
    async::Gate programs_ended_;
    async::Gate environment_given_;
};

}  // namespace carrel::desk::notices
