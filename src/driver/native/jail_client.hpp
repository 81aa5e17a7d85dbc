// The other end of carrel-jail's socket: questions with numbers, answers in any order.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/fd.hpp"
#include "jail/wire/messages.hpp"

namespace carrel::driver::native {

using async::Task;

/// An answer, and the descriptors that start and adopt send with it.
struct Reply {
    jail::wire::Answer answer;
    core::Fd process;     ///< pidfd of the desk's first process
    core::Fd memory;      ///< see jail::wire::GroupWatch
    core::Fd processes;   ///< the same
    core::Fd disk;        ///< the same
    core::Fd workspace;   ///< the same
    core::Fd stream;      ///< of requests that are answered by one: the read end of a pipe
    bool is_cut = false;  ///< this process had no room for its descriptors
};

/// Any number of questions at once. Must outlive the tasks that ask.
class JailClient {
public:
    JailClient(async::Executor executor, core::Fd socket);

    /// The answer; throws the Error that it holds, unavailable when the jail has ended, or exhausted when
    /// this process can hold no more descriptors. When the asking task is cancelled, a desk that was being
    /// started for it is stopped again.
    Task<Reply> ask(jail::wire::What what);

    /// Asks and waits without a loop: only before the loop runs.
    Reply ask_now(jail::wire::What what);

private:
    struct Question {
        explicit Question(async::Executor executor) : answered{std::move(executor)} {}
        async::Gate answered;
        std::unique_ptr<Reply> reply;
        std::optional<jail::wire::Stop> undo;  ///< if this starts a desk: what ends it again
        bool is_sent = false;
        bool is_abandoned = false;
    };

    Task<> read();
    void take(Reply reply);
    Task<> send(std::string text);
    void stop_orphan(jail::wire::Stop stop);
    void require_jail() const;

    async::Executor executor_;
    boost::asio::posix::stream_descriptor socket_;
    std::map<std::uint64_t, Question> questions_;
    std::uint64_t last_number_ = 0;
    bool has_ended_ = false;
    async::Scope scope_;
};

}  // namespace carrel::driver::native
