#include "driver/native/native_driver.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>

#include "async/deadline.hpp"
#include "core/id.hpp"
#include "core/sys.hpp"
#include "core/text.hpp"
#include "tests/fakes/run_loop.hpp"
#include "tests/privileged/jail_under_test.hpp"

using namespace carrel;
using async::Task;
using driver::native::NativeDriver;
using test::JailUnderTest;

namespace {

fleet::DeskSpec some_desk(unsigned slot) {
    return {.id = core::make_id("desk_"),
            .reservation = slot,
            .shape = {.image = "tiny",
                      .network = core::Network::none,
                      .width = 1280,
                      .height = 800,
                      .limits = {.cpus = 1, .memory = 128 << 20, .processes = 64}},
            .nonce = core::random_hex(32)};
}

template <class T>
Task<T> soon(Task<T> task) {
    co_return co_await async::deadline(test::patience, "what should come soon", std::move(task));
}

/// What a desk's driver tells of it.
class Told {
public:
    /// Until close().
    Told(async::Executor executor, fleet::Desk& desk) : changed_{executor}, scope_{executor} {
        scope_.start("notices", desk.tell_notices([this](fleet::Notice notice) {
            codes_.push_back(notice.code);
            changed_.notify_all();
        }));
    }
    Task<> wait_for(std::string code) {
        while (std::ranges::find(codes_, code) == codes_.end()) co_await changed_.wait();
    }
    Task<> close() { return scope_.close(); }

private:
    std::vector<std::string> codes_;
    async::Gate changed_;
    async::Scope scope_;
};

/// The first process of a desk, as identity.json has it.
pid_t pid_of(const JailUnderTest& jail, const std::string& id) {
    const auto text = core::read_file(jail.data() + "/desks/" + id + "/identity.json");
    const auto at = text.find("\"pid\": ") + 7;
    return static_cast<pid_t>(*core::parse_unsigned(text.substr(at, text.find(',', at) - at)));
}

}  // namespace

TEST_CASE("The driver starts, lists, watches and stops desks") {
    JailUnderTest jail;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        NativeDriver driver{executor, jail.restart_for_driver(), jail.data()};
        CHECK(driver.describe().driver == "native");
        const auto spec = some_desk(1);
        const auto desk = co_await soon(driver.start(spec));
        CHECK(desk->id() == spec.id);
        CHECK(jail.shell(spec.id, "echo hello") == "hello\nstatus 0\n");
        CHECK((co_await driver.list()).desks == std::vector<std::string>{spec.id});
        Told told{executor, *desk};
        jail.fill_memory(spec.id, 400);
        co_await soon(told.wait_for("out_of_memory"));
        jail.shell(spec.id, "for i in $(seq 100); do sleep 100 & done >/dev/null 2>&1; true");
        co_await soon(told.wait_for("out_of_processes"));
        co_await told.close();
        co_await soon(desk->stop());
        CHECK((co_await soon(desk->ended())).code == "stopped");
        CHECK((co_await driver.list()).desks.empty());
        co_await driver.remove(spec.id);
    });
}

TEST_CASE("The driver tells how a desk ended by itself") {
    JailUnderTest jail;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        NativeDriver driver{executor, jail.restart_for_driver(), jail.data()};
        const auto spec = some_desk(1);
        const auto desk = co_await soon(driver.start(spec));
        ::kill(pid_of(jail, spec.id), SIGKILL);
        const auto ending = co_await soon(desk->ended());
        CHECK(ending.code == "killed");
        CHECK(ending.reason == "the desk was killed from outside (signal 9)");
        co_await soon(desk->stop());
        CHECK((co_await driver.list()).desks.empty());
    });
}

TEST_CASE("The driver adopts what lives, and says why not of what does not") {
    JailUnderTest jail;
    const auto spec = jail.spec();
    jail.start(spec);
    const auto dead = jail.spec();
    const auto killed = jail.start(dead);
    ::kill(pid_of(jail, dead.id), SIGKILL);
    REQUIRE(test::is_readable(killed.process, test::patience));
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        NativeDriver driver{executor, jail.restart_for_driver(), jail.data()};
        CHECK((co_await driver.list()).desks.size() == 2);
        auto adoption = co_await soon(driver.adopt(spec.id));
        CHECK(adoption.nonce == spec.nonce);
        CHECK(adoption.why_not == "");
        REQUIRE(adoption.desk);
        const auto refused = co_await soon(driver.adopt(dead.id));
        CHECK(!refused.desk);
        CHECK(refused.why_not.contains("first process"));
        const auto unknown = co_await soon(driver.adopt(core::make_id("desk_")));
        CHECK(unknown.why_not.contains("there is no desk"));
        co_await soon(adoption.desk->stop());
        co_await soon(driver.remove(dead.id));
        CHECK((co_await driver.list()).desks.empty());
    });
}

TEST_CASE("The driver refuses an image that was never built, with the command that builds it") {
    JailUnderTest jail;
    fakes::run_loop([&](async::Executor executor) -> Task<> {
        NativeDriver driver{executor, jail.restart_for_driver(), jail.data()};
        auto spec = some_desk(1);
        spec.shape.image = "desktop";
        try {
            co_await driver.start(spec);
            FAIL("it started");
        } catch (const core::Error& error) {
            CHECK(error.reason() == "no_image");
            CHECK(error.message() ==
                  "there is no image 'desktop', but tiny; `carrel image build desktop` makes what has a "
                  "recipe");
        }
    });
}
