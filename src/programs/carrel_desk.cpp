// carrel-desk: the program inside a desk, in two roles.
#include <cstdio>
#include <string_view>

#include "desk/init/init.hpp"
#include "desk/serve.hpp"

int main(int count, char** words) {
    const std::string_view role = count == 2 ? words[1] : "";
    if (role == "init") return carrel::desk::init::run_init();
    if (role == "serve") return carrel::desk::run_serve();
    std::fputs(
        "usage: carrel-desk init | carrel-desk serve\n"
        "Carrel starts both inside a desk; neither is for use by hand.\n",
        stderr);
    return 2;
}
