import type { AppServerSpec } from './appserver.ts';

/**
 * Whether the number of pods is set on the Deployment by an autoscaler, the AppServer's own or another one. spec.replicas is then
 * the number to start with.
 */
export function isScaledOnDeployment({ autoscaling, scaleTarget }: AppServerSpec): boolean {
  return autoscaling !== undefined || scaleTarget === 'Deployment';
}
