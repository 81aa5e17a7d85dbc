#include "app/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <csignal>

#include "app/models.hpp"
#include "core/log.hpp"

namespace carrel::app {

namespace {

fleet::FleetOptions fleet_options(const Config& config) {
    fleet::FleetOptions options;
    options.most_desks = config.most_desks;
    return options;
}

/// Who does not say gets what this host can give; who asks for more is told that it cannot.
core::DeskShape new_desk(const Config& config, bool has_internet) {
    auto desk = config.desk;
    if (!has_internet) desk.network = core::Network::none;
    return desk;
}

}  // namespace

Server::Server(const Config& config, const DataDirectory& data, Beginnings beginnings)
    : http_{executor_},
      store_{executor_, {.directory = data.server()}},
      drivers_{make_drivers(executor_, std::move(beginnings.jail.socket), data.path())},
      fleet_{executor_, driver_of_desks(drivers_), store_, clock_, fleet_options(config)},
      models_{offered_models(config, http_, pool_), config.provider},
      service_{executor_,
               pool_,
               store_,
               fleet_,
               clock_,
               models_,
               new_desk(config, driver_of_desks(drivers_).describe().has_internet)},
      api_{service_, models_, api::Gatekeeper{std::move(beginnings.keys), clock_}, clock_},
      server_{executor_, api_, api::server_limits()},
      signals_{loop_, SIGINT, SIGTERM},
      jail_end_{std::move(beginnings.jail.pidfd)} {
    server_.listen_fd(std::move(beginnings.listener));
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
    co_await service_.start();
    scope.start("serving HTTP", server_.run());
    core::log_info("ready");
    co_await signals_.async_wait(boost::asio::use_awaitable);
    core::log_info("ending; desks live on");
}

async::Task<> Server::live() {
    async::Scope scope{executor_};
    std::exception_ptr failure;
    try {
        co_await serve(scope);
    } catch (...) {
        failure = std::current_exception();
    }
    signals_.clear();  // a second one ends us at once
    // Also after a failure all ends in its order: no task may outlive what it uses.
    co_await scope.close();
    co_await service_.shutdown();
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
