#include "store/schema.hpp"

#include <fmt/format.h>

#include <array>

#include "core/error.hpp"
#include "core/log.hpp"

namespace carrel::store {

namespace {

constexpr char initial[] = {
#embed "schema/0001_initial.sql"
};

constexpr char pictures[] = {
#embed "schema/0002_pictures.sql"
};

constexpr char fleet[] = {
#embed "schema/0003_fleet.sql"
};

constexpr char people[] = {
#embed "schema/0004_people.sql"
};

constexpr std::array steps_of_this_program{
    std::string_view{initial, sizeof initial}, std::string_view{pictures, sizeof pictures},
    std::string_view{fleet, sizeof fleet}, std::string_view{people, sizeof people}};

void apply(sql::Connection& connection, std::string_view step, std::size_t version) {
    connection.begin();
    try {
        connection.execute(std::string{step});
        connection.set_schema_version(version);
        connection.execute("COMMIT");
    } catch (...) {
        if (connection.is_in_transaction()) connection.execute("ROLLBACK");
        throw;
    }
}

}  // namespace

std::span<const std::string_view> migrations() { return steps_of_this_program; }

void migrate(sql::Connection& connection, std::span<const std::string_view> steps) {
    const auto version = connection.schema_version();
    if (version > steps.size())
        throw core::Error{
            core::Code::conflict,
            fmt::format("the database has schema {}, but this program knows only {}: it was made by a newer "
                        "Carrel; run that one, or use another data directory",
                        version, steps.size())};
    for (auto next = version; next < steps.size(); ++next) {
        apply(connection, steps[next], next + 1);
        if (version > 0) core::log_info("database: schema {} applied", next + 1);
    }
}

}  // namespace carrel::store
