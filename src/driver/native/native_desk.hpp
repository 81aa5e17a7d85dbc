// A desk of the native driver: the pidfd of its first process, and what the jail knows of it.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "driver/native/jail_client.hpp"
#include "driver/native/limit_watch.hpp"
#include "fleet/driver.hpp"

namespace carrel::driver::native {

/// How a desk ended, for people: from what the jail answered to jail::Ending. Pure.
fleet::Ending explain_ending(const jail::wire::Answer& answer);

class NativeDesk final : public fleet::Desk {
public:
    /// `reply` is the jail's to start or adopt; the desk listens at the Unix socket `path`. `jail` outlives
    /// this.
    NativeDesk(async::Executor executor, JailClient& jail, Reply reply, std::string path);

    const std::string& id() const override { return id_; }
    std::shared_ptr<net::Handler> endpoint() const override { return endpoint_; }
    const std::vector<std::string>& warnings() const override { return warnings_; }
    bool can_sleep() const override { return can_sleep_; }
    Task<fleet::Ending> ended() override;
    Task<> tell_notices(std::function<void(fleet::Notice)> tell) override;
    Task<> freeze() override;
    Task<> thaw() override;
    Task<fleet::Usage> usage() override;
    Task<> change(fleet::DeskChange change) override;
    Task<> stop() override;

    /// What it was made of: the image's name and the hash of its build, the hash of the desk's program.
    const std::string& image() const { return image_; }
    const std::string& build() const { return build_; }
    const std::string& program() const { return program_; }

private:
    bool is_dead() const;
    Task<> tell_of_memory(std::function<void(fleet::Notice)> tell);
    Task<> tell_of_processes(std::function<void(fleet::Notice)> tell);
    Task<> tell_of_disk(std::function<void(fleet::Notice)> tell);
    Task<> tell_of_workspace(std::function<void(fleet::Notice)> tell);

    JailClient& jail_;
    std::string id_;
    std::string image_;
    std::string build_;
    std::string program_;
    std::shared_ptr<net::Handler> endpoint_;
    std::vector<std::string> warnings_;
    boost::asio::posix::stream_descriptor process_;
    LimitWatch memory_;
    LimitWatch processes_;
    LimitWatch disk_;
    LimitWatch workspace_;
    bool can_sleep_;
    bool is_stopped_ = false;
};

}  // namespace carrel::driver::native
