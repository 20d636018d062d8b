// SPDX-License-Identifier: Apache-2.0
// The first script, and a small one that needs no other: asks for what the address shows, and for the screen's own scripts,
// while the page itself is still being read.
import { askEarly } from "./api/ask";
import { projectAsk, runAsk, searchAsk } from "./api/asks";
import { parseAddress } from "./base/parse_address";
import { comparedRuns, placeOf, translated } from "./routes";
import { firstPart } from "./screens/runs/search";
import { stateOf } from "./screens/runs/state_of";

declare const SCREENS: readonly string[]; // the scripts of screens/others.ts (build.mjs)
declare const REPO_SCREENS: readonly string[]; // of screens/repos.ts

function readSoon(script: string): void {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = script;
    document.head.append(link);
}

const here = parseAddress(location.hash);
const there = parseAddress(translated(here) ?? location.hash);
const { query } = there;
const place = placeOf(there);
if (place.screen === "runs") {
    const state = stateOf(query);
    askEarly(...projectAsk(place.project));
    if (/^\d+$/.test(place.project) && !state.group.length)
        askEarly(...searchAsk(firstPart(Number(place.project), state)));
} else {
    const versioned = !["home", "run", "compare", "nowhere"].includes(place.screen);
    for (const script of versioned ? REPO_SCREENS : SCREENS) readSoon(script);
}
if (place.screen === "compare") for (const id of comparedRuns(query)) askEarly(...runAsk(id));
