// What a server of the application listens on. It can be stopped while the server, its address and its close() stay what
// they are: to the application nothing has happened until it closes the server itself.
import type { Server } from 'node:net';
import { Turns, type Site } from './accept.ts';
import type { Addon } from './addon.ts';
import { deliver, handleOf, handleOfServer, isTcp, setHandle, type Handle } from './handle.ts';
import { Holder } from './holder.ts';

/** Of sockets that listen already, where libuv sets it anew: the default of the runtime. */
const backlog = 2_048;

export interface Gate {
  /** Accepts nothing more. */
  stop(): void;
}

/** Takes the place of a handle that accepts nothing more. */
function standIn(handle: Handle): Handle {
  const holder = new Holder();
  const name = {};
  const unnamed = handle.getsockname?.(name);
  let held = handle.hasRef();
  holder.hold(held);
  return {
    open: () => 0,
    listen: () => 0,
    close: (closed) => {
      holder.end();
      if (closed !== undefined) setImmediate(closed);
    },
    ref: () => holder.hold((held = true)),
    unref: () => holder.hold((held = false)),
    hasRef: () => held,
    getsockname: (out) => {
      Object.assign(out, name);
      return unnamed ?? -1;
    },
  };
}

/** Closes what libuv accepts on, after what the kernel has queued for it was taken. */
function stopPlain(server: Server, addon: Addon): void {
  const handle = handleOfServer(server);
  if (handle === undefined) return;
  setHandle(server, standIn(handle));
  if (isTcp(handle) && handle.fd !== undefined)
    for (let fd = addon.take(handle.fd); fd >= 0; fd = addon.take(handle.fd)) deliver(handle, handle, fd);
  handle.close();
}

/** @param closed called when the application closes the server */
function watchClosing(handle: Handle, closed: () => void): void {
  const close = handle.close.bind(handle);
  handle.close = (done) => {
    closed();
    close(done);
  };
}

/**
 * The gate of a server that listens by itself.
 *
 * @param closed called when the server leaves it, or the gate was stopped
 */
export function ownGate(server: Server, addon: Addon, closed: () => void): Gate | undefined {
  const handle = handleOfServer(server);
  if (handle === undefined) return undefined;
  watchClosing(handle, closed);
  return { stop: () => stopPlain(server, addon) };
}

/** One of several sockets of a server. */
interface Part {
  start(): void;
  stop(): void;
  hold(yes: boolean): void;
  close(): void;
}

function turnsOn(first: Handle, handle: Handle, site: Site): Turns | undefined {
  if (!isTcp(handle) || handle.fd === undefined) return undefined;
  try {
    return new Turns(handle.fd, site, (client) => deliver(first, handle, client));
  } catch {
    return undefined;
  }
}

/** As libuv serves it. */
function plainPart(first: Handle, handle: Handle): Part {
  let open = true;
  const close = (): void => {
    if (open) handle.close();
    open = false;
  };
  handle.onconnection = (status, client) => first.onconnection?.(status, client);
  return {
    start: () => void handle.listen(backlog),
    stop: close,
    hold: (yes) => {
      if (open && yes) handle.ref();
      else if (open) handle.unref();
    },
    close,
  };
}

function furtherPart(first: Handle, fd: number, site: Site): Part {
  const handle = handleOf(site.addon.dup(fd));
  const turns = turnsOn(first, handle, site);
  if (turns === undefined) return plainPart(first, handle);
  return {
    start: () => turns.start(),
    stop: () => turns.stop(),
    hold: (yes) => turns.hold(yes),
    close: () => {
      turns.close();
      handle.close();
    },
  };
}

/** Puts further sockets behind a handle: its server gets their connections too, and closes and holds all of them as one. */
function lead(first: Handle, parts: readonly Part[], itself: boolean): void {
  const [listen, close] = [first.listen.bind(first), first.close.bind(first)];
  const [ref, unref] = [first.ref.bind(first), first.unref.bind(first)];
  first.listen = (wanted) => {
    for (const part of parts) part.start();
    return itself ? listen(wanted) : 0;
  };
  first.close = (closed) => {
    for (const part of parts) part.close();
    close(closed);
  };
  first.ref = () => {
    for (const part of parts) part.hold(true);
    ref();
  };
  first.unref = () => {
    for (const part of parts) part.hold(false);
    unref();
  };
}

/**
 * Gives a server that is about to listen the inherited sockets. It gets descriptors of its own for them: the inherited
 * ones stay for whoever listens next.
 *
 * @param closed called when the server leaves them
 */
export function inheritedGate(server: Server, fds: readonly number[], site: Site, closed: () => void): Gate {
  const [fd = -1, ...others] = fds;
  const first = handleOf(site.addon.dup(fd));
  const turns = turnsOn(first, first, site);
  const parts = others.map((one): Part => furtherPart(first, one, site));
  lead(first, turns === undefined ? parts : [turns, ...parts], turns === undefined);
  watchClosing(first, closed);
  setHandle(server, first);
  return {
    stop: () => {
      for (const part of parts) part.stop();
      if (turns === undefined) stopPlain(server, site.addon);
      else turns.stop();
    },
  };
}
