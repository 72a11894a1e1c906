/** What is wrong with one browser file, as sentences. `name` tells scripts and modules (`.esm.`) apart. */
export function faultsOf(name: string, text: string): string[];
