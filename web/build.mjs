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

const assetOf = (path) => `./assets/${basename(path)}`;

// The entry's script and style, and the chunks that the script cannot begin without.
function entryFiles({ outputs }) {
    const [js, { cssBundle }] = Object.entries(outputs).find(([, f]) => f.entryPoint === "src/main.tsx");
    const needed = new Set();
    const visit = (path) => {
        for (const i of outputs[path].imports) {
            if (i.kind !== "import-statement" || needed.has(i.path)) continue;
            needed.add(i.path);
            visit(i.path);
        }
    };
    visit(js);
    return { js, css: cssBundle, needed: [...needed] };
}

// A browser learns of the chunks here, not when it has read the script.
async function writeIndex(metafile) {
    const { js, css, needed } = entryFiles(metafile);
    const preload = needed
        .map((path) => `<link rel="modulepreload" href="${assetOf(path)}" />`)
        .join("\n        ");
    const page = (await readFile(join(here, "index.html"), "utf8"))
        .replace("%SCRIPT%", assetOf(js))
        .replace("%STYLE%", assetOf(css))
        .replace("%PRELOAD%", preload);
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
