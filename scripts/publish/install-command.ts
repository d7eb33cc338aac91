// The command that installs the operator with images from a registry. Pure.

export interface Published {
  /** Names without tag. */
  readonly operator: string;
  readonly runtime: string;
  readonly tag: string;
}

/** As in README.md and docs/install.md. */
const helmCommand = [
  'helm upgrade --install appserver-operator charts/appserver-operator',
  '--namespace appserver-system --create-namespace',
] as const;

/** @param chartVersion tag that the chart uses when none is set */
export function installCommand({ operator, runtime, tag }: Published, chartVersion: string): string {
  const values = [`image.repository=${operator}`, `runtimeImage.repository=${runtime}`];
  // Helm would take 1.10 for a number.
  if (tag !== chartVersion) values.push(`image.tag=${tag}`, `runtimeImage.tag=${tag}`);
  const lines = [...helmCommand, ...values.map((value) => `--set-string ${value}`)];
  return lines.join(' \\\n  ');
}
