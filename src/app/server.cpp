#include "app/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <csignal>

#include "app/images.hpp"
#include "app/models.hpp"
#include "core/log.hpp"

namespace carrel::app {

namespace {

using async::Task;

/// For readers of streams to take the last word.
constexpr std::chrono::milliseconds streams_end_within{1'000};

api::RateSettings rate_settings(const Config& config) {
    return {config.messages_per_minute, config.sessions_per_hour, config.requests_per_minute};
}

/// Who does not say gets what this host can give; who asks for more is told that it cannot.
core::DeskShape new_desk(const Config& config, bool has_internet) {
    auto desk = config.desk;
    if (!has_internet) desk.network = core::Network::none;
    return desk;
}

fleet::FleetOptions fleet_options(const Config& config, bool has_internet, const people::People& people) {
    fleet::FleetOptions options;
    options.of_all = {.desks = config.most_desks,
                      .memory = config.most_memory_mb * core::mebibyte,
                      .cpus = static_cast<double>(config.most_cpus)};
    const fleet::Caps of_one{.desks = config.desks_per_user,
                             .memory = config.memory_mb_per_user * core::mebibyte,
                             .cpus = static_cast<double>(config.cpus_per_user)};
    options.of_one = [of_one, &people](const std::string& user) {
        auto caps = of_one;
        if (const auto own = people.limits_of(user).most_desks) caps.desks = static_cast<unsigned>(*own);
        return caps;
    };
    for (const auto& [image, bounds] : config.pools) {
        if (bounds.most == 0 && bounds.size == 0) continue;
        auto shape = new_desk(config, has_internet);
        shape.image = image;
        options.pools.push_back({bounds, std::move(shape)});
    }
    options.pool_interval = std::chrono::seconds{config.pool_seconds};
    return options;
}

session::SessionRules session_rules(const Config& config, bool has_internet, const people::People& people) {
    return {.new_desk = new_desk(config, has_internet),
            .new_beginning = config.beginning,
            .most = config.most_of_desk,
            .limits_of = [&people](const std::string& user) { return people.limits_of(user); },
            .lifetime = {.on_idle = store::on_idle_of(config.on_idle),
                         .idle = std::chrono::seconds{config.idle_seconds},
                         .max_age = std::chrono::hours{config.max_age_hours},
                         .most_asleep = std::chrono::seconds{config.asleep_seconds},
                         .grace = std::chrono::seconds{config.grace_seconds},
                         .interval = std::chrono::seconds{config.cleanup_seconds}}};
}

ModelObserver counted_by(metrics::Metrics& metrics) {
    return [&metrics](const std::string& vendor, const std::string& model, const agent::EndedCall& call) {
        metrics.note_model_call({.vendor = vendor,
                                 .model = model,
                                 .outcome = agent::name_of(call.outcome),
                                 .took = call.took,
                                 .input_tokens = call.usage.input_tokens,
                                 .output_tokens = call.usage.output_tokens,
                                 .cache_read_tokens = call.usage.cache_read_input_tokens,
                                 .cache_write_tokens = call.usage.cache_creation_input_tokens});
    };
}

}  // namespace

Server::Server(const Config& config, const DataDirectory& data, Beginnings beginnings)
    : config_{config},
      http_{executor_},
      store_{executor_, {.directory = data.server()}},
      people_{executor_, store_, clock_},
      model_keys_{config.model_key_dir, std::move(beginnings.model_keys)},
      drivers_{make_drivers(executor_, std::move(beginnings.jail.socket), data.path())},
      fleet_{executor_, driver_of_desks(drivers_), store_, clock_,
             fleet_options(config, driver_of_desks(drivers_).describe().has_internet, people_)},
      models_{offered_models(config, http_, pool_, counted_by(metrics_)), config.provider,
              [this](const std::string& user, const std::string& vendor) { return own_key(user, vendor); }},
      service_{executor_,
               pool_,
               store_,
               fleet_,
               clock_,
               models_,
               session_rules(config, driver_of_desks(drivers_).describe().has_internet, people_)},
      api_{executor_,
           {service_, models_, fleet_, store_, metrics_, clock_, [this] { return server_.connections(); }},
           models_,
           people_,
           api::Gatekeeper{std::move(beginnings.keys), clock_, people_.rings(), rate_settings(config)},
           pool_,
           [data = data.path()] { return list_image_builds(data); }},
      server_{executor_, api_, api::server_limits()},
      signals_{loop_, SIGINT, SIGTERM},
      jail_end_{std::move(beginnings.jail.pidfd)},
      drain_time_{config.drain_seconds},
      destroys_desks_{config.on_exit == "destroy"} {
    server_.listen_fd(std::move(beginnings.listener));
}

/// Where the newest of the user's keys says that their own of that vendor stands.
std::optional<session::Key> Server::own_key(const std::string& user, const std::string& vendor) const {
    const auto reference = people_.rings()->keys.model_key_of(user, vendor);
    return reference ? model_keys_.read(*reference) : std::nullopt;
}

async::Task<> Server::end_with_jail() {
    boost::asio::posix::stream_descriptor jail{executor_, jail_end_.release()};
    co_await jail.async_wait(boost::asio::posix::stream_descriptor::wait_read, boost::asio::use_awaitable);
    core::log_error(
        "carrel-jail has ended, so no desk can be made: ending too (desks live on; start the server again)");
    exit_code_ = 1;
    std::raise(SIGTERM);
}

/// Until a signal comes. The tasks of `scope` go on.
async::Task<> Server::serve(async::Scope& scope) {
    scope.start("ending with the jail", end_with_jail());
    co_await people_.load();
    if (people_.rings()->keys.is_empty()) refuse_keyless(config_);
    scope.start("ending keys and links", people_.keep());
    co_await service_.start();
    scope.start("serving HTTP", server_.run());
    core::log_info("ready");
    co_await signals_.async_wait(boost::asio::use_awaitable);
    core::log_info("ending: no new work is taken");
    if (drain_time_.count() > 0) co_await drain();
    // Streams are told that they end, and why, before their connections are cut.
    co_await store_.close_logs(streams_end_within);
}

/// Until no turn is on its way, or its time is over, or a second signal comes. The server answers meanwhile.
async::Task<> Server::drain() {
    async::Gate hurry{executor_};
    bool is_over = false;
    async::Scope scope{executor_};
    scope.start("draining", [](session::SessionService& service, async::Gate& gate, bool& over) -> Task<> {
        co_await service.drain();
        over = true;
        gate.notify_all();
    }(service_, hurry, is_over));
    scope.start("waiting for a second signal",
                [](boost::asio::signal_set& signals, async::Gate& gate, bool& over) -> Task<> {
                    co_await signals.async_wait(boost::asio::use_awaitable);
                    core::log_info("a second signal: ending at once");
                    over = true;
                    gate.notify_all();
                }(signals_, hurry, is_over));
    const auto until = std::chrono::steady_clock::now() + drain_time_;
    while (!is_over && co_await hurry.wait_for(until - std::chrono::steady_clock::now())) {
    }
    co_await scope.close();
}

async::Task<> Server::live() {
    async::Scope scope{executor_};
    std::exception_ptr failure;
    try {
        co_await serve(scope);
    } catch (...) {
        failure = std::current_exception();
    }
    signals_.clear();  // one more ends us at once
    // Also after a failure all ends in its order: no task may outlive what it uses.
    co_await scope.close();
    const auto drained = co_await service_.shutdown(destroys_desks_ && exit_code_ == 0);
    core::log_info("ended: {} {}, {} {} cut", drained.desks,
                   destroys_desks_ ? "desks destroyed" : "desks live on", drained.turns_cut,
                   drained.turns_cut == 1 ? "turn" : "turns");
    co_await fleet_.close();
    co_await store_.close();
    if (failure) std::rethrow_exception(failure);
}

int Server::run() {
    std::exception_ptr failure;
    boost::asio::co_spawn(executor_, live(), [&](std::exception_ptr thrown) {
        failure = std::move(thrown);
        loop_.stop();
    });
    loop_.run();
    pool_.join();
    if (failure) std::rethrow_exception(failure);
    return exit_code_;
}

}  // namespace carrel::app
