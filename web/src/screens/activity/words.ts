// SPDX-License-Identifier: Apache-2.0
// What an event says, in words: what was done besides who, when and why, and to which thing, which leads to its screen. Pure.
import type { Event } from "../../api/client";
import type { Protection } from "../../api/repos";
import { plural } from "../../base/format";
import { plainName } from "../../base/text";
import { toLineage, toProject, toRepo, toRun, toVersion } from "../../routes";

export type Kind = Event["kind"];

// A value of what is told with it, as it is; empty: nothing is.
export function told(e: Event, key: string): string {
    const all = e.payload && typeof e.payload === "object" ? (e.payload as Record<string, unknown>) : {};
    const value = all[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

const text = (e: Event, key: string): string => plainName(told(e, key));

const behind = (lead: string, rest: string): string => (rest ? `${lead}${rest}` : "");

// "card, evaluations, rule better and 2 approvals"
export function askedOf({
    require,
    rule,
    approvals,
}: Pick<Protection, "require" | "rule" | "approvals">): string {
    const parts = [...require, ...(rule ? [`rule ${plainName(rule)}`] : [])].join(", ");
    const people = approvals ? plural(approvals, "approval") : "";
    return [parts, people].filter(Boolean).join(" and ") || "only maintainers move it";
}

function protectedBy(e: Event): string {
    const require = told(e, "require").split(", ").filter(Boolean) as Protection["require"];
    return askedOf({ require, rule: told(e, "rule"), approvals: Number(told(e, "approvals")) });
}

function moved(e: Event): string {
    const [from, to] = [told(e, "from"), told(e, "to")].map((n) => (n === "0" ? "" : n));
    if (!to) return `removed it${behind("; it was at v", from ?? "")}`;
    if (told(e, "kind") === "tag") return `sealed it at v${to}`;
    return from ? `moved it from v${from} to v${to}` : `set it to v${to}`;
}

// Without a value the tag is gone.
function edited(e: Event): string {
    const value = text(e, "value");
    if (told(e, "part") === "description")
        return behind("described it: ", value) || "took its description away";
    const gone = !(e.payload && typeof e.payload === "object" && "value" in e.payload);
    return gone ? `took its tag ${text(e, "key")} away` : `tagged it ${text(e, "key")}: ${value}`;
}

function rule(e: Event): string {
    const [where, first, then] = ["where", "objective", "tie"].map((key) => text(e, key));
    return [where, behind("by ", first ?? ""), behind("then ", then ?? "")].filter(Boolean).join(", ");
}

const WORDS: Readonly<Record<Kind, (e: Event) => string>> = {
    project_created: () => "made the project",
    project_renamed: () => "gave the project another name",
    project_deleted: () => "moved the project to the bin with its runs",
    project_restored: () => "took the project back from the bin",
    run_created: () => "began the run",
    run_ended: () => "ended the run",
    run_renamed: () => "gave the run another name",
    run_deleted: () => "moved the run to the bin",
    run_restored: () => "took the run back from the bin",
    run_edited: () => "changed the run after its end",
    run_moved: (e) => `moved the run from project ${text(e, "from")} to ${text(e, "to")}`,
    run_crashed: () => "no sign of life came from the run: it is taken for crashed",
    run_revived: () => "a sign of life came from the run: it goes on",
    model_created: () => "began the logged model",
    model_finalized: () => "finished the logged model",
    model_deleted: () => "moved the logged model to the bin",
    artifact_deleted: () => "removed the files",
    gc_freed: () => "freed it: what was in the bin is gone",
    gc_undone: () => "undid that it was freed: it is in the bin again",
    job_started: (e) => `started the job ${text(e, "kind")}`,
    job_ended: (e) => `the job ${text(e, "kind")} ended`,
    imported: (e) => `imported ${text(e, "count")} ${text(e, "what")}`,
    repo_created: () => "made the repo",
    repo_renamed: (e) => `renamed it from ${text(e, "from")}`,
    repo_deleted: () => "deleted the repo",
    version_created: () => "published it",
    version_staged: (e) => `put it in stage ${text(e, "to") || "none"}`,
    version_deleted: () => "deleted it",
    version_marked: (e) => `marked it ${text(e, "mark")}`,
    version_unmarked: (e) => `took the mark ${text(e, "mark")} away`,
    version_approved: (e) => `approved it for ${text(e, "ref")}`,
    approval_withdrawn: (e) =>
        `took the approval${behind(" of ", text(e, "approver"))} for ${text(e, "ref")} back`,
    version_evaluated: (e) => `evaluated it: ${text(e, "suite")}`,
    evaluation_withdrawn: (e) => `withdrew its evaluation ${text(e, "evaluation")}: ${text(e, "suite")}`,
    version_edited: edited,
    ref_moved: moved,
    protection_set: (e) => `protected it: ${protectedBy(e)}`,
    protection_removed: () => "protects it no more",
    rule_set: (e) => `set the rule: ${rule(e)}`,
    rule_removed: (e) => `removed the rule: ${rule(e)}`,
    user_created: () => "made the user",
    user_enabled: () => "let the user in again",
    user_disabled: () => "disabled the user",
    role_set: (e) => `gave the role ${text(e, "role")}`,
    token_made: (e) => `gave a token${behind(": ", text(e, "label"))}`,
    token_revoked: (e) => `revoked a token${behind(": ", text(e, "label"))}`,
    workspace_created: () => "made the workspace",
    workspace_deleted: () => "deleted the workspace",
};

// A kind that a newer server has is told by its name.
export const doneOf = (e: Event): string =>
    (WORDS as Partial<typeof WORDS>)[e.kind]?.(e) ?? e.kind.replaceAll("_", " ");

export const KINDS = Object.keys(WORDS) as Kind[];
export const kindWords = (kind: string): string => kind.replaceAll("_", " ");

export interface Thing {
    title: string;
    href: string; // empty: it is not there any more, or has no screen
}

const SHORT_ID = 8;

// `repos`: those that are there. Of the repo whose log it is (`within`) names are short.
export function thingOf(e: Event, repos: ReadonlySet<string>, within = ""): Thing {
    if (/^(repo|version|approval|evaluation|ref|protection|rule)_/.test(e.kind))
        return thingOfRepo(e, repos, within);
    if (e.project !== undefined) return thingOfProject(e);
    return { title: plainName(e.object), href: "" };
}

function thingOfRepo({ object }: Event, repos: ReadonlySet<string>, within: string): Thing {
    const [, repo = object, mark = "", rest = ""] = object.match(/^([^/@]+)([/@])(.*)$/s) ?? [];
    const is = (href: string): string => (repos.has(repo) ? href : "");
    const of = repo === within ? "" : `${plainName(repo)} `;
    const ruled = rest.match(/^rules\/(.*)$/s)?.[1];
    if (mark === "@")
        return {
            title: repo === within ? plainName(rest) : plainName(object),
            href: is(toRepo(repo, { tab: "refs", ref: rest })),
        };
    if (ruled !== undefined) return { title: `${of}rule ${plainName(ruled)}`, href: is(toRepo(repo)) };
    const number = rest.match(/^(\d+)/)?.[1]; // of an evaluation "bot/7/2"
    if (number) return { title: `${of}v${number}`, href: is(toVersion(repo, number)) };
    return { title: plainName(repo), href: is(toRepo(repo)) };
}

function thingOfProject({ kind, object, project = 0, project_name }: Event): Thing {
    const named = plainName(project_name ?? `project ${project}`);
    const is = (href: string): string => (project_name === undefined ? "" : href);
    const short = plainName(object.slice(0, SHORT_ID));
    if (kind.startsWith("project_") || kind === "imported")
        return { title: named, href: is(toProject(project)) };
    if (kind.startsWith("run_"))
        return { title: `run ${short} of ${named}`, href: is(toRun(project, object)) };
    if (kind.startsWith("model_"))
        return { title: `model ${short} of ${named}`, href: is(toLineage(object)) };
    return { title: `${plainName(object)} of ${named}`, href: "" };
}
