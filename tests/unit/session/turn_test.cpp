#include <doctest/doctest.h>

#include "agent/history.hpp"
#include "core/id.hpp"
#include "session/turn_events.hpp"
#include "tests/unit/session/house.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using core::Code;
using tests::House;
using tests::in_a_house;
using tests::tiny_png;

namespace {

using Lines = std::vector<std::string>;

/// Says a word, then waits for ever.
struct Endless {
    explicit Endless(async::Executor executor) : never{executor} {}
    tests::Play play() {
        return [this](agent::Question, agent::Progress& progress) -> Task<agent::Answer> {
            progress.text("Thinking about it");
            co_await never.wait();
            co_return agent::Answer{};
        };
    }
    async::Gate never;
};

/// The first answer calls a tool, the second one ends.
tests::Play one_call(std::string name, json::Object input) {
    auto count = std::make_shared<int>(0);
    return [=](agent::Question, agent::Progress&) -> Task<agent::Answer> {
        if ((*count)++ == 0) co_return tests::call_answer("toolu_1", name, input);
        co_return tests::text_answer("Done.");
    };
}

}  // namespace

TEST_CASE("a turn is in the log from the message to its end, and stands in the conversation") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        const auto message_id = co_await house.service.send_message(ops::local_principal(), id, "Say hello");
        CHECK(core::is_id("msg_", message_id));
        CHECK((co_await house.service.get(ops::local_principal(), id)).is_busy);
        co_await house.wait_for(id, "message_complete completed");
        CHECK(co_await house.log(id) == Lines{"desk starting", "desk ready", "user_message Say hello",
                                              "message_start", "text Hello.", "usage",
                                              "message_complete completed"});
        co_await house.wait_until_idle();
        const auto detail = co_await house.service.get_with_messages(ops::local_principal(), id);
        CHECK_FALSE(detail.session.is_busy);
        REQUIRE(detail.messages.size() == 2);
        CHECK(detail.messages[0].id == message_id);
        CHECK(detail.messages[0].content == json::Value("Say hello"));
        CHECK(detail.messages[1].role == "assistant");
        CHECK(json::to_text(detail.messages[1].content) == R"([{"type":"text","text":"Hello."}])");
        const auto history = co_await house.store.run([id](store::Transaction& t) { return t.messages(id); });
        REQUIRE(history.size() == 2);
        CHECK(history[1] == R"({"role":"assistant","content":[{"type":"text","text":"Hello."}]})");
    });
}

TEST_CASE("a second message while the first is worked on is a conflict; two sessions run side by side") {
    in_a_house([](House& house) -> Task<> {
        Endless endless{co_await boost::asio::this_coro::executor};
        const auto first = co_await house.create();
        const auto second = co_await house.create();
        house.play = endless.play();
        co_await house.service.send_message(ops::local_principal(), first, "one");
        co_await house.wait_for(first, "text Thinking about it");
        CHECK((co_await house.failure_of(house.service.send_message(ops::local_principal(), first, "two")))
                  .code() == Code::conflict);
        co_await house.service.send_message(ops::local_principal(), second, "one");
        co_await house.wait_for(second, "text Thinking about it");
        CHECK(house.service.busy_count() == 2);
        CHECK(co_await house.service.cancel(ops::local_principal(), second) == session::Cancelled::yes);
        CHECK((co_await house.service.get(ops::local_principal(), first)).is_busy);
        CHECK(co_await house.service.cancel(ops::local_principal(), first) == session::Cancelled::yes);
    });
}

TEST_CASE("cancel ends a turn cleanly at any moment, and the next message works") {
    in_a_house([](House& house) -> Task<> {
        Endless endless{co_await boost::asio::this_coro::executor};
        const auto id = co_await house.create();
        CHECK(co_await house.service.cancel(ops::local_principal(), id) ==
              session::Cancelled::was_not_processing);
        house.play = endless.play();
        co_await house.service.send_message(ops::local_principal(), id, "at once");
        CHECK(co_await house.service.cancel(ops::local_principal(), id) == session::Cancelled::yes);
        co_await house.service.send_message(ops::local_principal(), id, "while it answers");
        co_await house.wait_for(id, "text Thinking about it");
        CHECK(co_await house.service.cancel(ops::local_principal(), id) == session::Cancelled::yes);
        CHECK((co_await house.log(id)).back() == "message_complete cancelled");

        bool is_called = false;
        auto& machine = house.host.only();
        machine.operation = [&](net::Request&) -> Task<net::Response> {
            is_called = true;
            while (true) co_await machine.changed.wait();  // it ends with the machine
        };
        house.play = one_call("bash", {{"command", "sleep 1000"}});
        co_await house.service.send_message(ops::local_principal(), id, "while a tool works");
        while (!is_called) co_await async::yield_turn();
        CHECK(co_await house.service.cancel(ops::local_principal(), id) == session::Cancelled::yes);
        const auto log = co_await house.log(id);
        REQUIRE(log.size() > 3);
        CHECK(log[log.size() - 3] == "tool_use bash");
        CHECK(log[log.size() - 2] == "tool_result ");
        CHECK(log[log.size() - 1] == "message_complete cancelled");

        house.play = [](agent::Question question, agent::Progress&) -> Task<agent::Answer> {
            CHECK(agent::unanswered_calls(question.messages.back()).empty());
            co_return tests::text_answer("Fine.");
        };
        co_await house.service.send_message(ops::local_principal(), id, "go on");
        co_await house.wait_for(id, "message_complete completed");
    });
}

TEST_CASE("a tool's picture is stored before the event that names it, and only for that session") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        house.host.only().operation = [](net::Request& request) -> Task<net::Response> {
            CHECK(request.path == "/screen/screenshot");
            auto response = net::text_response(200, std::string{tiny_png});
            response.headers.set("Content-Type", "image/png");
            co_return response;
        };
        house.play = one_call("screenshot", {});
        co_await house.service.send_message(ops::local_principal(), id, "look");
        co_await house.wait_for(id, "message_complete completed");
        std::string path;
        for (const auto& event : co_await house.service.events_after(ops::local_principal(), id, 0, 100))
            if (event.name == "tool_result")
                path = json::text_or(json::parse(event.data).value(), "screenshot");
        const auto prefix = "/api/v1/sessions/" + id + "/blobs/";
        REQUIRE(path.starts_with(prefix));
        const auto hash = path.substr(prefix.size());
        const auto blob = co_await house.service.blob(ops::local_principal(), id, hash);
        CHECK(blob.bytes == tiny_png);
        CHECK(blob.media_type == "image/png");
        const auto other = co_await house.create();
        CHECK((co_await house.failure_of(house.service.blob(ops::local_principal(), other, hash))).code() ==
              Code::not_found);
        const auto detail = co_await house.service.get_with_messages(ops::local_principal(), id);
        REQUIRE(detail.messages.size() == 3);
        CHECK(detail.messages[2].tool_use_id == "toolu_1");
        CHECK(json::to_text(detail.messages[2].content).find(path) != std::string::npos);
    });
}

TEST_CASE("a model that fails ends the turn with its reason, and the session goes on") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        house.play = [](agent::Question, agent::Progress&) -> Task<agent::Answer> {
            throw core::Error{Code::unauthorized, "the key is wrong", "authentication_error"};
            co_return agent::Answer{};
        };
        co_await house.service.send_message(ops::local_principal(), id, "hi");
        co_await house.wait_for(id, "message_complete error");
        const auto log = co_await house.log(id);
        CHECK(log[log.size() - 2] == "error authentication_error");
        co_await house.wait_until_idle();
        house.play = [](agent::Question, agent::Progress&) -> Task<agent::Answer> {
            co_return tests::text_answer(".");
        };
        co_await house.service.send_message(ops::local_principal(), id, "again");
        co_await house.wait_for(id, "message_complete completed");
    });
}

TEST_CASE("deleting a session in the middle of a turn ends the turn, the log's followers and the desk") {
    in_a_house([](House& house) -> Task<> {
        Endless endless{co_await boost::asio::this_coro::executor};
        const auto id = co_await house.create();
        house.play = endless.play();
        co_await house.service.send_message(ops::local_principal(), id, "hi");
        auto follower = co_await house.service.follow(ops::local_principal(), id, 0);
        co_await house.service.remove(ops::local_principal(), id, false);
        Lines seen;
        while (const auto event = co_await follower.next())
            seen.push_back(House::describe(event->name, event->data));
        CHECK(seen.back() == "desk stopped");
        CHECK(seen[seen.size() - 2] == "message_complete cancelled");
        CHECK(house.service.busy_count() == 0);
        CHECK(house.host.machines.empty());
    });
}

TEST_CASE("text is joined: many pieces make few events, and nothing of it is lost") {
    in_a_house([](House& house) -> Task<> {
        const auto id = co_await house.create();
        std::string whole;
        house.play = [&](agent::Question, agent::Progress& progress) -> Task<agent::Answer> {
            for (int i = 0; i < 2'000; ++i) {
                const auto piece = std::to_string(i) + " ";
                whole += piece;
                i < 1'000 ? progress.thinking(piece) : progress.text(piece);
                if (i % 100 == 0) co_await async::yield_turn();
            }
            co_return tests::text_answer(whole);
        };
        co_await house.service.send_message(ops::local_principal(), id, "count");
        co_await house.wait_for(id, "message_complete completed");
        std::string joined;
        int pieces = 0;
        for (const auto& event : co_await house.service.events_after(ops::local_principal(), id, 0, 10'000)) {
            if (event.name != "text" && event.name != "thinking") continue;
            joined += json::text_or(json::parse(event.data).value(), "content");
            ++pieces;
        }
        CHECK(joined == whole);
        CHECK(pieces < 100);
    });
}

TEST_CASE("a server that ends in the middle of a turn says so in the log, and desks live on") {
    fakes::TempDir dir;
    fakes::FakeHost host{dir.path()};
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        Endless endless{executor};
        std::string id;
        {
            House first{executor, dir.path(), host};
            id = co_await first.create();
            first.play = endless.play();
            co_await first.service.send_message(ops::local_principal(), id, "hi");
            co_await first.wait_for(id, "text Thinking about it");
            co_await first.close();
        }
        CHECK(host.machines.size() == 1);
        House second{executor, dir.path(), host};
        co_await second.service.start();
        const auto log = co_await second.log(id);
        CHECK(Lines(log.end() - 2, log.end()) == Lines{"error interrupted", "message_complete interrupted"});
        CHECK(co_await second.service.desk(ops::local_principal(), id));
        co_await second.close();
        co_await host.close();
    });
}

TEST_CASE("a full disk refuses a message with a sentence and leaves the session as it was") {
    in_a_house(
        [](House& house) -> Task<> {
            const auto id = co_await house.create();
            const auto error = co_await house.failure_of(house.service.send_message(
                ops::local_principal(), id, std::string(std::size_t{1} << 20, 'x')));
            CHECK(error.code() == Code::exhausted);
            CHECK(error.reason() == "disk_full");
            CHECK_FALSE((co_await house.service.get(ops::local_principal(), id)).is_busy);
            co_await house.service.send_message(ops::local_principal(), id, "short");
            co_await house.wait_for(id, "message_complete completed");
        },
        80);
}

TEST_CASE("the end of a turn that does not fit on the disk is stored when there is room again") {
    in_a_house(
        [](House& house) -> Task<> {
            const auto filler = co_await house.create();
            const auto id = co_await house.create();
            house.play = [&](agent::Question, agent::Progress&) -> Task<agent::Answer> {
                // Both sessions' pages of the log, down to the last bytes.
                for (const auto& session : {filler, id})
                    for (std::size_t size = 32'768; size > 0; size /= 2) co_await fill(house, session, size);
                co_return tests::text_answer("It is full.");
            };
            co_await house.service.send_message(ops::local_principal(), id, "fill the disk");
            const auto refusal = [&]() -> Task<std::string> {
                co_return (
                    co_await house.failure_of(house.service.send_message(ops::local_principal(), id, "x")))
                    .reason();
            };
            auto reason = co_await refusal();
            while (reason == "busy") reason = co_await refusal();
            CHECK(reason == "disk_full");
            CHECK((co_await house.failure_of(house.service.cancel(ops::local_principal(), id))).reason() ==
                  "disk_full");
            CHECK((co_await house.service.get(ops::local_principal(), id)).is_busy);
            co_await house.store.run([=](store::Transaction& t) { t.purge_session(filler); });
            co_await house.wait_until_idle();
            const auto log = co_await house.log(id);
            CHECK(log.back().starts_with("message_complete"));
        },
        200);
}
