// SPDX-License-Identifier: Apache-2.0
// The page begins here.
import { render } from "preact";
import { App } from "./app";
import { keepScrolled } from "./ui/scrolled";
import "./style/tokens.css";
import "./style/base.css";

const root = document.getElementById("app");
if (root) render(<App />, root);
keepScrolled();
