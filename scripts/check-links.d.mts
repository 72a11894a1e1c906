/** Every broken link of the pages below `root`, with its page. */
export function brokenLinks(root: string): string[];
