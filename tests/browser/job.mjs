// Uses the page of a job: node job.mjs CHROMIUM SCREENSHOTS, with a JSON object on standard input that has `few` and
// `many`, jobs of 30 and of 1,500 users after two cycles, and `user`, one of those of whom nothing but a row stands in `many`
// as it is. Ends with 0 if all is well.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { looksRight, readerOf, rows, shown, step, withBrowser } from "./browser.mjs";

const [executablePath, screenshots] = process.argv.slice(2);
const { few, many, user } = JSON.parse(await text(process.stdin));
const [ofFew, ofMany] = [few, many].map((file) => pathToFileURL(file).href);

mkdirSync(screenshots, { recursive: true });
await withBrowser(executablePath, async (browser, complaints) => {
  const reader = readerOf(browser, complaints, [ofFew, ofMany]);

  await step("objects are filtered by how they ended and by cycle, and a cycle leads to its objects", async () => {
    const page = await reader();
    await page.goto(ofMany);
    await shown(page, /^1,500 shown$/);
    await page.locator(".chip", { hasText: "failure" }).click();
    const failed = await rows(page);
    assert.ok(failed > 0 && failed < 10, `${failed}`);
    await page.locator("#clear").click();
    await shown(page, /^1,500 shown$/);
    const latest = page.locator(".cycles tbody tr").first();
    assert.match(await latest.textContent(), /1,484 update, 1 fail/);
    await latest.locator("a").click();
    await shown(page, /^1,485 of 1,500 shown$/);
    assert.match(new URL(page.url()).hash, /^#cycle=20/);
    await page.context().close();
  });

  await step("an object has its latest entry and the one before, each with steps, properties and requests", async () => {
    const page = await reader();
    await page.goto(ofMany);
    await page.locator("input[type=search]").fill(user);
    await shown(page, /^1 of 1,500 shown$/);
    const row = page.locator(".block > li:visible");
    await row.locator("summary").first().click();
    const latest = row.locator(".inside > .entry");
    await latest.locator(".changes", { hasText: "Chief" }).waitFor();
    await latest.locator(".steps summary", { hasText: "EntrySynchronizationScoping" }).click();
    assert.ok(await latest.locator(".steps dl:visible").first().isVisible());
    await latest.locator(".exchange summary", { hasText: "PATCH /Users/" }).click();
    assert.ok((await latest.locator("pre:visible").textContent()).includes("Chief"));
    const older = row.locator(".older");
    assert.equal(await older.count(), 1);
    await older.locator("summary").first().click();
    await older.locator(".exchange summary", { hasText: "POST /Users" }).click();
    assert.ok((await older.locator("pre:visible").textContent()).includes(`"userName": "${user}"`));
    await page.context().close();
  });

  await step("causes, rules and slow requests lead to their objects", async () => {
    const page = await reader();
    await page.goto(ofMany);
    for (const link of ["#failures ~ .rules a", "#scope ~ .rules .names a", ".slowest a"]) {
      await page.locator(link).first().click();
      assert.ok(await page.locator(".block > li:target > details").evaluate((details) => details.open), link);
    }
    await page.context().close();
  });

  await step("it looks right, light and dark, wide and narrow", async () => {
    await looksRight(reader, { few: ofFew, many: ofMany }, (name) => join(screenshots, `job-${name}.png`));
  });

  await step("without script it is read", async () => {
    const page = await reader({ javaScriptEnabled: false });
    await page.goto(ofFew);
    assert.equal(await page.locator(".needs-script:visible").count(), 0, "what needs script isn't shown");
    const updated = page.locator(".block > li", { has: page.locator(".outcome.update") }).first();
    await updated.locator("summary").first().click();
    await updated.locator(".inside > .entry .exchange summary").last().click();
    assert.ok(await updated.locator("pre:visible").first().isVisible());
    await page.goto(ofMany);
    assert.equal(await rows(page), 1500);
    await page.locator(".without-script", { hasText: "scimulate logs --steps" }).waitFor();
    await page.context().close();
  });
});
