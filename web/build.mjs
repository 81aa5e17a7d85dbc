// Bundles the page into dist/: the few files that the server embeds.
//
// Two entries: app.js (the whole page, served at /) and desk.js (one desktop alone, served at /desk/{id}).
// Everything is referred to by absolute path, and nothing is inline, so `default-src 'self'` holds.
import { build } from "esbuild";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const licences = `/*!
 * Carrel's page, Apache-2.0. Contains:
 * noVNC, Copyright (C) The noVNC authors, MPL-2.0 (source: https://github.com/novnc/noVNC)
 * pako, Copyright (C) Vitaly Puzrin and Andrei Tuputcyn, MIT (as shipped with noVNC)
 * Preact and @preact/signals, Copyright (c) Jason Miller and the Preact team, MIT
 */`;

await rm(here("dist"), { recursive: true, force: true });
await mkdir(here("dist"), { recursive: true });
await build({
  entryPoints: { app: here("src/main.tsx"), desk: here("src/desk.tsx") },
  outdir: here("dist"),
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome123", "firefox125", "safari17.5"],
  jsx: "automatic",
  jsxImportSource: "preact",
  banner: { js: licences },
  legalComments: "none",
  logLevel: "warning",
});
await build({
  entryPoints: { app: here("src/style/app.css") },
  outdir: here("dist"),
  bundle: true,
  minify: true,
  target: ["chrome123", "firefox125", "safari17.5"],
  logLevel: "warning",
});
for (const name of ["index.html", "desk.html", "favicon.svg"]) {
  await copyFile(here(`src/static/${name}`), here(`dist/${name}`));
}
