// Desks by namespaces, cgroups and mounts of this machine: asks carrel-jail, which is root.
#pragma once

#include <string>

#include "driver/native/jail_client.hpp"
#include "driver/native/jail_workspaces.hpp"
#include "driver/native/log_files.hpp"
#include "driver/native/slots.hpp"
#include "fleet/driver.hpp"
#include "jail/wire/spec.hpp"

namespace carrel::driver::native {

/// The desk in the jail's words: what travels to it. What was reserved for it is its slot.
jail::wire::Spec jail_spec(const fleet::DeskSpec& spec, std::string image_hash);

class NativeDriver final : public fleet::Driver {
public:
    /// `socket` leads to `carrel-jail serve`. Waits until the jail has prepared the host; throws
    /// unavailable when it cannot (its log says why).
    NativeDriver(async::Executor executor, core::Fd socket, std::string data);

    fleet::Capabilities describe() override { return capabilities_; }
    unsigned reserve() override { return slots_.take_next(); }
    void keep_reserved(unsigned slot) override { slots_.take(slot); }
    void release(unsigned slot) override { slots_.free(slot); }
    Task<std::unique_ptr<fleet::Desk>> start(fleet::DeskSpec spec) override;
    Task<fleet::OnHost> list() override;
    Task<fleet::Adoption> adopt(std::string id) override;
    bool is_current(const fleet::Desk& desk) override;
    Task<> remove(std::string id) override;
    Task<> put_to_sleep(std::string id) override;
    const fleet::DeskLogs& logs() const override { return logs_; }
    fleet::Workspaces& workspaces() override { return workspaces_; }

private:
    std::string endpoint_of(const std::string& id) const { return data_ + "/endpoints/" + id; }

    async::Executor executor_;
    std::string data_;
    LogFiles logs_;
    JailClient jail_;
    JailWorkspaces workspaces_{executor_, jail_};
    std::string program_;  ///< the hash of what new desks run
    fleet::Capabilities capabilities_;
    Slots slots_;
};

}  // namespace carrel::driver::native
