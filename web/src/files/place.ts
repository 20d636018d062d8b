// SPDX-License-Identifier: Apache-2.0
// What has files, as the tree and the panes beside it see it.
import type { ComponentChildren } from "preact";

export interface FilePlace {
    holder: string; // its path in the API
    name: string; // what an archive of it is called
    href: (path: string) => string; // the address that shows a file or folder; "": the top
    command: (path: string) => string; // a line for a shell that reads a file
    note?: (path: string) => ComponentChildren; // what is known of a file
}
