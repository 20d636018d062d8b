// SPDX-License-Identifier: Apache-2.0
// Tests of what needs no browser: node web/test.mjs. Each test/NAME.test.ts is bundled and run by node's own
// test runner.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = await mkdtemp(join(tmpdir(), "stemma-web-test-"));
const tests = (await readdir(join(here, "test"))).filter((f) => f.endsWith(".test.ts"));

// Modules that look at the page when they are loaded find the little of it that they ask for.
const page = `
globalThis.location ??= { hash: "", href: "http://localhost/" };
globalThis.history ??= { state: null, replaceState() {} };
globalThis.document ??= { baseURI: "http://localhost/", documentElement: { dataset: {} } };
globalThis.document.addEventListener ??= () => {};
globalThis.matchMedia ??= () => ({ matches: false, addEventListener() {} });
globalThis.sessionStorage ??= { getItem: () => null, setItem() {} };
globalThis.localStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
globalThis.addEventListener ??= () => {};
globalThis.getComputedStyle ??= () => ({ getPropertyValue: () => "" });
`;

await esbuild.build({
    absWorkingDir: here,
    entryPoints: tests.map((f) => join("test", f)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    jsx: "automatic",
    jsxImportSource: "preact",
    banner: { js: page },
    loader: { ".css": "empty" },
    logLevel: "warning",
});
const files = (await readdir(out)).filter((f) => f.endsWith(".mjs")).map((f) => join(out, f));
const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" });
await rm(out, { recursive: true });
process.exit(status ?? 1);
