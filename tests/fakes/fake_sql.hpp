// A database that keeps what it is told to do, for code that must tell it the right things in the right
// order.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "store/sql.hpp"

namespace carrel::fakes {

/// It understands scripts only, and has no rows.
class FakeSql final : public store::sql::Connection {
public:
    std::vector<std::string> lines;  ///< "begin", scripts, "version 2"
    std::string failing;             ///< a script that throws
    std::size_t version = 0;
    bool is_open = false;  ///< a transaction

    store::sql::Statement prepare(std::string_view text) override {
        throw std::logic_error{"the test foresaw no statement " + std::string{text}};
    }
    void execute(const std::string& script) override {
        lines.push_back(script);
        if (script == failing) throw core::Error{core::Code::internal, "this does not work"};
        if (script == "COMMIT" || script == "ROLLBACK") is_open = false;
    }
    void begin() override {
        lines.emplace_back("begin");
        is_open = true;
    }
    bool is_in_transaction() const override { return is_open; }
    std::int64_t changes() override { return 0; }
    void give_room_back() override { lines.emplace_back("give room back"); }
    void become_shrinkable() override { lines.emplace_back("become shrinkable"); }
    std::size_t schema_version() override { return version; }
    void set_schema_version(std::size_t number) override {
        lines.push_back("version " + std::to_string(number));
        version = number;
    }
};

}  // namespace carrel::fakes
