// The data directory, as the jail keeps it.
//
//   DATA/             0755 root         nobody but root can exchange a part of it
//   DATA/images/      0750 root:carrel  carrel sees which images there are
//   DATA/desks/       0700 root         <id>/{identity.json,upper,work}, or a disk with the last two
//   DATA/asleep/      0700 root         the same of desks that sleep: files without processes
//   DATA/endpoints/   0710 root:carrel  <id>: sockets of carrel; only root makes and removes them
//   DATA/logs/        0770 root:carrel  <id>: desks' logs, of fixed size; root makes them, carrel removes
//   them DATA/bin/         0700 root         <hash>/carrel-desk DATA/trash/       0700 root         desks
//   that are being removed DATA/scratch/     0700 root         mount points for kernels before 6.13
#pragma once

#include <sys/types.h>

#include <string>

namespace carrel::jail::host {

/// Makes what is missing and sets owners and modes. Throws when a part is not a directory of root.
void prepare_data(const std::string& data, uid_t carrel_uid, gid_t carrel_gid);

/// Copies the desk program to bin/<hash>/carrel-desk, unless it is there; answers the hash
/// (SHA-256, 64 digits). Desks run the copy, so that an upgrade leaves living desks alone.
std::string install_program(const std::string& data, const std::string& program);

std::string scratch_folder(const std::string& data);

}  // namespace carrel::jail::host
