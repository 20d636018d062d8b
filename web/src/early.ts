// SPDX-License-Identifier: Apache-2.0
// The first script, and a small one: asks for what the address shows, and for the screen's own script, while the page itself
// is still being read.
import { askEarly } from "./api/client";
import { projectAsk } from "./api/projects";
import { runAsk, searchAsk } from "./api/runs";
import { address, parseAddress } from "./base/address";
import { comparedRuns, placeOf, translated } from "./routes";
import { firstPart } from "./screens/runs/search";
import { stateOf } from "./screens/runs/state";

const here = address.peek();
const to = translated(here);
const { path, query } = to ? parseAddress(to) : here;
const place = placeOf({ path, query });
if (place.screen === "runs") {
    const state = stateOf(query);
    askEarly(...projectAsk(place.project));
    if (/^\d+$/.test(place.project) && !state.group.length)
        askEarly(...searchAsk(firstPart(Number(place.project), state)));
} else {
    import("./screens/others").catch(() => undefined); // told where it is shown
}
if (place.screen === "compare") for (const id of comparedRuns(query)) askEarly(...runAsk(id));
