// The composition root: every part of the running server, in the order in which each needs the last.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>

#include "api/api.hpp"
#include "app/config.hpp"
#include "app/drivers.hpp"
#include "app/model_keys.hpp"
#include "app/privileges.hpp"
#include "async/run_on.hpp"
#include "async/scope.hpp"
#include "core/clock.hpp"
#include "fleet/fleet.hpp"
#include "metrics/metrics.hpp"
#include "net/server.hpp"
#include "outbound/curl_client.hpp"
#include "people/people.hpp"
#include "session/service.hpp"
#include "store/store.hpp"

namespace carrel::app {

/// What run() must be given by the privileged beginning.
struct Beginnings {
    core::Fd listener;
    JailProcess jail;
    std::vector<api::Key> keys;
    std::map<std::string, std::string> model_keys;  ///< ModelKeys::take_variables()
};

class Server {
public:
    Server(const Config& config, const DataDirectory& data, Beginnings beginnings);

    /// Serves until SIGINT or SIGTERM, or until the jail ends; the exit code.
    int run();

private:
    async::Task<> live();
    async::Task<> serve(async::Scope& scope);
    async::Task<> drain();
    async::Task<> end_with_jail();
    std::optional<session::Key> own_key(const std::string& user, const std::string& vendor) const;

    boost::asio::io_context loop_{1};
    async::Executor executor_{loop_.get_executor()};
    async::Pool pool_{1};
    core::SystemClock clock_;
    Config config_;
    outbound::CurlClient http_;
    store::Store store_;
    people::People people_;
    ModelKeys model_keys_;
    Drivers drivers_;
    fleet::Fleet fleet_;
    metrics::Metrics metrics_;
    session::Models models_;
    session::SessionService service_;
    api::Api api_;
    net::Server server_;
    /// Made with the rest: when a signal comes it is too late to find out that there is no descriptor for it.
    boost::asio::signal_set signals_;
    core::Fd jail_end_;
    std::chrono::seconds drain_time_;
    bool destroys_desks_;
    int exit_code_ = 0;
};

}  // namespace carrel::app
