import packageJson from '../../package.json' with { type: 'json' };

/** Stands in /status, so that the operator knows which runtime a pod runs. */
export const version: string = packageJson.version;
