// SPDX-License-Identifier: Apache-2.0
// The same on the command line, and for scripts. Pure but for the address of this server.
import { apiUrl } from "../../api/client";
import { shellWord } from "../../base/text";
import { askedFor, type Field } from "./field";
import { type State, searchSort } from "./state";

const WRITTEN_OUT = 50; // ids in a command

// What a shell takes as one argument: in single quotes when it needs quotes.
const quoted = (json: unknown): string => shellWord(JSON.stringify(json));

function post(path: string, json: unknown): string {
    return `curl -s ${shellWord(apiUrl(path))} -H 'Content-Type: application/json' -d ${quoted(json)}`;
}

// The table as it is.
export function searchCommand(project: string, state: State, fields: readonly Field[]): string {
    const where = state.where ? ["search", shellWord(state.where)] : ["list"];
    const sort = searchSort(state.sort).map((s) => `--sort ${shellWord(s.replace(/ asc$/, ""))}`);
    const columns = fields.map((f) => f.text).filter((f) => !f.startsWith("dataset."));
    return [
        "stemma runs",
        ...where,
        `--project ${shellWord(project)}`,
        ...(state.view === "active" ? [] : [`--view ${state.view}`]),
        ...sort,
        `--columns ${shellWord(columns.join(","))}`,
    ].join(" ");
}

export function searchCurl(project: number, state: State, fields: readonly Field[]): string {
    if (state.group.length)
        return post("runs/group", {
            projects: [project],
            where: state.where || undefined,
            view: state.view,
            by: state.group.map((f) => f.text),
            of: fields.filter((f) => f.domain === "metrics").map((f) => f.text),
        });
    return post("runs/search", {
        projects: [project],
        where: state.where || undefined,
        view: state.view,
        sort: searchSort(state.sort),
        columns: ["name", ...fields.flatMap((f) => askedFor(f) ?? [])],
    });
}

// Which runs an act is about, as words of a command: their ids, or the filter when it is all of them.
export interface Subject {
    ids: readonly string[]; // of those that are named, or left out of all
    all: boolean;
    project: string;
    where: string;
}

function subjectWords(s: Subject): string | undefined {
    if (s.all && !s.ids.length)
        return `--where ${shellWord(s.where || "id is not null")} --project ${shellWord(s.project)}`;
    return s.all || s.ids.length > WRITTEN_OUT ? undefined : s.ids.join(" ");
}

export function runsCommand(act: string, s: Subject, tail = ""): string | undefined {
    const words = subjectWords(s);
    return words && `stemma runs ${act} ${words}${tail ? ` ${tail}` : ""}`;
}

export function bulkCurl(s: Subject, json: Record<string, unknown>): string | undefined {
    return s.all || !s.ids.length || s.ids.length > WRITTEN_OUT
        ? undefined
        : post("runs/bulk", { ...json, runs: s.ids });
}
