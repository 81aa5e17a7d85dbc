// Bundles the page into dist/: the few files that the server embeds.
//
// Three entries: app.js (the whole page, served at /), desk.js (one desktop alone, served at /desk/{id}) and stream.js
// (the worker that all tabs share).
// Everything is referred to by absolute path, and nothing is inline, so `default-src 'self'` holds.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const licences = `/*!
 * Carrel's page, Apache-2.0. Contains:
 * noVNC, Copyright (C) The noVNC authors, MPL-2.0 (source: https://github.com/novnc/noVNC)
 * pako, Copyright (C) Vitaly Puzrin and Andrei Tuputcyn, MIT (as shipped with noVNC)
 * markdown-it with linkify-it, mdurl and uc.micro, Copyright (c) Vitaly Puzrin, Alex Kocharin, MIT
 * entities, Copyright (c) Felix Böhm, BSD-2-Clause
 * punycode.js, Copyright Mathias Bynens, MIT
 * Preact and @preact/signals, Copyright (c) Jason Miller and the Preact team, MIT
 */`;

await rm(here("dist"), { recursive: true, force: true });
await mkdir(here("dist"), { recursive: true });
await build({
  entryPoints: {
    app: here("src/main.tsx"),
    desk: here("src/desk.tsx"),
    stream: here("src/log/stream.ts"),
  },
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
// Compressed once, here, and as far as it goes: the server only chooses (src/api/web.cpp). What is a packet or two is
// left as it is.
for (const name of ["app.js", "desk.js", "stream.js", "app.css"]) {
  const content = await readFile(here(`dist/${name}`));
  await writeFile(here(`dist/${name}.gz`), gzipSync(content, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  await writeFile(here(`dist/${name}.br`), brotliCompressSync(content, { params }));
}
