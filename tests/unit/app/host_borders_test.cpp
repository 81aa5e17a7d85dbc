#include "app/host_borders.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace carrel::app;
namespace fs = std::filesystem;

namespace {

/// A folder with the kernel's files as the test says.
class HostFiles {
public:
    HostFiles() : root_{fs::temp_directory_path() / ("carrel-borders-" + std::to_string(::getpid()))} {}
    ~HostFiles() { fs::remove_all(root_); }
    HostFiles(const HostFiles&) = delete;
    HostFiles& operator=(const HostFiles&) = delete;

    void write(const std::string& path, const std::string& text) const {
        const auto file = root_ / path.substr(1);
        fs::create_directories(file.parent_path());
        std::ofstream{file} << text;
    }
    std::string subjects() const {
        std::string all;
        for (const auto& finding : examine_borders(root_)) {
            CHECK(finding.health == Health::weak);
            all += finding.subject + ";";
        }
        return all;
    }

private:
    fs::path root_;
};

}  // namespace

TEST_CASE("A host that tells nothing of the kind is not weak") {
    const HostFiles host;
    CHECK(host.subjects() == "");
    host.write("/proc/sys/kernel/unprivileged_userns_clone", "1\n");
    host.write("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0\n");
    host.write("/proc/sys/kernel/yama/ptrace_scope", "1\n");
    host.write("/proc/cmdline", "root=/dev/vda quiet cgroup.memory=other\n");
    host.write("/proc/self/cgroup", "0::/user.slice\n");
    CHECK(host.subjects() == "");
}

TEST_CASE("What weakens the borders of desks, or stops the browser's own, is told") {
    const HostFiles host;
    host.write("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
    CHECK(host.subjects() == "browser;");
    host.write("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
    host.write("/proc/sys/kernel/yama/ptrace_scope", "0\n");
    CHECK(host.subjects() == "browser;browser;yama;");
    host.write("/proc/cmdline", "quiet cgroup.memory=nosocket,nokmem\n");
    CHECK(host.subjects() == "browser;browser;yama;memory limit;memory limit;");
    host.write("/proc/self/cgroup", "9:memory:/jobs\n0::/\n");
    CHECK(host.subjects() == "browser;browser;yama;memory limit;memory limit;memory limit;");
}
