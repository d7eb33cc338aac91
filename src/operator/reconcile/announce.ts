// What is told of a write, in events and conditions.
import { names } from '../../api/index.ts';
import type { Write } from '../decide/plan.ts';

const mostFields = 3;

/** Paths of what was not as desired, but for our own mark. */
export function fieldsOf({ found }: Write): string[] {
  return found.map((one) => one.path).filter((path) => !path.includes(names.appliedHashAnnotation));
}

/** Like `: spec.ports[http].targetPort, changed by kubectl-edit` */
function whichFields(write: Write): string {
  const fields = fieldsOf(write);
  if (fields.length === 0) return '';
  const more = fields.length > mostFields ? ` and ${fields.length - mostFields} more` : '';
  const editor = write.why === 'repaired' ? write.observed?.lastEditor : undefined;
  return `: ${fields.slice(0, mostFields).join(', ')}${more}${editor === undefined ? '' : `, changed by ${editor}`}`;
}

/** `Service shop repaired: spec.ports[http].targetPort, changed by kubectl-edit` */
export function describeWrite(write: Write): string {
  return `${write.child.kind} ${write.child.metadata.name} ${write.why}${whichFields(write)}`;
}

/** `Service shop (spec.ports[http].targetPort, changed by kubectl-edit)` */
export function describeRepair(write: Write): string {
  const which = whichFields(write).replace(/^: /, '');
  return `${write.child.kind} ${write.child.metadata.name} ${which === '' ? '(deleted)' : `(${which})`}`;
}
