// Whole turns over real HTTP against the strict double of the Messages API (tests/doubles/anthropic.mjs),
// which refuses what the vendor refuses and streams in odd pieces. Needs node.
#include <doctest/doctest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/anthropic/messages_api.hpp"
#include "agent/history.hpp"
#include "agent/loop.hpp"
#include "async/deadline.hpp"
#include "async/scope.hpp"
#include "core/sys.hpp"
#include "outbound/curl_client.hpp"
#include "tests/fakes/fake_agent.hpp"
#include "tests/fakes/run_loop.hpp"

using namespace carrel;
using namespace carrel::agent;
using namespace carrel::agent::anthropic;
using namespace std::chrono_literals;
using fakes::run_loop;
using Status = TurnEnd::Status;

namespace {

/// A node process that serves the double; it ends when its standard input does.
class Double {
public:
    Double() {
        setenv("no_proxy", "127.0.0.1", 1);
        int in[2];
        int out[2];
        core::checked("pipe", pipe2(in, O_CLOEXEC));
        core::checked("pipe", pipe2(out, O_CLOEXEC));
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        const std::string script = CARREL_SOURCE_DIR "/tests/doubles/anthropic.mjs";
        const char* const arguments[] = {"node", script.c_str(), nullptr};
        const auto failed =
            posix_spawnp(&child_, "node", &actions, nullptr, const_cast<char* const*>(arguments), environ);
        posix_spawn_file_actions_destroy(&actions);
        close(in[0]);
        close(out[1]);
        input_ = core::Fd{in[1]};
        const core::Fd output{out[0]};
        REQUIRE_MESSAGE(failed == 0, "node does not start");
        const auto hello = json::parse(read_line(output.get()));
        REQUIRE(hello);
        url = json::text_or(*hello, "url");
        key = json::text_or(*hello, "key");
    }
    ~Double() {
        input_.reset();
        waitpid(child_, nullptr, 0);
    }

    std::string url;
    std::string key;

private:
    static std::string read_line(int fd) {
        std::string line;
        for (char byte = 0; read(fd, &byte, 1) == 1 && byte != '\n';) line += byte;
        return line;
    }

    pid_t child_ = 0;
    core::Fd input_;
};

std::string chunk(std::string_view type, std::string_view data) {
    const auto length = static_cast<unsigned>(data.size());
    std::string text;
    for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(length >> shift);
    return text.append(type).append(data).append("crc?");
}

/// What a strict reader of sizes takes for a PNG.
Picture png(Size size) {
    std::string head;
    for (const int side : {size.width, size.height})
        for (const int shift : {24, 16, 8, 0}) head += static_cast<char>(side >> shift);
    head += std::string_view{"\x08\x02\x00\x00\x00", 5};
    return {"\x89PNG\r\n\x1a\n" + chunk("IHDR", head) + chunk("IEND", ""), "image/png", size};
}

struct Stage {
    Double api;
    fakes::FakeDeskCalls desk;
    fakes::FakeSink sink;
    fakes::FakeTranscript transcript;
    async::Pool pool{1};
    outbound::Patience patience;
    std::string model = "claude-opus-5-5";
    std::optional<std::string> key;

    Stage() {
        desk.shown = png({1280, 800});
        desk.answer("screen/cursor_position", R"({"x":7,"y":9})");
        desk.answer("terminal/execute", R"({"output":"","error":"","exit_code":0})");
        desk.answer("file/view", R"({"success":true,"output":"     1\tone"})");
    }
    Task<> say(outbound::HttpClient& http, std::string replies) {
        auto reply = co_await http.send({.url = api.url + "/_say", .body = std::move(replies)});
        co_await net::read_all(*reply.body, 100);
    }
    /// What the double was asked, as it recorded it.
    json::Value requests() {
        json::Value list;
        run_loop([&](async::Executor executor) -> Task<> {
            outbound::CurlClient http{executor};
            auto reply = co_await http.send({.method = "GET", .url = api.url + "/_requests"});
            list = *json::parse(co_await net::read_all(*reply.body, 64 << 20), 100);
        });
        return list;
    }
    Task<TurnEnd> turn(outbound::HttpClient& http, std::string message) {
        const auto claude = make_model({model, key.value_or(api.key), api.url, patience}, http, pool);
        transcript.begin(message);
        co_return co_await run_turn(*claude, desk, transcript, sink, pool, {{1280, 800}, {}, {}});
    }
    TurnEnd play(std::string message, std::string replies) {
        TurnEnd end;
        run_loop([&](async::Executor executor) -> Task<> {
            outbound::CurlClient http{executor};
            co_await say(http, std::move(replies));
            end = co_await async::deadline(60s, "the turn", turn(http, std::move(message)));
        });
        return end;
    }
    std::string said() const {
        std::string all;
        for (const auto& line : sink.lines)
            if (line.starts_with("text ")) all += line.substr(5);
        return all;
    }
};

constexpr auto every_tool = R"([
  {"blocks":[{"type":"thinking","thinking":"First a look, 先看 🙂."},{"type":"text","text":"Schön, 你好 🙂"},
             {"type":"tool_use","name":"screenshot"},{"type":"tool_use","name":"cursor_position"},
             {"type":"tool_use","name":"left_click","input":{"coordinate":[640,400],"text":"ctrl"}},
             {"type":"tool_use","name":"zoom","input":{"region":[0,0,100,100]}},
             {"type":"tool_use","name":"bash","input":{"command":"true"}},
             {"type":"tool_use","name":"str_replace_based_edit_tool","input":{"command":"view","path":"/a"}}]},
  {"blocks":[{"type":"tool_use","name":"left_click","input":{"coordinate":[5000,1]}},
             {"type":"tool_use","name":"type","input":{"text":"\"é\n🙂"}},
             {"type":"tool_use","name":"bash","input":{}}]},
  {"blocks":[{"type":"thinking","thinking":"Done."},{"type":"text","text":" It is done."}]}])";

}  // namespace

TEST_CASE("turns with every kind of tool pass the strict double, request after request") {
    Stage stage;
    const auto end = stage.play("do everything", every_tool);
    CHECK(end.message == "");
    CHECK(end.status == Status::completed);
    CHECK(stage.said() == "Schön, 你好 🙂 It is done.");
    CHECK(stage.play("and again", every_tool).status == Status::completed);
    const auto requests = stage.requests();
    REQUIRE(requests.as_array().size() == 6);
    for (const auto& request : requests.as_array()) CHECK(json::text_or(request, "error") == "");
    CHECK(stage.transcript.stored.size() == 12);
}

TEST_CASE("the second request is served from the vendor's cache") {
    Stage stage;
    Usage last;
    struct Keep final : Progress {
        void text(std::string_view) override {}
        void thinking(std::string_view) override {}
        void status(std::string_view, std::optional<double>) override {}
    } quiet;
    run_loop([&](async::Executor executor) -> Task<> {
        outbound::CurlClient http{executor};
        const auto claude = make_model({stage.model, stage.api.key, stage.api.url}, http, stage.pool);
        std::vector<std::string> history{user_message("hello", false)};
        const auto first = co_await claude->answer({"system", history}, quiet);
        CHECK(first.usage.cache_read_input_tokens == 0);
        history.push_back(assistant_message(first.blocks));
        history.push_back(user_message("go on", false));
        last = (co_await claude->answer({"system", history}, quiet)).usage;
    });
    CHECK(last.cache_read_input_tokens > 0);
    CHECK(last.cache_creation_input_tokens > 0);
}

TEST_CASE("faults that pass are overcome, with a status for each") {
    Stage stage;
    stage.patience.silence = 300ms;
    const auto end = stage.play("try", R"([{"fault":"rate_limit","pause":5},{"fault":"overloaded","pause":5},
        {"fault":"error_inside","blocks":[{"type":"text","text":"a beginning that is cut"}]},
        {"fault":"silent_inside","blocks":[{"type":"text","text":"another one"}]},
        {"blocks":[{"type":"text","text":"made it"}]}])");
    CHECK(end.status == Status::completed);
    CHECK(stage.said().ends_with("made it"));
    const auto waits =
        std::ranges::count_if(stage.sink.lines, [](const auto& line) { return line.ends_with("(wait)"); });
    CHECK(waits == 4);
    CHECK(person_text(stage.transcript.stored.at(0)) == "try");
    CHECK(stage.transcript.stored.size() == 2);
}

TEST_CASE("connections that break before or in an answer are made again") {
    Stage stage;
    const auto end = stage.play("try", R"([{"fault":"cut_before_head"},
        {"fault":"cut","blocks":[{"type":"text","text":"this will not come to its end"}]},
        {"blocks":[{"type":"text","text":"made it"}]}])");
    CHECK(end.status == Status::completed);
    CHECK(stage.said().ends_with("made it"));
}

TEST_CASE("faults that stay end the turn with their reason, and the session goes on") {
    Stage stage;
    CHECK(stage.play("one", R"([{"fault":"too_large"}])").code == "request_too_large");
    CHECK(stage.play("two", R"([{"fault":"billing"}])").code == "billing_error");
    stage.key = "sk-wrong";
    CHECK(stage.play("three", "[]").code == "authentication_error");
    stage.key.reset();
    stage.model = "claude-ode-7";
    CHECK(stage.play("four", "[]").code == "not_found_error");
    stage.model = "claude-opus-5-5";
    CHECK(stage.play("five", R"([{"blocks":[{"type":"text","text":"fine"}]}])").status == Status::completed);
    CHECK(stage.said() == "fine");
}

TEST_CASE("cut tool calls, pauses and refusals go as the vendor says") {
    Stage stage;
    const auto end = stage.play("write", R"([
        {"blocks":[{"type":"text","text":"I write."},{"type":"tool_use","name":"type","input":{"text":"a long text that is cut"}}],
         "half_call":true,"stop_reason":"max_tokens"},
        {"blocks":[{"type":"text","text":"Let me think."}],"stop_reason":"pause_turn"},
        {"blocks":[{"type":"text","text":"I would rather not."}],"stop_reason":"refusal"}])");
    CHECK(end.code == "refusal");
    CHECK(stage.desk.calls.empty());
    CHECK(stage.play("thanks", "[]").status == Status::completed);
}

TEST_CASE("a turn that is cancelled in the middle of an answer or a call can be followed by another") {
    Stage stage;
    for (const bool in_call : {false, true}) {
        run_loop([&](async::Executor executor) -> Task<> {
            outbound::CurlClient http{executor};
            const auto answers =
                in_call ? R"([{"blocks":[{"type":"tool_use","name":"screenshot"},
                {"type":"tool_use","name":"wait","input":{"duration":200}},{"type":"tool_use","name":"screenshot"}]}])"
                        : R"([{"pace":20,"blocks":[{"type":"text","text":"slowly and at great length"}]}])";
            co_await stage.say(http, answers);
            TurnEnd end;
            const auto lines = stage.sink.lines.size();
            async::Job job{executor, "turn", [](Stage& s, outbound::HttpClient& h, TurnEnd& e) -> Task<> {
                               e = co_await s.turn(h, "begin");
                           }(stage, http, end)};
            const auto reached = [&] {
                for (auto i = lines; i < stage.sink.lines.size(); ++i)
                    if (stage.sink.lines[i].find(in_call ? " wait " : "text ") != std::string::npos)
                        return true;
                return false;
            };
            while (!reached()) co_await async::yield_turn();
            co_await job.close();
            CHECK(end.status == Status::cancelled);
        });
    }
    CHECK(stage.play("and now?", every_tool).status == Status::completed);
}
