// SPDX-License-Identifier: Apache-2.0
// Who asks, as the server knows them by their token.
import { call } from "./client";
import type { components } from "./schema";

export type Caller = components["schemas"]["Caller"];

export const getCaller = (signal: AbortSignal): Promise<Caller> => call("whoami", { signal });
