import { expect, it } from "vitest";
import { runShop } from "../../tools/bench/shop";

it("three counters in a shop with realistic radio tell nearly everybody who was there with or after the infected customer, and nobody else", async () => {
  // The whole hour, which takes minutes, is the bench's: this is a quarter of it.
  const shop = await runShop("shop", 16);
  expect(shop.exposed).toBeGreaterThan(12);
  expect(shop.precision).toBe(1);
  expect(shop.recall).toBeGreaterThanOrEqual(0.95);
  // Without repeaters it would be a matter of those who met the customer.
  expect(shop.onlyThroughRepeater).toBeGreaterThan(5);
}, 600_000);
