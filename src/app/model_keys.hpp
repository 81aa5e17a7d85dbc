// Users' own keys of models: a key of this server names where one stands, and here it is read.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace carrel::app {

/// Where users' keys stand: files of one directory, and variables of one prefix. So who may give keys of this
/// server cannot have any other file or variable read.
class ModelKeys {
public:
    /// `variables`: by name, of take_variables().
    ModelKeys(std::string directory, std::map<std::string, std::string> variables)
        : directory_{std::move(directory)}, variables_{std::move(variables)} {}

    /// Takes CARREL_MODEL_KEY_… out of this process's environment, which its children inherit.
    static std::map<std::string, std::string> take_variables();

    /// What stands at "env:CARREL_MODEL_KEY_NAME" or "file:NAME", read anew each time; nothing, with a line
    /// in the log, when there is no word there that could be a key.
    std::optional<std::string> read(const std::string& reference) const;

private:
    std::string directory_;
    std::map<std::string, std::string> variables_;
};

}  // namespace carrel::app
