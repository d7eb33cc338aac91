// What events and conditions say of writes, short enough for a terminal.
import { names } from '../../api/index.ts';
import type { Write } from '../decide/plan.ts';

const mostFields = 3;
const mostWrites = 4;

/** Paths of what was not as desired, but for our own mark. */
export function fieldsOf({ differences }: Write): string[] {
  return differences.map((one) => one.path).filter((path) => !path.includes(names.appliedHashAnnotation));
}

const more = (all: number, most: number): string => (all > most ? ` and ${all - most} more` : '');

/** `Service shop (spec.ports[http].targetPort, changed by kubectl-edit)` */
function describeWrite(write: Write): string {
  const { child, why, observed } = write;
  const what = `${child.kind} ${child.metadata.name}`;
  const fields = fieldsOf(write);
  if (observed === undefined) return why === 'repaired' ? `${what} (deleted)` : what;
  if (fields.length === 0) return what;
  const editor = why === 'repaired' ? observed.lastEditor : undefined;
  const by = editor === undefined ? '' : `, changed by ${editor}`;
  return `${what} (${fields.slice(0, mostFields).join(', ')}${more(fields.length, mostFields)}${by})`;
}

/** @param writes of one kind of reason */
export function describeWrites(writes: readonly Write[]): string {
  const [first] = writes;
  // All at once when an AppServer is new: their names follow from its own.
  if (first?.why === 'created') return [...new Set(writes.map(({ child }) => child.kind))].join(', ');
  return `${writes.slice(0, mostWrites).map(describeWrite).join('; ')}${more(writes.length, mostWrites)}`;
}

/** For the condition that says that it has to be repaired again and again. */
export const describeRepair = (write: Write): string => describeWrite(write);
