// These run real programs.
#include <doctest/doctest.h>

#include <csignal>

#include "desk/background/background.hpp"
#include "rest/requests.hpp"
#include "tests/unit/desk/program_harness.hpp"

using namespace carrel;
using namespace std::chrono_literals;
using async::Task;
using desk::background::Background;
using desk::background::SharedProcess;
using desk::test::reason_of;

namespace {

void with_background(auto test) {
    desk::test::with_programs<Background>(test,
                                          [](Background& background) { CHECK(background.all().empty()); });
}

Task<> wait_for_end(SharedProcess process) {
    while (!process->end) co_await process->changed.wait();
}

Task<> wait_for_output(SharedProcess process, std::string marker) {
    while (!process->output.log.read(process->output.log.begin(), 1 << 20).contains(marker))
        co_await process->changed.wait();
}

struct Answer {
    int status = 0;
    json::Value body;
    std::string text;
};

/// Asks a handler as the router would.
Task<Answer> ask(Background& background, std::string name, std::string input) {
    const auto bindings = desk::background::bind_background(background);
    for (const auto& binding : bindings) {
        if (binding.name != "terminal/process/" + name) continue;
        net::Request request;
        const bool is_query = binding.method == "GET";
        if (is_query) net::set_target(request, "/x?" + input);
        request.body = net::make_source(is_query ? "" : input);
        auto response = co_await binding.handler(request);
        auto text = co_await net::read_all(response, 1 << 20);
        Answer answer{response.status, {}, text};
        if (const auto body = json::parse(text)) answer.body = *body;
        co_return answer;
    }
    throw std::runtime_error{"no such operation"};
}

}  // namespace

TEST_CASE("what a process printed before its end is there when its end is") {
    with_background([](Background& background) -> Task<> {
        for (int time = 0; time < 20; ++time) {
            const auto process =
                background.start({}, {.command = "head -c 60000 /dev/zero; echo e >&2; exit 3"});
            co_await wait_for_end(process);
            CHECK(process->end->exit_code == 3);
            CHECK(process->output.log.end() == 60'000);
            CHECK(process->errors.log.end() == 2);
        }
    });
}

TEST_CASE("a process has its directory, its variables, and no descriptor of ours") {
    with_background([](Background& background) -> Task<> {
        const auto process =
            background.start("p", {.command = "pwd; echo $A; ls /proc/self/fd | wc -l; cat; tty",
                                   .folder = "/usr",
                                   .environment = {"A=b"}});
        co_await wait_for_end(process);
        CHECK(process->output.log.read(0, 100) == "/usr\nb\n4\nnot a tty\n");
    });
}

TEST_CASE("input goes to the program as it takes it, one writer after another") {
    with_background([](Background& background) -> Task<> {
        const auto process =
            background.start({}, {.command = "sleep 0.1; sha1sum; exec sleep 1000", .has_input = true});
        const std::string half(500'000, 'x');
        async::Scope scope{co_await boost::asio::this_coro::executor};
        const auto first = [&]() -> Task<> {
            const auto written = co_await background.write(process, half, false, 30s);
            CHECK(written.count == half.size());
        };
        scope.start("the first", first());
        const auto written = co_await background.write(process, half, true, 30s);
        CHECK(written.count == half.size());
        CHECK(written.refusal == "");
        co_await wait_for_output(process, "-\n");
        // Of a million x.
        CHECK(process->output.log.read(0, 100) == "55b443b60176235ef09801153cca4e6da7494a0c  -\n");
        CHECK_THROWS_WITH_AS(co_await background.write(process, "x", false, 1s), doctest::Contains("closed"),
                             core::Error);
        co_await scope.close();
    });
}

TEST_CASE("a writer whose program ends, closes its input or does not read gets an answer") {
    with_background([](Background& background) -> Task<> {
        const std::string much(300'000, 'x');
        const auto deaf = background.start({}, {.command = "exec sleep 1000", .has_input = true});
        const auto late = co_await background.write(deaf, much, false, 50ms);
        CHECK(late.count > 0);
        CHECK(late.count < much.size());
        CHECK(late.refusal.contains("in time"));
        async::Scope scope{co_await boost::asio::this_coro::executor};
        bool has_answer = false;
        const auto write = [&]() -> Task<> {
            has_answer = (co_await background.write(deaf, much, false, 300s)).refusal.contains("closed");
        };
        scope.start("writing", write());
        co_await async::yield_turn();
        CHECK((co_await background.write(deaf, "x", false, 20ms)).refusal.contains("another client"));
        CHECK(co_await background.signal(deaf, SIGKILL) == 1);
        while (scope.size() > 0) co_await async::yield_turn();
        CHECK(has_answer);
        const auto closing =
            background.start({}, {.command = "exec <&-; echo shut; exec sleep 1000", .has_input = true});
        co_await wait_for_output(closing, "shut");
        CHECK((co_await background.write(closing, "x", false, 30s)).refusal.contains("closed"));
        const auto none = background.start({}, {.command = "exec sleep 1000"});
        CHECK_THROWS_WITH_AS(co_await background.write(none, "x", false, 1s),
                             doctest::Contains("\"stdin\": true"), core::Error);
    });
}

TEST_CASE("signals reach all that comes from a process, also after its own end") {
    with_background([](Background& background) -> Task<> {
        const auto process = background.start(
            {}, {.command = "(setsid sh -c 'echo d; exec sleep 1000' &) ; sleep 1000 & echo c; exit 2"});
        co_await wait_for_end(process);
        co_await wait_for_output(process, "d\n");
        CHECK_FALSE(process->output.has_ended);
        CHECK(co_await background.signal(process, SIGKILL) == 2);
        while (!process->output.has_ended) co_await process->changed.wait();
        CHECK(co_await background.signal(process, SIGTERM) == 0);
        CHECK(process->end->exit_code == 2);
        const auto stopped = background.start({}, {.command = "echo up; kill -STOP $$; echo never"});
        co_await wait_for_output(stopped, "up");
        co_await background.signal(stopped, SIGTERM);
        co_await wait_for_end(stopped);
        CHECK(stopped->end->signal == SIGTERM);
    });
}

TEST_CASE("there is room for so many, and those that ended long ago make it") {
    with_background([](Background& background) -> Task<> {
        CHECK(reason_of([&] { background.start({}, {.command = "true", .folder = "/no/such"}); }) ==
              "no_such_folder");
        for (std::size_t count = 0; count < Background::most_running; ++count)
            background.start("p" + std::to_string(count), {.command = "exec sleep 1000"});
        CHECK(reason_of([&] { background.start({}, {.command = "true"}); }) == "too_many_processes");
        CHECK(reason_of([&] { background.start("p3", {.command = "true"}); }) == "conflict");
        CHECK_THROWS_AS(co_await background.remove(background.get("p3")), core::Error);
        for (const auto& process : std::list{background.all()}) {
            co_await background.signal(process, SIGKILL);
            co_await wait_for_end(process);
        }
        for (int count = 0; count < 3; ++count)
            co_await wait_for_end(background.start("q" + std::to_string(count), {.command = "true"}));
        CHECK(background.all().size() <= Background::most_finished + 1);
        CHECK(reason_of([&] { background.get("p0"); }) == "not_found");
        co_await background.remove(background.get("q2"));
        CHECK(reason_of([&] { background.get("q2"); }) == "not_found");
    });
}

TEST_CASE("all outputs together stay within their bound") {
    with_background([](Background& background) -> Task<> {
        for (int count = 0; count < 20; ++count)
            background.start({}, {.command = "head -c 6000000 /dev/zero; head -c 6000000 /dev/zero >&2"});
        std::size_t kept = 0;
        for (const auto& process : background.all()) co_await wait_for_end(process);
        for (const auto& process : background.all())
            kept += process->output.log.kept() + process->errors.log.kept();
        CHECK(kept <= Background::most_kept);
        CHECK(kept > Background::most_kept / 2);
    });
}

TEST_CASE("over HTTP: pieces, their waiting, and the stream") {
    with_background([](Background& background) -> Task<> {
        const auto started = co_await ask(
            background, "start",
            R"({"command":"printf '\\303'; read; printf '\\244\\n'","stdin":true,"process_id":"x"})");
        CHECK(started.body.at("process_id") == "x");
        co_await wait_for_output(background.get("x"), "\xC3");
        const auto half = co_await ask(background, "output", "process_id=x");
        CHECK(half.body.at("data") == "");
        CHECK(half.body.at("size") == 1);
        CHECK(half.body.at("is_end") == false);
        CHECK((co_await ask(background, "output", "process_id=x&encoding=base64")).body.at("data_base64") ==
              "ww==");
        CHECK((co_await ask(background, "write", R"({"process_id":"x","data":"\n"})")).body.at("written") ==
              1);
        const auto whole = co_await ask(background, "output", "process_id=x&wait=30");
        CHECK(whole.body.at("data") == "ä\n");
        const auto rest = co_await ask(background, "output", "process_id=x&wait=30&offset=3");
        CHECK(rest.body.at("is_end") == true);
        CHECK((co_await ask(background, "wait", R"({"process_id":"x"})")).body.at("is_running") == false);
        CHECK((co_await ask(background, "follow", "process_id=x&offset=-1")).text ==
              ": keep-alive\n\nid: 3\nevent: output\ndata: "
              "{\"data\":\"\\n\",\"offset\":2,\"next_offset\":3}\n\n"
              "id: 3\nevent: end\ndata: {\"size\":3,\"exit_code\":0}\n\n");
        CHECK((co_await ask(background, "list", "")).body.at("processes").as_array().size() == 1);
        CHECK_THROWS_AS(co_await ask(background, "output", "process_id=x&offset=4"), rest::Unprocessable);
    });
}
