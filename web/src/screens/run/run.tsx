// SPDX-License-Identifier: Apache-2.0
// One run: its head, and a tab for each side of it. Which run and which tab are in the address.
import { useEffect, useMemo } from "preact/hooks";
import { call, type Project, pathOf, type Run } from "../../api/client";
import { address, formatAddress, go } from "../../base/address";
import { toProject } from "../../routes";
import { Crumbs } from "../../ui/crumbs";
import { useLoad } from "../../ui/load";
import { Failed, Skeleton } from "../../ui/parts";
import { type Tab, Tabs } from "../../ui/tabs";
import { Charts, isSystem } from "./charts";
import { ConfigTab } from "./config";
import { Console } from "./console";
import { RunFiles } from "./files";
import { Head } from "./head";
import { Images } from "./images";
import { Overview } from "./overview";
import { toTab } from "./places";
import { type ShownRun, useRun } from "./use_run";
import "./run.css";

function tabsOf(run: Run): Tab[] {
    const keys = Object.keys(run.metrics);
    const system = keys.filter(isSystem).length;
    const tab = (id: string, title: string, count?: number): Tab => ({
        id,
        title,
        href: toTab(run, id),
        ...(count === undefined ? {} : { count }),
    });
    return [
        tab("overview", "Overview"),
        tab("charts", "Charts", keys.length - system),
        tab("console", "Console"),
        tab("system", "System", system),
        tab("files", "Files"),
        tab("config", "Config", Object.keys(run.config).length),
        ...("mlflow.loggedImages" in run.tags ? [tab("images", "Images")] : []),
    ];
}

export function RunScreen({ project, run: id }: { project: string; run: string }) {
    const shown = useRun(id, project);
    const { run } = shown;
    const own = useLoad(`project ${run?.project}`, (signal) =>
        run ? call<Project>(pathOf("projects", run.project), { signal }) : Promise.resolve(undefined),
    );
    const wrong = run !== undefined && project !== String(run.project);
    useEffect(() => {
        // A link to a run that has moved, or that names no project, leads to where it is.
        if (wrong)
            go(formatAddress(["projects", run.project, "runs", run.id], address.peek().query), {
                replace: true,
            });
    }, [wrong, run?.project]);
    const title = own.data?.name ?? (run ? `Project ${run.project}` : "");
    if (shown.problem)
        return (
            <>
                <Crumbs list={[{ title: "Run" }]} />
                <Failed whole problem={shown.problem} retry={shown.reload} />
                {project && (
                    <p class="run-lost">
                        <a href={toProject(project)}>The runs of this project</a>
                    </p>
                )}
            </>
        );
    if (!run || wrong) return <Skeleton lines={6} />;
    return (
        <div class="page">
            <Crumbs list={[{ title, href: toProject(run.project) }, { title: run.name || run.id }]} />
            <Head shown={shown} run={run} projectName={title} />
            <Body shown={shown} run={run} />
        </div>
    );
}

function Body({ shown, run }: { shown: ShownRun; run: Run }) {
    const tabs = useMemo(() => tabsOf(run), [run]);
    const asked = address.value.query.get("tab") ?? "overview";
    const tab = tabs.some((t) => t.id === asked) ? asked : "overview";
    return (
        <>
            <Tabs tabs={tabs} current={tab} label="Sides of this run" />
            <div class={`page-body page-body-${tab}`} key={run.id}>
                {tab === "overview" && <Overview shown={shown} run={run} />}
                {tab === "charts" && <Charts run={run} />}
                {tab === "console" && <Console run={run} moved={shown.moved} />}
                {tab === "system" && <Charts run={run} system />}
                {tab === "files" && <RunFiles run={run} moved={shown.moved} />}
                {tab === "config" && <ConfigTab run={run} />}
                {tab === "images" && <Images run={run} moved={shown.moved} />}
            </div>
        </>
    );
}
