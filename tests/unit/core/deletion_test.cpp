#include "core/deletion.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/sys.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

namespace {

/// As root of a desk could: a path far longer than any call takes.
void make_deep(const std::string& folder, int levels) {
    core::Fd at = core::open_file(folder, O_RDONLY | O_DIRECTORY);
    for (int level = 0; level < levels; ++level) {
        core::checked("mkdirat", ::mkdirat(at.get(), "d", 0000));
        core::checked("chmod", ::fchmodat(at.get(), "d", 0700, 0));
        at = core::Fd{::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        core::checked("openat", at.get());
    }
}

/// Few descriptors for as long as it lives.
class FewDescriptors {
public:
    FewDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = 64;
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("What a desk left is deleted however deep it is, and nothing that its links name") {
    const fakes::TempDir dir;
    const auto trash = dir / "trash";
    std::filesystem::create_directories(trash + "/desk/upper/home/many");
    std::ofstream{dir / "kept"} << "of somebody else";
    std::filesystem::create_symlink(dir / "kept", trash + "/desk/upper/home/link");
    std::filesystem::create_directory_symlink(dir.path(), trash + "/desk/upper/home/directory");
    std::filesystem::create_directory_symlink(dir.path(), trash + "/top");
    for (int i = 0; i < 200; ++i) std::ofstream{trash + "/desk/upper/home/many/" + std::to_string(i)} << i;
    make_deep(trash + "/desk/upper", 3000);

    const FewDescriptors limit;
    CHECK(core::delete_contents(trash));
    CHECK(std::filesystem::is_empty(trash));
    CHECK(std::filesystem::exists(dir / "kept"));
}

TEST_CASE("A folder is deleted with what it holds, a file, and what is not there is said") {
    const fakes::TempDir dir;
    std::filesystem::create_directories(dir / "folder/inner");
    CHECK(core::delete_path(dir / "folder"));
    CHECK_FALSE(std::filesystem::exists(dir / "folder"));
    CHECK_FALSE(core::delete_path(dir / "folder"));
    std::ofstream{dir / "file"} << "text";
    CHECK(core::delete_path(dir / "file"));
    CHECK_FALSE(std::filesystem::exists(dir / "file"));
}

TEST_CASE("A trash that cannot be read is not taken for emptied") {
    const fakes::TempDir dir;
    CHECK_FALSE(core::delete_contents(dir / "missing"));
}
