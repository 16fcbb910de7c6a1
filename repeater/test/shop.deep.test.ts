import { expect, it } from "vitest";
import { runShop } from "../../tools/bench/shop";

it("three counters in a shop with realistic radio tell nearly everybody who was there with or after the infected customer, and nobody else", async () => {
  const shop = await runShop("shop");
  expect(shop.exposed).toBeGreaterThan(15);
  expect(shop.precision).toBe(1);
  expect(shop.recall).toBeGreaterThanOrEqual(0.95);
  // Without repeaters it would be a matter of those who met the customer.
  expect(shop.onlyThroughRepeater).toBeGreaterThan(5);
}, 1_200_000);
