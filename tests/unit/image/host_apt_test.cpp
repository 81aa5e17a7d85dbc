#include "image/host_apt.hpp"

#include <doctest/doctest.h>

using namespace carrel;
using Lines = std::vector<std::string>;

TEST_CASE("Debian's own sources are found in one-line files, other vendors' are not") {
    const auto lines = image::debian_lines_of_list(
        "# deb http://old.example/debian bookworm main\n"
        "deb http://mirror.example/debian bookworm main contrib  # ours\n"
        "deb-src http://mirror.example/debian bookworm main\n"
        "deb [arch=amd64 trusted=yes] https://mirror.example/debian-security bookworm-security main\n"
        "deb\thttp://mirror.example/debian/\tbookworm-updates\tmain\n"
        "deb http://mirror.example/debian trixie main\n"
        "deb http://mirror.example/debian bookworm-backports main\n"
        "deb https://download.example/linux/debian bookworm stable\n"
        "deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/debian bookworm main\n"
        "deb https://vendor.example/packages bookworm main\n"
        "deb cdrom:[Debian 12]/ bookworm main\n"
        "deb [broken http://mirror.example/debian bookworm main\n"
        "deb\n",
        "bookworm");
    CHECK(lines == Lines{"deb http://mirror.example/debian bookworm main",
                         "deb [trusted=yes] https://mirror.example/debian-security bookworm-security main",
                         "deb http://mirror.example/debian/ bookworm-updates main"});
}

TEST_CASE("Debian's own sources are found in deb822 files, other vendors' are not") {
    const auto lines = image::debian_lines_of_deb822(
        "# comment\n"
        "Types: deb deb-src\n"
        "URIs: http://mirror.example/debian\n"
        "  https://second.example/debian\n"
        "Suites: bookworm bookworm-updates\n"
        "# in between\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        "\n"
        "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n"
        "Components: main\nTrusted: yes\n"
        "\n"
        "Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n"
        "\n"
        "Types: deb\nURIs: https://vendor.example/debian\nSuites: bookworm\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n",
        "bookworm");
    CHECK(lines == Lines{"deb http://mirror.example/debian bookworm main",
                         "deb http://mirror.example/debian bookworm-updates main",
                         "deb https://second.example/debian bookworm main",
                         "deb https://second.example/debian bookworm-updates main",
                         "deb [trusted=yes] http://mirror.example/debian-security bookworm-security main"});
}

TEST_CASE("a host always has some source, and of the suite that is asked for") {
    for (const auto& line : image::debian_lines_of_host("nosuchsuite")) CHECK(line.contains(" nosuchsuite"));
    CHECK(image::debian_lines_of_host("nosuchsuite").size() == 3);
}

TEST_CASE("of apt's settings, those of the network are taken over") {
    CHECK(image::relevant_settings("APT::Architecture \"amd64\";\n"
                                   "Acquire::http::Proxy \"http://proxy:3142\";\n"
                                   "Acquire::https::Verify-Peer \"true\";\n"
                                   "Acquire::Retries \"3\";\n"
                                   "Acquire::RetriesX \"3\";\n"
                                   "Acquire::Languages \"\";\n"
                                   "Dir::Etc \"etc/apt\";\n"
                                   "Acquire::Check-Valid-Until \"false\";\n") ==
          "Acquire::http::Proxy \"http://proxy:3142\";\n"
          "Acquire::https::Verify-Peer \"true\";\n"
          "Acquire::Retries \"3\";\n"
          "Acquire::Check-Valid-Until \"false\";\n");
}
