#include <algorithm>
#include <iostream>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/doctor.hpp"

namespace carrel::app {

void add_doctor(CLI::App& program, Action& action) {
    auto* word = program.add_subcommand("doctor", "Say what this host can do for desks, and what to change");
    auto config = std::make_shared<Config>();
    word->add_option("--data", config->data, "the data directory [CARREL_DATA]")
        ->envname("CARREL_DATA")
        ->capture_default_str();
    word->callback([config, &action] {
        action = [config] {
            const auto findings = examine(*config);
            std::cout << to_text(findings);
            return std::ranges::any_of(findings,
                                       [](const auto& finding) { return finding.health == Health::bad; })
                       ? 1
                       : 0;
        };
    });
}

}  // namespace carrel::app
