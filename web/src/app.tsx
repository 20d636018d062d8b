// SPDX-License-Identifier: Apache-2.0
// The frame around every screen: the bar on top, what the connection is like, the screen of the address, and what lies
// over it (palette, keys, toasts).
import { useSignalEffect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { connection, refusal } from "./api/client";
import "./api/live";
import { address, go } from "./base/address";
import { whenIdle } from "./base/idle";
import { scheme, toggleScheme } from "./base/scheme";
import { Keys } from "./palette/keys";
import { Palette } from "./palette/palette";
import { placeOf, toActivity, toHome, toPrompts, toRepos, toStorage, translated } from "./routes";
import { Runs } from "./screens/runs/runs";
import { useActs } from "./ui/acts";
import { CrumbBar } from "./ui/crumbs";
import { later } from "./ui/later";
import { Empty } from "./ui/parts";
import { Toasts, undoLast } from "./ui/toast";
import "./app.css";

const others = () => import("./screens/others");
const Home = later(async () => (await others()).Home);
const RunScreen = later(async () => (await others()).RunScreen);
const Compare = later(async () => (await others()).Compare);
const Workspaces = later(async () => (await import("./ui/workspaces")).Workspaces);
const account = () => import("./ui/account");
const Account = later(async () => (await account()).Account);
const AskToken = later(async () => (await account()).AskToken);
const versioned = () => import("./screens/repos");
const Repos = later(async () => (await versioned()).Repos);
const RepoScreen = later(async () => (await versioned()).RepoScreen);
const Prompts = later(async () => (await versioned()).Prompts);
const PromptScreen = later(async () => (await versioned()).PromptScreen);
const ActivityScreen = later(async () => (await versioned()).ActivityScreen);
const Storage = later(async () => (await versioned()).Storage);
const VersionScreen = later(async () => (await versioned()).VersionScreen);
const DiffScreen = later(async () => (await versioned()).DiffScreen);
const LineageScreen = later(async () => (await versioned()).LineageScreen);

function Screen() {
    const place = placeOf(address.value);
    switch (place.screen) {
        case "home":
            return <Home />;
        case "runs":
            return <Runs key={place.project} project={place.project} />;
        case "run":
            return <RunScreen key={place.run} project={place.project} run={place.run} />;
        case "compare":
            return <Compare />;
        case "repos":
            return <Repos />;
        case "repo":
            return <RepoScreen key={place.repo} repo={place.repo} />;
        case "version":
            return (
                <VersionScreen
                    key={`${place.repo}/${place.version}`}
                    repo={place.repo}
                    version={place.version}
                />
            );
        case "diff":
            return <DiffScreen repo={place.repo} from={place.from} to={place.to} />;
        case "lineage":
            return <LineageScreen of={place.of} />;
        case "prompts":
            return <Prompts />;
        case "prompt":
            return <PromptScreen key={place.prompt} prompt={place.prompt} />;
        case "storage":
            return <Storage />;
        case "activity":
            return <ActivityScreen />;
        case "nowhere":
            return (
                <Empty whole title="There is no such page">
                    <a href={toHome()}>All projects</a>
                </Empty>
            );
    }
}

function Connection() {
    const [ask, setAsk] = useState(true);
    useSignalEffect(() => {
        if (connection.value === "good") setAsk(true); // whatever is refused next
    });
    if (connection.value === "good") return null;
    if (connection.value === "lost")
        return (
            <div class="banner" role="status">
                The server does not answer. What you see may be old; this page goes on by itself when it is
                back.
            </div>
        );
    return ask ? (
        <AskToken close={() => setAsk(false)} />
    ) : (
        <div class="banner">
            {refusal.value || "Without a token this server shows nothing."}{" "}
            <button type="button" class="button" onClick={() => setAsk(true)}>
                Give the token
            </button>
        </div>
    );
}

export type Over = "palette" | "keys" | null;

export function App() {
    const [over, setOver] = useState<Over>(null);
    const [quiet, setQuiet] = useState(false); // the screen comes first
    useEffect(() => whenIdle(() => setQuiet(true)), []);
    useSignalEffect(() => {
        const to = translated(address.value);
        if (to) go(to, { replace: true });
    });
    useActs(
        [
            {
                id: "palette",
                title: "Search and commands",
                group: "Everywhere",
                keys: ["Ctrl+k", "/"],
                palette: false,
                run: () => setOver("palette"),
            },
            {
                id: "keys",
                title: "Keys of this screen",
                group: "Everywhere",
                keys: ["?"],
                run: () => setOver("keys"),
            },
            {
                id: "home",
                title: "All projects",
                group: "Everywhere",
                keys: ["g h"],
                run: () => go(toHome()),
            },
            { id: "repos", title: "All repos", group: "Everywhere", keys: ["g r"], run: () => go(toRepos()) },
            {
                id: "prompts",
                title: "All prompts",
                group: "Everywhere",
                keys: ["g p"],
                run: () => go(toPrompts()),
            },
            {
                id: "storage",
                title: "Storage",
                group: "Everywhere",
                keys: ["g s"],
                run: () => go(toStorage()),
            },
            {
                id: "activity",
                title: "Activity",
                group: "Everywhere",
                keys: ["g a"],
                run: () => go(toActivity()),
                command: "stemma audit",
            },
            { id: "scheme", title: "Light or dark", group: "Everywhere", keys: ["g d"], run: toggleScheme },
            { id: "undo", title: "Undo the last act", group: "Everywhere", keys: ["Ctrl+z"], run: undoLast },
        ],
        { isFrame: true },
    );
    return (
        <div class="frame">
            <button
                type="button"
                class="hidden skip"
                onClick={() => document.getElementById("main")?.focus()}
            >
                Skip to the content
            </button>
            <header class="top">
                <a class="brand" href={toHome()}>
                    Stemma
                </a>
                {quiet && <Workspaces />}
                <div class="grow">
                    <CrumbBar />
                </div>
                <a
                    class="button plain"
                    href={toRepos()}
                    title="Models, data sets, prompts and their versions (g r)"
                >
                    Repos
                </a>
                <a class="button plain" href={toPrompts()} title="Prompts and their differences (g p)">
                    Prompts
                </a>
                <a
                    class="button plain top-more"
                    href={toActivity()}
                    title="What happened, by whom, when and why (g a)"
                >
                    Activity
                </a>
                <button type="button" class="button search-box" onClick={() => setOver("palette")}>
                    <span class="grow">Search or do …</span> <kbd>/</kbd>
                </button>
                {quiet && <Account />}
                <button
                    type="button"
                    class="button plain top-keys"
                    aria-label="Keys of this screen"
                    title="Keys (?)"
                    onClick={() => setOver("keys")}
                >
                    ?
                </button>
                <button
                    type="button"
                    class="button plain"
                    aria-label="Light or dark"
                    title="Light or dark"
                    onClick={toggleScheme}
                >
                    {scheme.value === "dark" ? "☀" : "☾"}
                </button>
            </header>
            <Connection />
            <main id="main" tabIndex={-1}>
                <Screen />
            </main>
            {over === "palette" && <Palette close={() => setOver(null)} />}
            {over === "keys" && <Keys close={() => setOver(null)} />}
            <Toasts />
        </div>
    );
}
