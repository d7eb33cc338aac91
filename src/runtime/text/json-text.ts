// JSON of any value. What JSON cannot say is cut to what a log can hold, and no value makes it throw.

/** Of a value that has to be cut: so deep, and so many items of each array or object. */
const maxDepth = 5;
const maxItems = 100;

/** JSON of the value, undefined for what JSON leaves out: undefined, functions and symbols. */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    try {
      return cut(value, '', []);
    } catch {
      return '"[unable to serialize]"';
    }
  }
}

/** What the value wants to be in JSON. */
function prepared(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !('toJSON' in value)) return value;
  return typeof value.toJSON === 'function' ? Reflect.apply(value.toJSON, value, [key]) : value;
}

function cut(value: unknown, key: string, ancestors: readonly object[]): string | undefined {
  const one = prepared(value, key);
  if (typeof one === 'bigint') return String(one);
  if (typeof one !== 'object' || one === null) return JSON.stringify(one);
  if (ancestors.includes(one)) return '"[Circular]"';
  const path = [...ancestors, one];
  return Array.isArray(one) ? cutArray(one, path) : cutObject(one, path);
}

function cutArray(items: readonly unknown[], path: readonly object[]): string {
  if (items.length > 0 && path.length > maxDepth) return '"[Array]"';
  // from() and not map(): that would leave holes of the array out.
  const texts = Array.from(items.slice(0, maxItems), (item, i) => cut(item, String(i), path) ?? 'null');
  if (items.length > maxItems) texts.push(`"... ${left(items.length)}"`);
  return `[${texts.join(',')}]`;
}

function cutObject(from: object, path: readonly object[]): string {
  const entries: [string, unknown][] = Object.entries(from);
  if (entries.length > 0 && path.length > maxDepth) return '"[Object]"';
  const texts = entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, maxItems)
    .flatMap(([name, value]) => {
      const text = cut(value, name, path);
      return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
    });
  if (entries.length > maxItems) texts.push(`"...":"${left(entries.length)}"`);
  return `{${texts.join(',')}}`;
}

function left(count: number): string {
  return `${count - maxItems} ${count - maxItems === 1 ? 'item' : 'items'} not stringified`;
}
