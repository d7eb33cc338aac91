// Whether the program that runs the application is a Node that this can work with.

const oldest = 20;

/** @param versions `process.versions` @returns what is wrong with it */
export function interpreterProblem(versions: Readonly<Record<string, string | undefined>>): string | undefined {
  const { bun, deno, node = '' } = versions;
  // Both answer to the name of node in their images.
  if (bun !== undefined) return `the program called node is Bun ${bun}`;
  if (deno !== undefined) return `the program called node is Deno ${deno}`;
  return Number.parseInt(node, 10) < oldest ? `Node ${node} is too old` : undefined;
}
