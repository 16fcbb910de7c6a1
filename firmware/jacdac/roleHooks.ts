import type * as ds from "@devicescript/core";

// What arrives for a role, taken where DeviceScript hands it on (core, jacdac.ts; it has no public name). The public way,
// `report().subscribe`, loses all but the last of several packets that arrive in one moment, and brings 1 KB of code.

interface RoleHooks {
  _report: { emit(packet: ds.Packet): void };
  _eventHandlers: { up: { emit(heldMs: number): void } };
}

/** Names the one receiver of a role's reports. It must not wait. */
export function onReport(role: ds.Role, handler: (packet: ds.Packet) => void): void {
  (role as unknown as RoleHooks)._report = { emit: handler };
}

/** As Board.onPress, for a button. */
export function onPress(button: ds.Button, handler: (heldMs: number) => void): void {
  (button as unknown as RoleHooks)._eventHandlers = { up: { emit: handler } };
}
