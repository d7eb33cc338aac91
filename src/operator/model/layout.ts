// Forms of the pod template. What an operator of a new version writes otherwise into everybody's template is a new layout; a
// Deployment keeps the layout that it has until something else replaces its pods, so that an upgrade of the operator
// restarts nobody. Each layout stays as it is for ever, which the golden files of the released versions hold.
//
// What a layout is made of stands where the template is made: search src/operator/children for `layout`.
//
//   1  0.1.0
//   2  0.2.0: the AppServer's own ServiceAccount is named so that no field of any AppServer can aim at it
//   3  0.3.0: listens for IPv6 as well, where the pod has an address of it; init containers have the application's compute
//      resources; the emptyDirs are named to the cluster autoscaler; of podTemplate's topologySpreadConstraints and other lists,
//      no item is left out
//   4  0.4.0: nginx removes what strangers say of where a request comes from, in whatever header, and passes on no Upgrade but
//      WebSocket's

const layouts = [1, 2, 3, 4] as const;

export type Layout = (typeof layouts)[number];

export const newestLayout: Layout = 4;

/** The layout that an annotation tells. The first one was written without. */
export function layoutOf(annotation: string | undefined): Layout | undefined {
  if (annotation === undefined) return 1;
  return layouts.find((one) => String(one) === annotation);
}
