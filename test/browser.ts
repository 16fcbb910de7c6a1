// Pages in a real browser, for the tests that look at them.

import { type Browser, chromium, type Page } from "playwright-core";

const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Widths and heights of screens, in CSS pixels; print is A4 less its margins. */
export const SCREENS = {
  desktop: [1280, 900],
  "small tablet": [712, 1024],
  phone: [390, 844],
  "small phone": [360, 740],
  // What a page must fit without sideways scrolling: WCAG 2.2, 1.4.10.
  narrowest: [320, 568],
  print: [688, 971],
} as const;
export type Screen = keyof typeof SCREENS;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS.split(" ") });
}

/** Opens a page, and collects what it should not do: say something on the console, fail, or ask the network. */
export async function openPage(
  browser: Browser,
  url: string,
  screen: Screen,
  colorScheme: "light" | "dark" = "light",
): Promise<{ page: Page; troubles: string[] }> {
  const [width, height] = SCREENS[screen];
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  if (screen === "print") await page.emulateMedia({ media: "print", colorScheme });
  const troubles: string[] = [];
  page.on("console", (message) => troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) troubles.push(request.url());
  });
  await page.goto(url);
  return { page, troubles };
}

/** Pages of A4 that a page takes when it is printed. */
export async function sheetsOf(page: Page): Promise<number> {
  const pdf = await page.pdf({ format: "A4" });
  return pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
}

/** The lowest contrast (WCAG 2) of any text against the nearest background that is painted behind it. */
export function weakestContrast(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (c) => c.slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let weakest = 21;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const e = node.parentElement;
      if (!node.data.trim() || !e.checkVisibility() || e.closest(".hidden, .skip, .echo")) continue;
      let behind = e;
      while (behind && (rgb(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
      if (!behind) continue;
      const [a, b] = [light(rgb(getComputedStyle(e).color)), light(rgb(getComputedStyle(behind).backgroundColor))];
      weakest = Math.min(weakest, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    }
    return weakest;
  })()`);
}
