// Addresses by the network that hands them out: one line or one customer commonly has all of an IPv6 /64, and a provider's
// neighbouring IPv4 addresses share a /24. What counts against one of them counts against all.

import { isIPv6 } from "node:net";

const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** The customer behind an address: an IPv4 address itself, or the /64 of an IPv6 address. */
export function customerOf(address: string): string {
  const bare = IPV4_MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, "");
  if (!isIPv6(bare)) return bare;
  return `${groupsOf(bare).slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

/** The block that an address belongs to: the /24 of an IPv4 address, the /64 of an IPv6 address. */
export function blockOf(address: string): string {
  const customer = customerOf(address);
  return customer.replace(/^(\d+\.\d+\.\d+)\.\d+$/, "$1.0/24");
}

/** All eight groups of an IPv6 address, "::" written out, each without leading zeros. */
function groupsOf(address: string): string[] {
  const withoutIpv4 = address.replace(/\d+\.\d+\.\d+\.\d+$/, "0:0");
  const [head = "", tail] = withoutIpv4.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : GROUPS - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return groups.map((group) => Number.parseInt(group, 16).toString(16));
}
