/** Every violation of the import rule in the tree under `root`, a folder. */
export function checkImports(root: string): { file: string; line: number; specifier: string; message: string }[];
