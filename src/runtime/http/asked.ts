// What admin port and control socket have in common.
import type { Limits, Request, Response } from '../host/host.ts';
import { parseTarget, type Target } from './request-target.ts';

export interface Asked extends Target {
  readonly method: string;
}

/** Requests are small and quick; anything else must not take memory or sockets from the pod. */
export const limits: Limits = { mostConnections: 64, requestMs: 5_000 };

export const plainText = 'text/plain; charset=utf-8';

/** Answers requests whose target is one. */
export function respondTo(respond: (asked: Asked) => Promise<Response>): (request: Request) => Promise<Response> {
  return async ({ method, target }) => {
    const parsed = parseTarget(target);
    if (parsed !== undefined) return respond({ method, ...parsed });
    return { status: 400, headers: { 'content-type': plainText }, body: 'the target is no path\n' };
  };
}
