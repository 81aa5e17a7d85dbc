#include "image/command.hpp"

#include <fmt/format.h>

#include "image/progress.hpp"

namespace carrel::image {

namespace {

std::string put(mode_t mode, const std::string& path, const std::string& from) {
    const auto folder = path.substr(0, path.rfind('/'));
    return fmt::format(
        "chroot \"$1\" sh -euc 'mkdir -p \"$2\"; install -m \"$0\" /dev/stdin \"$1\"' {:04o} {} {} < {}\n",
        mode, quote(path), quote(folder.empty() ? "/" : folder), quote(from));
}

std::string say(std::string_view what) {
    return fmt::format("echo {}\n", quote(fmt::format("{}{}", step_mark, what)));
}

}  // namespace

std::string quote(std::string_view text) {
    std::string quoted = "'";
    for (const char letter : text) {
        if (letter == '\'')
            quoted += "'\\''";
        else
            quoted += letter;
    }
    return quoted + "'";
}

std::vector<std::string> mmdebstrap_words(const Recipe& recipe, const Workplace& workplace,
                                          const std::vector<std::string>& sources) {
    std::vector<std::string> words{
        "mmdebstrap", "--verbose", "--mode=root", "--variant=minbase", "--format=directory",
        // It would empty the machine-id that the recipe puts.
        "--skip=cleanup/reproducible", "--aptopt=APT::Install-Recommends \"false\"",
        "--aptopt=Acquire::Languages \"none\"", "--aptopt=" + workplace.settings,
        // A build that is cut short is thrown away: nothing to be safe for.
        "--dpkgopt=force-unsafe-io"};
    for (const auto& pattern : recipe.excluded) words.push_back("--dpkgopt=path-exclude=" + pattern);
    for (const auto& pattern : recipe.kept) words.push_back("--dpkgopt=path-include=" + pattern);
    if (!recipe.packages.empty())
        words.push_back(fmt::format("--include={}", fmt::join(recipe.packages, ",")));
    words.push_back(fmt::format("--customize-hook=sh -eu {} \"$1\"", quote(workplace.script)));
    words.push_back(recipe.suite);
    words.push_back(workplace.root);
    words.insert(words.end(), sources.begin(), sources.end());
    return words;
}

std::string step_script(const std::vector<SourceStep>& steps, const Workplace& workplace) {
    std::string script;
    for (std::size_t number = 0; number < steps.size(); ++number) {
        const auto& step = steps[number].step;
        const auto from = fmt::format("{}/{}", workplace.puts, number);
        if (const auto* file = std::get_if<PutFile>(&step))
            script += put(file->mode, file->path, from);
        else if (const auto* program = std::get_if<PutProgram>(&step))
            script += say("put " + program->path) + put(program->mode, program->path, from);
        else if (const auto* run = std::get_if<RunCommand>(&step))
            script +=
                say("run " + run->command) + fmt::format("chroot \"$1\" sh -euc {}\n", quote(run->command));
    }
    return script;
}

}  // namespace carrel::image
