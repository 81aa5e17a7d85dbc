#include "driver/native/jail_client.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "core/sys.hpp"
#include "driver/native/native_desk.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using async::Task;
using driver::native::JailClient;
using driver::native::Reply;

namespace {

/// A jail that a test plays itself: the other end of the socket.
struct PlayedJail {
    core::Fd ours;
    core::Fd theirs;

    PlayedJail() {
        int ends[2];
        core::checked("socketpair", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
        ours = core::Fd{ends[0]};
        theirs = core::Fd{ends[1]};
    }
    /// The next question, while the loop goes on; a test whose question never comes does not end.
    Task<jail::wire::Request> hear() {
        char buffer[jail::wire::longest_request];
        auto count = ::recv(theirs.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        while (count < 0 && errno == EAGAIN) {
            co_await async::yield_turn();
            count = ::recv(theirs.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        }
        core::checked("recv", count);
        co_return core::value_or_throw(jail::wire::parse_request({buffer, static_cast<std::size_t>(count)}));
    }
    void say(const jail::wire::Answer& answer) {
        const auto text = jail::wire::format_answer(answer);
        core::checked("send", ::send(theirs.get(), text.data(), text.size(), 0));
    }
    /// As the kernel leaves it that has no room for an answer's descriptors: they are more than fit.
    void say_cut(const jail::wire::Answer& answer) {
        auto text = jail::wire::format_answer(answer);
        const std::array<int, 8> descriptors{};
        iovec part{text.data(), text.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptors);
        std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof descriptors);
        core::checked("sendmsg", ::sendmsg(theirs.get(), &message, 0));
    }
};

jail::wire::Spec some_spec() {
    return {.id = "desk_0123456789ab",
            .slot = 0,
            .image = "desktop",
            .image_hash = std::string(64, 'a'),
            .nonce = std::string(32, 'b'),
            .width = 1280,
            .height = 800,
            .network = jail::wire::Network::none,
            .limits = {1ULL << 30, 100, 100}};
}

Task<> ask_into(JailClient& client, jail::wire::What what, std::string& result) {
    try {
        const auto reply = co_await client.ask(std::move(what));
        result = reply.answer.find("answer").value_or("none");
    } catch (const core::Error& error) {
        result = error.message();
    }
}

}  // namespace

TEST_CASE("Answers find their questions in whatever order they come, and errors are thrown") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        PlayedJail jail;
        JailClient client{executor, std::move(jail.ours)};
        async::Scope scope{executor};
        std::string one, two, three;
        scope.start("one", ask_into(client, jail::wire::Stop{"desk_000000000001"}, one));
        scope.start("two", ask_into(client, jail::wire::List{}, two));
        scope.start("three", ask_into(client, jail::wire::Doctor{}, three));
        const auto first = (co_await jail.hear()).number;
        const auto second = (co_await jail.hear()).number;
        const auto third = (co_await jail.hear()).number;
        jail.say({third, core::Error{core::Code::exhausted, "no room"}, {}});
        jail.say({first, std::nullopt, {{"answer", "stopped"}}});
        jail.say({second, std::nullopt, {{"answer", "listed"}}});
        while (scope.size() > 0) co_await async::yield_turn();
        CHECK(one == "stopped");
        CHECK(two == "listed");
        CHECK(three == "no room");
    });
}

TEST_CASE("When the jail ends, every question ends with a sentence, and so do later ones") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        PlayedJail jail;
        JailClient client{executor, std::move(jail.ours)};
        async::Scope scope{executor};
        std::string before, after;
        scope.start("before", ask_into(client, jail::wire::List{}, before));
        co_await async::yield_turn();
        jail.theirs.reset();
        while (scope.size() > 0) co_await async::yield_turn();
        CHECK(before == "carrel-jail has ended, so nothing can be done with desks");
        co_await ask_into(client, jail::wire::List{}, after);
        CHECK(after == before);
    });
}

TEST_CASE("Who asks in the very moment in which the jail ends hears the same") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        PlayedJail jail;
        JailClient client{executor, std::move(jail.ours)};
        jail.theirs.reset();
        std::string told;
        co_await ask_into(client, jail::wire::List{}, told);
        CHECK(told == "carrel-jail has ended, so nothing can be done with desks");
    });
}

TEST_CASE(
    "A desk that nobody waits for any more is stopped as soon as it is there, and its kept files are kept "
    "on") {
    for (const bool has_kept_files : {false, true})
        fakes::run_loop([&](async::Executor executor) -> Task<> {
            PlayedJail jail;
            JailClient client{executor, std::move(jail.ours)};
            async::Scope scope{executor};
            std::string result = "cancelled";
            auto spec = some_spec();
            spec.has_kept_files = has_kept_files;
            scope.start("starting", ask_into(client, jail::wire::Start{spec}, result));
            const auto start = co_await jail.hear();
            co_await scope.close();
            jail.say({start.number, std::nullopt, {{"id", some_spec().id}}});
            const auto next = co_await jail.hear();
            REQUIRE(std::holds_alternative<jail::wire::Stop>(next.what));
            CHECK(std::get<jail::wire::Stop>(next.what).id == some_spec().id);
            CHECK(std::get<jail::wire::Stop>(next.what).keeps_files == has_kept_files);
            CHECK(result == "cancelled");
        });
}

TEST_CASE("Before the loop runs, a question is answered all the same") {
    boost::asio::io_context loop;
    PlayedJail jail;
    JailClient client{loop.get_executor(), std::move(jail.ours)};
    jail.say({1, std::nullopt, {{"internet", "yes"}}});
    CHECK(client.ask_now(jail::wire::Doctor{}).answer.find("internet") == "yes");
    jail.theirs.reset();
    CHECK_THROWS_AS((void)client.ask_now(jail::wire::Doctor{}), core::Error);
}

TEST_CASE(
    "A jail that reads slowly is no jail that has ended: questions wait for room, also those for orphans") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        PlayedJail jail;
        JailClient client{executor, std::move(jail.ours)};
        async::Scope starting{executor};
        std::string ignored;
        starting.start("starting", ask_into(client, jail::wire::Start{some_spec()}, ignored));
        const auto start = co_await jail.hear();
        co_await starting.close();

        constexpr std::size_t many = 2000;
        std::vector<std::string> results(many);
        async::Scope scope{executor};
        for (auto& result : results) scope.start("listing", ask_into(client, jail::wire::List{}, result));
        co_await async::yield_turn();
        jail.say({start.number, std::nullopt, {{"id", some_spec().id}}});
        co_await async::yield_turn();
        co_await async::yield_turn();

        bool is_orphan_stopped = false;
        for (std::size_t i = 0; i <= many; ++i) {
            const auto question = co_await jail.hear();
            is_orphan_stopped |= std::holds_alternative<jail::wire::Stop>(question.what);
            jail.say({question.number, std::nullopt, {{"answer", "yes"}}});
            co_await async::yield_turn();  // it reads: our own answers have no more room than its questions
        }
        while (scope.size() > 0) co_await async::yield_turn();
        CHECK(is_orphan_stopped);
        CHECK(std::ranges::count(results, "yes") == many);
    });
}

TEST_CASE("A desk whose descriptors this process may not hold is gone again before that is said") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        PlayedJail jail;
        JailClient client{executor, std::move(jail.ours)};
        async::Scope scope{executor};
        std::string result;
        scope.start("starting", ask_into(client, jail::wire::Start{some_spec()}, result));
        const auto start = co_await jail.hear();
        jail.say_cut({start.number, std::nullopt, {{"id", some_spec().id}}});
        const auto next = co_await jail.hear();
        REQUIRE(std::holds_alternative<jail::wire::Stop>(next.what));
        CHECK(std::get<jail::wire::Stop>(next.what).id == some_spec().id);
        for (int turn = 0; turn < 10; ++turn) co_await async::yield_turn();
        CHECK(result.empty());
        jail.say({next.number, std::nullopt, {}});
        while (result.empty()) co_await async::yield_turn();
        CHECK(result.find("Too many open files") != std::string::npos);
    });
}

TEST_CASE("A desk has ended also when the jail cannot say how") {
    fakes::run_loop([](async::Executor executor) -> Task<> {
        PlayedJail jail;
        JailClient client{executor, std::move(jail.ours)};
        int ends[2];
        core::checked("pipe", ::pipe2(ends, O_CLOEXEC));
        ::close(ends[1]);  // so that the other is readable, as the pidfd of a dead process
        Reply reply{.answer = {1, std::nullopt, {{"id", "desk_0123456789ab"}}},
                    .process = core::Fd{ends[0]},
                    .memory = {},
                    .processes = {}};
        driver::native::NativeDesk desk{executor, client, std::move(reply), "/nowhere"};
        async::Scope scope{executor};
        fleet::Ending ending;
        scope.start("ending",
                    [](auto& known, auto& told) -> Task<> { told = co_await known.ended(); }(desk, ending));
        const auto question = co_await jail.hear();
        REQUIRE(std::holds_alternative<jail::wire::Ending>(question.what));
        jail.say({question.number, core::Error{core::Code::internal, "out of luck"}, {}});
        while (scope.size() > 0) co_await async::yield_turn();
        CHECK(ending.code == "killed");
        CHECK(ending.reason.find("out of luck") != std::string::npos);
    });
}
