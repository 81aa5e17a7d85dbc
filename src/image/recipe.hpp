// The recipe of an image: what a root file system is made of.
//
// A recipe is a text of lines; `#` starts a comment line. Each line is a word and what it takes:
//
//     suite bookworm                          the Debian release; once
//     from desktop                            instead: one more layer on this image
//     display none                            there is no X server; else what the image below has
//     packages openbox tint2                  with what they depend on, without recommendations
//     exclude /usr/share/man/*                paths (with * and ?) that packages do not unpack
//     keep /usr/share/doc/*/copyright         exceptions from the excluded ones
//     file 0644 /etc/xdg/openbox/rc.xml       copied from files/etc/xdg/… beside the recipe
//     program 0755 carrel-xkbcomp /usr/bin/xkbcomp    copied from where Carrel's programs lie
//     run fc-cache --system-only              a shell command inside the image, as root
//
// `file`, `program` and `run` happen in the order in which they stand, after all packages.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.hpp"

namespace carrel::image {

/// A file of the recipe's own `files/` folder, put at the same path in the image, owned by root.
struct PutFile {
    mode_t mode;
    std::string path;  ///< absolute, in the image
};

/// A program that is built with Carrel.
struct PutProgram {
    mode_t mode;
    std::string name;  ///< its file name beside `carrel`
    std::string path;  ///< absolute, in the image
};

struct RunCommand {
    std::string command;  ///< for /bin/sh -eu
};

using Step = std::variant<PutFile, PutProgram, RunCommand>;

struct Recipe {
    std::string suite;  ///< empty when there is a base
    std::string base;   ///< the image that it stands on, or empty
    bool has_no_display = false;
    std::vector<std::string> packages;
    std::vector<std::string> excluded;
    std::vector<std::string> kept;
    std::vector<Step> steps;
};

/// Strict: unknown words, packages that stand twice, relative paths and `..` are refused with the
/// number of their line.
core::Expected<Recipe> parse_recipe(std::string_view text);

}  // namespace carrel::image
