// What every script here needs: a browser, somebody who reads, and steps that say how they ended.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { faultsOf } from "./look.mjs";

/** Starts a browser that leaves nothing behind, hands it to `use`, and fails if a page complained of something. */
export const withBrowser = async (executablePath, use, more = []) => {
  const profile = mkdtempSync(join(tmpdir(), "scimulate-browser-"));
  const browser = await chromium.launch({
    executablePath,
    timeout: 60_000,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", `--disk-cache-dir=${profile}`, ...more,
    ],
  });
  const complaints = [];
  try {
    await use(browser, complaints);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
};

/** A page of its own; what it throws is complained of. */
export const visit = async (browser, complaints, options) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`throws: ${error}`));
  return page;
};

/** Makes readers of files, whose browser may ask nobody for anything. */
export const readerOf = (browser, complaints, urls) => async (options = {}) => {
  const page = await visit(browser, complaints, options);
  page.on("request", (request) => {
    if (!urls.includes(request.url().split("#")[0]) && !request.url().startsWith("data:")) {
      complaints.push(`asks for ${request.url()}`);
    }
  });
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  return page;
};

export const step = async (name, deed) => {
  await deed();
  console.log(`ok  ${name}`);
};

/** Tabs until something has the focus, and not for ever. */
export const tabTo = async (page, selector) => {
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  assert.fail(`${selector} can't be reached with the keyboard`);
};

/** Waits until a list of objects says how many of them it shows. */
export const shown = (page, words) => page.locator("#shown", { hasText: words }).waitFor();

/** How many objects can be seen. */
export const rows = (page) => page.locator(".block > li:visible").count();

/** What can be calculated of the looks of pages, each with its first row open: light and dark, wide and narrow. */
export const looksRight = async (reader, pages, screenshot) => {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      const page = await reader({ colorScheme, viewport: { width, height } });
      for (const [name, url] of Object.entries(pages)) {
        await page.goto(url);
        await page.locator(".block summary").first().click();
        await page.locator(".block .inside").first().waitFor();
        assert.deepEqual(await page.evaluate(faultsOf), [], `${name}, ${colorScheme}, ${width} wide`);
        await page.screenshot({ path: screenshot(`${name}-${colorScheme}-${width}`) });
      }
      await page.context().close();
    }
  }
};
