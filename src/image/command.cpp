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

std::string layer_settings(const Recipe& recipe, const LayerPlace& place, std::string_view of_host) {
    const auto merged = place.merged();
    const auto work = place.work();
    std::string text{of_host};
    const auto set = [&](std::string_view name, std::string_view value) {
        text += fmt::format("{} \"{}\";\n", name, value);
    };
    set("Dir", merged);
    set("Dir::State::Status", merged + "/var/lib/dpkg/status");
    set("Dir::State::Lists", work + "/lists");
    set("Dir::Log", work + "/log");
    set("Dir::Etc::SourceList", work + "/sources.list");
    set("Dir::Etc::SourceParts", "/dev/null");
    set("APT::Install-Recommends", "false");
    // Nobody but root gets to the draft.
    set("APT::Sandbox::User", "root");
    set("Acquire::Languages", "none");
    set("Dpkg::Use-Pty", "false");
    set("DPkg::Chroot-Directory", merged);
    // As mmdebstrap does: the host's TMPDIR is no place in there.
    set("Dir::Bin::dpkg", "env");
    set("DPkg::Options::", "--unset=TMPDIR");
    set("DPkg::Options::", "dpkg");
    set("DPkg::Options::", "--force-unsafe-io");
    for (const auto& pattern : recipe.excluded) set("DPkg::Options::", "--path-exclude=" + pattern);
    for (const auto& pattern : recipe.kept) set("DPkg::Options::", "--path-include=" + pattern);
    return text;
}

std::string layer_script(const Recipe& recipe, const LayerPlace& place) {
    std::vector<std::string> lowers;
    for (const auto& layer : place.below)
        lowers.push_back(fmt::format("{}/{}/root", layer.image, layer.hash));
    // What a kernel may have on by default would leave layers that only this very stack can show.
    auto script =
        fmt::format(
            "cd {}\n"
            "mkdir -p {}/work/overlay {}/work/merged {}/work/lists/partial {}/work/archives/partial "
            "{}/work/log\n"
            "mount -t overlay carrel -o redirect_dir=off,metacopy=off,index=off,xino=off,lowerdir={},"
            "upperdir={}/root,workdir={}/work/overlay {}/work/merged\n",
            quote(place.images), place.draft, place.draft, place.draft, place.draft, place.draft,
            fmt::join(lowers, ":"), place.draft, place.draft, place.draft) +
        fmt::format("cd {}\n", quote(place.merged())) +
        // What is made here would be part of the layer.
        "for each in proc dev run tmp; do test -d $each || { echo \"the image below has no /$each\"; exit 1; "
        "}; done\n"
        "mount -t proc proc proc\n"
        "mount -t tmpfs -o mode=755,size=1m carrel dev\n"
        "for each in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 dev/${each%:*} c 1 ${each#*:}; "
        "done\n"
        "mkdir -m 1777 dev/shm\n"
        "ln -s /proc/self/fd dev/fd\n"
        "for each in stdin:0 stdout:1 stderr:2; do ln -s /proc/self/fd/${each#*:} dev/${each%:*}; done\n"
        "mount -t tmpfs -o mode=755 carrel run\n"
        "mount -t tmpfs -o mode=1777 carrel tmp\n";
    if (!recipe.packages.empty())
        script += fmt::format(
            "mkdir -p var/cache/apt/archives\n"
            "mount --bind ../archives var/cache/apt/archives\n"
            "printf '#!/bin/sh\\nexit 101\\n' > usr/sbin/policy-rc.d\n"
            "chmod 0755 usr/sbin/policy-rc.d\n"
            "export APT_CONFIG=../layer.conf\n"
            "echo 'I: running apt-get update'\n"
            "TMPDIR=\"$PWD/tmp\" apt-get -q update\n"
            "TMPDIR=\"$PWD/tmp\" apt-get -q --yes install {}\n"
            "unset APT_CONFIG\n"
            "rm usr/sbin/policy-rc.d\n"
            "umount var/cache/apt/archives\n",
            fmt::join(recipe.packages, " "));
    script += "sh -eu ../steps.sh .\n";
    // What is made anew anyway, or tells when this was built; of packages that the layers below have nothing
    // is lost.
    script +=
        "rm -rf var/cache/debconf var/cache/ldconfig var/lib/dpkg/status-old var/lib/dpkg/diversions-old\n"
        "rm -f var/cache/apt/*.bin etc/passwd- etc/group- etc/shadow- etc/gshadow- etc/subuid- etc/subgid-\n"
        "test ! -d var/log || find var/log -xdev -type f -delete\n";
    return script;
}

}  // namespace carrel::image
