// The ValidatingAdmissionPolicies of the chart, as data: `npm run generate` writes them into its templates. They are not part
// of the running operator; here they are because they follow from the schema and from the table of kinds.
//
//   policy          what a policy consists of, and what Helm fills in
//   writers         what is asked of somebody who writes an AppServer
//   fields-of-pods  which fields of the spec decide what runs in pods
//   operator        what the operator's own account may write
//   rights-table    the questions as rows of docs/security.md
//
// Allowed imports: its own files, src/api, src/operator/model and the shape of objects. Pure.
export type { Policy } from './policy.ts';
export { operatorPolicies } from './operator.ts';
export { rightsTable } from './rights-table.ts';
export { writersPolicy } from './writers.ts';
