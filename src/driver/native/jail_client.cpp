#include "driver/native/jail_client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "core/log.hpp"
#include "core/sys.hpp"

namespace carrel::driver::native {

namespace {

using core::Code;
using core::Error;

/// How long the jail may take to prepare the host before it answers the first question.
constexpr int first_answer_limit = 30'000;  // milliseconds

constexpr std::chrono::milliseconds between_tries{50};

constexpr std::size_t control_bytes = CMSG_SPACE(jail::wire::most_descriptors_in_answer * sizeof(int));
/// All that the kernel may put there: its sizes are rounded up.
using Descriptors = std::array<core::Fd, (control_bytes - CMSG_LEN(0)) / sizeof(int)>;

Descriptors descriptors_of(msghdr& message) {
    std::array<int, std::tuple_size_v<Descriptors>> numbers;
    numbers.fill(-1);
    if (const auto* header = CMSG_FIRSTHDR(&message); header && header->cmsg_type == SCM_RIGHTS)
        std::memcpy(numbers.data(), CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    Descriptors descriptors;
    std::ranges::transform(numbers, descriptors.begin(), [](int number) { return core::Fd{number}; });
    return descriptors;
}

/// One packet off the socket, or nothing when there is none now. Throws unavailable at its end.
std::unique_ptr<Reply> receive(int socket) {
    std::vector<char> buffer(jail::wire::longest_answer);
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, control_bytes> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return nullptr;
    if (count <= 0) throw Error{Code::unavailable, "carrel-jail has ended; what it said last is in the log"};
    auto descriptors = descriptors_of(message);
    auto reply = std::make_unique<Reply>(
        core::value_or_throw(jail::wire::parse_answer({buffer.data(), static_cast<std::size_t>(count)})));
    // What this process may not open any more the kernel leaves out (unix(7)).
    reply->is_cut = (message.msg_flags & MSG_CTRUNC) != 0;
    if (reply->is_cut) return reply;
    auto next = descriptors.begin();
    if (reply->answer.find("stream")) {
        reply->stream = std::move(*next);
        return reply;
    }
    reply->process = std::move(*next++);
    for (const auto& [field, place] :
         {std::pair{"memory_watch", &Reply::memory}, std::pair{"process_watch", &Reply::processes},
          std::pair{"disk_watch", &Reply::disk}, std::pair{"workspace_watch", &Reply::workspace}})
        if (reply->answer.find(field).value_or("none") != "none") (*reply).*place = std::move(*next++);
    return reply;
}

}  // namespace

JailClient::JailClient(async::Executor executor, core::Fd socket)
    : executor_{executor}, socket_{executor, socket.release()}, scope_{executor} {
    scope_.start("hearing the jail", read());
}

Task<Reply> JailClient::ask(jail::wire::What what) {
    require_jail();
    const auto number = ++last_number_;
    const auto place = questions_.try_emplace(number, executor_).first;
    auto& question = place->second;
    if (const auto* start = std::get_if<jail::wire::Start>(&what))
        question.undo = jail::wire::Stop{start->spec.id, start->spec.has_kept_files};
    // A question that nobody waits for any more stays until its answer comes: see take().
    struct Leave {
        JailClient& client;
        decltype(place) question;
        ~Leave() {
            if (!question->second.is_sent || question->second.reply || client.has_ended_)
                client.questions_.erase(question);
            else
                question->second.is_abandoned = true;
        }
    } leave{*this, place};
    co_await send(jail::wire::format_request({number, std::move(what)}));
    question.is_sent = true;
    while (!question.reply) {
        require_jail();
        co_await question.answered.wait();
    }
    auto reply = std::move(*question.reply);
    if (reply.answer.error) throw Error{*reply.answer.error};
    if (reply.is_cut) {
        // Waited for: as long as it is there, nobody else can have its slot.
        if (question.undo) co_await ask(*question.undo);
        throw core::system_error("take a desk over", EMFILE);
    }
    co_return reply;
}

Reply JailClient::ask_now(jail::wire::What what) {
    const auto number = ++last_number_;
    const auto text = jail::wire::format_request({number, std::move(what)});
    core::checked("ask carrel-jail", ::send(socket_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL));
    pollfd waiting{socket_.native_handle(), POLLIN, 0};
    if (core::checked("poll", ::poll(&waiting, 1, first_answer_limit)) == 0)
        throw Error{Code::timeout, "carrel-jail does not answer"};
    auto reply = receive(socket_.native_handle());
    if (!reply || reply->answer.number != number)
        throw Error{Code::internal, "carrel-jail answered another question"};
    if (reply->answer.error) throw Error{*reply->answer.error};
    return std::move(*reply);
}

Task<> JailClient::send(std::string text) {
    while (::send(socket_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EINTR) continue;
        if (errno == ENOBUFS || errno == ENOMEM) {
            co_await async::pause(between_tries);  // of the kernel's, of which nothing tells
            continue;
        }
        // It has just ended, and read() has not heard of that yet.
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
            throw Error{Code::unavailable, "carrel-jail has ended, so nothing can be done with desks"};
        if (errno != EAGAIN) throw core::system_error("ask carrel-jail", errno);
        co_await socket_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                                    boost::asio::use_awaitable);
        require_jail();
    }
}

Task<> JailClient::read() {
    try {
        while (true) {
            co_await socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                        boost::asio::use_awaitable);
            if (auto reply = receive(socket_.native_handle())) take(std::move(*reply));
        }
    } catch (const Error& error) {
        core::log_error("{}", error.message());
    }
    has_ended_ = true;
    for (auto& [number, question] : questions_) question.answered.notify_all();
}

void JailClient::take(Reply reply) {
    const auto place = questions_.find(reply.answer.number);
    if (place == questions_.end()) return;
    auto& question = place->second;
    if (!question.is_abandoned) {
        question.reply = std::make_unique<Reply>(std::move(reply));
        question.answered.notify_all();
        return;
    }
    const auto undo = reply.answer.error ? std::nullopt : question.undo;
    questions_.erase(place);
    if (undo) stop_orphan(*undo);
}

/// A desk that was made and that nobody knows.
void JailClient::stop_orphan(jail::wire::Stop stop) {
    const auto number = ++last_number_;
    questions_.try_emplace(number, executor_).first->second.is_abandoned = true;
    auto name = "stopping " + stop.id + ", which nobody waits for";
    scope_.start(std::move(name), send(jail::wire::format_request({number, std::move(stop)})));
}

void JailClient::require_jail() const {
    if (has_ended_)
        throw Error{Code::unavailable, "carrel-jail has ended, so nothing can be done with desks"};
}

}  // namespace carrel::driver::native
