/** Every violation of the import rule in the tree under `root`, a folder. */
export function checkImports(root: string): { file: string; line: number; specifier: string; message: string }[];

/** Each import, re-export, dynamic import, import type and `require` of a file. */
export function importsOf(file: string): { line: number; specifier: string; typeOnly: boolean }[];
