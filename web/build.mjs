// SPDX-License-Identifier: Apache-2.0
// Bundles the page: node web/build.mjs [--out DIR] [--watch]. Writes DIR/index.html and DIR/assets/NAME-HASH.EXT;
// everything in the page refers to its neighbours by relative addresses, so it works under any prefix.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const option = (name) => {
    const at = process.argv.indexOf(name);
    return at < 0 ? undefined : process.argv[at + 1];
};
const out = resolve(option("--out") ?? join(here, "../build/web/dist"));

const settings = {
    absWorkingDir: here,
    entryPoints: { app: "src/main.tsx" },
    outdir: join(out, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    metafile: true,
    loader: { ".svg": "file", ".woff2": "file" },
    logLevel: "warning",
};

// The names of the entry's script and style: what index.html loads.
function entryFiles(metafile) {
    for (const [path, file] of Object.entries(metafile.outputs)) {
        if (file.entryPoint === "src/main.tsx") return { js: basename(path), css: basename(file.cssBundle) };
    }
    throw new Error("the bundle has no entry");
}

async function writeIndex(metafile) {
    const { js, css } = entryFiles(metafile);
    const page = (await readFile(join(here, "index.html"), "utf8"))
        .replace("%SCRIPT%", `./assets/${js}`)
        .replace("%STYLE%", `./assets/${css}`);
    await writeFile(join(out, "index.html"), page);
}

async function printSizes(metafile) {
    for (const path of Object.keys(metafile.outputs).sort()) {
        const bytes = await readFile(join(here, path));
        console.log(`${String(gzipSync(bytes, { level: 9 }).length).padStart(8)}  ${basename(path)}`);
    }
}

await rm(out, { recursive: true, force: true });
await mkdir(join(out, "assets"), { recursive: true });
const { metafile } = await esbuild.build(settings);
await writeIndex(metafile);
if (process.argv.includes("--sizes")) await printSizes(metafile);
