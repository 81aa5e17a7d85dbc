// A desk of the native driver: the pidfd of its first process, and what the jail knows of it.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "driver/native/jail_client.hpp"
#include "fleet/driver.hpp"
#include "jail/cgroup.hpp"

namespace carrel::driver::native {

/// How a desk ended, for people: from what the jail answered to jail::Ending. Pure.
fleet::Ending explain_ending(const jail::Answer& answer);

class NativeDesk final : public fleet::Desk {
public:
    /// `reply` is the jail's to start or adopt. `jail` outlives this.
    NativeDesk(async::Executor executor, JailClient& jail, Reply reply, std::string endpoint);

    const std::string& id() const override { return id_; }
    const std::string& endpoint() const override { return endpoint_; }
    const std::vector<std::string>& warnings() const override { return warnings_; }
    Task<fleet::Ending> ended() override;
    Task<fleet::Notice> next_notice() override;
    Task<> stop() override;

private:
    Task<> wait_for_kill();

    JailClient& jail_;
    std::string id_;
    std::string endpoint_;
    std::vector<std::string> warnings_;
    boost::asio::posix::stream_descriptor process_;
    boost::asio::posix::stream_descriptor memory_;
    jail::MemoryWatch watch_;
    std::uint64_t memory_kills_ = 0;  ///< that were told (v2)
    bool is_stopped_ = false;
    async::Gate never_;  ///< waited for where nothing can ever be told
};

}  // namespace carrel::driver::native
