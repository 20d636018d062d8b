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

// The script of a source, and the chunks that it cannot begin without.
function scriptsOf({ outputs }, source) {
    const entry = Object.keys(outputs).find((path) => outputs[path].entryPoint === source);
    const needed = new Set([entry]);
    for (const path of needed)
        for (const i of outputs[path].imports) if (i.kind === "import-statement") needed.add(i.path);
    return [...needed];
}

// Beside the others and not made of their chunks: it runs as soon as it is here.
async function writeEarly(screens, repoScreens) {
    const { metafile } = await esbuild.build({
        ...settings,
        entryPoints: { early: "src/early.ts" },
        splitting: false,
        format: "iife",
        define: {
            SCREENS: JSON.stringify(screens.map(assetOf)),
            REPO_SCREENS: JSON.stringify(repoScreens.map(assetOf)),
        },
    });
    return Object.keys(metafile.outputs)[0];
}

// One sheet has the styles of all scripts, whenever they are read: that of a bundle that is not split.
async function writeStyle() {
    const { outputFiles } = await esbuild.build({ ...settings, splitting: false, write: false });
    const { path, contents } = outputFiles.find((f) => f.path.endsWith(".css"));
    await writeFile(path, contents);
    return path;
}

// A browser learns of the chunks here, not when it has read the script.
async function writeIndex(metafile, style) {
    const [app, ...needed] = scriptsOf(metafile, "src/main.tsx");
    const moreOf = (source) => scriptsOf(metafile, source).filter((s) => s !== app && !needed.includes(s));
    const early = await writeEarly(moreOf("src/screens/others.ts"), moreOf("src/screens/repos.ts"));
    const preload = needed
        .map((path) => `<link rel="modulepreload" href="${assetOf(path)}" />`)
        .join("\n        ");
    const page = (await readFile(join(here, "index.html"), "utf8"))
        .replace("%EARLY%", assetOf(early))
        .replace("%SCRIPT%", assetOf(app))
        .replace("%STYLE%", assetOf(style))
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
const { metafile } = await esbuild.build({ ...settings, loader: { ...settings.loader, ".css": "empty" } });
await writeIndex(metafile, await writeStyle());
if (process.argv.includes("--sizes")) await printSizes(metafile);
