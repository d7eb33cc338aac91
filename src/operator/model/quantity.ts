// Quantities as Kubernetes writes them.

const multipliers: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** `1000m` and `1` are the same: the API server stores quantities in a form of its own. */
export function quantity(value: unknown): number | undefined {
  const [, number, suffix] = /^([0-9.]+)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(String(value)) ?? [];
  return number === undefined ? undefined : Number(number) * (multipliers[suffix ?? ''] ?? 1);
}
