// SPDX-License-Identifier: Apache-2.0
// The table of the storage page. A bar is as long as what the files are by their names, its full part is what is stored.
import { bytes, integer } from "../../base/format";
import { plainName } from "../../base/text";
import { type Heading, Headings } from "../../ui/headings";
import { type Row, sharedOf, sumOf } from "./rows";

type Way = "repo" | "project" | "user" | "workspace";

const NAMES: Record<Way, string> = { repo: "Repo", project: "Project", user: "User", workspace: "Workspace" };
const NOBODY: Record<Way, string> = {
    repo: "deleted meanwhile",
    project: "no project that is there",
    user: "nobody",
    workspace: "",
};
const FIRST = 200; // the largest; the sum is of all

export function StorageTable({
    rows,
    by,
    busy,
    again,
}: {
    rows: readonly Row[];
    by: Way;
    busy: boolean;
    again: () => void;
}) {
    const counts = by === "repo" || by === "workspace" ? "Versions" : "Runs";
    const all = sumOf(rows);
    const most = Math.max(1, ...rows.map((r) => Math.max(r.named, r.stored)));
    const headings: Heading[] = [
        NAMES[by],
        [counts, "number narrow"],
        ...(by === "repo" ? [] : [["Points", "number narrow"] as const]),
        ["Files", "number narrow"],
        ["By name", "number"],
        ["Stored", "number"],
        ["Shared", "number narrow"],
        ["How much", "storage-bar-cell wide"],
    ];
    return (
        <>
            <div class="row">
                <p class="grow muted">
                    {bytes(all.named)} by name, {bytes(all.stored)} stored
                    {sharedOf(all) && `: ${sharedOf(all)} are shared`}.
                </p>
                <button type="button" class="button" disabled={busy} title="Count again (u)" onClick={again}>
                    {busy ? "Counting …" : "Count again"}
                </button>
            </div>
            <div class="panel list storage">
                <table>
                    <Headings of={headings} />
                    <tbody>
                        {rows.slice(0, FIRST).map((r, i) => (
                            <TableRow key={i} row={r} by={by} most={most} />
                        ))}
                    </tbody>
                    {rows.length > 1 && (
                        <tfoot>
                            <TableRow row={all} by={by} most={0} />
                        </tfoot>
                    )}
                </table>
            </div>
            {by === "workspace" && (
                <p class="muted">Versions, and the files of runs: what both have counts in both.</p>
            )}
            {rows.length > FIRST && (
                <p class="muted">
                    The {FIRST} largest of {integer(rows.length)}; the sum is of all.
                </p>
            )}
        </>
    );
}

function Size({ n }: { n: number }) {
    return <span title={`${integer(n)} bytes`}>{bytes(n)}</span>;
}

function TableRow({ row: r, by, most }: { row: Row; by: Way; most: number }) {
    const name = r.name || NOBODY[by];
    return (
        <tr>
            <td>
                {r.href ? (
                    <a class="given clip list-name" href={r.href} title={r.name}>
                        {plainName(r.name)}
                    </a>
                ) : (
                    <span class={r.name ? "given clip" : "muted"}>{plainName(name)}</span>
                )}
            </td>
            <td class="number narrow">{integer(r.count)}</td>
            {by !== "repo" && (
                <td class="number narrow">
                    <Size n={r.points} />
                </td>
            )}
            <td class="number narrow">{integer(r.files)}</td>
            <td class="number">
                <Size n={r.named} />
            </td>
            <td class="number">
                <Size n={r.stored} />
            </td>
            <td class="number narrow">{sharedOf(r)}</td>
            <td class="storage-bar-cell wide">{most > 0 && <Bar row={r} most={most} />}</td>
        </tr>
    );
}

// The numbers stand beside it.
function Bar({ row: r, most }: { row: Row; most: number }) {
    const part = (n: number): string => `${Math.max(n ? 0.5 : 0, (n / most) * 100)}%`;
    return (
        <div class="storage-bar" aria-hidden="true">
            <div class="storage-named" style={{ width: part(r.named) }} />
            <div class="storage-stored" style={{ width: part(r.stored) }} />
        </div>
    );
}
