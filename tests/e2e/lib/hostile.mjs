// A server whose desks a stranger has taken over: doubles/hostile_desk.cpp in the place of carrel-desk.
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { programs, Server } from "./carrel.mjs";
import { shareImages } from "./host.mjs";

const source = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../doubles/hostile_desk.cpp");

/** Starts one in `folder`, which users that are not root can enter; see the double's head for `hello`. */
export async function startHostile(folder, hello, options = {}) {
  const bin = path.join(folder, `bin-${hello}`);
  const data = path.join(folder, `data-${hello}`);
  await mkdir(bin);
  await mkdir(data);
  shareImages(data);
  for (const program of ["carrel", "carrel-jail"]) copyFileSync(path.join(programs, program), path.join(bin, program));
  execFileSync("clang++-19", ["-std=c++23", "-O1", "-static", `-DHELLO="${hello}"`, source, "-o", path.join(bin, "carrel-desk")]);
  const server = await Server.start({ data, program: path.join(bin, "carrel"), ...options });
  server.data = data;
  return server;
}
