// Desks without Linux: each is an HTTP server in this process, on a Unix socket, that says hello and
// answers operations as the test wants. A FakeHost outlives its drivers, as a host outlives the server.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "async/gate.hpp"
#include "async/scope.hpp"
#include "core/error.hpp"
#include "core/sys.hpp"
#include "fleet/driver.hpp"
#include "json/parse.hpp"
#include "net/server.hpp"
#include "net/sse.hpp"
#include "net/tunnel.hpp"

namespace carrel::fakes {

using async::Task;

inline core::Fd listen_unix(const std::string& path) {
    core::Fd socket{
        core::checked("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    core::checked("bind", ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
    core::checked("listen", ::listen(socket.get(), 64));
    return socket;
}

/// What lives on the host under one desk id.
struct FakeMachine : net::Handler {
    FakeMachine(async::Executor executor, fleet::DeskSpec spec_, std::string endpoint_)
        : spec{std::move(spec_)},
          endpoint{std::move(endpoint_)},
          hello_desk{spec.id},
          hello_nonce{spec.nonce},
          identity_nonce{spec.nonce},
          changed{executor},
          scope{executor},
          server{executor, *this} {
        server.listen_fd(listen_unix(endpoint));
        scope.start("fake desk", server.run());
    }

    Task<net::Response> handle(net::Request& request) override {
        while (is_hung || is_frozen) co_await changed.wait();
        if (request.path == "/hello")
            co_return net::json_response(
                200,
                json::to_text(json::Object{{"desk", hello_desk}, {"nonce", hello_nonce}, {"version", "0"}}));
        if (request.path == "/ready") {
            if (!ready_problem.empty())
                co_return net::json_response(503, json::to_text(json::Object{{"detail", ready_problem}}));
            co_return net::json_response(200, R"({"ready":true})");
        }
        if (request.path == "/notices")
            co_return net::stream_response(200, {{"Content-Type", "text/event-stream"}},
                                           std::make_unique<NoticeSource>(*this));
        ++operations;
        if (operation) co_return co_await operation(request);
        co_return net::json_response(200, R"({"success":true,"output":""})");
    }

    /// As a tool server that is stopped: it takes requests and answers none.
    void set_hung(bool hung) {
        is_hung = hung;
        changed.notify_all();
    }
    void set_frozen(bool frozen) {
        is_frozen = frozen;
        changed.notify_all();
    }
    void end(fleet::Ending how) {
        ending = std::move(how);
        scope.cancel();
        changed.notify_all();
    }
    /// As the tool server sends it.
    void send_notice(std::string event, std::string_view data = "{}") {
        tool_notices.push_back(net::sse_frame(std::nullopt, event, data));
        changed.notify_all();
    }
    /// As the driver sees it.
    void add_notice(fleet::Notice notice) {
        driver_notices.push_back(std::move(notice));
        changed.notify_all();
    }

    struct NoticeSource final : net::Source {
        explicit NoticeSource(FakeMachine& machine_) : machine{machine_} {}
        Task<std::size_t> read(std::span<char> into) override {
            while (machine.tool_notices.empty()) co_await machine.changed.wait();
            const auto frame = std::move(machine.tool_notices.front());
            machine.tool_notices.pop_front();
            co_return frame.copy(into.data(), into.size());
        }
        FakeMachine& machine;
    };

    fleet::DeskSpec spec;
    std::string endpoint;
    std::string hello_desk;
    std::string hello_nonce;
    std::string identity_nonce;
    std::string why_not_adopted;  ///< not empty: its identity does not hold
    std::string ready_problem;    ///< not empty: never ready
    bool is_hung = false;
    bool is_frozen = false;
    fleet::Usage usage;
    std::optional<core::Error> usage_failure;  ///< thrown to whoever measures it
    int measured = 0;                          ///< how often
    int changes = 0;                           ///< how often it was changed; `spec` tells what it is now
    std::function<Task<net::Response>(net::Request&)> operation;
    int operations = 0;
    int ends_told = 0;
    std::optional<fleet::Ending> ending;
    std::deque<std::string> tool_notices;
    std::deque<fleet::Notice> driver_notices;
    async::Gate changed;
    async::Scope scope;
    net::Server server;
};

/// Asked by threads of a pool, too.
class FakeLogs final : public fleet::DeskLogs {
public:
    core::DeskLog read(const std::string& desk) const override {
        if (read_failure) throw core::Error{*read_failure};
        const std::scoped_lock lock{mutex_};
        const auto found = logs_.find(desk);
        return found == logs_.end() ? core::DeskLog{} : found->second;
    }
    void remove(const std::string& desk) const override {
        const std::scoped_lock lock{mutex_};
        logs_.erase(desk);
    }
    std::vector<std::string> list() const override {
        const std::scoped_lock lock{mutex_};
        std::vector<std::string> desks;
        for (const auto& [desk, log] : logs_) desks.push_back(desk);
        return desks;
    }
    void say(const std::string& desk, core::Speaker speaker, std::string text) {
        const std::scoped_lock lock{mutex_};
        auto& lines = logs_[desk].lines;
        lines.push_back({lines.size(), {}, speaker, std::move(text)});
    }

    std::optional<core::Error> read_failure;  ///< thrown by read; set while nobody reads

private:
    mutable std::mutex mutex_;
    mutable std::map<std::string, core::DeskLog> logs_;
};

class FakeWorkspaces final : public fleet::Workspaces {
public:
    Task<std::vector<fleet::Workspace>> list(std::string principal) override {
        std::vector<fleet::Workspace> all;
        for (const auto& [name, text] : known[principal])
            all.push_back({.name = name, .bytes = text.size(), .files = 1, .modified = {}});
        co_return all;
    }
    Task<std::unique_ptr<net::Source>> archive(std::string principal, std::string name) override {
        co_return net::make_source(get(principal, name));
    }
    Task<> remove(std::string principal, std::string name) override {
        get(principal, name);
        if (in_use) throw core::Error{core::Code::conflict, "it is in use", "workspace_in_use"};
        known[principal].erase(name);
        co_return;
    }

    std::map<std::string, std::map<std::string, std::string>> known;  ///< by principal and name: its archive
    bool in_use = false;

private:
    const std::string& get(const std::string& principal, const std::string& name) {
        const auto found = known[principal].find(name);
        if (found == known[principal].end())
            throw core::Error{core::Code::not_found, "there is no workspace '" + name + "'", "no_workspace"};
        return found->second;
    }
};

struct FakeHost {
    explicit FakeHost(std::string directory_) : directory{std::move(directory_)} {}

    std::string directory;  ///< of endpoints
    std::map<std::string, std::shared_ptr<FakeMachine>> machines;
    std::vector<std::string> removed;
    std::set<std::string> outdated;  ///< made of an image or program that is not the newest any more
    std::function<void(FakeMachine&)> on_start;  ///< changes a machine before anybody asks it
    std::function<void()> on_adopt;              ///< may throw
    std::chrono::milliseconds adoption_takes{0};
    std::function<void()> on_remove;             ///< the same, by stop and remove
    std::optional<core::Error> start_failure;    ///< thrown by the next starts
    std::optional<core::Error> freeze_failure;   ///< thrown by freeze
    std::optional<core::Error> thaw_failure;     ///< thrown by thaw
    std::optional<core::Error> change_failure;   ///< thrown by change
    std::optional<core::Error> removal_failure;  ///< thrown by stop and remove
    bool can_sleep = true;
    std::optional<core::Error> sleep_failure;  ///< thrown by put_to_sleep
    std::set<std::string> asleep;              ///< of which only files are kept
    bool holds_removals = false;               ///< none ends meanwhile
    int most_at_once = 0;                      ///< starts under way at the same time
    int starting = 0;

    FakeLogs logs;
    FakeWorkspaces workspaces;

    FakeMachine& only() { return *machines.begin()->second; }

    Task<> remove(std::string id) {
        if (on_remove) on_remove();
        while (holds_removals) co_await async::yield_turn();
        if (removal_failure) throw *removal_failure;
        removed.push_back(id);
        asleep.erase(id);
        co_await end(std::move(id));
    }
    Task<> end(std::string id) {
        const auto found = machines.find(id);
        if (found == machines.end()) co_return;
        const auto machine = found->second;
        machines.erase(found);
        if (!machine->ending) machine->end({"stopped", "it was stopped"});
        co_await machine->scope.close();
        // The next one of that id listens there.
        ::unlink(machine->endpoint.c_str());
    }
    /// Before the loop ends.
    Task<> close() {
        while (!machines.empty()) co_await remove(machines.begin()->first);
    }
};

class FakeDesk final : public fleet::Desk {
public:
    FakeDesk(async::Executor executor, FakeHost& host, std::shared_ptr<FakeMachine> machine)
        : host_{host},
          machine_{std::move(machine)},
          endpoint_{std::make_shared<net::Tunnel>(std::move(executor), machine_->endpoint)} {}

    const std::string& id() const override { return machine_->spec.id; }
    std::shared_ptr<net::Handler> endpoint() const override { return endpoint_; }
    const std::vector<std::string>& warnings() const override { return warnings_; }
    bool can_sleep() const override { return host_.can_sleep; }
    Task<fleet::Ending> ended() override {
        while (!machine_->ending) co_await machine_->changed.wait();
        ++machine_->ends_told;
        co_return *machine_->ending;
    }
    Task<> tell_notices(std::function<void(fleet::Notice)> tell) override {
        while (true) {
            while (machine_->driver_notices.empty()) co_await machine_->changed.wait();
            auto notice = std::move(machine_->driver_notices.front());
            machine_->driver_notices.pop_front();
            tell(std::move(notice));
        }
    }
    Task<> freeze() override {
        if (host_.freeze_failure) throw *host_.freeze_failure;
        machine_->set_frozen(true);
        co_return;
    }
    Task<> thaw() override {
        if (host_.thaw_failure) throw *host_.thaw_failure;
        machine_->set_frozen(false);
        co_return;
    }
    Task<fleet::Usage> usage() override {
        ++machine_->measured;
        co_await async::yield_turn();
        if (machine_->usage_failure) throw core::Error{*machine_->usage_failure};
        co_return machine_->usage;
    }
    Task<> change(fleet::DeskChange change) override {
        if (host_.change_failure) throw *host_.change_failure;
        auto& shape = machine_->spec.shape;
        if (change.network == core::Network::internet && shape.network == core::Network::none)
            throw core::Error{core::Code::conflict, "this desk was made without a network"};
        if (change.workspace && machine_->spec.workspace)
            throw core::Error{core::Code::conflict, "this desk has a workspace already"};
        if (change.workspace) machine_->spec.workspace = std::move(change.workspace);
        if (change.limits) shape.limits = *change.limits;
        if (change.network) shape.network = *change.network;
        ++machine_->changes;
        co_return;
    }
    Task<> stop() override { return host_.remove(machine_->spec.id); }

private:
    FakeHost& host_;
    std::shared_ptr<FakeMachine> machine_;
    std::shared_ptr<net::Handler> endpoint_;
    std::vector<std::string> warnings_;
};

class FakeDriver final : public fleet::Driver {
public:
    FakeDriver(async::Executor executor, FakeHost& host) : executor_{std::move(executor)}, host_{host} {}

    fleet::Capabilities describe() override { return {.driver = "fake", .warnings = {}}; }

    /// The least number that is free.
    unsigned reserve() override {
        unsigned number = 0;
        while (!reserved_.insert(number).second) ++number;
        return number;
    }
    void keep_reserved(unsigned reservation) override { reserved_.insert(reservation); }
    void release(unsigned reservation) override { reserved_.erase(reservation); }

    Task<std::unique_ptr<fleet::Desk>> start(fleet::DeskSpec spec) override {
        if (host_.start_failure) throw *host_.start_failure;
        host_.most_at_once = std::max(host_.most_at_once, ++host_.starting);
        co_await async::yield_turn();
        --host_.starting;
        if (host_.asleep.erase(spec.id) != (spec.has_kept_files ? 1 : 0))
            throw core::Error{core::Code::not_found, "no files of " + spec.id + " are kept"};
        const auto endpoint = host_.directory + "/" + spec.id;
        auto machine = std::make_shared<FakeMachine>(executor_, std::move(spec), endpoint);
        if (host_.on_start) host_.on_start(*machine);
        host_.machines[machine->spec.id] = machine;
        co_return std::make_unique<FakeDesk>(executor_, host_, machine);
    }
    Task<fleet::OnHost> list() override {
        fleet::OnHost found;
        for (const auto& [id, machine] : host_.machines) found.desks.push_back(id);
        found.asleep.assign(host_.asleep.begin(), host_.asleep.end());
        co_return found;
    }
    Task<fleet::Adoption> adopt(std::string id) override {
        if (host_.on_adopt) host_.on_adopt();
        if (host_.adoption_takes.count() > 0) co_await async::pause(host_.adoption_takes);
        const auto machine = host_.machines.at(id);
        fleet::Adoption adoption{id, machine->identity_nonce, nullptr, machine->why_not_adopted};
        if (adoption.why_not.empty()) adoption.desk = std::make_unique<FakeDesk>(executor_, host_, machine);
        co_return adoption;
    }
    bool is_current(const fleet::Desk& desk) override { return !host_.outdated.contains(desk.id()); }
    Task<> remove(std::string id) override { return host_.remove(std::move(id)); }
    Task<> put_to_sleep(std::string id) override {
        if (host_.sleep_failure) throw *host_.sleep_failure;
        if (!host_.machines.contains(id) && !host_.asleep.contains(id))
            throw core::Error{core::Code::not_found, "no files of " + id + " are kept", "nothing_to_keep"};
        co_await host_.end(id);
        host_.asleep.insert(std::move(id));
    }
    const fleet::DeskLogs& logs() const override { return host_.logs; }
    fleet::Workspaces& workspaces() override { return host_.workspaces; }

private:
    async::Executor executor_;
    FakeHost& host_;
    std::set<unsigned> reserved_;
};

}  // namespace carrel::fakes
