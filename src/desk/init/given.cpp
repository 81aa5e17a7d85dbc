#include "desk/init/given.hpp"

#include <cstdlib>
#include <string>

namespace carrel::desk::init {

std::size_t take_lines(std::string_view lines) {
    std::size_t count = 0;
    for (auto end = lines.find('\0'); end != lines.npos; end = lines.find('\0')) {
        const auto line = lines.substr(0, end);
        const auto sign = line.find('=');
        if (sign != line.npos && sign > 0) {
            const std::string name{line.substr(0, sign)};
            const std::string value{line.substr(sign + 1)};
            count += ::setenv(name.c_str(), value.c_str(), 1) == 0 ? 1 : 0;
        }
        lines.remove_prefix(end + 1);
    }
    return count;
}

}  // namespace carrel::desk::init
