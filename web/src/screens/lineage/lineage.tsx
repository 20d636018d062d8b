// SPDX-License-Identifier: Apache-2.0
// What a thing is made of and what was made of it: a graph, and the same as a table. The address holds whose it is, which way
// (`way`), how far (`depth`), how much at most (`nodes`) and whether it is the table (`view`).
import { useMemo } from "preact/hooks";
import { apiUrl } from "../../api/client";
import { getLineage, type Lineage, type LineageQuery } from "../../api/lineage";
import { address, formatAddress, setQuery } from "../../base/address";
import { plural } from "../../base/format";
import { plainName, shellWord } from "../../base/text";
import { toLineage, toRepo, toRepos } from "../../routes";
import { type Act, useActs } from "../../ui/acts";
import { commandAct, curlAct, linkAct } from "../../ui/copy_acts";
import { type Crumb, Crumbs } from "../../ui/crumbs";
import { Menu } from "../../ui/dialog";
import { aboutRepos, useFollow } from "../../ui/follow";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import { useSteady } from "../../ui/steady";
import { Tabs } from "../../ui/tabs";
import { Drawing } from "./drawing";
import { folded } from "./fold";
import { type Graph, graphOf } from "./graph";
import { LineageTable } from "./table";
import "../../ui/head.css";
import "./lineage.css";

const DEPTH = { first: 10, most: 100 }; // the server's
const NODES = { first: 200, most: 3000 }; // that can be drawn: the command line gives more
const MORE = 3; // times as much

const WAYS = [
    ["", "Both ways", "b"],
    ["up", "Made of", "u"],
    ["down", "Made from it", "w"],
] as const;

const within = (text: string | null, { first, most }: typeof DEPTH): number => {
    const n = Number(text ?? first);
    return Number.isInteger(n) && n >= 1 && n <= most ? n : first;
};

function queryOf(of: string, query: URLSearchParams): LineageQuery {
    const way = query.get("way");
    return {
        of,
        up: way !== "down",
        down: way !== "up",
        depth: within(query.get("depth"), DEPTH),
        nodes: within(query.get("nodes"), NODES),
    };
}

export function LineageScreen({ of }: { of: string }) {
    const query = queryOf(of, address.value.query);
    const load = useLoad(JSON.stringify(query), (signal) => getLineage(query, signal));
    const lineage = useSteady(load.data);
    useFollow(null, aboutRepos, async () => load.reload());
    const crumbs: Crumb[] = [{ title: "Repos", href: toRepos() }, { title: "Lineage" }];
    const root = lineage?.nodes[0];
    if (root?.kind === "version") crumbs.splice(1, 0, { title: root.name, href: toRepo(root.name) });
    // A server that comes back is asked again, and what is shown stays meanwhile.
    if (load.problem && !load.loading && !(lineage && load.problem.canRetry))
        return (
            <>
                <Crumbs list={crumbs} />
                <Failed whole problem={load.problem} retry={load.reload} />
            </>
        );
    if (!lineage) return <Skeleton lines={8} />;
    return (
        <>
            <Crumbs list={crumbs} />
            <Shown lineage={lineage} query={query} />
        </>
    );
}

function Shown({ lineage, query }: { lineage: Lineage; query: LineageQuery }) {
    const graph = useMemo(() => graphOf(lineage), [lineage]);
    const acts = actsOf(query, lineage.cut ?? []);
    useActs(acts);
    const here = address.value.query;
    const table = here.get("view") === "table";
    const href = (view: string | null): string => {
        const next = new URLSearchParams(here);
        view ? next.set("view", view) : next.delete("view");
        return formatAddress(address.value.path, next);
    };
    const inTable = href("table");
    const drawn = useMemo(() => folded(graph, inTable), [graph, inTable]);
    const name = `Lineage of ${graph.things[0]?.title ?? query.of}`;
    return (
        <div class="page">
            <Head graph={graph} acts={acts} />
            <Tabs
                label="Ways to show it"
                current={table ? "table" : "graph"}
                tabs={[
                    { id: "graph", title: "Graph", href: href(null) },
                    { id: "table", title: "Table", href: href("table") },
                ]}
            />
            <div class="page-body lineage-body">
                <Bar query={query} lineage={lineage} acts={acts} />
                {table ? <LineageTable graph={graph} name={name} /> : <Drawing graph={drawn} name={name} />}
            </div>
        </div>
    );
}

function actsOf(query: LineageQuery, cut: readonly string[]): Act[] {
    const group = "Lineage";
    const word = shellWord(query.of);
    const way = query.up && query.down ? "" : query.up ? " --up" : " --down";
    const command = `stemma lineage ${word}${way} --depth ${query.depth} --nodes ${query.nodes}`;
    const curl = `curl ${shellWord(apiUrl("lineage", { ...query, refs: true }))}`;
    const depth = Math.min(DEPTH.most, query.depth * MORE);
    const nodes = Math.min(NODES.most, query.nodes * MORE);
    return [
        ...WAYS.map(([id, title, key]) => ({
            id: `lineage-way-${id || "both"}`,
            title,
            group,
            keys: [key],
            run: () => setQuery({ way: id }),
            command: `stemma lineage ${word}${id && ` --${id}`}`,
        })),
        {
            id: "lineage-more",
            title: "Show more",
            group,
            keys: ["m"],
            enabled:
                (cut.includes("depth") && depth > query.depth) ||
                (cut.includes("nodes") && nodes > query.nodes),
            run: () =>
                setQuery({
                    ...(cut.includes("depth") ? { depth } : {}),
                    ...(cut.includes("nodes") ? { nodes } : {}),
                }),
        },
        linkAct(group),
        { ...commandAct(group, command), keys: ["c"] },
        curlAct(group, curl),
    ];
}

function Head({ graph, acts }: { graph: Graph; acts: readonly Act[] }) {
    const root = graph.things[0];
    const item = (a: Act) => ({ label: a.title, run: a.run, ...(a.keys?.[0] ? { hint: a.keys[0] } : {}) });
    return (
        <header class="head">
            <div class="head-title">
                <h1>
                    Lineage of{" "}
                    {root && root.href !== toLineage(root.of) ? (
                        <a class="given lineage-root" href={root.href}>
                            {plainName(root.title)}
                        </a>
                    ) : (
                        <span class="given">{plainName(root?.title ?? "")}</span>
                    )}
                </h1>
                <span class="grow" />
                <Menu label="Copy ▾" items={acts.filter((a) => a.id.startsWith("copy-")).map(item)} />
            </div>
        </header>
    );
}

const CUTS = { depth: "it goes on behind the last of these", nodes: "there are more beside these" };

function Bar({ query, lineage, acts }: { query: LineageQuery; lineage: Lineage; acts: readonly Act[] }) {
    const way = query.up && query.down ? "" : query.up ? "up" : "down";
    const more = acts.find((a) => a.id === "lineage-more");
    return (
        <div class="lineage-bar row">
            <fieldset class="row lineage-ways">
                <legend class="hidden">Which way</legend>
                {WAYS.map(([id, title, key]) => (
                    <button
                        key={id}
                        type="button"
                        class="button"
                        aria-pressed={id === way}
                        title={`${title} (${key})`}
                        onClick={() => setQuery({ way: id })}
                    >
                        {title}
                    </button>
                ))}
            </fieldset>
            <span role="status">
                {plural(lineage.nodes.length, "node")}
                {lineage.cut && `; ${lineage.cut.map((c) => CUTS[c]).join(", ")}`}
            </span>
            {more?.enabled && (
                <button type="button" class="button" title="Show more (m)" onClick={() => void more.run()}>
                    Show more
                </button>
            )}
            <span class="grow" />
            <Legend />
        </div>
    );
}

function Legend() {
    const kinds = [
        ["verified", "verified by the files"],
        ["declared", "declared"],
        ["unchecked", "not looked at"],
        ["recorded", "recorded"],
    ] as const;
    return (
        <ul class="lineage-legend" aria-label="Lines">
            {kinds.map(([belief, word]) => (
                <li key={belief}>
                    <svg width="28" height="8" aria-hidden="true" class={`lineage-line lineage-is-${belief}`}>
                        <path d="M0 4H28" />
                    </svg>
                    {word}
                </li>
            ))}
        </ul>
    );
}
