#include "app/data_directory.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "core/error.hpp"
#include "tests/fakes/temp_dir.hpp"

using namespace carrel;

TEST_CASE("a data directory whose sockets could have no address is refused at once") {
    const fakes::TempDir dir;
    const auto path = dir / std::string(100 - dir.path().size(), 'x');
    CHECK_THROWS_WITH_AS((app::DataDirectory{path, {::getuid(), ::getgid()}}),
                         doctest::Contains("give --data one of at most 79"), core::Error);
}
