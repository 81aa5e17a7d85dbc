#include <doctest/doctest.h>

#include "driver/native/native_desk.hpp"

using namespace carrel;

TEST_CASE("The end of a desk is explained by what the jail saw") {
    struct Case {
        jail::wire::Fields fields;
        const char* code;
    };
    for (const auto& [fields, code] : {
             Case{{{"memory_kills", "0"}, {"status", "10"}}, "display_failed"},
             Case{{{"memory_kills", "0"}, {"status", "11"}}, "window_manager_failed"},
             Case{{{"memory_kills", "0"}, {"status", "12"}}, "tool_server_failed"},
             Case{{{"memory_kills", "2"}, {"status", "12"}}, "tool_server_failed"},
             Case{{{"memory_kills", "0"}, {"status", "1"}}, "desk_failed"},
             Case{{{"memory_kills", "0"}, {"status", "0"}}, "desk_failed"},
             Case{{{"memory_kills", "0"}, {"signal", "9"}}, "killed"},
             Case{{{"memory_kills", "1"}, {"signal", "9"}}, "out_of_memory"},
             Case{{{"memory_kills", "1"}, {"signal", "11"}}, "killed"},
             Case{{{"memory_kills", "1"}}, "out_of_memory"},
             Case{{{"memory_kills", "0"}}, "killed"},
         }) {
        const auto ending = driver::native::explain_ending({1, std::nullopt, fields});
        CHECK(ending.code == code);
        CHECK(!ending.reason.empty());
    }
}
