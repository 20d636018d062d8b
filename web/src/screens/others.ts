// SPDX-License-Identifier: Apache-2.0
// The screens that are read when one of them is first shown. One script: what it shares with the page's own is one more
// file that has to come before anything is drawn, and so would be what each of several shares with each other. With it comes
// a dialog that the runs seldom show.
export { AskProject } from "../ui/ask_project";
export { Compare } from "./compare/compare";
export { Home } from "./home/home";
export { RunScreen } from "./run/run";
