// Workspaces on this machine: the jail's processes read them, into pipes.
#pragma once

#include "driver/native/jail_client.hpp"
#include "fleet/driver.hpp"

namespace carrel::driver::native {

/// What the jail's list says (see jail/workspaces/readers.hpp); lines that are not understood are left out.
/// Pure.
std::vector<fleet::Workspace> parse_workspaces(std::string_view text);

class JailWorkspaces final : public fleet::Workspaces {
public:
    /// `jail` outlives this.
    JailWorkspaces(async::Executor executor, JailClient& jail)
        : executor_{std::move(executor)}, jail_{jail} {}

    Task<std::vector<fleet::Workspace>> list(std::string principal) override;
    Task<std::unique_ptr<net::Source>> archive(std::string principal, std::string name) override;
    Task<> remove(std::string principal, std::string name) override;

private:
    async::Executor executor_;
    JailClient& jail_;
};

}  // namespace carrel::driver::native
